// The judge of histories, judged: against histories that were made in an order, and against the trial of every order there is.

#include "cutwater/testing/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <vector>

namespace cutwater::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::SizeIs;

/// Of a register: a write of `value`; a read, which gave it; or a swap of `value` for `value + 1`, which was made or was not.
struct deed {
    enum class kind : std::uint8_t { write, read, swap };
    kind what = kind::write;
    int value = 0;
    bool made = true;
    bool heard = true;  ///< else nobody knows what came of it
};
using calls = std::vector<timed_call<deed>>;

std::ostream& operator<<(std::ostream& out, const timed_call<deed>& c) {
    constexpr std::array names{"write", "read", "swap"};
    return out << names[static_cast<std::size_t>(c.call.what)] << " " << c.call.value
               << (c.call.made ? "" : ", not made") << " from " << c.began << " to "
               << (c.ended == not_yet ? "?" : std::to_string(c.ended));
}

struct model {
    int value = 0;

    bool take(const deed& d) {
        if (d.what == deed::kind::read) return !d.heard || d.value == value;
        const bool made = d.what == deed::kind::write || d.value == value;
        if (made) value = d.value + (d.what == deed::kind::swap ? 1 : 0);
        return !d.heard || made == d.made;
    }
    friend bool operator==(const model&, const model&) = default;
};

timed_call<deed> wrote(int value, std::uint64_t began, std::uint64_t ended) {
    return {{deed::kind::write, value, true, ended != not_yet}, began, ended};
}
timed_call<deed> has_read(int value, std::uint64_t began, std::uint64_t ended) {
    return {{deed::kind::read, value}, began, ended};
}
timed_call<deed> swapped(int value, std::uint64_t began, std::uint64_t ended, bool made = true) {
    return {{deed::kind::swap, value, made, ended != not_yet}, began, ended};
}
bool is_linearizable(const calls& all) { return linearize(all, model{}).has_value(); }

TEST(histories, one_after_the_other_have_their_own_order) {
    EXPECT_THAT(linearize(calls{wrote(1, 1, 2), has_read(1, 3, 4), swapped(1, 5, 6), has_read(2, 7, 8)}, model{}),
                Optional(ElementsAre(0, 1, 2, 3)));
    EXPECT_TRUE(is_linearizable({}));
}

TEST(histories, what_overlaps_may_be_in_any_order) {
    EXPECT_THAT(linearize(calls{has_read(1, 1, 4), wrote(1, 2, 3)}, model{}), Optional(ElementsAre(1, 0)));
    EXPECT_THAT(linearize(calls{has_read(0, 1, 4), wrote(1, 2, 3)}, model{}), Optional(ElementsAre(0, 1)));
    EXPECT_TRUE(is_linearizable({wrote(1, 1, 3), has_read(1, 3, 4)})) << "the same instant is an overlap";
}

TEST(histories, a_read_of_what_had_been_overwritten_is_none) {
    EXPECT_FALSE(is_linearizable({wrote(1, 1, 2), has_read(0, 3, 4)}));
    EXPECT_FALSE(is_linearizable({wrote(1, 1, 10), has_read(1, 2, 3), has_read(0, 4, 5)})) << "there and back";
}

TEST(histories, two_who_swap_the_same_are_none) {
    EXPECT_FALSE(is_linearizable({swapped(0, 1, 10), swapped(0, 1, 10)}));
    EXPECT_TRUE(is_linearizable({swapped(0, 1, 10), swapped(0, 1, 10, false)}));
    EXPECT_FALSE(is_linearizable({swapped(0, 1, 10, false)})) << "nobody had come between";
}

TEST(histories, what_nobody_heard_of_may_have_happened_at_any_time_or_never) {
    EXPECT_TRUE(is_linearizable({wrote(1, 1, not_yet), has_read(0, 2, 3)}));
    EXPECT_TRUE(is_linearizable({wrote(1, 1, not_yet), has_read(1, 2, 3)}));
    EXPECT_TRUE(is_linearizable({wrote(1, 1, not_yet), has_read(0, 2, 3), has_read(1, 4, 5)}));
    EXPECT_FALSE(is_linearizable({wrote(1, 1, not_yet), has_read(1, 2, 3), has_read(0, 4, 5)})) << "but once";
    EXPECT_FALSE(is_linearizable({has_read(1, 1, 2), wrote(1, 3, not_yet)})) << "and not before it began";
    EXPECT_THAT(linearize(calls{wrote(1, 1, not_yet), has_read(0, 2, 3)}, model{}), Optional(ElementsAre(1)));
    EXPECT_FALSE(is_linearizable({swapped(0, 1, not_yet), has_read(1, 2, 3), swapped(0, 4, 5)}));
}

