// The table of cells: over random histories it decides as limiters that are never forgotten, whatever keys there are.

#include "cutwater/policy/keyed/cell_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "cutwater/keyed.hpp"
#include "cutwater/policy/keyed/noon_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t few = 4;
using small_table = basic_cell_table<rate_cells, few>;
using answer = small_table::answer;

rate_cells ten_a_second(unsigned burst) { return {{.permits = 10, .per = 1s, .burst = burst}, name{"each"}}; }

/// The n-th key; all of them have their places in one group, and begin to look in one slot.
fingerprint crowded(std::uint64_t n) { return {.place = 0, .mark = n}; }

/// A call that weighs something, and nothing else.
class weighing {
public:
    explicit weighing(unsigned weight) : said_{.weight = weight} {}
    [[nodiscard]] const call_context& call() const noexcept { return call_; }

private:
    struct nowhere final : parking, environment {
        waker& prepare() override { std::abort(); }
        instant now() noexcept override { return noon; }
        random_source& random() noexcept override { return dice; }
        random_source dice{1};
    };
    nowhere place_;
    call_options said_;
    call_context call_{said_, place_, place_};
};

/// A table of one group, and beside it a cell for each key that is never forgotten.
class pair_of_tables {
public:
    explicit pair_of_tables(unsigned burst) : rules_{ten_a_second(burst)} {}

    answer acquire(const fingerprint& key, unsigned weight, instant now) {
        rate_ticket theirs;
        const weighing asks{weight};
        const answer given = table_.alter(key, now, place_, [&](auto& w) {
            latest_ = {};
            return rules_.admit(w, latest_, asks.call(), now);
        });
        if (given == answer::full) return given;
        EXPECT_EQ(given == answer::yes, rules_.admit(kept_[key.mark], theirs, asks.call(), now)) << "key " << key.mark;
        if (weight > 0) {
            EXPECT_EQ(latest_.slot, theirs.slot) << "key " << key.mark << " goes on from the same state";
        }
        return given;
    }
    void give_back_latest(std::uint64_t mark, instant now) {
        table_.lower(place_, now, [&](auto& w) { rules_.give_back(w, latest_, now); });
        rules_.give_back(kept_[mark], latest_, now);
    }
    [[nodiscard]] std::size_t needed(instant now) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(kept_, [&](const auto& one) { return !rules_.is_fresh(one.second, now); }));
    }
    [[nodiscard]] bool is_needed(std::uint64_t mark, instant now) { return !rules_.is_fresh(kept_[mark], now); }
    [[nodiscard]] rate_reading read(const fingerprint& key, instant now) {
        return rules_.read(table_.look(key, now), 1, now);
    }
    [[nodiscard]] rate_reading expected(std::uint64_t mark, instant now) { return rules_.read(kept_[mark], 1, now); }
    [[nodiscard]] const small_table& table() const noexcept { return table_; }

private:
    rate_cells rules_;
    small_table table_{rules_, few / 2};
    std::map<std::uint64_t, rate_cells::word> kept_;
    key_place place_;
    rate_ticket latest_;
};

TEST(cell_table, a_key_that_comes_back_finds_what_it_left) {
    pair_of_tables t{3};
    for (const auto& [weight, given] : std::vector<std::pair<unsigned, answer>>{
             {2, answer::yes}, {2, answer::no}, {1, answer::yes}, {1, answer::no}, {0, answer::yes}, {4, answer::no}})
        EXPECT_EQ(t.acquire(crowded(7), weight, noon), given) << weight;
    EXPECT_EQ(t.table().size(), 1U);
}

TEST(cell_table, what_asks_for_nothing_or_for_too_much_takes_no_room) {
    pair_of_tables t{3};
    for (std::uint64_t key = 2; key < 100; ++key) {
        EXPECT_EQ(t.acquire(crowded(key), 0, noon), answer::yes);
        EXPECT_EQ(t.acquire(crowded(key), 4, noon), answer::no);
    }
    EXPECT_EQ(t.table().size(), 0U);
}

