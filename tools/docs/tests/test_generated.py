import tempfile
import unittest
from pathlib import Path

import generated

PRINTED = "@ cutwater/a/README.md defaults\n| option |\n|---|\n| `name` |\n@ cutwater/a/README.md events\n| `a_done` |\n"
PAGE = "# A\n\n<!-- begin generated: defaults -->\nold\n<!-- end generated -->\n\ntext\n\n<!-- begin generated: events -->\n<!-- end generated -->\n"
EVENT = 'struct a_done {\n    static constexpr event_kind kind{"a_done", severity::info, "done"};\n};\n'


class Generated(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        (self.root / "cutwater/a").mkdir(parents=True)
        self.write("cutwater/a/README.md", PAGE)
        self.write("cutwater/a/events.hpp", EVENT)

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def wanted(self, printed: str = PRINTED) -> tuple[dict[str, str], list[str]]:
        return generated.wanted(self.root, printed)

    def test_tables_stand_between_their_marks_and_nothing_else_changes(self) -> None:
        files, problems = self.wanted()
        self.assertEqual(problems, [])
        page = files["cutwater/a/README.md"]
        self.assertIn("<!-- begin generated: defaults -->\n\n| option |\n|---|\n| `name` |\n\n<!-- end generated -->\n\ntext\n", page)
        self.assertNotIn("old", page)
        self.assertIn("struct a_done", files[generated.API])

    def test_writing_twice_changes_nothing(self) -> None:
        page = self.wanted()[0]["cutwater/a/README.md"]
        self.write("cutwater/a/README.md", page)
        self.assertEqual(self.wanted()[0]["cutwater/a/README.md"], page)

    def test_a_stale_page_is_named_with_what_to_do(self) -> None:
        files, _ = self.wanted()
        self.assertIn("cutwater/a/README.md", generated.stale(self.root, files))
        said = "\n".join(generated.difference(self.root, "cutwater/a/README.md", files["cutwater/a/README.md"]))
        self.assertIn("cutwater/a/README.md: this is not what the code says; `./dev docs` writes it anew", said)
        self.assertIn("    -old", said)

    def test_a_table_without_a_place_is_named(self) -> None:
        self.write("cutwater/a/README.md", "# A\n")
        self.assertRegex(self.wanted()[1][0], "^cutwater/a/README.md: the table of defaults has no place")

    def test_a_mark_that_is_not_closed_is_named(self) -> None:
        self.write("cutwater/a/README.md", PAGE.replace("<!-- end generated -->", "", 1))
        self.assertRegex(self.wanted()[1][0], "^cutwater/a/README.md: the table of defaults has no place")

    def test_an_event_in_no_table_is_named(self) -> None:
        self.write("cutwater/a/events.hpp", EVENT + EVENT.replace("a_done", "a_lost"))
        self.assertRegex(self.wanted()[1][0], "^cutwater/a/events.hpp: the event a_lost is in no table")

    def test_a_mark_that_nothing_is_generated_for_is_named(self) -> None:
        self.write("cutwater/a/README.md", PAGE.replace("events", "answers"))
        self.assertRegex(self.wanted()[1][0], "^cutwater/a/README.md: nothing is generated for the mark `answers`")

    def test_a_tree_without_tests_cannot_build_the_program(self) -> None:
        self.assertFalse(generated.can_build(self.root))
        self.write("build.ninja", "")
        self.write("CMakeCache.txt", "CUTWATER_TESTS:BOOL=OFF\n")
        self.assertFalse(generated.can_build(self.root))
        self.write("CMakeCache.txt", "CUTWATER_TESTS:BOOL=ON\n")
        self.assertTrue(generated.can_build(self.root))
