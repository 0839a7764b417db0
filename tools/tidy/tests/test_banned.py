from tests.support import CheckCase

CORE = "cutwater/core/a.cpp"
HEADER = "cutwater/core/a.hpp"


class Banned(CheckCase):
    check = "banned"

    def refuses(self, rule: str, code: str, remedy: str = "", path: str = CORE) -> None:
        self.finds({path: f"\n{code}\n"}, f"{rule} {path}:2", remedy=remedy)

    def test_clean_code(self) -> None:
        code = "using namespace std::chrono_literals;\nauto later = add(now, 2s);\nassert(x);\nstd::bind_front(f);\n"
        self.passes({CORE: code, HEADER: "// Why.\n#pragma once\n"})

    def test_clocks(self) -> None:
        for code in (
            "auto t = std::chrono::steady_clock::now();",
            "auto t = std::chrono::system_clock::now();",
            "std::chrono::high_resolution_clock c;",
            "gettimeofday(&tv, nullptr);",
            "clock_gettime(CLOCK_MONOTONIC, &ts);",
            "auto t = std::time(nullptr);",
        ):
            self.refuses("clock", code, "Take the time as an argument")

    def test_sleeps(self) -> None:
        self.refuses("sleep", "std::this_thread::sleep_for(1s);", "let the driver wait")
        self.refuses("sleep", "std::this_thread::sleep_until(t);")

    def test_chance(self) -> None:
        for code in ("std::random_device r;", "srand(1);", "int i = std::rand();"):
            self.refuses("random", code, "Take a generator")

    def test_drivers_programs_and_live_tests_are_real(self) -> None:
        code = "auto t = std::chrono::steady_clock::now(); std::this_thread::sleep_for(1s); std::random_device r;\n"
        for path in ("cutwater/drive/sync/a.cpp", "apps/a.cpp", "bench/a.cpp", "cutwater/core/a_bench.cpp"):
            self.passes({path: code})
        self.passes({"test/live/a_test.cpp": code, "cutwater/http/a_live_test.cpp": code})

    def test_logs_and_http_know_the_date_and_no_more(self) -> None:
        for path in ("cutwater/observe/log/a.cpp", "cutwater/http/a.cpp"):
            self.passes({path: "auto t = std::chrono::system_clock::now();\n"})
            self.refuses("clock", "auto t = std::chrono::steady_clock::now();", path=path)

    def test_comments_and_literals_are_no_code(self) -> None:
        self.passes({CORE: '// sleep_for\n/* std::endl\n */ auto s = "std::regex" R"(srand\n)";\n'})
        self.passes({CORE: "auto n = 1'000'000; auto c = '\"'; // srand\nauto s = \"\\\"srand\";\n"})
        self.refuses("random", "auto n = 1'000; srand(1'000);")

    def test_replaced_names(self) -> None:
        self.refuses("regex", "std::regex r;", "by hand")
        self.refuses("endl", "out << std::endl;", r"Write '\n'")
        self.refuses("using-std", "using namespace std;", "Write std::")
        self.refuses("detach", "std::thread(f).detach();", "joins")
        self.refuses("bind", "auto f = std::bind(g, 1);", "lambda")
        self.refuses("volatile", "volatile int v;", "std::atomic")
        self.passes({"bench/a.cpp": "volatile int v;\n"})

    def test_an_await_is_no_operand_of_a_choice(self) -> None:
        for code in (
            "auto x = c ? co_await f() : co_await g();",
            "co_return c ? 1 : co_await g();",
            "auto x = a ? 1 : b ? 2\n : co_await g();",
            "h(c ? co_await f() : 0);",
        ):
            self.refuses("await-choice", code, "if and else")
        code = "auto x = co_await (c ? f() : g());\nint y = c ? 1 : 2;\nco_await h(y);\n// c ? co_await f() : 0\n"
        self.passes({CORE: code})

    def test_the_library_prints_nothing(self) -> None:
        for code in ('std::printf("x");', 'fprintf(file, "x");', "std::cout << 1;", "std::cerr << 1;"):
            self.refuses("print", code, "programs print")
            self.passes({"apps/a.cpp": code + "\n", "cutwater/core/a_example.cpp": code + "\n"})

    def test_tests_that_say_nothing(self) -> None:
        path = "cutwater/core/a_test.cpp"
        self.refuses("vacuous-test", "EXPECT_TRUE(true);", "Assert what", path)
        self.refuses("vacuous-test", "SUCCEED();", path=path)
        self.refuses("skipped-test", "GTEST_SKIP();", "a suite", path)
        self.refuses("skipped-test", "TEST(a, DISABLED_b) {}", "Repair it", path)

    def test_every_header_has_pragma_once(self) -> None:
        guards = "#ifndef A\n#define A\n// #pragma once\n#endif\n"
        self.finds({HEADER: guards}, f"pragma-once {HEADER}:1", remedy="include guards")

    def test_unfinished_marks(self) -> None:
        for mark in ("TODO", "FIXME", "XXX", "HACK"):
            self.refuses("unfinished", f"// {mark} later", "open an issue")
        self.refuses("unfinished", "TODO", path="docs/a.md")
        self.passes({"docs/a.md": "See HACKING.md and mktemp a.XXXXXX\n"})
        self.passes({"a.json": "XXX\n", "tools/tidy/a.py": "# TODO\n"})


