// The table of whole policies: over random histories each key is served as by a policy that is never forgotten, and there are
// never more of them than there is room for.

#include "cutwater/policy/keyed/policy_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>

#include "cutwater/policy/keyed/kernel.hpp"
#include "cutwater/policy/keyed/noon_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// A policy that is needed until an instant, and counts how many of it there are.
class needed_until {
public:
    explicit needed_until(int& there_are) : there_are_{there_are} { ++there_are_; }
    needed_until(const needed_until&) = delete;
    needed_until& operator=(const needed_until&) = delete;
    ~needed_until() { --there_are_; }

    void need(instant until) noexcept { end_ = std::max(end_, until); }
    [[nodiscard]] instant end() const noexcept { return end_; }
    [[nodiscard]] bool is_fresh(instant now) const noexcept { return end_ <= now; }

private:
    int& there_are_;
    instant end_ = instant::min();
};

template <std::size_t Group>
struct table_of {
    int there_are = 0;
    basic_policy_table<needed_until, Group> keys;

    explicit table_of(std::size_t max_keys) : keys{[this] { return needed_until{there_are}; }, max_keys} {}
    auto get(std::uint64_t key, instant now) {
        using pinned = typename decltype(keys)::pinned;
        return pinned{keys.get({.place = key * 0x9E37'79B9'7F4A'7C15U, .mark = key + 2}, now)};
    }
};

TEST(policy_table, a_policy_is_made_when_its_key_comes_and_goes_with_the_table) {
    int there_are = 0;
    {
        basic_policy_table<needed_until> keys{[&] { return needed_until{there_are}; }, 100};
        EXPECT_EQ(there_are, 0);
        for (std::uint64_t key = 2; key < 5; ++key) keys.get({.place = key, .mark = key}, noon)->unpin();
        EXPECT_EQ(there_are, 3);
        EXPECT_EQ(keys.size(), 3U);
    }
    EXPECT_EQ(there_are, 0);
}

TEST(policy_table, who_is_pinned_is_not_forgotten) {
    table_of<2> t{2};
    const auto one = t.get(1, noon);
    const auto two = t.get(2, noon);
    EXPECT_EQ(t.get(3, noon), nullptr);
    EXPECT_NE(t.get(1, noon), nullptr) << "who is known goes on";
}

TEST(policy_table, a_key_takes_the_place_of_another_far_away_where_all_policies_are_made) {
    table_of<64> t{3};
    for (std::uint64_t key = 0; key < 1000; ++key) EXPECT_NE(t.get(key, noon), nullptr) << key;
    EXPECT_EQ(t.there_are, 3);
    EXPECT_EQ(t.keys.size(), 3U);
}

TEST(policy_table, a_key_finds_the_one_that_is_not_needed_among_thousands_that_are) {
    table_of<64> t{2000};
    for (std::uint64_t key = 0; key < 2000; ++key) t.get(key, noon)->policy().need(key == 1234 ? noon + 1s : never);
    for (std::uint64_t key = 5000; key < 5100; ++key) EXPECT_EQ(t.get(key, noon), nullptr);
    unsigned asked = 1;
    while (asked < 100 && !t.get(7777, noon + 1s)) ++asked;
    EXPECT_LE(asked, 2000U / 64 + 2) << "the hand goes on where it stopped";
    EXPECT_EQ(t.there_are, 2000);
    for (std::uint64_t key = 0; key < 2000; ++key)
        if (key != 1234) {
            EXPECT_EQ(t.get(key, noon + 1s)->policy().end(), never) << key;
        }
}

TEST(policy_table, keys_that_come_together_find_those_that_are_not_needed_one_after_the_other) {
    table_of<64> t{2000};
    for (std::uint64_t key = 0; key < 2000; ++key)
        t.get(key, noon)->policy().need(key >= 1000 && key < 1020 ? noon + 1s : never);
    unsigned served = 0;
    unsigned refused = 0;
    for (std::uint64_t key = 5000; served < 20 && refused < 100; ++key) {
        const auto given = t.get(key, noon + 1s);
        if (given) given->policy().need(never);
        ++(given ? served : refused);
    }
    EXPECT_EQ(served, 20U);
    EXPECT_LE(refused, 2000U / 64 + 1) << "the hand has gone round once, and passed none of them";
    EXPECT_EQ(t.get(9999, noon + 1s), nullptr);
}

TEST(policy_table, what_making_a_policy_throws_passes_through_and_leaves_room) {
    int there_are = 0;
    bool broken = true;
    basic_policy_table<needed_until> keys{
        [&] { return broken ? throw std::runtime_error{"no socket"} : needed_until{there_are}; }, 1};
    for (int i = 0; i < 3; ++i) EXPECT_THROW((void)keys.get({.place = 7, .mark = 7}, noon), std::runtime_error);
    EXPECT_EQ(keys.size(), 0U);
    broken = false;
    auto* const one = keys.get({.place = 7, .mark = 7}, noon);
    ASSERT_NE(one, nullptr);
    one->unpin();
}

TEST(policy_table, shows_those_that_are_not_as_new) {
    table_of<64> t{10};
    for (std::uint64_t key = 0; key < 5; ++key) t.get(key, noon)->policy().need(noon + key * 1s);
    std::vector<instant> seen;
    t.keys.visit(noon + 2s, [&](std::uint64_t, const needed_until& p) { seen.push_back(p.end()); });
    EXPECT_THAT(seen, ::testing::UnorderedElementsAre(noon + 3s, noon + 4s));
}

RC_GTEST_PROP(policy_table, T79_nothing_is_ever_forgotten_that_anybody_could_miss, ()) {
    struct state {
        instant end = instant::min();
        [[nodiscard]] bool is_fresh(instant now) const { return end <= now; }
    };
    const auto max_keys = *rc::gen::inRange<std::size_t>(1, 7);
    table_of<64> t{max_keys};  // one group: room is exactly what the kernel says
    keyed_kernel<state> kernel{state{}, max_keys};
    const std::size_t most_bytes = sizeof t.keys + 64 * 16 + 2 * 64 + max_keys * (sizeof(*t.get(1, noon)) + 8) + 64;
    instant now = noon + 1s;
    for (int step = 0; step < 100; ++step) {
        now = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 3)});
        const auto key = *rc::gen::inRange<std::uint64_t>(1, 12);
        state* const expected = kernel.of(std::to_string(key), now);
        const auto given = t.get(key, now);
        RC_ASSERT((given == nullptr) == (expected == nullptr));
        if (given) {
            RC_ASSERT(given->policy().is_fresh(now) == expected->is_fresh(now));
            if (!expected->is_fresh(now)) RC_ASSERT(given->policy().end() == expected->end);
            const instant until = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 12)});
            expected->end = std::max(expected->end, until);
            given->policy().need(until);
        }
        RC_ASSERT(t.there_are <= static_cast<int>(max_keys));
        RC_ASSERT(t.keys.bytes() <= most_bytes);
    }
}

}  // namespace
}  // namespace cutwater
