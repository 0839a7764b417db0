"""Pages have one title, links that lead somewhere and fences with a language; text files have clean ends."""

import re
from collections.abc import Iterator

import markdown
from finding import Finding
from tree import File, Tree

RULES = ("title", "link", "anchor", "fence", "trailing-space", "final-newline", "tab")

TRAILING = re.compile(r"[ \t\r\f\v]+$", re.MULTILINE)
MAY_HOLD_TABS = re.compile(r"(?:.*/)?(?:Makefile|[^/]*\.mk|[^/]*\.tsv|\.gitmodules)")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.markdown:
        yield from title(file)
        yield from fences(file)
        for link in file.page.links:
            yield from leads_somewhere(tree, file, link)
    for file in tree.files:
        if not file.is_data:
            yield from clean_ends(file)


def title(file: File) -> Iterator[Finding]:
    titles = [heading for heading in file.page.headings if heading.level == 1]
    if not titles or titles[0].line != file.page.first_line:
        message, line = "the page does not begin with its title", file.page.first_line
        yield Finding(file.path, line, "title", message, "Make `# Title` its first line")
    for second in titles[1:]:
        message = f"`# {second.text}` is a second title"
        yield Finding(file.path, second.line, "title", message, "Make it a section, `##`, or a page of its own")


def fences(file: File) -> Iterator[Finding]:
    for fence in file.page.fences:
        if not fence.language:
            remedy = "Say what it is after the ```: cpp, sh, yaml, json, text"
            yield Finding(file.path, fence.line, "fence", "the code block names no language", remedy)


def leads_somewhere(tree: Tree, file: File, link: markdown.Link) -> Iterator[Finding]:
    place, anchor = markdown.resolve(file.path, link.target)
    if place != "." and place not in tree.paths and place not in tree.folders:
        message = f"the link `{link.target}` leads nowhere: there is no {place}"
        yield Finding(file.path, link.line, "link", message, "Correct the link, or add what it promises")
        return
    page = tree.get(place) or tree.get(f"{place}/README.md")
    if anchor and page and page.is_markdown and anchor not in page.page.anchors:
        message = f"{page.path} has no section `#{anchor}`"
        known = ", ".join(f"#{known}" for known in sorted(page.page.anchors)[:12]) or "none"
        yield Finding(file.path, link.line, "anchor", message, f"Its sections are: {known}")


def clean_ends(file: File) -> Iterator[Finding]:
    for match in TRAILING.finditer(file.text):
        line = file.lines.at(match.start())
        yield Finding(file.path, line, "trailing-space", "white space ends the line", "Remove it")
    if file.text and (not file.text.endswith("\n") or file.text.endswith("\n\n")):
        message = "the file does not end with one newline"
        yield Finding(file.path, max(1, len(file.lines)), "final-newline", message, "End it with exactly one")
    if "\t" in file.text and not MAY_HOLD_TABS.fullmatch(file.path):
        line = file.lines.at(file.text.index("\t"))
        yield Finding(file.path, line, "tab", "the file holds a tab, here first", "Indent with spaces")
