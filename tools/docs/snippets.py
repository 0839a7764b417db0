#!/usr/bin/env python3
"""Makes a program of the examples in the documentation: see README.md beside this file.

snippets.py --pages ROOT OUT PAGE...       the ```cpp blocks of pages, each a test
snippets.py --headers ROOT OUT HEADER...   the examples in the opening comments of headers, to be compiled only

Writes one source, OUT. Compilers and debuggers are told where each line is from.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})\s*(.*)")
WORDS = frozenset({"cpp", "no-run"})
LEADING = re.compile(r"\s*(#\s*include\b.*|namespace cw = cutwater;|using namespace std::chrono_literals;)?\s*(//.*)?")
LITERAL = re.compile(r"""\"(?:[^"\\]|\\.)*"|(?<!\w)'(?:[^'\\]|\\.)*'""")
COMMENT = re.compile(rf"({LITERAL.pattern})|//.*")
ELISIONS = tuple(
    (re.compile(left_out), instead)
    for left_out, instead in (
        (r"\{\s*…\s*\}", "{ throw anything{}; }"),
        (r",\s*…(?=\s*[})])", ""),
        (r"\)\s*…\s*$", ") {}"),
        (r"^\s*…\s*$", ""),
        ("…", "anything{}"),
    )
)
CODE_LINE = re.compile(r"[;{}]$|^cw::.*\)$|\)\s*(\.\.\.|…)$|^#include")
WITH_ASIO = re.compile(r"asio|testing::(stage|driver)\b")
KEYWORDS = ("if", "for", "while", "switch", "do", "try", "else", "return", "co_return", "co_await", "case", "throw")
DEFINES = re.compile(r"(template|struct|class|enum|union|concept|namespace|inline|static_assert|INSTANTIATE_\w+)\b")
FUNCTION = re.compile(r"(?:[A-Z][A-Z_]+\(|[\w:<>,&*\s\[\]]*[\w>&*]\s+\w+\().*\)[\w\s\->:<>,&*]*", re.DOTALL)


class Refused(Exception):
    """A block that says something of itself that nobody understands."""


@dataclass(frozen=True)
class Block:
    """One example: where it is from, and its lines."""

    path: str
    line: int  # of the first line of code
    code: tuple[str, ...]
    runs: bool = True
    in_header: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.code)

    @property
    def is_program(self) -> bool:
        return re.search(r"^\s*int main\(", self.text, re.MULTILINE) is not None

    @property
    def label(self) -> str:
        return f"line_{self.line}"


# --- where examples are ---------------------------------------------------------------------------------------------------


def blocks_of_page(path: str, text: str) -> Iterator[Block]:
    """The ```cpp blocks of a page."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opened = FENCE.fullmatch(lines[at])
        at += 1
        if not opened:
            continue
        indent, fence, words = opened[1], opened[2], opened[3].split()
        begin = at
        while at < len(lines) and not re.fullmatch(rf" {{0,3}}{re.escape(fence)}{fence[0]}*\s*", lines[at]):
            at += 1
        if words and words[0] == "cpp":
            if unknown := set(words) - WORDS:
                raise Refused(f"{path}:{begin}: ```cpp knows no `{' '.join(sorted(unknown))}`, only `no-run`")
            code = tuple(line.removeprefix(indent) for line in lines[begin:at])
            yield Block(path, begin + 1, code, runs="no-run" not in words)
        at += 1


def blocks_of_header(path: str, text: str) -> Iterator[Block]:
    """The indented parts of the comment that opens a header, where they are code and no table."""
    code: list[str] = []  # empty lines stand for paragraphs that are no code
    paragraph: list[str] = []
    begin = 0
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.startswith("//     "):
            begin = begin or number
            paragraph.append(line[7:])
            continue
        code += paragraph if is_cpp(paragraph) else [""] * len(paragraph)
        paragraph = []
        if begin and line.rstrip() == "//":
            code.append("")
            continue
        if any(code):
            yield Block(path, begin, tuple(with_elisions(line) for line in code), runs=False, in_header=True)
        code, begin = [], 0
        if not line.startswith("//"):
            return


def is_cpp(lines: list[str]) -> bool:
    """A table, a tree of text or a line of a log is none."""
    if lines and (lines[0].startswith('{"') or "└" in "".join(lines)):
        return False
    return any(CODE_LINE.search(without_comment(line).rstrip()) for line in lines)


def with_elisions(line: str) -> str:
    """What a header's example leaves out with `…`: the rest of a list, a body, a statement, a value."""
    code = without_comment(line)
    literals = LITERAL.findall(code)
    bare = re.sub(r"(?<!\S)\.\.\.(?=\s|$|[;}])", "…", LITERAL.sub("\0", code))
    for left_out, instead in ELISIONS:
        bare = left_out.sub(instead, bare)
    return re.sub("\0", lambda _: literals.pop(0), bare) + line[len(code) :]


def without_comment(line: str) -> str:
    for match in COMMENT.finditer(line):
        if match[1] is None:
            return line[: match.start()]
    return line


# --- what becomes of them --------------------------------------------------------------------------------------------------


@dataclass
class Parts:
    """What must stand outside of a function, and the statements."""

    includes: list[tuple[int, str]]
    outside: list[tuple[int, str]]
    inside: list[tuple[int, str]]


