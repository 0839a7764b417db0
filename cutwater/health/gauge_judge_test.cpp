#include "cutwater/health/gauge_judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;

constexpr instant noon{1000h};

/// What a policy that nobody here knows says of itself.
struct strangers {
    std::string called = "stranger";
    std::vector<std::tuple<const metric*, double, std::string>> says{};

    [[nodiscard]] name layer_name() const { return name{called}; }
    void gauges(instant, gauge_visitor& seen) const {
        for (const auto& [of, value, detail] : says) seen(*of, value, detail);
    }
};

check_result judged(gauge_judge& judge, const strangers& s, instant now = noon) {
    return judge.judge(now, [&](gauge_visitor& seen) { visit_gauges(s, now, seen); });
}
check_result judged(const strangers& s) {
    gauge_judge judge;
    return judged(judge, s);
}

TEST(gauge_judge, has_nothing_to_say_where_all_is_well) {
    EXPECT_EQ(judged(strangers{}), check_result::ok());
    EXPECT_EQ(judged({.says = {{&metrics::circuit_state, 1, "closed"},
                               {&metrics::circuit_state, 0, "open"},
                               {&metrics::concurrency_limit, 5, ""},
                               {&metrics::calls_in_flight, 4, ""},
                               {&metrics::shedding, 0, ""},
                               {&metrics::rejection, 0.05, "normal"},
                               {&metrics::endpoints, 3, "healthy"},
                               {&metrics::endpoints, 0, "ejected"}}}),
              check_result::ok());
}

TEST(gauge_judge, knows_a_circuit_by_its_metric) {
    const auto open = judged({.called = "stock", .says = {{&metrics::circuit_state, 1, "open"}}});
    EXPECT_EQ(open.status, health_status::degraded);
    EXPECT_EQ(open.detail, "stock is open: calls are refused");
    EXPECT_THAT(open.what_to_do, HasSubstr("Look at the dependency"));
    EXPECT_THAT(judged({.says = {{&metrics::circuit_state, 1, "half_open"}}}).detail, HasSubstr("half open"));
}

TEST(gauge_judge, says_that_a_gate_is_full_only_when_it_has_been_so_for_long) {
    gauge_judge judge{{.full_for = 10s}};
    strangers gate{
        .called = "payments",
        .says = {
            {&metrics::concurrency_limit, 5, ""}, {&metrics::calls_in_flight, 5, ""}, {&metrics::queue_length, 3, ""}}};
    EXPECT_EQ(judged(judge, gate, noon).status, health_status::healthy);
    EXPECT_EQ(judged(judge, gate, noon + 10s - 1ns).status, health_status::healthy);
    const auto full = judged(judge, gate, noon + 10s);
    EXPECT_EQ(full.status, health_status::degraded);
    EXPECT_EQ(full.detail, "payments is full for 10s (5 of 5, 3 waiting)");
    std::get<1>(gate.says[1]) = 4;
    EXPECT_EQ(judged(judge, gate, noon + 11s).status, health_status::healthy);
    std::get<1>(gate.says[1]) = 5;
    EXPECT_EQ(judged(judge, gate, noon + 12s).status, health_status::healthy) << "it begins anew";
}

TEST(gauge_judge, knows_shedding_rejecting_and_ejected_endpoints) {
    EXPECT_THAT(judged({.says = {{&metrics::shedding, 1, ""}}}).detail, HasSubstr("sheds load"));
    EXPECT_THAT(
        judged({.says = {{&metrics::rejection, 0.02, "critical"}, {&metrics::rejection, 0.5, "sheddable"}}}).detail,
        HasSubstr("turns away 50 % of the calls"));
    const auto some = judged({.says = {{&metrics::endpoints, 2, "healthy"}, {&metrics::endpoints, 1, "ejected"}}});
    EXPECT_THAT(some.detail, HasSubstr("has ejected 1 of 3 endpoints"));
    const auto none = judged({.says = {{&metrics::endpoints, 0, "healthy"}, {&metrics::endpoints, 3, "ejected"}}});
    EXPECT_THAT(none.what_to_do, HasSubstr("No endpoint is well"));
}

