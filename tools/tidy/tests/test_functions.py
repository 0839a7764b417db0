import unittest

import cpp
import functions
from functions import Function


def find(code: str) -> list[Function]:
    return functions.find(cpp.blank(code))


def names(code: str) -> list[str]:
    return [f"{found.name}/{len(found.parameters)}" for found in find(code)]


def spans(code: str) -> list[tuple[int, int]]:
    return [(found.line, found.body.last_line) for found in find(code) if found.body]


def depth(code: str) -> tuple[int, int]:
    body = find(code)[0].body
    return (body.depth, body.deepest_line) if body else (0, 0)


class Forms(unittest.TestCase):
    def test_definitions(self) -> None:
        """The body, the last {} of each, is told from other braces by its lines."""
        for code, name in (
            ("static_assert(a < b); int x{3}; std::atomic<int> y{0}; void f() {}", "f/0"),
            ("foo::foo(int a) : base<int>{a}, rest{a}..., b_(a), c_{[] { return 1; }()} {}", "foo/1"),
            ("foo::foo() noexcept(noexcept(g())) : a_{1} {}", "foo/0"),
            ("struct foo { foo(int a) : a_{a} {} };", "foo/1"),
            ("bool foo::operator()(int a) const {}", "operator()/1"),
            ("foo& foo::operator+=(int a) {}", "operator+=/1"),
            ("foo& foo::operator=(int a) {}", "operator=/1"),
            ("auto foo::operator<=>(const foo&) const {}", "operator<=>/1"),
            ("foo::operator bool() const {}", "operator bool/0"),
            ('duration operator""_ms(unsigned long long n) {}', 'operator""_ms/1'),
            ("template <class T> auto f(T t) -> decltype(t.x()) requires requires { t.y(); } {}", "f/1"),
            ("template <class T = std::vector<int>> requires std::is_same_v<T, int> || (T::n > 1) int f() {}", "f/0"),
            ("template <class T> requires (!x<T>) && requires(T t) { t.x(); } int f(T) {}", "f/1"),
            ("template <class T> requires ::a::b<T> int f(T) requires c<T>::d {}", "f/1"),
            ("template <> int f<int>(int) {}", "f<int>/1"),
            ('[[nodiscard("why")]] static inline int f(void) {}', "f/0"),
            ('extern "C" int f() {}', "f/0"),
            ('extern "C" { int f() {} }', "f/0"),
            ("enum class e : int { a = g(1), b }; int f() {}", "f/0"),
            ("typedef struct a final : b<decltype(c())> { ~a() {} } d;", "a/0"),
            ("TEST_F(a, b) {}", "TEST_F/0"),
            ("EXPORTED(1) void f() {}", "f/0"),
            ("A_MACRO template <class T> void f(T) {}", "f/1"),
            ("struct a { int x = g({1}); void f() {} };", "f/0"),
            ("struct a { public: int x; void f(int) {} };", "f/1"),
            ("constexpr auto f = [](auto x) -> int {};", "f/0"),
            ("constexpr auto f = []<class T>(T x) mutable {};", "f/0"),
            ("auto x = a[1], y = {b}; [[maybe_unused]] auto z = b; void f() try {} catch (...) { }", "f/0"),
            ("namespace a { template <class T> concept c = requires(T t) { t.x(); }; void f() {} }", "f/0"),
            ('auto s = R"x(} {)x"; char c = \'{\'; void f() {}', "f/0"),
            ("std::array<int, 3> x{1, 2, 3}; void (*p)(int) = nullptr; unsigned y : 3; void f() {}", "f/0"),
            ("void f(std::map<int, int> a, int b = g(1, 2), int c = {1, 2}, int (*d)(int, int)) {}", "f/4"),
        ):
            with self.subTest(code):
                before, _, after = code.rpartition("{}")
                with_body = f"{before}{{\n}}{after}"
                self.assertEqual((names(with_body), spans(with_body)), ([name], [(1, 2)]))

    def test_declarations(self) -> None:
        code = """
            int f(int a);
            struct s {
                explicit s(int a, int b);
                s(const s&) = default;
                virtual ~s() = 0;
                s& operator=(const s&) = delete;
                friend void swap(s&, s&);
                int x = g(1, 2);
            };
            auto t(int a) -> int;
        """
        expected = ["f/1", "s/2", "s/1", "s/0", "operator=/1", "swap/2", "t/1"]
        self.assertEqual(names(code), expected)
        self.assertEqual([function.body for function in find(code)], [None] * 7)

    def test_what_declares_no_function(self) -> None:
        for code in (
            "CASES(1, 2);",
            "struct s { CASES(1, 2); };",
            "using f = void(int);",
            "using namespace a;",
            "box(int) -> box<int>;",
            "static_assert(f(1));",
            "decltype(f(1)) x;",
            "struct s { std::function<void(bool)> f; void (*g)(int); };",
            "template <class T> concept c = requires(T t, int a) { t.x(a); };",
            "struct foo; enum bar : int; extern int x;",
            "int a = b(1);",
        ):
            with self.subTest(code):
                self.assertEqual(names(code), [])

    def test_what_stands_in_a_body_belongs_to_it(self) -> None:
        code = "void f() { struct a { void g() {} }; auto h = [](int) {}; k(1); } void i();"
        self.assertEqual(names(code), ["f/0", "i/0"])

    def test_lines(self) -> None:
        self.assertEqual(spans("\ntemplate <class T>\nint\nf(int a,\n  int b)\n{\n}\nvoid g() {}\n"), [(4, 7), (8, 8)])
        self.assertEqual([function.length for function in find("void f() {\n}\nvoid g();\n")], [2, 0])

    def test_the_line_of_a_parameter_is_its_own(self) -> None:
        [function] = find("void f(int a,\n       int b,\n       int c);")
        self.assertEqual([parameter.line for parameter in function.parameters], [1, 2, 3])

    def test_code_that_does_not_parse(self) -> None:
        starts = ("{", "}", "foo::foo() :", "template <", "operator", "int f(", "auto x = [", "requires")
        for code in ("void f( {\n} ) ] namespace {\n", *starts):
            with self.subTest(code):
                find(code)


