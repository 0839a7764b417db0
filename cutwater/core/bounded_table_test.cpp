#include "cutwater/core/bounded_table.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "cutwater/core/name.hpp"

namespace cutwater {
namespace {

struct key {
    name of{};
    int number = 0;

    friend bool operator==(const key&, const key&) = default;
    [[nodiscard]] std::size_t hash() const noexcept { return static_cast<std::size_t>(number % 3); }  // most collide
};

TEST(bounded_table, makes_a_row_once_and_finds_it_again) {
    bounded_table<key, std::string> table{8};
    std::string* const first = table.get({"retry", 1}, "made");
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(*first, "made");
    *first = "changed";
    EXPECT_EQ(table.get({"retry", 1}, "made again"), first);
    EXPECT_EQ(*first, "changed");
    EXPECT_EQ(table.find({"retry", 1}), first);
    EXPECT_EQ(table.size(), 1U);
}

TEST(bounded_table, tells_keys_apart_that_hash_alike) {
    bounded_table<key, int> table{100};
    for (int i = 0; i < 100; ++i) ASSERT_NE(table.get({"a", i}, i), nullptr);
    for (int i = 0; i < 100; ++i) {
        const int* const row = table.find({"a", i});
        ASSERT_NE(row, nullptr);
        EXPECT_EQ(*row, i);
    }
    EXPECT_EQ(table.find({"b", 1}), nullptr);
}

TEST(bounded_table, has_no_room_beyond_its_bound_and_goes_on_with_what_it_has) {
    bounded_table<key, int> table{2};
    int* const first = table.get({"a", 1}, 1);
    ASSERT_NE(table.get({"a", 2}, 2), nullptr);
    EXPECT_EQ(table.get({"a", 3}, 3), nullptr);
    EXPECT_EQ(table.find({"a", 3}), nullptr);
    EXPECT_EQ(table.get({"a", 1}, 9), first);
    EXPECT_EQ(table.size(), 2U);
}

TEST(bounded_table, of_no_rows_has_none) {
    bounded_table<key, int> table{0};
    EXPECT_EQ(table.find({"a", 1}), nullptr);
    EXPECT_EQ(table.get({"a", 1}, 1), nullptr);
}

TEST(bounded_table, shows_its_rows_in_the_order_in_which_they_came) {
    bounded_table<key, int> table{8};
    for (const int i : {5, 3, 4}) ASSERT_NE(table.get({"a", i}, 10 * i), nullptr);
    std::vector<int> seen;
    table.for_each([&](const key& of, const int& row) {
        EXPECT_EQ(row, 10 * of.number);
        seen.push_back(of.number);
    });
    EXPECT_EQ(seen, (std::vector{5, 3, 4}));
}

}  // namespace
}  // namespace cutwater
