"""The project's files: what git tracks or would track, read once and shared by all checks."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

import cpp
import functions
import markdown
from lines import Lines

HEADERS = (".hpp", ".h")
SOURCES = (".cpp", ".cc")
# Files that stand beside a room's own to test, measure and show it; headers among them only help those.
SIBLINGS = tuple(f"_{kind}{end}" for kind in ("test", "bench", "example", "fuzz") for end in (".cpp", ".hpp"))
# Folders whose files are input and expected output: they are byte for byte what they are.
DATA_FOLDERS = frozenset({"corpus", "fixtures", "golden", "testdata"})
# What a walk leaves out where git is not there to say it.
UNWALKED = frozenset({".git", "__pycache__", "build", "node_modules", "third_party", "vendor"})
FOREIGN = ("third_party/", "vendor/")


class File:
    """One text file, and the views of it that more than one check needs."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.name = path.rpartition("/")[2]
        self.folder = path.rpartition("/")[0]
        self.is_header = path.endswith(HEADERS)
        self.is_cpp = path.endswith(HEADERS + SOURCES)
        self.is_sibling = path.endswith(SIBLINGS)
        self.is_markdown = path.endswith(".md")
        self.is_library = path.startswith("cutwater/")
        self.is_data = not DATA_FOLDERS.isdisjoint(path.split("/")[:-1])

    @property
    def is_public_header(self) -> bool:
        return self.is_header and self.is_library and not self.is_sibling and "/detail/" not in self.path

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def code(self) -> str:
        """The C++ text with comments and literals blanked out, every offset kept."""
        return cpp.blank(self.text)

    @cached_property
    def includes(self) -> tuple[cpp.Include, ...]:
        return tuple(cpp.includes(self.text, self.code)) if self.is_cpp else ()

    @cached_property
    def functions(self) -> list[functions.Function]:
        return functions.find(self.code)

    @cached_property
    def page(self) -> markdown.Page:
        return markdown.parse(self.text)


class Tree:
    """Every path of the project, and the text of those that are text."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self.paths = frozenset(path for path in paths if not path.startswith(FOREIGN))
        self.folders = frozenset(folder for path in self.paths for folder in parents(path))
        self.files = [file for path in sorted(self.paths) if (file := read(root, path))]
        self.cpp = [file for file in self.files if file.is_cpp]
        self.markdown = [file for file in self.files if file.is_markdown and not file.is_data]
        self._by_path = {file.path: file for file in self.files}

    @classmethod
    def load(cls, root: Path) -> "Tree":
        listed = tracked(root)
        return cls(root, walked(root) if listed is None else listed)

    def get(self, path: str) -> File | None:
        return self._by_path.get(path)

    def in_folder(self, folder: str) -> Iterator[File]:
        return (file for file in self.files if file.path.startswith(folder + "/"))


def parents(path: str) -> Iterator[str]:
    """The folders above a path, the nearest first, without the root."""
    return (str(folder) for folder in list(PurePosixPath(path).parents)[:-1])


def tracked(root: Path) -> list[str] | None:
    """What git tracks or would track below root; None where git does not answer."""
    command = ["git", "-C", str(root), "ls-files", "-coz", "--exclude-standard"]
    try:
        answer = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return [os.fsdecode(path) for path in answer.split(b"\0") if path]


def walked(root: Path) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in UNWALKED]
        yield from (Path(folder, name).relative_to(root).as_posix() for name in names)


def read(root: Path, path: str) -> File | None:
    """None for what is not text, and for what git still lists but is gone."""
    place = root / path
    if place.is_symlink() or not place.is_file():
        return None
    content = place.read_bytes()
    try:
        return None if b"\0" in content else File(path, content.decode())
    except UnicodeDecodeError:
        return None