class Visibility(unittest.TestCase):
    def public(self, code: str) -> list[str]:
        return [function.name for function in find(code) if function.public and not function.qualified]

    def test_access(self) -> None:
        self.assertEqual(self.public("class a { void f(); public: void g(); protected: void h(); };"), ["g"])
        self.assertEqual(self.public("struct a { void f(); private: void g(); public: void h(); };"), ["f", "h"])

    def test_templates(self) -> None:
        self.assertEqual(self.public("template <class T> class a { void f(); public: void g(); };"), ["g"])
        self.assertEqual(self.public("template <class T> requires b<T> class a { void f(); };"), [])

    def test_a_hidden_scope_hides_all_in_it(self) -> None:
        self.assertEqual(self.public("class a { struct b { void f(); }; public: struct c { void g(); }; };"), ["g"])
        self.assertEqual(self.public("namespace a::detail { void f(); struct b { void g(); }; }"), [])
        self.assertEqual(self.public("namespace { void f(); }"), [])
        self.assertEqual(self.public("namespace detail { namespace b { void f(); } } namespace c { void g(); }"), ["g"])

    def test_out_of_class(self) -> None:
        self.assertEqual(self.public("void a::f() {} a::a() {} void g() {}"), ["g"])


class Depth(unittest.TestCase):
    def test_blocks(self) -> None:
        self.assertEqual(depth("void f() {}"), (1, 1))
        self.assertEqual(depth("void f() {\n if (a) {\n } else {\n  do {\n  } while (b);\n }\n}"), (3, 4))
        self.assertEqual(depth("void f() {\n try {\n } catch (...) {\n  switch (a) {\n  case 1: {\n  } } } }"), (4, 5))
        self.assertEqual(depth("void f() { { } { { } } }"), (3, 1))

    def test_attributes_hide_no_block(self) -> None:
        self.assertEqual(depth("void f() {\n if (a) [[likely]] {\n  for (;;) [[x]] [[y(1)]] {\n } } }"), (3, 3))

    def test_initialisers_are_no_blocks(self) -> None:
        for inner in (
            "g({{1, {2}}}, s{.a = {.b{3}}});",
            "int c[]{1}; int d[2]{{1}, {2}};",
            "for (auto x : {1, 2}) g(x);",
            "return {a, {b}};",
            "auto x = p->q ? T{} : u<int>{};",
            "if (requires(T t) { t.x(); }) g();",
            "decltype(a){};",
            "g(p->q, T{});",
            "a[b[1]] = {c};",
        ):
            with self.subTest(inner):
                self.assertEqual(depth(f"void f() {{\n{inner}\n}}"), (1, 1))

    def test_lambdas_are_blocks(self) -> None:
        for opening in (
            "[&] {",
            "[](int x) {",
            "[=]() mutable {",
            "[]() noexcept {",
            "[]() -> std::expected<int, e> {",
            "[]() mutable -> foo::bar& {",
            "[] -> decltype(auto) {",
        ):
            for before in ("g(", "auto x = ", "return ", "a[1], "):
                with self.subTest(before + opening):
                    self.assertEqual(depth(f"void f() {{\n g(1);\n {before}{opening} if (b) {{ }} }});\n}}"), (3, 3))

    def test_a_class_in_a_function_is_no_block_and_its_functions_are(self) -> None:
        self.assertEqual(depth("void f() {\n struct a {\n  void g() {\n   if (x) {}\n  }\n };\n}"), (3, 4))


class Directives(unittest.TestCase):
    def test_macros_are_not_read(self) -> None:
        self.assertEqual(spans("#define OPEN void f() { \\\n  {\nvoid g() {\n#define CLOSE }\n}\n"), [(3, 5)])

    def test_balanced_branches_are_all_read(self) -> None:
        code = "#if A\nvoid f() {}\n#elif B\nvoid g() {}\n#else\nvoid h() {}\n#endif"
        self.assertEqual(names(code), ["f/0", "g/0", "h/0"])

    def test_of_others_only_the_first(self) -> None:
        code = "#if A\nvoid f() {\n#elifdef B\nvoid g() {\n#else\n#if C\nvoid h() {\n#endif\n{\n#endif\n}\nvoid i() {}"
        self.assertEqual(names(code), ["f/0", "i/0"])
        self.assertEqual(spans(code), [(2, 11), (12, 12)])

    def test_an_end_without_a_beginning(self) -> None:
        self.assertEqual(names("#else\n#endif\nvoid f() {}"), ["f/0"])

    def test_branches_in_branches(self) -> None:
        inner = "#if B\nvoid g() {\n#else\nvoid h() {\n#endif\n}\n"
        code = f"#if A\nvoid f() {{}}\n{inner}#else\nvoid i() {{}}\n#endif\nvoid j() {{}}"
        self.assertEqual(names(code), ["f/0", "g/0", "i/0", "j/0"])
