"""Exceptions that are written where they are made: `// tidy: allow <rule> because <reason>` on the line."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from finding import Finding
from tree import File, Tree

RULE = "escape"
ESCAPE = re.compile(r"(?://|#|<!--)\s*tidy: allow ([a-z-]+)(?:\s+because\s+([^\s<>][^\n]*))?")
# These explain themselves in the line they stand on.
NEED_NO_REASON = frozenset({"bool"})
# Its pages and tests show escapes that excuse nothing.
EXEMPT = "tools/tidy/"


@dataclass(frozen=True)
class Escape:
    path: str
    line: int
    rule: str
    reason: str | None

    @property
    def holds(self) -> bool:
        return self.reason is not None or self.rule in NEED_NO_REASON


def judged(tree: Tree, findings: Iterable[Finding], ran: frozenset[str], known: frozenset[str]) -> list[Finding]:
    """The findings that no escape excuses, and the escapes that excuse nothing of what ran."""
    escapes = {(escape.path, escape.line): escape for file in tree.files for escape in find(file)}
    kept, used = [], set()
    for finding in findings:
        escape = escapes.get((finding.path, finding.line))
        if escape and escape.rule == finding.rule:
            used.add(escape)
            if escape.holds:
                continue
        kept.append(finding)
    for escape in escapes.values():
        if escape.rule not in known:
            remedy = "Write the name that the finding shows"
            kept.append(complaint(escape, f"no rule is called `{escape.rule}`", remedy))
        elif not escape.holds:
            kept.append(complaint(escape, f"no reason to allow `{escape.rule}`", "End it with `because <reason>`"))
        elif escape.rule in ran and escape not in used:
            kept.append(complaint(escape, f"nothing here breaks `{escape.rule}`", "Remove the exception"))
    return kept


def find(file: File) -> Iterator[Escape]:
    if "tidy: allow" in file.text and not file.path.startswith(EXEMPT):
        opener = ("<!--",) if file.is_markdown else ("//", "#")
        for match in ESCAPE.finditer(file.text):
            if match.group().startswith(opener):
                yield Escape(file.path, file.lines.at(match.start()), match[1], match[2])


def complaint(escape: Escape, message: str, remedy: str) -> Finding:
    return Finding(escape.path, escape.line, RULE, message, remedy)
