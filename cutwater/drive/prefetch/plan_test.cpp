#include "cutwater/drive/prefetch/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cutwater/core/random.hpp"

namespace cutwater {
namespace {

using kind = prefetch_report::kind;

class prefetch_plans : public ::testing::Test {
protected:
    prefetch_options options{.refresh_at = 0.5,
                             .jitter = 0.0,
                             .first_within = 0s,
                             .least_pause = 1s,
                             .base_delay = 4s,
                             .max_delay = 1min,
                             .max_keys = 3};
    instant now = instant{} + 1h;

    static cache_key key(std::string_view asked) { return {.operation = "get", .asked = asked}; }
    /// Declares it, with a value of that age that is fresh for 20s.
    prefetch_ticket declared(prefetch_plan& plan, std::string_view asked, duration age = 0s) const {
        prefetch_ticket made = plan.add(key(asked)).value();
        (void)plan.hear({.of = made, .value = cache_lifetime{now - age, 20s}}, now, 0.0);
        return made;
    }
    std::optional<prefetch_news> hear(prefetch_plan& plan, const prefetch_ticket& of, kind what,
                                      std::optional<cache_lifetime> value = {}) const {
        return plan.hear({.of = of, .what = what, .value = value}, now, 0.0);
    }
    std::string next(prefetch_plan& plan) const {
        const auto due = plan.take_due(now);
        return due ? std::string{due->key.view().asked} : "none";
    }
};

TEST_F(prefetch_plans, who_is_due_longest_is_next) {
    prefetch_plan plan{options, 1min};
    (void)declared(plan, "late", 1s);
    (void)declared(plan, "early", 5s);
    EXPECT_EQ(plan.next_due(), now + 5s);
    now += 5s - 1ns;
    EXPECT_EQ(next(plan), "none");
    now += 1min;
    EXPECT_EQ(next(plan), "early");
    EXPECT_EQ(next(plan), "late");
    EXPECT_EQ(next(plan), "none");
    EXPECT_EQ(plan.next_due(), never);
}

TEST_F(prefetch_plans, of_two_that_are_due_at_once_the_one_that_was_declared_first_is_next) {
    prefetch_plan plan{options, 1min};
    for (const auto* each : {"c", "a", "b"}) (void)declared(plan, each);
    now += 10s;
    for (const auto* each : {"c", "a", "b"}) EXPECT_EQ(next(plan), each);
}

TEST_F(prefetch_plans, a_key_without_a_value_is_asked_for_first) {
    options.first_within = 10s;
    prefetch_plan plan{options, 1min};
    const auto made = plan.add(key("a")).value();
    EXPECT_EQ(plan.next_due(), never) << "nothing is heard of it yet";
    (void)plan.hear({.of = made}, now, 0.25);
    EXPECT_EQ(plan.next_due(), now + 2500ms);
}

TEST_F(prefetch_plans, one_that_is_under_way_is_not_due_until_something_is_heard) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    EXPECT_EQ(next(plan), "a");
    now += 1h;
    EXPECT_EQ(next(plan), "none");
    const auto news = hear(plan, a, kind::refreshed, cache_lifetime{now, 20s});
    ASSERT_TRUE(news);
    EXPECT_EQ(news->next_in, 10s);
    EXPECT_EQ(plan.next_due(), now + 10s);
}

TEST_F(prefetch_plans, of_what_came_and_is_not_kept_the_usual_time_is_taken) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    (void)next(plan);
    (void)hear(plan, a, kind::refreshed);
    EXPECT_EQ(plan.next_due(), now + 30s);
}

TEST_F(prefetch_plans, failures_are_counted_until_a_value_comes) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    for (const duration wait : {2s, 4s, 8s}) {
        ASSERT_EQ(next(plan), "a");
        EXPECT_EQ(hear(plan, a, kind::failed)->next_in, wait);
        EXPECT_EQ(plan.failing(), 1U);
        now += wait;
    }
    ASSERT_EQ(next(plan), "a");
    const auto news = hear(plan, a, kind::refreshed, cache_lifetime{now, 20s});
    EXPECT_EQ(news->failures, 3U);
    EXPECT_EQ(plan.failing(), 0U);
    now += 10s;
    ASSERT_EQ(next(plan), "a");
    EXPECT_EQ(hear(plan, a, kind::refreshed, cache_lifetime{now, 20s})->failures, 0U);
}

TEST_F(prefetch_plans, a_value_that_somebody_else_has_asked_for_is_no_question_of_ours) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    (void)next(plan);
    EXPECT_FALSE(hear(plan, a, kind::unneeded, cache_lifetime{now - 1ms, 100ms})) << "nothing to tell";
    EXPECT_EQ(plan.next_due(), now + 49ms) << "the least pause is from one question of ours to the next";
}

TEST_F(prefetch_plans, and_tells_that_the_dependency_is_well_again) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    (void)next(plan);
    (void)hear(plan, a, kind::failed);
    now += 2s;
    (void)next(plan);
    EXPECT_EQ(hear(plan, a, kind::unneeded, cache_lifetime{now, 20s})->failures, 1U);
    EXPECT_EQ(plan.failing(), 0U);
}

TEST_F(prefetch_plans, no_key_is_asked_for_twice_within_the_least_pause) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    (void)next(plan);
    const instant asked = now;
    now += 100ms;
    (void)hear(plan, a, kind::refreshed, cache_lifetime{now, 10ms});
    EXPECT_EQ(plan.next_due(), asked + 1s);
}

