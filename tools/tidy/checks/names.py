"""Files and types are snake_case, template parameters CamelCase."""

import re
from collections.abc import Iterator

from finding import Finding
from tree import File, Tree

RULES = ("file-name", "type-name", "template-name")

SNAKE_FILE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*(?:\.[a-z0-9_]+)*")
SNAKE = re.compile(r"[a-z][a-z0-9_]*")
CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*")
# README.md, LICENSE; names that a tool looks for.
CAPITALS = re.compile(r"[A-Z]+(?:[_-][A-Z]+)*(?:\.md)?")
EXPECTED_BY_TOOLS = re.compile(
    r"__init__\.py|CMakeLists\.txt|CMake(?:User)?Presets\.json|Dockerfile.*|Doxyfile.*|Makefile|package-lock\.json"
    r"|(?:Find\w+|[\w-]+-config(?:-version)?)\.cmake(?:\.in)?|[\w-]+\.(?:[1-8]|service)|\..*"
)
# `class T` between < , and , > = is a template parameter; a name that is then defined is a type.
TEMPLATE_PARAMETER = re.compile(r"[<,]\s*(?:class|typename)\s*(?:\.\.\.)?\s*\b(\w+)\s*(?=[,>=])")
TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+"
    r"(?:\[\[[^\]]*\]\]\s*|alignas\s*\([^()]*\)\s*)*(\w+)\s*(?:final\s*)?(?=[{]|:(?!:))"
    r"|\bconcept\s+(\w+)\s*="
)


def check(tree: Tree) -> Iterator[Finding]:
    for path in sorted(tree.paths):
        yield from file_name(tree, path)
    for file in tree.cpp:
        yield from type_names(file)


def file_name(tree: Tree, path: str) -> Iterator[Finding]:
    name = path.rpartition("/")[2]
    file = tree.get(path)
    if file and file.is_data or any(form.fullmatch(name) for form in (SNAKE_FILE, CAPITALS, EXPECTED_BY_TOOLS)):
        return
    remedy = f"Call it {snake(name)}"
    yield Finding(path, 1, "file-name", f"the file name {name} is not snake_case", remedy)


def type_names(file: File) -> Iterator[Finding]:
    for match in TYPE.finditer(file.code):
        name = match[1] or match[2]
        if not SNAKE.fullmatch(name):
            message, remedy = f"the type `{name}` is not snake_case", f"Call it {snake(name)}"
            yield Finding(file.path, file.lines.at(match.start()), "type-name", message, remedy)
    for match in TEMPLATE_PARAMETER.finditer(file.code):
        name = match[1]
        if not CAMEL.fullmatch(name):
            message, remedy = f"the template parameter `{name}` is not CamelCase", f"Call it {camel(name)}"
            yield Finding(file.path, file.lines.at(match.start(1)), "template-name", message, remedy)


def snake(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-+| +", "_", name)
    return parted.lower()


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