def split(block: Block) -> Parts:
    """Includes go to the top of the source, definitions of types and functions in front of the function."""
    parts = Parts([], [], [])
    chunk: list[tuple[int, str]] = []
    depth, leading = 0, True
    for number, line in enumerate(block.code, block.line):
        bare = without_comment(line)
        if leading and LEADING.fullmatch(line) and not chunk:
            if bare.lstrip().startswith("#"):
                parts.includes.append((number, line))
            continue
        leading = False
        chunk.append((number, line))
        depth += count(bare, "([{") - count(bare, ")]}")
        if depth <= 0 and ends_statement(bare):
            place(chunk, parts)
            chunk, depth = [], 0
        elif depth == 0 and bare.rstrip().endswith(")") and is_expression(chunk):
            chunk[-1] = (number, bare.rstrip() + ";")
            place(chunk, parts)
            chunk = []
    place(chunk, parts)
    return parts


def count(line: str, brackets: str) -> int:
    return sum(LITERAL.sub("", line).count(bracket) for bracket in brackets)


def ends_statement(line: str) -> bool:
    return line.rstrip().endswith((";", "}"))


def is_expression(chunk: list[tuple[int, str]]) -> bool:
    """A line of a list of expressions, such as `cw::tier("default", 0)   // a constant`."""
    return len(chunk) == 1 and re.match(r"[\w:]+(::|\.|->)\w+[({]", chunk[0][1]) is not None


def place(chunk: list[tuple[int, str]], parts: Parts) -> None:
    if not any(without_comment(line).strip() for _, line in chunk):
        return
    text = "\n".join(without_comment(line) for _, line in chunk).strip()
    (parts.outside if is_definition(text) else parts.inside).extend(chunk)


def is_definition(text: str) -> bool:
    if text.startswith(KEYWORDS) and re.match(rf"({'|'.join(KEYWORDS)})\b", text):
        return False
    if DEFINES.match(text):
        return True
    before, brace, _ = text.partition("{")
    if not brace or before.count("(") != before.count(")") or "=" in before.partition("(")[0]:
        return False
    return FUNCTION.fullmatch(before.strip()) is not None


def source(blocks: list[Block]) -> str:
    """One source with every block as a function, and, where it is to be run, a test."""
    parts = [(block, split(block)) for block in blocks if not block.is_program]
    lines = [f'#include "test/docs/{prelude(blocks)}.hpp"']
    lines += ["#include <spdlog/spdlog.h>"] if any("spdlog::" in block.text for block in blocks) else []
    lines += [f'#include "{path}"' for path in dict.fromkeys(block.path for block in blocks if block.in_header)]
    for block, of in parts:
        for number, line in of.includes:
            lines += [at(block, number), line]
    for block, of in parts:
        lines += wrapped(block, of)
    for block in blocks:
        if block.is_program:
            lines += program(block)
    return "\n".join(lines) + "\n"


def prelude(blocks: list[Block]) -> str:
    """The smallest that will do: Boost takes long to compile."""
    if any("http_" in block.text for block in blocks):
        return "prelude_http"
    with_asio = any(is_coroutine(block) or WITH_ASIO.search(block.text) for block in blocks)
    return "prelude_asio" if with_asio else "prelude"


def wrapped(block: Block, of: Parts) -> Iterator[str]:
    name = namespace_of(block)
    yield f"namespace snippets::{name} {{"
    if block.in_header:
        yield "using namespace cutwater;"
    yield from placed(block, of.outside)
    if of.inside:
        yield f"[[maybe_unused]] static {'boost::asio::awaitable<void>' if is_coroutine(block) else 'auto'} example() {{"
        yield "SNIPPET_LOCALS {"
        yield from placed(block, of.inside)
        yield "}\nco_return; }" if is_coroutine(block) else "} }"
        if block.runs:
            yield from test(block, "run_coroutine(example())" if is_coroutine(block) else "example()")
    yield "}"


def program(block: Block) -> Iterator[str]:
    """A whole program is one still, but for the name of its `main`."""
    yield f"#define main {namespace_of(block)}_main"
    yield from placed(block, list(enumerate(block.code, block.line)))
    yield "#undef main"
    if block.runs:
        yield from test(block, f"EXPECT_EQ({namespace_of(block)}_main(), 0)")


def test(block: Block, what: str) -> Iterator[str]:
    yield at(block, block.line)
    yield f"TEST({identifier(block.path)}, {block.label}) {{ {what}; }}"


def placed(block: Block, lines: list[tuple[int, str]]) -> Iterator[str]:
    expected = None
    for number, line in lines:
        if number != expected:
            yield at(block, number)
        yield line
        expected = number + 1


def is_coroutine(block: Block) -> bool:
    return re.search(r"\bco_(await|return)\b", block.text) is not None


def at(block: Block, line: int) -> str:
    return f'#line {line} "{block.path}"'


def namespace_of(block: Block) -> str:
    return f"{identifier(block.path)}_{block.label}"


def identifier(path: str) -> str:
    return re.sub(r"\W", "_", path)


# -------------------------------------------------------------------------------------------------------------------------


def main(words: list[str]) -> int:
    kind, root, out, *paths = words
    read = blocks_of_page if kind == "--pages" else blocks_of_header
    try:
        blocks = [block for path in paths for block in read(path, (Path(root) / path).read_text())]
    except Refused as why:
        print(why, file=sys.stderr)
        return 1
    Path(out).write_text(source(blocks) if blocks else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
