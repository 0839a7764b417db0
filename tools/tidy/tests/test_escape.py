from tests.support import CheckCase

PATH = "cutwater/core/a.cpp"


class Escapes(CheckCase):
    check = "banned"

    def line(self, comment: str, code: str = "srand(1);") -> dict[str, str]:
        return {PATH: f"{code}  {comment}\n"}

    def test_a_reason_excuses(self) -> None:
        self.passes(self.line("// tidy: allow random because this test is about the C library"))

    def test_in_scripts_and_pages(self) -> None:
        self.passes({"dev": "# TODO  # tidy: allow unfinished because it is the word meant\n"})
        self.passes({"a.md": "TODO <!-- tidy: allow unfinished because it is the word meant -->\n"})

    def test_no_reason_excuses_nothing(self) -> None:
        comment = "// tidy: allow random"
        self.finds(self.line(comment), f"escape {PATH}:1", f"random {PATH}:1", remedy="because <reason>")

    def test_another_rule_is_not_excused(self) -> None:
        files = self.line("// tidy: allow sleep because of that")
        self.finds(files, f"escape {PATH}:1", f"random {PATH}:1", message="nothing here breaks `sleep`")

    def test_what_excuses_nothing_is_removed(self) -> None:
        files = self.line("// tidy: allow random because of that", code="int i;")
        self.finds(files, f"escape {PATH}:1", remedy="Remove the exception")

    def test_unknown_rules(self) -> None:
        files = self.line("// tidy: allow chance because of that", code="int i;")
        self.finds(files, f"escape {PATH}:1", remedy="the name that the finding shows")

    def test_the_tests_of_tidy_may_hold_some(self) -> None:
        self.passes({"tools/tidy/tests/a.py": "# tidy: allow random because of that\n"})

    def test_rules_that_did_not_run_are_not_judged(self) -> None:
        self.passes(self.line("// tidy: allow border because of that", code="int i;"))

    def test_a_page_may_show_one(self) -> None:
        self.passes({"a.md": "`// tidy: allow <rule> because <reason>`, or `// tidy: allow random because of that`\n"})
