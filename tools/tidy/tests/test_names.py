from tests.support import CheckCase

SOURCE = "cutwater/core/a.hpp"


class Names(CheckCase):
    check = "names"

    def test_good_names(self) -> None:
        names = ("README.md", "LICENSE", "CMakeLists.txt", "CMakePresets.json", "Dockerfile", ".clang-tidy")
        more = ("web/vite.config.ts", "test/rate_limiter_test.cpp", "cmake/FindThis.cmake", "docs/adr/0001_a.md", "dev")
        self.passes({name: "" for name in (*names, *more, "fuzz/corpus/x/Odd-Name")})

    def test_file_names(self) -> None:
        self.finds({"docs/RetryBudget-v2.md": ""}, "file-name docs/RetryBudget-v2.md:1", remedy="retry_budget_v2.md")
        self.finds({"tools/bare-check": ""}, "file-name tools/bare-check:1", remedy="bare_check")

    def test_good_types(self) -> None:
        code = """
            template <class T, typename Layer = int, class... Ts, template <class> class Kind>
            class rate_limiter final : base<T> { enum class state : int { open }; };
            template <class T> concept gate = true;
            class Foreign;
            template <> struct Arbitrary<rate_limiter> { };
            struct alignas(64) padded { typename T::Value value; };
        """
        self.passes({SOURCE: code, "test/a.cpp": "// class Foo {\nauto s = \"struct Foo {\";\n"})

    def test_type_names(self) -> None:
        starts = ("class Limiter {", "struct Limiter final : base {", "enum class Limiter : int {", "concept Limiter =")
        for code in starts:
            self.finds({SOURCE: f"\n{code}\n"}, f"type-name {SOURCE}:2", remedy="Call it limiter")
        self.finds({SOURCE: "template <class T> struct [[nodiscard]] TokenBucket {"}, f"type-name {SOURCE}:1")

    def test_template_names(self) -> None:
        for parameters in ("class inner_layer", "int N, typename inner_layer = int", "class... inner_layer"):
            self.finds({SOURCE: f"template <{parameters}>"}, f"template-name {SOURCE}:1", remedy="Call it InnerLayer")
