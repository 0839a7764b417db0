import unittest

import public_api


class Declarations(unittest.TestCase):
    def says(self, header: str, *expected: str) -> None:
        self.assertEqual(public_api.declarations(header), list(expected))

    def test_bodies_comments_and_layout_are_left_out(self) -> None:
        self.says(
            "/// Adds.\n[[nodiscard]] constexpr int add(int a,\n                            int b) noexcept {  // sums\n    return a + b;\n}\n",
            "[[nodiscard]] constexpr int add(int a, int b) noexcept",
        )

    def test_only_what_is_public_is_shown(self) -> None:
        self.says(
            "class a : public b {\npublic:\n    explicit a(int c) : c_{c} {}\n    int c() const { return c_; }\n"
            "protected:\n    ~a() = default;\nprivate:\n    friend class d;\n    int c_ = 1;\n};\nstruct e {\n    int f = 2;\n};\n",
            "class a : public b",
            "    explicit a(int c)",
            "    int c() const",
            "struct e",
            "    int f = 2",
        )

    def test_namespaces_are_named_and_details_left_out(self) -> None:
        self.says(
            "namespace a::b {\nint c();\nnamespace detail {\nint d();\n}\nnamespace {\nint e();\n}\n}\nnamespace f::detail {\nint g();\n}\n",
            "namespace a::b",
            "    int c()",
        )

    def test_templates_concepts_enumerations_and_aliases(self) -> None:
        self.says(
            "template <class P>\nconcept c = requires(P p) {\n    { p.f() } -> d;\n};\n"
            "template <class T>\n    requires(c<T> && true)\nvoid f(T t);\n"
            "enum class e : int {\n    one,  ///< first\n    two,\n};\n"
            "template <class T>\nusing g = h<T>;\n"
            "inline constexpr int i{3};\n",
            "template <class P> concept c = requires(P p) { { p.f() } -> d; }",
            "template <class T> requires(c<T> && true) void f(T t)",
            "enum class e : int { one, two }",
            "template <class T> using g = h<T>",
            "inline constexpr int i{3}",
        )

    def test_what_is_only_announced_or_defined_elsewhere_is_not_repeated(self) -> None:
        self.says("class a;\nstruct b;\ntemplate <class T>\nint c::d(T t) {\n    return 1;\n}\nstatic_assert(true);\n")

    def test_operators_and_literals_survive(self) -> None:
        self.says(
            'struct a {\n    bool operator()(int b = 1) const { return b == 1; }\n    const char* c = "x // {y}";\n};\n',
            "struct a",
            "    bool operator()(int b = 1) const",
            '    const char* c = "x // {y}"',
        )
