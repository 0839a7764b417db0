"""The command line of tidy."""

import argparse
import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import escape
from checks import ALL, sizes
from finding import Finding
from tree import Tree

HERE = Path(__file__).resolve().parents[2]
EPILOG = """\
A finding is one line:  path:line: rule: what is wrong. What to do
An exception is written on the line it is for, and gives its reason:
    // tidy: allow <rule> because <reason>        (# in scripts and CMake, <!-- --> in pages)

examples:
  tools/tidy/tidy                          all checks, the whole project
  tools/tidy/tidy cutwater/core dev        findings in a folder and a file; the rest is still read
  tools/tidy/tidy --only graph,sizes       two checks
  tools/tidy/tidy --stats                  and how long files and functions are

exit status: 0 no findings, 1 findings, 2 wrong usage
"""


def main(arguments: Sequence[str]) -> int:
    parser = options()
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(f"{name:<8} {sentence(name)}" for name in ALL))
        return 0
    if not chosen.root.is_dir():
        parser.error(f"--root {chosen.root} is no folder")
    tree = Tree.load(chosen.root.resolve())
    try:
        places = [place_of(tree, chosen.root.resolve(), path) for path in chosen.paths]
    except ValueError as error:
        parser.error(str(error))
    findings = [finding for finding in run(tree, chosen.only) if is_under(finding.path, places)]
    if chosen.stats:
        print("\n".join(sizes.stats(tree)))
    report(findings, sum(is_under(file.path, places) for file in tree.files))
    return 1 if findings else 0


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidy",
        description="Style as a test: what the project agreed on, checked; each finding says what to do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="show findings only in these files and folders")
    parser.add_argument("--root", type=Path, default=HERE, metavar="DIR", help="the project (default: this one)")
    parser.add_argument("--only", type=checks_named, default=list(ALL), metavar="CHECK[,CHECK]", help="run only these")
    parser.add_argument("--list", action="store_true", help="print the checks, a sentence each")
    parser.add_argument("--stats", action="store_true", help="print how long files and functions are")
    return parser


def checks_named(names: str) -> list[str]:
    chosen = [name.strip() for name in names.split(",")]
    if unknown := [name for name in chosen if name not in ALL]:
        raise argparse.ArgumentTypeError(f"no check is called {', '.join(unknown)}; there are {', '.join(ALL)}")
    return chosen


def sentence(name: str) -> str:
    return (inspect.getdoc(ALL[name]) or "").partition("\n")[0]


def place_of(tree: Tree, root: Path, path: str) -> str:
    """A path given on the command line, from the root."""
    place = Path(path).resolve()
    if not place.is_relative_to(root):
        raise ValueError(f"{path} is not in {root}")
    relative = place.relative_to(root).as_posix()
    if relative != "." and relative not in tree.paths and relative not in tree.folders:
        raise ValueError(f"{path} is no file or folder that git tracks or would track")
    return relative


def is_under(path: str, places: Sequence[str]) -> bool:
    return not places or any(place in (".", path) or path.startswith(place + "/") for place in places)


def run(tree: Tree, names: Iterable[str]) -> list[Finding]:
    known = frozenset(rule for check in ALL.values() for rule in check.RULES)
    checks = [ALL[name] for name in dict.fromkeys(names)]
    findings = [finding for check in checks for finding in check.check(tree)]
    ran = frozenset(rule for check in checks for rule in check.RULES)
    return sorted(escape.judged(tree, findings, ran, known))


def report(findings: Sequence[Finding], files: int) -> None:
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for finding in findings:
        print(painted(finding) if coloured else finding)
    if findings:
        broken = len({finding.path for finding in findings})
        print(f"tidy: {counted(len(findings), 'finding')} in {counted(broken, 'file')}")
    else:
        print(f"tidy: {counted(files, 'file')}, no findings")


def painted(finding: Finding) -> str:
    place, rule = f"{finding.path}:{finding.line}", finding.rule
    return f"\033[1m{place}:\033[0m \033[31m{rule}:\033[0m {finding.message}. \033[2m{finding.remedy}\033[0m"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
