"""The calls of one function in a CMakeLists.txt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lines import Lines

COMMENT = re.compile(r"#[^\n]*")
WORD = re.compile(r"[^\s\"]+")
KEYWORD = re.compile(r"[A-Z][A-Z_]*")


@dataclass(frozen=True)
class Word:
    text: str
    line: int


@dataclass(frozen=True)
class Call:
    line: int
    words: tuple[Word, ...]

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""

    def list_of(self, keyword: str) -> list[Word]:
        """The words between a keyword and the next one."""
        found, listening = [], False
        for word in self.words:
            if KEYWORD.fullmatch(word.text):
                listening = word.text == keyword
            elif listening:
                found.append(word)
        return found


def calls(text: str, function: str) -> Iterator[Call]:
    text = COMMENT.sub(lambda comment: " " * len(comment.group()), text)
    lines = Lines(text)
    for call in re.finditer(rf"\b{function}\s*\(([^()]*)\)", text):
        words = WORD.finditer(text, *call.span(1))
        yield Call(
            line=lines.at(call.start()),
            words=tuple(Word(word.group(), lines.at(word.start())) for word in words),
        )
