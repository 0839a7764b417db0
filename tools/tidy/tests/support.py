"""Builds small projects in a temporary folder, and says what a check is to find in them."""

import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path

import cli
from finding import Finding
from tree import Tree

Files = Mapping[str, str]


def build(root: Path, files: Files) -> None:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="")


def findings_of(files: Files, checks: list[str]) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), files)
        return cli.run(Tree.load(Path(folder)), checks)


class CheckCase(unittest.TestCase):
    """A test of the check named in `check`."""

    check = ""

    def passes(self, files: Files) -> None:
        self.finds(files)

    def finds(self, files: Files, *expected: str, remedy: str = "", message: str = "") -> None:
        """Expects exactly the findings "rule path:line", all with a remedy; the texts are parts of the first one's."""
        findings = findings_of(files, [self.check])
        self.assertEqual([f"{found.rule} {found.path}:{found.line}" for found in findings], list(expected))
        for found in findings:
            self.assertTrue(str(found).endswith(f"{found.message}. {found.remedy}"))
            self.assertGreater(len(found.remedy), 8, str(found))
        if findings:
            self.assertIn(remedy, findings[0].remedy)
            self.assertIn(message, findings[0].message)