TEST(cell_table, a_group_of_drained_cells_is_full_until_one_has_filled) {
    pair_of_tables t{1};
    for (std::uint64_t key = 10; key < 10 + few; ++key) EXPECT_EQ(t.acquire(crowded(key), 1, noon), answer::yes);
    EXPECT_EQ(t.acquire(crowded(99), 1, noon), answer::full);
    EXPECT_EQ(t.acquire(crowded(99), 1, noon + 100ms - 1ns), answer::full);
    EXPECT_EQ(t.acquire(crowded(10), 1, noon + 50ms), answer::no) << "who is known goes on";
    EXPECT_EQ(t.acquire(crowded(99), 1, noon + 100ms), answer::yes);
    EXPECT_EQ(t.table().size(), few) << "in another's place";
}

TEST(cell_table, keys_that_differ_in_nothing_but_the_mark_are_different_keys) {
    pair_of_tables t{1};
    EXPECT_EQ(t.acquire({.place = 3, .mark = 17}, 1, noon), answer::yes);
    EXPECT_EQ(t.acquire({.place = 3, .mark = 18}, 1, noon), answer::yes);
    EXPECT_EQ(t.acquire({.place = 3, .mark = 17}, 1, noon), answer::no);
}

TEST(cell_table, a_mark_that_stands_for_nobody_is_a_key_all_the_same) {
    pair_of_tables t{1};
    EXPECT_EQ(t.acquire(crowded(0), 1, noon), answer::yes);
    EXPECT_EQ(t.acquire(crowded(1), 1, noon), answer::yes);
    EXPECT_EQ(t.acquire(crowded(0), 1, noon), answer::no);
    EXPECT_EQ(t.acquire(crowded(1), 1, noon), answer::no);
}

TEST(cell_table, who_comes_with_an_earlier_instant_than_a_forgotten_cells_gets_no_burst_of_it) {
    pair_of_tables t{1};
    for (std::uint64_t key = 10; key < 10 + few; ++key) EXPECT_EQ(t.acquire(crowded(key), 1, noon), answer::yes);
    EXPECT_EQ(t.acquire(crowded(99), 1, noon + 100ms), answer::yes) << "in the first one's place";
    const rate_reading late = t.read(crowded(10), noon + 99ms);
    EXPECT_EQ(late.remaining, 0U) << "a millisecond too early, as if it had been kept";
    EXPECT_EQ(late.retry_after, 1ms);
}

TEST(cell_table, a_cell_that_was_given_back_makes_room_when_time_has_passed_what_it_was) {
    pair_of_tables t{1};
    for (std::uint64_t key = 10; key < 10 + few; ++key) {
        EXPECT_EQ(t.acquire(crowded(key), 1, noon), answer::yes);
        t.give_back_latest(key, noon);
    }
    EXPECT_EQ(t.read(crowded(11), noon).remaining, 1U) << "it has its permit back at once";
    EXPECT_EQ(t.acquire(crowded(99), 1, noon + 100ms), answer::full) << "no word comes twice to a slot";
    EXPECT_EQ(t.acquire(crowded(99), 1, noon + 100ms + 1ns), answer::yes);
}

TEST(cell_table, shows_those_that_are_not_as_new) {
    pair_of_tables t{3};
    (void)t.acquire(crowded(21), 1, noon);
    (void)t.acquire(crowded(22), 3, noon);
    std::map<std::uint64_t, rate_cells::word> seen;
    t.table().visit(noon + 150ms, [&](std::uint64_t mark, rate_cells::word w) { seen.emplace(mark, w); });
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen.begin()->first, 22U);
    t.table().visit(noon + 300ms, [&](std::uint64_t, rate_cells::word) { ADD_FAILURE() << "all are"; });
}

