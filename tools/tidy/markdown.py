"""A page of Markdown: its headings, links, fences and anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, normpath
from urllib.parse import unquote

from lines import Lines

FENCE = re.compile(r"[ \t>]*(?:[-*+] +)?(`{3,}|~{3,})[ \t]*([^\n`]*)")
HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(
    r"""\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\))?)>?(?:\s+["'(][^\n]*?["')])?\s*\)"""
    r"""|^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)|\b(?:href|src)="([^"]+)\"""",
    re.MULTILINE,
)
NAMED = re.compile(r'<[a-z]+[^>]*\b(?:id|name)="([^"]+)"')
EXTERNAL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


@dataclass(frozen=True)
class Heading:
    line: int
    level: int
    text: str


@dataclass(frozen=True)
class Fence:
    line: int
    language: str


@dataclass(frozen=True)
class Link:
    line: int
    target: str


@dataclass(frozen=True)
class Page:
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    links: tuple[Link, ...]
    anchors: frozenset[str]
    first_line: int  # the first that is not blank


def parse(text: str) -> Page:
    prose, fences = without_fences(text)
    headings = tuple(find_headings(prose))
    return Page(
        headings=headings,
        fences=tuple(fences),
        links=tuple(find_links(prose)),
        anchors=frozenset([*slugs(headings), *NAMED.findall(prose)]),
        first_line=next((number for number, line in Lines(text) if line.strip()), 1),
    )


def without_fences(text: str) -> tuple[str, list[Fence]]:
    """The text with fenced blocks emptied, line for line, and the fences that opened them."""
    prose, fences, closer = [], [], ""
    for number, line in Lines(text):
        fence = FENCE.fullmatch(line)
        if closer:
            if fence and fence[1].startswith(closer) and not fence[2].strip():
                closer = ""
            line = ""
        elif fence:
            closer = fence[1]
            fences.append(Fence(number, fence[2].strip()))
            line = ""
        prose.append(line)
    return "\n".join(prose), fences


def find_headings(prose: str) -> Iterator[Heading]:
    for number, line in Lines(prose):
        if heading := HEADING.fullmatch(line):
            yield Heading(number, len(heading[1]), heading[2])


def find_links(prose: str) -> Iterator[Link]:
    lines = Lines(prose)
    visible = CODE_SPAN.sub(_spaces, COMMENT.sub(_spaces, prose))
    for link in LINK.finditer(visible):
        target = next(group for group in link.groups() if group)
        if not EXTERNAL.match(target):
            yield Link(lines.at(link.start()), target)


def _spaces(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def slugs(headings: tuple[Heading, ...]) -> Iterator[str]:
    """The anchors that GitHub gives to headings: repeated ones are numbered."""
    seen: dict[str, int] = {}
    for heading in headings:
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.text)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug


def resolve(page: str, target: str) -> tuple[str, str]:
    """The path from the root that a link of a page leads to ("." is the root), and the anchor there."""
    place, _, anchor = target.partition("#")
    if not place:
        return page, anchor
    place = unquote(place.partition("?")[0])
    path = place.lstrip("/") if place.startswith("/") else f"{dirname(page)}/{place}".lstrip("/")
    return normpath(path), anchor
