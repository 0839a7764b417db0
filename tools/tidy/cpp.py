"""C++ as text: what is code, what is comment or literal, and what is included."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lines import Lines

# Numbers are named so that the ' in 1'000 opens no character literal; only they are left as they are.
LITERAL = re.compile(
    r"""
      //(?:[^\n\\]|\\.)*
    | /\*.*?\*/
    | (?<!\w)(?:u8|[uUL])?R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)"
    | "(?:[^"\\\n]|\\.)*"
    | '(?:[^'\\\n]|\\.)*'
    | (?P<number>(?<!\w)\d(?:'\w|[\w.])*)
    """,
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Include:
    line: int
    path: str
    quoted: bool


def blank(text: str) -> str:
    """Comments become spaces, literals keep their quotes; offsets and lines stay."""
    return LITERAL.sub(_blank_one, text)


def _blank_one(match: re.Match[str]) -> str:
    literal = match.group()
    if match["number"]:
        return literal
    spaces = NOT_NEWLINE.sub(" ", literal)
    if literal[0] == "/":
        return spaces
    return literal[-1] + spaces[1:-1] + literal[-1]


def includes(text: str, code: str) -> Iterator[Include]:
    """The includes of a text; the blanked code tells those that only stand in a comment or literal."""
    lines = Lines(text)
    for match in INCLUDE.finditer(text):
        if code[text.index("#", match.start())] == "#":
            quoted, angled = match.groups()
            yield Include(lines.at(match.end()), quoted or angled, quoted is not None)