TEST_F(prefetch_plans, not_even_after_a_failure_that_is_soon_waited_out) {
    options.base_delay = 10ms;
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(next(plan), "a");
        const instant asked = now;
        now += 100ms;
        (void)hear(plan, a, kind::failed);
        EXPECT_EQ(plan.next_due(), asked + 1s);
        now = plan.next_due();
    }
}

TEST_F(prefetch_plans, a_key_that_is_removed_is_not_heard_of_and_not_due) {
    prefetch_plan plan{options, 1min};
    const auto a = declared(plan, "a", 10s);
    const auto b = declared(plan, "b", 10s);
    (void)next(plan);
    EXPECT_TRUE(plan.remove(key("a")));
    EXPECT_TRUE(plan.remove(key("b")));
    EXPECT_FALSE(plan.remove(key("b")));
    EXPECT_FALSE(hear(plan, a, kind::failed));
    EXPECT_EQ(next(plan), "none");
    EXPECT_EQ(plan.size() + plan.resting() + plan.failing(), 0U);
    (void)b;
}

TEST_F(prefetch_plans, who_asks_for_it_is_told_to_stop_when_it_is_removed) {
    prefetch_plan plan{options, 1min};
    (void)declared(plan, "a", 10s);
    const auto due = plan.take_due(now);
    ASSERT_TRUE(due);
    EXPECT_FALSE(due->stop.stop_requested());
    EXPECT_TRUE(plan.remove(key("a"))->request_stop());
    EXPECT_TRUE(due->stop.stop_requested());
    (void)declared(plan, "a", 10s);
    EXPECT_FALSE(plan.take_due(now)->stop.stop_requested()) << "its later self is another";
}

TEST_F(prefetch_plans, one_that_is_declared_anew_hears_nothing_of_its_earlier_self) {
    prefetch_plan plan{options, 1min};
    const auto earlier = declared(plan, "a", 10s);
    (void)next(plan);
    (void)hear(plan, earlier, kind::failed);
    now += 2s;
    (void)next(plan);
    EXPECT_TRUE(plan.remove(key("a")));
    EXPECT_EQ(plan.failing(), 0U) << "it goes with its failures";
    const auto again = plan.add(key("a")).value();
    EXPECT_FALSE(hear(plan, earlier, kind::refreshed, cache_lifetime{now, 20s}));
    EXPECT_EQ(plan.next_due(), never);
    (void)hear(plan, again, kind::declared, cache_lifetime{now, 20s});
    EXPECT_FALSE(hear(plan, again, kind::refreshed, cache_lifetime{now, 40s})) << "it is not under way";
    EXPECT_EQ(plan.next_due(), now + 10s);
}

TEST_F(prefetch_plans, as_many_are_declared_as_there_may_be_and_each_once) {
    prefetch_plan plan{options, 1min};
    for (const auto* each : {"a", "b", "c"}) (void)declared(plan, each);
    EXPECT_FALSE(plan.add(key("d")));
    EXPECT_TRUE(plan.remove(key("b")));
    EXPECT_FALSE(plan.add(key("a"))) << "it is there";
    EXPECT_TRUE(plan.add(key("d")));
    EXPECT_EQ(plan.size(), 3U);
}

TEST_F(prefetch_plans, keys_are_told_apart_by_operation_and_tenant) {
    prefetch_plan plan{options, 1min};
    EXPECT_TRUE(plan.add({.operation = "get", .tenant = "acme", .asked = "1"}));
    EXPECT_TRUE(plan.add({.operation = "get", .tenant = "globex", .asked = "1"}));
    EXPECT_TRUE(plan.add({.operation = "price", .tenant = "acme", .asked = "1"}));
}

/// A dependency that answers one question after the other, each in `takes`, and fails now and then: however the keys are due, each has its turn.
RC_GTEST_PROP(prefetch_plan_property, no_key_starves_and_none_is_asked_for_too_often, ()) {
    constexpr unsigned keys = 20;
    const prefetch_options options{.least_pause = 50ms, .base_delay = 100ms, .max_delay = 400ms};
    const duration takes{*rc::gen::inRange<std::int64_t>(1, 20'000'000)};
    const unsigned fails_of_ten = *rc::gen::inRange(0U, 11U);
    random_source dice{*rc::gen::arbitrary<std::uint64_t>()};
    prefetch_plan plan{options, 200ms};
    instant now = instant{} + 1h;
    std::map<std::string, instant, std::less<>> asked;
    for (unsigned i = 0; i < keys; ++i) {
        const std::string text = std::to_string(i);
        const auto made = plan.add({.operation = "get", .asked = text}).value();
        (void)plan.hear({.of = made, .value = cache_lifetime{now, 200ms}}, now, dice.unit());
        asked[text] = now;
    }
    const instant end = now + 10s;
    while (now < end) {
        const auto due = plan.take_due(now);
        if (!due) {
            RC_ASSERT(plan.next_due() > now && plan.next_due() != never);
            now = plan.next_due();
            continue;
        }
        instant& last = asked.find(due->key.view().asked)->second;
        RC_ASSERT(between(last, now) >= 50ms);
        last = now;
        now += takes;
        const bool fails = dice() % 10 < fails_of_ten;
        (void)plan.hear({.of = *due,
                         .what = fails ? kind::failed : kind::refreshed,
                         .value = fails ? std::nullopt : std::optional{cache_lifetime{now, 200ms}}},
                        now, dice.unit());
    }
    for (const auto& [text, last] : asked) RC_ASSERT(between(last, now) <= 400ms + keys * takes + takes);
}

}  // namespace
}  // namespace cutwater
