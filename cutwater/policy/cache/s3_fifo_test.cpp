#include "cutwater/policy/cache/s3_fifo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "cutwater/policy/cache/traces_test.hpp"

namespace cutwater {
namespace {

using numbers = s3_fifo<int, int>;

TEST(s3_fifo, keeps_what_there_is_room_for) {
    numbers kept{{.entries = 10, .cost = 1'000}};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(kept.put(i, i, 1));
    for (int i = 0; i < 10; ++i) EXPECT_THAT(kept.find(i), ::testing::Pointee(i));
    EXPECT_EQ(kept.size(), 10U);
    EXPECT_EQ(kept.cost(), 10U);
}

TEST(s3_fifo, a_value_takes_the_place_of_that_of_its_key) {
    numbers kept{{.entries = 10, .cost = 1'000}};
    ASSERT_TRUE(kept.put(1, 1, 5));
    ASSERT_TRUE(kept.put(1, 2, 7));
    EXPECT_THAT(kept.find(1), ::testing::Pointee(2));
    EXPECT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept.cost(), 7U);
}

TEST(s3_fifo, what_is_erased_is_gone) {
    numbers kept{{.entries = 10, .cost = 1'000}};
    ASSERT_TRUE(kept.put(1, 1, 5));
    EXPECT_TRUE(kept.erase(1));
    EXPECT_FALSE(kept.erase(1));
    EXPECT_EQ(kept.find(1), nullptr);
    EXPECT_EQ(kept.cost(), 0U);
}

TEST(s3_fifo, what_is_larger_than_a_tenth_is_not_kept_and_neither_is_what_it_replaces) {
    numbers kept{{.entries = 10, .cost = 100}};
    ASSERT_TRUE(kept.put(1, 1, 10));
    EXPECT_FALSE(kept.put(1, 2, 11));
    EXPECT_EQ(kept.find(1), nullptr);
    EXPECT_EQ(kept.size(), 0U);
}

TEST(s3_fifo, a_scan_displaces_nothing_that_is_asked_for) {
    numbers kept{{.entries = 100, .cost = 1'000'000}};
    for (int round = 0; round < 4; ++round)
        for (int i = 0; i < 50; ++i)
            if (kept.find(i) == nullptr) (void)kept.put(i, i, 1);
    for (int i = 1'000; i < 11'000; ++i) (void)kept.put(i, i, 1);
    int left = 0;
    for (int i = 0; i < 50; ++i) left += kept.find(i) != nullptr ? 1 : 0;
    EXPECT_EQ(left, 50);
}

TEST(s3_fifo, what_comes_back_soon_after_it_has_left_is_in_the_main_queue) {
    numbers kept{{.entries = 10, .cost = 1'000}};
    for (int i = 0; i < 12; ++i) (void)kept.put(i, i, 1);
    ASSERT_EQ(kept.find(0), nullptr) << "the first has left";
    (void)kept.put(0, 0, 1);
    for (int i = 100; i < 1'000; ++i) (void)kept.put(i, i, 1);
    EXPECT_NE(kept.find(0), nullptr) << "new ones pass by it";
}

TEST(s3_fifo, what_has_just_come_is_not_who_leaves) {
    numbers kept{{.entries = 1'000, .cost = 100}};
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 50; ++i)
            if (kept.find(i) == nullptr) (void)kept.put(i, i, 2);
    ASSERT_EQ(kept.cost(), 100U);
    EXPECT_TRUE(kept.put(100, 100, 10)) << "a tenth";
    EXPECT_NE(kept.find(100), nullptr);
    EXPECT_LE(kept.cost(), 100U);
}

TEST(s3_fifo, one_may_be_as_large_as_is_said_and_no_larger_than_all) {
    numbers kept{{.entries = 10, .cost = 100, .largest = 80}};
    EXPECT_TRUE(kept.put(1, 1, 80));
    EXPECT_TRUE(kept.put(2, 2, 80));
    EXPECT_NE(kept.find(2), nullptr);
    EXPECT_EQ(kept.cost(), 80U);
    EXPECT_FALSE(kept.put(2, 2, 81));
    numbers small{{.entries = 10, .cost = 100, .largest = 1'000}};
    EXPECT_FALSE(small.put(1, 1, 101));
}

TEST(s3_fifo, no_more_is_remembered_of_what_has_left_than_was_ever_there_at_once) {
    numbers kept{{.entries = 1'000'000'000, .cost = 100}};
    for (int i = 0; i < 10'000; ++i) (void)kept.put(i, i, 10);
    EXPECT_EQ(kept.size(), 10U);
    EXPECT_LE(kept.ghosts(), 10U);
}

/// On one trace, with room for one key in a hundred.
struct ratios {
    double ours = 0;
    double lru = 0;
};
ratios compare(const std::vector<std::uint32_t>& trace, std::size_t room) {
    s3_fifo<std::uint32_t, char> kept{{.entries = room, .cost = 1'000'000'000}};
    testing::lru known{room};
    return {.ours = testing::hit_ratio(
                trace, [&](std::uint32_t key) { return kept.find(key) != nullptr; },
                [&](std::uint32_t key) { (void)kept.put(key, 0, 1); }),
            .lru = testing::hit_ratio(
                trace, [&](std::uint32_t key) { return known.find(key); }, [&](std::uint32_t key) { known.put(key); })};
}

TEST(s3_fifo, hits_more_often_than_lru_where_some_keys_are_asked_for_more_than_others) {
    for (const double skew : {0.8, 1.0, 1.2}) {
        const ratios seen = compare(testing::zipf_trace(200'000, 100'000, skew), 1'000);
        EXPECT_GT(seen.ours, seen.lru) << skew;
    }
}

TEST(s3_fifo, and_more_so_where_scans_pass_through) {
    const ratios still = compare(testing::zipf_trace(200'000, 100'000, 1.0), 1'000);
    const ratios scanned = compare(testing::scanned_trace(200'000, 100'000, 1.0), 1'000);
    EXPECT_GT(scanned.ours, scanned.lru);
    EXPECT_LT(still.ours - scanned.ours, still.lru - scanned.lru) << "what the scans cost";
}

RC_GTEST_PROP(s3_fifo, never_has_more_than_there_is_room_for_and_never_a_wrong_value, ()) {
    const auto entries = *rc::gen::inRange<std::size_t>(1, 20);
    const auto cost = *rc::gen::inRange<std::size_t>(1, 200);
    numbers kept{{.entries = entries, .cost = cost}};
    std::map<int, int> latest;
    for (const auto& [key, value] : *rc::gen::container<std::vector<std::pair<int, int>>>(
             rc::gen::pair(rc::gen::inRange(0, 40), rc::gen::inRange(0, 30)))) {
        switch (value % 3) {
            case 0:
                if (kept.put(key, value, static_cast<std::size_t>(value)))
                    latest[key] = value;
                else
                    latest.erase(key);
                break;
            case 1:
                if (const int* found = kept.find(key)) RC_ASSERT(latest.at(key) == *found);
                break;
            default: (void)kept.erase(key); latest.erase(key);
        }
        RC_ASSERT(kept.size() <= entries);
        RC_ASSERT(kept.cost() <= cost);
    }
}

}  // namespace
}  // namespace cutwater
