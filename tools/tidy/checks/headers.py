"""A public header begins with #pragma once and opens with a comment that says what it is for."""

import re
from collections.abc import Iterator

from finding import Finding
from tree import File, Tree

RULES = ("pragma-first", "header-comment")

WITHIN = 40  # lines from the top
ENOUGH = 1  # lines of comment: a table of options needs no more
COMMENT = re.compile(r"\s*//")
LEGAL = re.compile(r"//+\s*(?:SPDX|copyright|\(c\)|licensed|distributed under)", re.IGNORECASE)


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        if file.is_public_header:
            yield from pragma_first(file)
            yield from opens_the_document(file)


def pragma_first(file: File) -> Iterator[Finding]:
    code = file.code.lstrip()
    if code and "#pragma once" in code and not code.startswith("#pragma once"):
        line = file.lines.at(len(file.code) - len(code))
        message = "code stands before #pragma once"
        yield Finding(file.path, line, "pragma-first", message, "Let only comments stand before it")


def opens_the_document(file: File) -> Iterator[Finding]:
    run = 0
    for _, line in [*file.lines][:WITHIN]:
        run = run + 1 if COMMENT.match(line) and not LEGAL.search(line) else 0
        if run == ENOUGH:
            return
    message = f"the header does not say in its first {WITHIN} lines what it is for"
    remedy = f"Open with a comment of a line or more: what the type is for, an example, its contract"
    yield Finding(file.path, 1, "header-comment", message, remedy)
