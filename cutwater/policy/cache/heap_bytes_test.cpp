#include "cutwater/policy/cache/heap_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>

namespace cutwater {

/// Somebody else's, of which a specialisation tells.
struct foreign_document {
    foreign_document() = default;
    ~foreign_document() {}  // NOLINT(modernize-use-equals-default)
};
template <>
struct heap_size<foreign_document> {
    static std::size_t of(const foreign_document&) { return 700; }
};

namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Lt;

const std::string text(1'000, 'x');
constexpr std::size_t size = 1'001;

/// What `bytes` is where so many texts are in it, and little else.
auto of_texts(std::size_t count) { return AllOf(Ge(count * size), Lt(count * size + 2'000)); }

/// A type of a user's own.
struct product {
    std::string name;
    std::vector<std::string> shelves;
    std::vector<product> parts;
    [[nodiscard]] std::size_t heap_bytes() const { return cutwater::heap_bytes(name, shelves, parts); }
};
/// One that says nothing of itself.
struct silent {
    std::string name;
};
/// What Boost.Beast's messages are like: fields to walk through, and no size.
struct message {
    struct field {
        std::string called;
        std::string said;
        [[nodiscard]] std::string_view name_string() const { return called; }
        [[nodiscard]] std::string_view value() const { return said; }
    };
    std::string text;
    std::list<field> fields;
    [[nodiscard]] const std::string& body() const { return text; }
    [[nodiscard]] auto begin() const { return fields.begin(); }
    [[nodiscard]] auto end() const { return fields.end(); }
};
struct base {
    virtual ~base() = default;
};

TEST(heap_bytes, of_a_text_are_those_that_are_not_within_it) {
    EXPECT_EQ(heap_bytes(text), text.capacity() + 1);
    EXPECT_EQ(heap_bytes(std::string{"short"}), 0U);
    EXPECT_EQ(heap_bytes(std::u32string(1'000, U'x')), 4'004U);
    std::string grown = text;
    grown.reserve(5'000);
    EXPECT_EQ(heap_bytes(grown), 5'001U) << "room to spare is taken, too";
}

TEST(heap_bytes, what_is_destroyed_trivially_owns_none) {
    EXPECT_EQ(heap_bytes(7, 0.5, std::string_view{text}, &text, std::array<int, 100>{}), 0U);
    EXPECT_EQ(heap_bytes(), 0U);
}

TEST(heap_bytes, containers_have_what_their_elements_have) {
    EXPECT_EQ(heap_bytes(std::vector<std::uint64_t>(1'000)), 8'000U);
    EXPECT_EQ(heap_bytes(std::vector<std::string>(10, text)), 10 * (sizeof(std::string) + size));
    EXPECT_EQ(heap_bytes(std::vector<std::vector<std::string>>(2, {text})), 2 * (24 + sizeof(std::string) + size));
    EXPECT_EQ(heap_bytes(std::vector<bool>(8'000)), 1'000U);
    EXPECT_THAT(heap_bytes(std::deque<std::string>(3, text)), of_texts(3));
    EXPECT_EQ(heap_bytes(std::array<std::string, 2>{text, text}), 2 * size);
    const std::string plain[] = {text, text};
    EXPECT_EQ(heap_bytes(plain), 2 * size);
}

TEST(heap_bytes, so_have_those_of_nodes) {
    EXPECT_THAT(heap_bytes(std::list<std::string>(3, text)), of_texts(3));
    EXPECT_THAT(heap_bytes(std::forward_list<std::string>(3, text)), of_texts(3));
    EXPECT_THAT(heap_bytes(std::set<std::string>{text}), of_texts(1));
    EXPECT_THAT(heap_bytes(std::multiset<std::string>{text, text}), of_texts(2));
    EXPECT_THAT(heap_bytes(std::map<std::string, std::string>{{text, text}}), of_texts(2));
    EXPECT_THAT(heap_bytes(std::multimap<int, std::string>{{1, text}, {1, text}}), of_texts(2));
    EXPECT_THAT(heap_bytes(std::unordered_set<std::string>{text}), of_texts(1));
    EXPECT_THAT(heap_bytes(std::unordered_multiset<std::string>{text, text}), of_texts(2));
    EXPECT_THAT(heap_bytes(std::unordered_map<std::string, std::string>{{text, text}}), of_texts(2));
    EXPECT_THAT(heap_bytes(std::unordered_multimap<int, std::string>{{1, text}, {1, text}}), of_texts(2));
    EXPECT_GE(heap_bytes(std::map<int, int>{{1, 1}, {2, 2}}), 2 * (4 * sizeof(void*) + 2 * sizeof(int)))
        << "nodes count where their values own nothing";
}

TEST(heap_bytes, what_may_be_there_counts_where_it_is) {
    EXPECT_EQ(heap_bytes(std::optional{text}), size);
    EXPECT_EQ(heap_bytes(std::optional<std::string>{}), 0U);
    EXPECT_EQ(heap_bytes(std::variant<int, std::string>{text}), size);
    EXPECT_EQ(heap_bytes(std::variant<int, std::string>{7}), 0U);
    EXPECT_EQ(heap_bytes(std::expected<std::string, int>{text}), size);
    EXPECT_EQ((heap_bytes(std::expected<void, std::string>{std::unexpect, text})), size);
    EXPECT_EQ((heap_bytes(std::expected<void, std::string>{})), 0U);
    EXPECT_EQ(heap_bytes(std::pair{text, std::tuple{7, text, text}}), 3 * size);
}

TEST(heap_bytes, pointers_that_own_have_what_they_point_to) {
    EXPECT_EQ(heap_bytes(std::make_unique<std::string>(text)), sizeof(std::string) + size);
    EXPECT_EQ(heap_bytes(std::make_shared<const std::string>(text)), sizeof(std::string) + 16 + size);
    EXPECT_EQ(heap_bytes(std::unique_ptr<std::string>{}, std::shared_ptr<int>{}), 0U);
}

TEST(heap_bytes, a_type_of_ones_own_says_it_itself_and_one_of_somebody_elses_by_a_specialisation) {
    const product chair{.name = text, .shelves = {text}, .parts = {{.name = text, .shelves = {}, .parts = {}}}};
    EXPECT_EQ(heap_bytes(chair), 3 * size + sizeof(std::string) + sizeof(product));
    EXPECT_EQ(heap_bytes(std::vector<foreign_document>(2)), 2 * (sizeof(foreign_document) + 700));
}

TEST(heap_bytes, an_http_message_has_its_fields_and_its_body) {
    message said;
    said.text = text;
    EXPECT_EQ(heap_bytes(said), size);
    said.fields = {{"X-Long", text}};
    EXPECT_THAT(heap_bytes(said), of_texts(2));
    EXPECT_TRUE(tells_heap_bytes<message>);
}

TEST(heap_bytes, a_type_tells_whether_all_of_it_is_counted) {
    EXPECT_TRUE(tells_heap_bytes<int>);
    EXPECT_TRUE(tells_heap_bytes<product>);
    EXPECT_TRUE(tells_heap_bytes<foreign_document>);
    EXPECT_TRUE((tells_heap_bytes<std::map<std::string, std::optional<std::vector<product>>>>));
    EXPECT_FALSE(tells_heap_bytes<silent>);
    EXPECT_FALSE((tells_heap_bytes<std::pair<int, std::vector<silent>>>));
    EXPECT_FALSE((tells_heap_bytes<std::variant<int, silent>>));
    EXPECT_FALSE(tells_heap_bytes<std::unique_ptr<silent>>);
    EXPECT_FALSE(tells_heap_bytes<std::unique_ptr<base>>) << "what is derived from it may own anything";
    EXPECT_FALSE(tells_heap_bytes<std::filesystem::path>);
}

struct known_elsewhere;

TEST(heap_bytes, what_points_to_a_type_that_is_not_known_here_counts_as_itself) {
    EXPECT_EQ(cutwater::heap_bytes(std::shared_ptr<const known_elsewhere>{}), 0U);
    EXPECT_FALSE(tells_heap_bytes<std::shared_ptr<const known_elsewhere>>);
}

}  // namespace
}  // namespace cutwater
