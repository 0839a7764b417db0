#include <gtest/gtest.h>

#include <latch>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "cutwater/core/name.hpp"

namespace cutwater {
namespace {

static_assert(sizeof(name) == sizeof(void*), "a name costs a pointer");
static_assert(std::is_trivially_copyable_v<name>);

TEST(name, equal_texts_give_equal_names) {
    const std::string text = "stock";
    const name one{text};
    EXPECT_EQ(one, name{"stock"});
    EXPECT_NE(one, name{"price"});
    EXPECT_EQ(one.view(), "stock");
    EXPECT_EQ(one.view().data(), name{"stock"}.view().data()) << "there is one text";
}

TEST(name, outlives_the_text_that_it_was_made_of) {
    std::string text(100, 'a');
    const name kept{text};
    text.assign(100, 'b');
    EXPECT_EQ(kept.view(), std::string(100, 'a'));
}

TEST(name, of_nothing_is_empty) {
    EXPECT_TRUE(name{}.empty());
    EXPECT_EQ(name{}.view(), "");
    EXPECT_EQ(name{""}, name{});
    EXPECT_FALSE(name{"a"}.empty());
}

TEST(name, a_part_of_a_text_is_a_name_of_its_own) {
    const std::string_view whole = "stock_price";
    EXPECT_EQ(name{whole.substr(0, 5)}, name{"stock"});
    EXPECT_EQ((name{std::string_view{"a\0b", 3}}.view().size()), 3U);
}

TEST(name, is_written_as_its_text) {
    std::ostringstream out;
    out << name{"inventory"} << '|' << name{};
    EXPECT_EQ(out.str(), "inventory|");
}

TEST(name, can_be_a_key) {
    const std::unordered_set<name> seen{"a", "b", "a", name{}};
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_TRUE(seen.contains("b"));
    EXPECT_FALSE(seen.contains("c"));
}

TEST(name, threads_that_intern_the_same_texts_at_once_get_the_same_names) {
    constexpr std::size_t threads = 4;
    constexpr std::size_t texts = 200;
    std::latch all_there{threads};
    std::vector<std::vector<name>> found(threads);
    {
        std::vector<std::jthread> interning;
        for (auto& mine : found)
            interning.emplace_back([&] {
                all_there.arrive_and_wait();
                for (std::size_t i = 0; i < texts; ++i) mine.emplace_back("raced_" + std::to_string(i));
            });
    }
    for (const auto& other : found) EXPECT_EQ(other, found.front());
    EXPECT_EQ(found.front().back().view(), "raced_199");
}

}  // namespace
}  // namespace cutwater
