import contextlib
import io
import os
import re
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import cli
from checks import ALL
from escape import RULE
from tests.support import build
from tree import Tree

HERE = Path(__file__).resolve().parent
CLEAN = {"README.md": "# Title\n"}
DIRTY = CLEAN | {"test/a.cpp": "int a;", "test/b.cpp": "srand(1);\nstd::endl;\n", "test/CMakeLists.txt": ""}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class CommandLine(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def tidy(self, *arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = cli.main(["--root", str(self.root), *arguments])
            except SystemExit as stopped:
                status = int(stopped.code or 0)
        return status, out.getvalue(), err.getvalue()

    def test_nothing_found(self) -> None:
        build(self.root, CLEAN)
        self.assertEqual(self.tidy(), (0, "tidy: 1 file, no findings\n", ""))

    def test_findings_are_sorted_lines_with_a_sum(self) -> None:
        build(self.root, DIRTY)
        status, out, _ = self.tidy()
        places = [line.split(" ")[:2] for line in out.splitlines()]
        expected = [["test/a.cpp:1:", "final-newline:"], ["test/b.cpp:1:", "random:"], ["test/b.cpp:2:", "endl:"]]
        self.assertEqual((status, places), (1, [*expected, ["tidy:", "3"]]))
        self.assertTrue(out.endswith("\ntidy: 3 findings in 2 files\n"))
        self.assertNotIn("\033", out)

    def test_colours_on_a_terminal(self) -> None:
        build(self.root, DIRTY)
        screen = Terminal()
        with contextlib.redirect_stdout(screen), unittest.mock.patch.dict(os.environ):
            os.environ.pop("NO_COLOR", None)
            cli.main(["--root", str(self.root), "--only", "docs"])
        self.assertIn("\033[31mfinal-newline:\033[0m", screen.getvalue())

    def test_only_some_checks(self) -> None:
        build(self.root, DIRTY)
        status, out, _ = self.tidy("--only", "docs,clean")
        self.assertEqual((status, out.splitlines()[-1]), (1, "tidy: 1 finding in 1 file"))

    def test_only_some_places(self) -> None:
        build(self.root, DIRTY)
        self.assertIn("2 findings in 1 file", self.tidy(str(self.root / "test/b.cpp"))[1])
        self.assertIn("3 findings in 2 files", self.tidy(str(self.root / "test"))[1])
        self.assertIn("1 file, no findings", self.tidy(str(self.root / "README.md"))[1])
        self.assertIn("3 findings in 2 files", self.tidy(str(self.root))[1])

    def test_wrong_usage_says_what_is_right(self) -> None:
        build(self.root, CLEAN)
        for arguments, help_given in (
            (["--only", "speling"], "there are graph, banned"),
            (["--nonsense"], "usage:"),
            ([str(self.root / "gone")], "no file or folder"),
            (["/"], "is not in"),
            (["--root", str(self.root / "gone")], "is no folder"),
        ):
            status, _, err = self.tidy(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(help_given, err)

    def test_the_list_has_a_sentence_for_each_check(self) -> None:
        status, out, _ = self.tidy("--list")
        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in out.splitlines()], list(ALL))
        self.assertTrue(all(line.endswith(".") for line in out.splitlines()))

    def test_stats(self) -> None:
        functions = "".join(f"int f{lines}() {{{chr(10) * lines}}}\n" for lines in (9, 3, 0, 1, 5, 2, 7, 4, 8, 6))
        build(self.root, {"a.cpp": functions, "b.cpp": "\n", "test/a.hpp": "#pragma once\n"})
        rows = [" ".join(line.split()) for line in self.tidy("--stats", "--only", "sizes")[1].splitlines()]
        source = "source 2 median 55 p90 55 longest 55 a.cpp"
        test = "test 1 median 1 p90 1 longest 1 test/a.hpp"
        function = "function 10 median 6 p90 10 longest 10 a.cpp:1"
        self.assertEqual(rows[:-1], ["header none", source, test, "example none", function])

    def test_help_teaches(self) -> None:
        out = self.tidy("--help")[1]
        self.assertIn("tidy: allow <rule> because <reason>", out)
        self.assertIn("exit status", out)

    def test_the_program_runs_from_anywhere(self) -> None:
        build(self.root, CLEAN)
        tidy = str(HERE.parent / "tidy")
        done = subprocess.run([tidy, "--root", str(self.root)], cwd="/", capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "tidy: 1 file, no findings\n"))


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def paths(self) -> list[str]:
        return [file.path for file in Tree.load(self.root).files]

    def test_git_says_what_belongs(self) -> None:
        build(self.root, {".gitignore": "out/\n", "a.md": "", "out/b.md": "", "gone.md": "", "new name.md": ""})
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        for command in (["init", "-q"], ["add", "a.md", "gone.md"]):
            try:
                subprocess.run(["git", "-C", str(self.root), *command], check=True, env=clean)
            except FileNotFoundError:
                self.assertIn("a.md", self.paths())  # a machine without git walks
                return
        (self.root / "gone.md").unlink()
        self.assertEqual(self.paths(), [".gitignore", "a.md", "new name.md"])

    def test_without_git_the_folder_is_walked(self) -> None:
        build(self.root, {"a.md": "", "build/b.md": "", "web/node_modules/c.md": "", "third_party/d.md": ""})
        self.assertEqual(self.paths(), ["a.md"])

    def test_what_is_not_text_has_a_path_and_no_text(self) -> None:
        (self.root / "a.png").write_bytes(b"\x89PNG\0")
        (self.root / "b.bin").write_bytes(b"\xff\xfe")
        (self.root / "c").symlink_to("a.png")
        tree = Tree.load(self.root)
        self.assertEqual((tree.files, tree.paths), ([], {"a.png", "b.bin", "c"}))


class Rules(unittest.TestCase):
    def test_every_rule_is_tested(self) -> None:
        for name, check in ALL.items():
            text = (HERE / f"test_{name}.py").read_text(encoding="utf-8")
            for rule in check.RULES:
                self.assertRegex(text, rf'["\s]{rule}["\s]', f"test_{name}.py does not test {rule}")

    def test_rules_have_one_check_each(self) -> None:
        rules = [rule for check in ALL.values() for rule in check.RULES]
        self.assertEqual(len(rules), len(set(rules)))

    def test_the_page_names_them_all(self) -> None:
        page = (HERE.parent / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", page, re.MULTILINE)
        documented = {name: re.findall(r"`([a-z-]+)`", rules) for name, rules in rows}
        self.assertEqual(documented, {name: list(check.RULES) for name, check in ALL.items()} | {RULE: [RULE]})
