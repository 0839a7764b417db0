from tests.support import CheckCase

SOURCE = "cutwater/core/a.cpp"


def function(lines: int) -> str:
    return "int f() {\n" + "    g();\n" * (lines - 2) + "}\n"


class Sizes(CheckCase):
    check = "sizes"

    def test_at_the_ceilings(self) -> None:
        lines = {SOURCE: 400, "cutwater/core/a.hpp": 400, "cutwater/core/a_test.cpp": 800, "test/b.cpp": 800}
        self.passes({path: "\n" * count for path, count in lines.items()} | {"cutwater/core/a_example.cpp": "\n" * 120})
        self.passes({SOURCE: function(60) + "void g(int a, int b, int c, int d, int e);\n"})

    def test_over_the_ceiling_of_a_file(self) -> None:
        for path, ceiling in ((SOURCE, 400), ("a.hpp", 400), ("test/a.cpp", 800), ("cutwater/core/a_example.cpp", 120)):
            files = {path: "\n" * (ceiling + 1)}
            self.finds(files, f"file-length {path}:1", message=str(ceiling), remedy="a file")

    def test_long_functions(self) -> None:
        files = {SOURCE: "\n" + function(61)}
        self.finds(files, f"function-length {SOURCE}:2", message="`f` is 61 lines", remedy="Give its parts names")

    def test_the_length_counts_from_the_name_on(self) -> None:
        head = "template <class T>\n    requires requires(T t) { t.x(); } && (sizeof(T) < 3)\nauto "
        self.passes({SOURCE: head + function(60)})
        self.finds({SOURCE: head + function(61)}, f"function-length {SOURCE}:3")

    def test_parameters(self) -> None:
        code = "struct s {\n    s(int a, std::map<int, int> b, int c = f(1, 2), int d, int e, int g);\n};\n"
        self.finds({SOURCE: code}, f"parameters {SOURCE}:2", message="takes 6", remedy="Make a struct")

    def test_macros_have_no_parameters(self) -> None:
        self.passes({SOURCE: "CASES(1, 2, 3, 4, 5, 6);\nTEST(a, b) {\n}\nstd::array x{1, 2, 3, 4, 5, 6};\n"})

    def test_nesting(self) -> None:
        self.passes({SOURCE: "void f() { if (a) { for (;;) { while (b) { g([] { }); } } } }\n"})
        code = "void f() {\n if (a) {\n  for (;;) {\n   g([&] {\n    if (b) {\n     while (c) {\n    } } }); } } }\n"
        self.finds({SOURCE: code}, f"nesting {SOURCE}:6", message="`f` nests 6 levels", remedy="Return early")
