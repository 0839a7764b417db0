"""Words that tell of a machine or of how the work was done, and not of the project."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from finding import Finding
from tree import File, Tree

RULES = ("machine-path", "workshop-word", "registry")


@dataclass(frozen=True)
class Word:
    rule: str
    pattern: re.Pattern[str]
    remedy: str
    allowed_in: tuple[str, ...] = ()
    allowed_suffix: str = "\0"  # none ends so

    def covers(self, path: str) -> bool:
        return not path.startswith(self.allowed_in) and not path.endswith(self.allowed_suffix)


PATH = "Write a path relative to the repository, or take it as an argument"
HISTORY = "Say what is true of the project; leave out how it came about"
REGISTRY = "Leave the source to the machine's own settings (for npm: --omit-lockfile-registry-resolved)"
# Written so that no pattern finds itself here.
WORDS = (
    Word("machine-path", re.compile(r"(?<![\w.~}$-])/(?:home|work|farm)/|/tmp/[b]ash"), PATH),
    Word("machine-path", re.compile(r"\.\./shared\b"), PATH, allowed_in=(".ci/",)),
    Word("workshop-word", re.compile(r"(?i)\b(?:sub-?agents?|cl[a]ude|AI[ ]agents?|this[ ]session)\b"), HISTORY),
    Word(
        "registry",
        re.compile(r"https?://(?:[\w-]+\.)*(?:debian\.org|npmjs\.(?:org|com)|pypi\.org|pythonhosted\.org)\b"),
        REGISTRY,
        allowed_suffix=".md",
    ),
)


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        for word in WORDS:
            if word.covers(file.path):
                yield from found(file, word)


def found(file: File, word: Word) -> Iterator[Finding]:
    for match in word.pattern.finditer(file.text):
        message = f"`{match.group()}` does not belong in the project"
        yield Finding(file.path, file.lines.at(match.start()), word.rule, message, word.remedy)
