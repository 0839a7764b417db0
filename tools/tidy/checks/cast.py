"""A room is complete: its fixed files, and a page with its fixed sections in their order."""

from collections.abc import Iterator

from finding import Finding
from tree import File, Tree

RULES = ("cast", "sections")

POLICIES = "cutwater/policy/"
EVERY_ROOM = ("README.md", "CMakeLists.txt")
POLICY = (
    *EVERY_ROOM,
    "options.hpp",
    "kernel.hpp",
    "{room}.hpp",
    "events.hpp",
    "kernel_test.cpp",
    "{room}_test.cpp",
    "{room}_bench.cpp",
    "{room}_example.cpp",
)
SECTIONS = ("About", "Usage", "Defaults", "Events", "When not to use", "Anti-patterns")


def check(tree: Tree) -> Iterator[Finding]:
    policies = {path.split("/")[2] for path in tree.paths if path.startswith(POLICIES) and path.count("/") > 2}
    for room in sorted(policies):
        wanted = (name.format(room=room) for name in POLICY)
        yield from missing(tree, POLICIES + room, wanted, "Every policy has the same cast: add it, small as it may be")
        if page := tree.get(f"{POLICIES}{room}/README.md"):
            yield from sections(page)
    folders = {file.folder for file in tree.cpp if file.is_library and "detail" not in file.folder.split("/")}
    for folder in sorted(folders - {POLICIES + room for room in policies}):
        yield from missing(tree, folder, EVERY_ROOM, "Every folder of the library has a page and a target: add it")


def missing(tree: Tree, folder: str, wanted: Iterator[str] | tuple[str, ...], remedy: str) -> Iterator[Finding]:
    for name in wanted:
        if f"{folder}/{name}" not in tree.paths:
            yield Finding(f"{folder}/{name}", 1, "cast", f"{folder} has no {name}", remedy)


def sections(page: File) -> Iterator[Finding]:
    headings = [heading for heading in page.page.headings if heading.level == 2 and heading.text in SECTIONS]
    found = [heading.text for heading in headings]
    for name in SECTIONS:
        if name not in found:
            remedy = f"The sections of a policy's page are, in this order: {', '.join(SECTIONS)}"
            yield Finding(page.path, 1, "sections", f"the page has no section `## {name}`", remedy)
    expected = [name for name in SECTIONS if name in found]
    for heading, name in zip(headings, expected + ["nothing"] * len(headings)):
        if heading.text != name:
            message = f"`## {heading.text}` stands where `## {name}` belongs"
            remedy = f"The order is: {', '.join(SECTIONS)}"
            yield Finding(page.path, heading.line, "sections", message, remedy)
            return