RC_GTEST_PROP(cell_table, T79_nothing_is_ever_forgotten_that_anybody_could_miss, ()) {
    const unsigned burst = *rc::gen::inRange(1U, 4U);
    pair_of_tables t{burst};
    const std::size_t bytes = t.table().bytes();
    const auto place_of = [](std::uint64_t n) { return fingerprint{.place = n % few, .mark = n}; };
    constexpr std::uint64_t keys = 9;
    instant now = noon;
    for (int step = 0; step < 80; ++step) {
        now = add(now, duration{*rc::gen::element<std::int64_t>(0, 1, 30'000'000, 100'000'000, 350'000'000)});
        const std::uint64_t key = *rc::gen::inRange<std::uint64_t>(2, 2 + keys);
        const bool was_needed = t.is_needed(key, now);
        const answer given = t.acquire(place_of(key), *rc::gen::inRange(0U, burst + 2), now);
        if (given == answer::full) RC_ASSERT(!was_needed);
        if (given == answer::yes && *rc::gen::inRange(0, 4) == 0) t.give_back_latest(key, now);
        for (std::uint64_t other = 2; other < 2 + keys; ++other)
            RC_ASSERT(t.read(place_of(other), now) == t.expected(other, now));
        RC_ASSERT(t.table().size() <= few);
        RC_ASSERT(t.table().bytes() == bytes);
    }
}

RC_GTEST_PROP(cell_table, T79_a_new_key_is_refused_only_where_all_the_others_are_needed, ()) {
    pair_of_tables t{2};
    instant now = noon;
    for (int step = 0; step < 80; ++step) {
        now = add(now, duration{*rc::gen::element<std::int64_t>(0, 30'000'000, 100'000'000)});
        const std::uint64_t key = *rc::gen::inRange<std::uint64_t>(2, 12);
        if (t.acquire(crowded(key), 1, now) == answer::full) RC_ASSERT(t.needed(now) >= few);
    }
}

// ---- what others do between two steps of one call ----

/// Does something before the n-th look at a word or a mark, and something else before a later one.
struct interruptions {
    std::map<int, std::function<void()>> before;
    int steps = -1;          ///< none are counted while it is negative
    bool is_locked = false;  ///< then nobody comes between

    void step() {
        if (steps < 0 || is_locked) return;
        const auto found = before.find(++steps);
        if (found == before.end()) return;
        const int resumed = std::exchange(steps, -1);
        found->second();
        steps = resumed;
    }
};
interruptions others;

template <class T>
struct interrupted_atomic {
    std::atomic<T> value;
    T load(std::memory_order = {}) const { return others.step(), value.load(); }
    void store(T v, std::memory_order = {}) { value.store(v); }
    T fetch_add(T n, std::memory_order = {}) { return value.fetch_add(n); }
    bool compare_exchange_strong(T& e, T w, std::memory_order = {}, std::memory_order = {}) {
        return others.step(), value.compare_exchange_strong(e, w);
    }
    bool compare_exchange_weak(T& e, T w, std::memory_order = {}, std::memory_order = {}) {
        return compare_exchange_strong(e, w);
    }
};

struct interrupted_mutex {
    void lock() { others.is_locked = true; }
    void unlock() { others.is_locked = false; }
};

TEST(cell_table, a_look_sees_one_key_and_not_another_that_had_the_slot_meanwhile) {
    const rate_cells rules = ten_a_second(3);
    rate_cells::word theirs = rate_cells::fresh;
    ASSERT_TRUE(rules.try_acquire(theirs, 3, noon + 1s));
    for (int first = 1; first < 12; ++first)
        for (int second = first + 1; second < 12; ++second) {
            basic_cell_table<rate_cells, 1, interrupted_atomic, interrupted_mutex> t{rules, 1};
            const auto take = [&](std::uint64_t key, unsigned weight, instant now) {
                key_place nowhere;
                return t.alter(crowded(key), now, nowhere, [&](auto& w) { return rules.try_acquire(w, weight, now); });
            };
            EXPECT_EQ(take(10, 1, noon), decltype(take(0, 0, noon))::yes);
            others.before = {{first, [&] { EXPECT_EQ(take(20, 3, noon + 1s), decltype(take(0, 0, noon))::yes); }},
                             {second, [&] { EXPECT_EQ(take(10, 1, noon + 2s), decltype(take(0, 0, noon))::yes); }}};
            others.steps = 0;
            const rate_cells::word seen = t.look(crowded(10), noon + 2s);
            others.steps = -1;
            EXPECT_NE(seen, theirs) << "interrupted at " << first << " and " << second;
        }
}

}  // namespace
}  // namespace cutwater