class BoolParameters(CheckCase):
    check = "banned"

    def header(self, *lines: str) -> dict[str, str]:
        return {HEADER: "\n".join(["#pragma once", *lines, ""])}

    def refuses(self, line: str) -> None:
        files = self.header("namespace cutwater {", line, "}")
        self.finds(files, f"bool {HEADER}:3", remedy="Name an enum instead")

    def allows(self, *lines: str) -> None:
        self.passes(self.header("namespace cutwater {", *lines, "}"))

    def test_free_functions_and_members(self) -> None:
        self.refuses("void open(bool now);")
        self.refuses("template <class T> requires (sizeof(T) < 8) auto open(T x, const bool& now = false) -> int;")
        self.refuses("struct door { explicit door(bool open) : open_(open) {} bool open_; };")
        self.refuses("class door { public: void set(int, bool open) const noexcept; };")
        self.refuses("class door { friend void open(door&, bool); };".replace("friend", "public: friend"))

    def test_a_parameter_on_its_own_line(self) -> None:
        self.finds(self.header("int open(int a,", "         bool now);"), f"bool {HEADER}:3")

    def test_what_is_no_bool_parameter(self) -> None:
        self.allows(
            "bool is_open(int door);",
            "bool open_ = true;",
            "std::atomic<bool> ready{false};",
            "template <bool Now> void open();",
            "void hook(std::function<void(bool)> on_change);",
            "void each(void (*visit)(bool));",
            "void fill(bool* first, bool*, bool (&all)[2]);",
            "inline constexpr auto negate = [](bool b) { return !b; };",
            "inline int f() { auto g = [](bool b) { return b; }; return g(true); }",
            "template <class T> concept flag = requires(T t, bool b) { t.set(b); };",
            "struct door { explicit operator bool() const; bool operator==(bool) const; };",
            "STATIC_CONSTANT(bool, x);",
        )

    def test_what_is_not_public(self) -> None:
        self.allows(
            "namespace detail { void open(bool); }",
            "namespace inner::detail { void open(bool); }",
            "class door { void open(bool); };",
            "struct gate { void close(); private: void open(bool); };",
            "class lock { public: struct key { private: void turn(bool); }; };",
            "class lock { private: struct bolt { void move(bool); }; protected: void pick(bool); };",
            "namespace { void open(bool); }",
            "inline void door::open(bool) {}",
        )
        self.passes({"cutwater/core/detail/a.hpp": "#pragma once\nvoid open(bool);\n", CORE: "void open(bool);\n"})

    def test_the_line_may_say_that_it_is_right(self) -> None:
        self.allows("void on_flag(bool value);  // tidy: allow bool")