/// Made in an order: each takes effect at a moment of its own, begins some time before, and ends some time after.
calls made_in_order(const std::vector<deed>& order, std::uint64_t spread) {
    calls all;
    model there;
    std::uint64_t moment = 100;
    for (deed d : order) {
        if (d.what == deed::kind::read) d.value = there.value;
        if (d.what == deed::kind::swap) d.made = d.value == there.value;
        RC_ASSERT(there.take(d));
        const auto before = *rc::gen::inRange<std::uint64_t>(0, spread);
        const auto after = *rc::gen::inRange<std::uint64_t>(0, spread);
        all.push_back({d, moment - before, moment + after});
        moment += 10;
    }
    return all;
}
std::vector<deed> any_deeds(std::size_t most) {
    const auto n = *rc::gen::inRange<std::size_t>(1, most + 1);
    std::vector<deed> all(n);
    for (deed& each : all)
        each = {*rc::gen::element(deed::kind::write, deed::kind::read, deed::kind::swap), *rc::gen::inRange(0, 3)};
    return all;
}

RC_GTEST_PROP(history_property, what_was_made_in_an_order_is_taken_and_the_order_that_is_found_is_one, ()) {
    calls all = made_in_order(any_deeds(60), 60);
    for (auto& each : all) {
        if (*rc::gen::inRange(0, 10) != 0) continue;
        each.ended = not_yet;
        each.call.heard = false;
    }
    const auto found = linearize(all, model{});
    RC_ASSERT(found.has_value());
    model there;
    std::uint64_t latest_begin = 0;
    for (const std::size_t i : *found) {
        RC_ASSERT(there.take(all[i].call));
        RC_ASSERT(all[i].ended >= latest_begin);  // it had not ended when one before it began
        latest_begin = std::max(latest_begin, all[i].began);
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        RC_ASSERT(all[i].ended == not_yet || std::ranges::count(*found, i) == 1);
}

bool is_an_order(const calls& all, const std::vector<std::size_t>& order) {
    model there;
    for (std::size_t at = 0; at < order.size(); ++at) {
        if (!there.take(all[order[at]].call)) return false;
        for (std::size_t later = at + 1; later < order.size(); ++later)
            if (all[order[later]].ended < all[order[at]].began) return false;
    }
    return true;
}
/// Every choice of those that nobody has heard of, in every order.
bool some_order_is_right(const calls& all) {
    for (unsigned chosen = 0; chosen < 1U << all.size(); ++chosen) {
        std::vector<std::size_t> order;
        bool has_all = true;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool is_chosen = (chosen >> i & 1U) != 0;
            has_all = has_all && (is_chosen || all[i].ended == not_yet);
            if (is_chosen) order.push_back(i);
        }
        if (!has_all) continue;
        do {
            if (is_an_order(all, order)) return true;
        } while (std::ranges::next_permutation(order).found);
    }
    return false;
}

/// Of which some could have been, and most could not.
RC_GTEST_PROP(history_property, whether_there_is_an_order_is_what_the_trial_of_all_orders_says, ()) {
    calls all = made_in_order(any_deeds(5), 40);
    for (auto& each : all) {
        if (*rc::gen::inRange(0, 4) == 0) each.call.value = *rc::gen::inRange(0, 3);
        if (*rc::gen::inRange(0, 6) == 0) each.call.made = !each.call.made;
        if (*rc::gen::inRange(0, 4) != 0) continue;
        each.ended = not_yet;
        each.call.heard = false;
    }
    for (const auto& each : all) RC_LOG() << each << '\n';
    const bool is_right = some_order_is_right(all);
    RC_CLASSIFY(is_right, "could have been");
    RC_ASSERT(is_linearizable(all) == is_right);
}

TEST(histories, may_be_long) {
    calls all;
    for (int i = 0; i < 1'000; ++i) {
        const auto at = static_cast<std::uint64_t>(i) * 10 + 100;
        all.push_back(swapped(i, at - 95, at + 95));
    }
    std::ranges::reverse(all);
    EXPECT_THAT(linearize(all, model{}), Optional(SizeIs(1'000)));
    all.push_back(has_read(7, 20'000, 20'001));
    EXPECT_FALSE(is_linearizable(all));
}

}  // namespace
}  // namespace cutwater::testing
