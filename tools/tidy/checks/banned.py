"""Names and marks that do not belong, each with what to write in its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from finding import Finding
from functions import Function
from grammar import Parameter
from tree import SIBLINGS, File, Tree

# Time and chance come in here, and nowhere else.
REAL = ("cutwater/drive/*", "apps/*", "bench/*", "*_bench.?pp", "*/live/*", "*_live_test.?pp", "test/servers/*")
WALL_CLOCK = (*REAL, "cutwater/observe/*", "cutwater/http/*")  # timestamps of logs, dates of HTTP
PROGRAMS = tuple("*" + suffix for suffix in SIBLINGS)
LIBRARY = "cutwater/*"
PRINT = "Answer a value, or raise an event; programs print"
TIME = "Take the time as an argument, an `instant`; only drivers read a clock"
SLEEP = "Answer when to go on and let the driver wait; tests move virtual time"
CHANCE = "Take a generator as an argument; only drivers seed one from the machine"


@dataclass(frozen=True)
class Ban:
    rule: str
    word: str  # a file without this word has not broken the ban
    pattern: str
    remedy: str
    allowed: tuple[str, ...] = ()
    only: str = "*"

    def covers(self, path: str) -> bool:
        return fnmatchcase(path, self.only) and not any(fnmatchcase(path, allowed) for allowed in self.allowed)


BANS = (
    Ban("clock", "steady_clock", r"\bsteady_clock\s*::\s*now\b", TIME, REAL),
    Ban("clock", "system_clock", r"\bsystem_clock\s*::\s*now\b", TIME, WALL_CLOCK),
    Ban("clock", "high_resolution_clock", r"\bhigh_resolution_clock\b", TIME, REAL),
    Ban("clock", "gettimeofday", r"\bgettimeofday\b", TIME, REAL),
    Ban("clock", "clock_gettime", r"\bclock_gettime\b", TIME, REAL),
    Ban("clock", "time", r"(?<![.>\w])time\s*\(\s*(?:nullptr|NULL|0)\s*\)", TIME, REAL),
    Ban("sleep", "sleep_for", r"\bsleep_for\b", SLEEP, REAL),
    Ban("sleep", "sleep_until", r"\bsleep_until\b", SLEEP, REAL),
    Ban("random", "random_device", r"\brandom_device\b", CHANCE, REAL),
    Ban("random", "rand", r"\bstd\s*::\s*rand\b", CHANCE, REAL),
    Ban("random", "srand", r"\bsrand\b", CHANCE, REAL),
    Ban("regex", "regex", r"\bstd\s*::\s*regex\b", "Parse by hand: it is slow, and long input overflows its stack"),
    Ban("endl", "endl", r"\bstd\s*::\s*endl\b", r"Write '\n'; flush where that is meant"),
    Ban("using-std", "using", r"\busing\s+namespace\s+std\s*;", "Write std:: where it is used"),
    Ban("print", "printf", r"\bprintf\s*\(", PRINT, PROGRAMS, LIBRARY),
    Ban("print", "fprintf", r"\bfprintf\s*\(", PRINT, PROGRAMS, LIBRARY),
    Ban("print", "cout", r"\bstd\s*::\s*cout\b", PRINT, PROGRAMS, LIBRARY),
    Ban("print", "cerr", r"\bstd\s*::\s*cerr\b", PRINT, PROGRAMS, LIBRARY),
    Ban("detach", "detach", r"(?:\.|->)\s*detach\s*\(\s*\)", "Keep it in an owner that joins it, a std::jthread"),
    Ban("bind", "bind", r"\bstd\s*::\s*bind\b", "Write a lambda"),
    Ban("await-choice", "co_await", r"\?[^;{}?]*\bco_await\b", "Write if and else: GCC 12 miscompiles an await in ?:"),
    Ban("volatile", "volatile", r"\bvolatile\b", "Use std::atomic", ("bench/*", "*_bench.?pp")),
    Ban("vacuous-test", "true", r"\b(?:EXPECT|ASSERT)_TRUE\s*\(\s*true\s*\)", "Assert what the test is about"),
    Ban("vacuous-test", "SUCCEED", r"\bSUCCEED\s*\(\s*\)", "Assert what the test is about"),
    Ban("skipped-test", "GTEST_SKIP", r"\bGTEST_SKIP\b", "Let it run, or give it to a suite with a label of its own"),
)
DISABLED = re.compile(r"\bDISABLED_\w*")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
PRAGMA_ONCE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+once\b", re.MULTILINE)
WORD = re.compile(r"\w+")
# What may carry an unfinished mark: sources and pages of any language, not locks and data.
WRITTEN = (".cc", ".cmake", ".cpp", ".css", ".h", ".hpp", ".html", ".js", ".md", ".py", ".sh", ".ts", ".tsx", ".txt")
# Names the marks to find them.
NAMES_THE_MARKS = "tools/tidy/"

RULES = tuple(dict.fromkeys([*(ban.rule for ban in BANS), "pragma-once", "unfinished", "bool"]))


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        yield from banned_names(file)
        if file.is_header and not PRAGMA_ONCE.search(file.code):
            message, remedy = "the header has no #pragma once", "Begin it with #pragma once, in place of include guards"
            yield Finding(file.path, 1, "pragma-once", message, remedy)
        if file.is_public_header:
            yield from bool_parameters(file)
    for file in tree.files:
        yield from unfinished(file)


def banned_names(file: File) -> Iterator[Finding]:
    words = set(WORD.findall(file.code))
    for ban in BANS:
        if ban.word in words and ban.covers(file.path):
            for match in re.finditer(ban.pattern, file.code):
                yield finding(file, ban.rule, match, "is banned here", ban.remedy)
    for match in DISABLED.finditer(file.code):
        yield finding(file, "skipped-test", match, "switches a test off", "Repair it, or delete it")


def unfinished(file: File) -> Iterator[Finding]:
    if file.name.endswith(WRITTEN) or "." not in file.name:
        if not file.path.startswith(NAMES_THE_MARKS):
            for match in UNFINISHED.finditer(file.text):
                yield finding(file, "unfinished", match, "marks unfinished work", "Finish it, or open an issue")


def finding(file: File, rule: str, match: re.Match[str], complaint: str, remedy: str) -> Finding:
    name = " ".join(match.group().split())
    return Finding(file.path, file.lines.at(match.start()), rule, f"`{name}` {complaint}", remedy)


def bool_parameters(file: File) -> Iterator[Finding]:
    for function in filter(is_judged_here, file.functions):
        for parameter in filter(is_bool, function.parameters):
            message = f"`{function.name}` takes a bool, which says nothing where it is called"
            remedy = "Name an enum instead, or two functions; where it is right, end with `// tidy: allow bool`"
            yield Finding(file.path, parameter.line, "bool", message, remedy)


def is_judged_here(function: Function) -> bool:
    """The declaration in the class is the one to judge; operators have no choice."""
    return function.public and not function.qualified and not function.name.startswith("operator")


def is_bool(parameter: Parameter) -> bool:
    tokens = list(parameter.tokens)
    if "=" in tokens:
        tokens = tokens[: tokens.index("=")]
    plain = [token for token in tokens if token not in ("const", "&")]
    return plain[:1] == ["bool"] and (len(plain) == 1 or len(plain) == 2 and plain[1].isidentifier())
