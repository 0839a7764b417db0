"""Nothing lies about unused: headers nobody includes, sources no target builds, pages and scripts nobody names."""

import re
from collections.abc import Iterator

import markdown
from finding import Finding
from tree import File, Tree, parents

RULES = ("unused-header", "unbuilt-source", "unlinked-page", "unnamed-script")

WORD = re.compile(r"[\w.-]*\w")


def check(tree: Tree) -> Iterator[Finding]:
    yield from unused_headers(tree)
    yield from unbuilt_sources(tree)
    yield from unlinked_pages(tree)
    yield from unnamed_scripts(tree)


def unused_headers(tree: Tree) -> Iterator[Finding]:
    included = {include.path for file in tree.cpp for include in file.includes if include.path != file.path}
    for file in tree.cpp:
        if file.is_header and file.is_library and file.path not in included:
            remedy = "Delete it, or include it where it is needed, its own test at least"
            yield Finding(file.path, 1, "unused-header", "no other file includes this header", remedy)


def unbuilt_sources(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        above = list(parents(file.path))
        if not file.is_header and above and not any(f"{folder}/CMakeLists.txt" in tree.paths for folder in above):
            message = f"no CMakeLists.txt from {above[0]} up to {above[-1]}"
            yield Finding(file.path, 1, "unbuilt-source", message, "Add one that builds this source, or delete it")


def unlinked_pages(tree: Tree) -> Iterator[Finding]:
    linked = {place for page in tree.markdown for place in links_out(page)}
    for page in tree.markdown:
        folder = page.folder if page.name == "README.md" else None
        hidden = page.path.startswith(".")  # a forge reads its own pages by name
        if page.path != "README.md" and not hidden and page.path not in linked and folder not in linked:
            remedy = "Link it from the page a reader comes from, or delete it"
            yield Finding(page.path, 1, "unlinked-page", "no other page links here", remedy)


def links_out(page: File) -> Iterator[str]:
    """Where the links of a page lead, other than to itself."""
    for link in page.page.links:
        place, _ = markdown.resolve(page.path, link.target)
        if place != page.path and (place != page.folder or page.name != "README.md"):
            yield place


def unnamed_scripts(tree: Tree) -> Iterator[Finding]:
    scripts = [file for file in tree.in_folder("tools") if file.text.startswith("#!")]
    wanted = {file.name for file in scripts}
    named: dict[str, set[str]] = {name: set() for name in wanted}
    for file in tree.files if scripts else ():
        for word in wanted.intersection(WORD.findall(file.text)):
            named[word].add(file.path)
    for script in scripts:
        if not named[script.name] - {script.path}:
            remedy = "Name it on the page that says how to use it, or delete it"
            yield Finding(script.path, 1, "unnamed-script", "nothing else names this script", remedy)