TEST(gauge_judge, names_each_layer_and_says_each_advice_once) {
    gauge_judge judge;
    const strangers a{.called = "a", .says = {{&metrics::circuit_state, 1, "open"}}};
    const strangers b{.called = "b", .says = {{&metrics::circuit_state, 1, "open"}}};
    const auto both = judge.judge(noon, [&](gauge_visitor& seen) {
        visit_gauges(a, noon, seen);
        visit_gauges(b, noon, seen);
    });
    EXPECT_EQ(both.detail, "a is open: calls are refused; b is open: calls are refused");
    EXPECT_EQ(both.what_to_do, "Look at the dependency; a circuit closes by itself once it is well.");
}

TEST(gauge_judge, of_several_policies_with_one_name_the_worst_counts) {
    const auto two = [](const metric& of, const std::string& detail) {
        return strangers{.called = "two", .says = {{&of, 1, detail}, {&of, 0, detail}}};
    };
    EXPECT_EQ(judged(two(metrics::circuit_state, "open")).detail, "two is open: calls are refused");
    EXPECT_THAT(judged(two(metrics::circuit_state, "half_open")).detail, HasSubstr("two is half open"));
    EXPECT_THAT(judged(two(metrics::shedding, "")).detail, HasSubstr("two sheds load"));
}

TEST(gauge_judge, a_full_gate_is_not_hidden_by_an_empty_one_of_its_name) {
    gauge_judge judge{{.full_for = 10s}};
    strangers gates{.called = "two",
                    .says = {{&metrics::concurrency_limit, 5, ""},
                             {&metrics::calls_in_flight, 5, ""},
                             {&metrics::queue_length, 3, ""},
                             {&metrics::concurrency_limit, 9, ""},
                             {&metrics::calls_in_flight, 0, ""},
                             {&metrics::queue_length, 0, ""},
                             {&metrics::calls_in_flight, 7, ""}}};
    (void)judged(judge, gates, noon);
    EXPECT_EQ(judged(judge, gates, noon + 10s).detail, "two is full for 10s (5 of 5, 3 waiting)");
    std::get<1>(gates.says[1]) = 0;
    std::get<1>(gates.says[4]) = 9;
    EXPECT_EQ(judged(judge, gates, noon + 11s).status, health_status::healthy) << "the other one is full since now";
    EXPECT_EQ(judged(judge, gates, noon + 21s).detail, "two is full for 10s (9 of 9, 0 waiting)");
}

TEST(gauge_judge, a_gate_may_say_how_many_are_in_before_its_limit) {
    gauge_judge judge{{.full_for = 0s}};
    const strangers gate{.called = "payments",
                         .says = {{&metrics::calls_in_flight, 5, ""}, {&metrics::concurrency_limit, 5, ""}}};
    EXPECT_EQ(judged(judge, gate).detail, "payments is full for 0s (5 of 5, 0 waiting)");
}

TEST(gauge_judge, reads_the_rooms_as_they_are) {
    testing::virtual_time time;
    circuit_breaker stock{{.name = "stock", .window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{timeout{1s}, ref(stock), bulkhead{{.name = "narrow", .max_concurrent = 1}}};
    gauge_judge judge{{.full_for = 0s}};
    const auto seen = [&] {
        return judge.judge(time.present(), [&](gauge_visitor& v) { guarded.gauges(time.present(), v); });
    };
    EXPECT_EQ(seen().status, health_status::healthy);
    (void)time.run(guarded, [&] { EXPECT_EQ(seen().detail, "narrow is full for 0s (1 of 1, 0 waiting)"); });
    (void)time.run(guarded, []() -> int { throw std::runtime_error{"down"}; });
    EXPECT_EQ(seen().detail, "stock is open: calls are refused");
}

}  // namespace
}  // namespace cutwater
