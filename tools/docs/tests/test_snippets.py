import unittest

import snippets


def page(text: str) -> list[snippets.Block]:
    return list(snippets.blocks_of_page("docs/a.md", text))


def header(text: str) -> list[snippets.Block]:
    return list(snippets.blocks_of_header("cutwater/a.hpp", text))


def parts(code: str) -> snippets.Parts:
    return snippets.split(snippets.Block("docs/a.md", 1, tuple(code.split("\n"))))


def lines(chunk: list[tuple[int, str]]) -> list[str]:
    return [line for _, line in chunk]


class Pages(unittest.TestCase):
    def test_every_cpp_block_is_found_with_its_line(self) -> None:
        found = page("# A\n\n```cpp\nint a = 1;\n```\n\n```sh\nls\n```\n\n~~~cpp no-run\nint b = 2;\nint c = 3;\n~~~\n")
        self.assertEqual([(b.line, b.code, b.runs) for b in found], [(4, ("int a = 1;",), True), (12, ("int b = 2;", "int c = 3;"), False)])

    def test_a_fence_within_a_longer_fence_is_text(self) -> None:
        self.assertEqual(page("````text\n```cpp\nint a;\n```\n````\n"), [])

    def test_an_indented_block_loses_its_indent(self) -> None:
        self.assertEqual(page("- a\n\n  ```cpp\n  if (a)\n      b();\n  ```\n")[0].code, ("if (a)", "    b();"))

    def test_an_unknown_word_is_refused_with_its_place(self) -> None:
        with self.assertRaisesRegex(snippets.Refused, r"docs/a.md:2: ```cpp knows no `norun`"):
            page("# A\n```cpp norun\n```\n")


class Headers(unittest.TestCase):
    def test_code_is_found_and_tables_are_not(self) -> None:
        found = header("// A.\n//\n//     closed ── fails ──► open\n//\n//     int a = f();\n//     int b = a;\n//\n// Text.\n#pragma once\n//     int late;\n")
        self.assertEqual([(b.line, [line for line in b.code if line]) for b in found], [(3, ["int a = f();", "int b = a;"])])
        self.assertFalse(found[0].runs)

    def test_lines_stay_where_they_are_behind_a_table(self) -> None:
        block = header("// A.\n//\n//     one   two\n//\n//     int a = 1;\n// Text.\n")[0]
        self.assertEqual(block.line + block.code.index("int a = 1;"), 5)

    def test_what_is_left_out_compiles(self) -> None:
        for written, meant in {
            "if (a) …                // what then": "if (a) {}                // what then",
            "if (a) ...": "if (a) {}",
            "auto f = [] { … };": "auto f = [] { throw anything{}; };",
            "cw::pipeline p{a, b, …};": "cw::pipeline p{a, b};",
            "int a = …;": "int a = anything{};",
            "…": "",
            "template <class... Args>": "template <class... Args>",
            'f("...");': 'f("...");',
        }.items():
            with self.subTest(written):
                code = snippets.without_comment(snippets.with_elisions(written)).rstrip()
                self.assertEqual(code, snippets.without_comment(meant).rstrip())


class Splitting(unittest.TestCase):
    def test_definitions_go_outside_and_statements_inside(self) -> None:
        for outside in (
            "struct a {\n    int b = 1;\n};",
            "template <class T>\nint f(T t) {\n    return t;\n}",
            "int f(int a) {\n    return a;\n}",
            "asio::awaitable<int> f() {\n    co_return 1;\n}",
            "static_assert(cw::gate<pacer>);",
            "TEST_P(suite, name) {\n    EXPECT_EQ(1, 1);\n}",
            "INSTANTIATE_TEST_SUITE_P(a, b,\n                         c{});",
        ):
            with self.subTest(outside):
                self.assertEqual((lines(parts(outside).outside), parts(outside).inside), (outside.split("\n"), []))
        for inside in (
            "int a = f(1);",
            "cw::pipeline p{\n    cw::retry{},\n};",
            "if (a) {\n    b();\n}",
            "for (int i = 0; i < 3; ++i) {\n    b();\n}",
            "auto f = [&](int a) {\n    return a;\n};",
            "p.run([&] {\n    return 1;\n});",
            "EXPECT_TRUE(linearize(seen.all(), my_model{}));",
            "co_await p.async_run([]() -> asio::awaitable<int> { co_return 1; });",
        ):
            with self.subTest(inside):
                self.assertEqual((parts(inside).outside, lines(parts(inside).inside)), ([], inside.split("\n")))

    def test_leading_includes_go_to_the_top(self) -> None:
        split = parts("#include <a>\nnamespace cw = cutwater;\n\nint a = 1;")
        self.assertEqual((split.includes, split.inside), ([(1, "#include <a>")], [(3, ""), (4, "int a = 1;")][-len(split.inside) :]))

    def test_an_expression_alone_on_its_line_is_a_statement(self) -> None:
        self.assertEqual(lines(parts('cw::tier("a", 1)   // one\ncw::tier("b", 2)').inside), ['cw::tier("a", 1);', 'cw::tier("b", 2);'])


class Sources(unittest.TestCase):
    def source(self, text: str) -> str:
        return snippets.source(page(text))

    def test_a_block_is_a_function_and_a_test_at_its_own_line(self) -> None:
        made = self.source("```cpp\nint a = 1;\n```\n")
        self.assertIn('#include "test/docs/prelude.hpp"', made)
        self.assertIn('#line 2 "docs/a.md"\nint a = 1;', made)
        self.assertIn("TEST(docs_a_md, line_2) { example(); }", made)

    def test_a_coroutine_is_run_as_one(self) -> None:
        made = self.source("```cpp\nco_await f();\n```\n")
        self.assertIn('#include "test/docs/prelude_asio.hpp"', made)
        self.assertIn("run_coroutine(example())", made)

    def test_what_is_not_to_be_run_is_no_test(self) -> None:
        self.assertNotIn("TEST(", self.source("```cpp no-run\nint a = 1;\n```\n"))

    def test_a_program_keeps_its_shape(self) -> None:
        made = self.source("```cpp\n#include <a>\nint main() {\n    return 0;\n}\n```\n")
        self.assertIn("#define main docs_a_md_line_2_main", made)
        self.assertIn("EXPECT_EQ(docs_a_md_line_2_main(), 0)", made)

    def test_a_header_is_included_by_its_example(self) -> None:
        made = snippets.source(header("// A.\n//     int a = 1;\n// Text.\n"))
        self.assertIn('#include "cutwater/a.hpp"', made)
        self.assertNotIn("TEST(", made)
