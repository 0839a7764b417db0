"""The generated parts of the documentation: what they should hold, and where they stand."""

import difflib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import public_api

API = "docs/api.txt"
MARK = re.compile(r"<!-- begin generated: (\w+) -->")
END = "<!-- end generated -->"
EVENT = re.compile(r'\bevent_kind kind\{\s*"(\w+)"')
WITH_TESTS = "CUTWATER_TESTS:BOOL=ON"
SHOWN = 40  # lines of difference


class Problem(Exception):
    """Something that only an author can mend."""


def wanted(root: Path, printed: str) -> tuple[dict[str, str], list[str]]:
    """Every generated file with what it should hold, given what the tables' program printed; and what an author must mend."""
    tables = tables_by_page(printed)
    files, problems = {API: public_api.text(root)}, [*events_in_no_table(root, printed), *marks_of_nothing(root, tables)]
    for page, parts in tables.items():
        try:
            files[page] = with_tables(page, read(root / page), parts)
        except Problem as problem:
            problems.append(str(problem))
    return files, problems


def tables_by_page(printed: str) -> dict[str, dict[str, str]]:
    """`@ page part` begins each table."""
    pages: dict[str, dict[str, str]] = {}
    for block in re.split(r"^@ ", printed, flags=re.MULTILINE)[1:]:
        head, _, table = block.partition("\n")
        page, part = head.split()
        pages.setdefault(page, {})[part] = table
    return pages


def with_tables(page: str, text: str, tables: dict[str, str]) -> str:
    """The page with each table between its marks."""
    for part, table in tables.items():
        begin = f"<!-- begin generated: {part} -->"
        before, _, rest = text.partition(begin)
        old, closed, after = rest.partition(END)
        if not closed or MARK.search(old):
            raise Problem(f"{page}: the table of {part} has no place; add a line `{begin}` and, below it, `{END}`")
        text = f"{before}{begin}\n\n{table}\n{END}{after}"
    return text


def events_in_no_table(root: Path, printed: str) -> Iterator[str]:
    """tables.cpp lists events by hand: none may be missing there."""
    listed = set(re.findall(r"^\| `(\w+)`", printed, re.MULTILINE))
    for header in public_api.public_headers(root):
        for event in EVENT.findall(public_api.without_comments(header.read_text())):
            if event not in listed:
                where = header.relative_to(root).as_posix()
                yield f"{where}: the event {event} is in no table; add it to tools/docs/tables.cpp"


def marks_of_nothing(root: Path, tables: dict[str, dict[str, str]]) -> Iterator[str]:
    """A mark that nothing is written to would keep what it holds for ever."""
    for page in sorted((root / "cutwater").glob("**/*.md")):
        name = page.relative_to(root).as_posix()
        for part in MARK.findall(page.read_text()):
            if part not in tables.get(name, {}):
                yield f"{name}: nothing is generated for the mark `{part}`; add it to tools/docs/tables.cpp"


def stale(root: Path, files: dict[str, str]) -> list[str]:
    return [name for name, text in sorted(files.items()) if read(root / name) != text]


def difference(root: Path, name: str, text: str) -> Iterator[str]:
    """What is to be said of a file that is out of date."""
    yield f"{name}: this is not what the code says; `./dev docs` writes it anew"
    lines = list(difflib.unified_diff(read(root / name).splitlines(), text.splitlines(), lineterm="", n=0))[2:]
    yield from (f"    {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"    … and {len(lines) - SHOWN} lines more"


def read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def print_tables(root: Path, build: Path) -> str:
    """What the code says, asked from a program that is built first where it has to be."""
    if not can_build(build):
        run(root, "cmake", "--preset", "gcc-release", "-B", build)
    run(root, "cmake", "--build", build, "--target", "docs_tables")
    return run(root, build / "tools/docs/docs_tables")


def can_build(build: Path) -> bool:
    """`./dev run` leaves a tree without tests, which does not know the program."""
    return (build / "build.ninja").is_file() and WITH_TESTS in read(build / "CMakeCache.txt").splitlines()


def run(root: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise Problem(f"{done.stdout}{done.stderr}docs: this failed: {' '.join(map(str, command))}")
    return done.stdout
