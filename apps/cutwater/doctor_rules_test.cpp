#include "apps/cutwater/doctor_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

metrics_page page_of(std::string_view text) {
    auto page = parse_metrics_page(text);
    EXPECT_TRUE(page) << page.error();
    return *page;
}

std::vector<std::string> names(const std::vector<finding>& found) {
    std::vector<std::string> all;
    for (const finding& each : found) all.emplace_back(each.rule);
    return all;
}

std::vector<finding> found_in(std::string_view now) { return examine(doctor_view{page_of(now)}); }
std::vector<finding> found_between(std::string_view before, std::string_view now, duration apart = 10s) {
    return examine(doctor_view{page_of(now), page_of(before), apart});
}

constexpr std::string_view well = R"(
cutwater_calls_total{operation="get",verdict="success"} 990
cutwater_calls_total{operation="get",verdict="transient"} 10
cutwater_attempts_total{operation="get"} 1030
cutwater_retries_total{layer="retry",operation="get"} 30
cutwater_rescued_calls_total{layer="retry",operation="get",by="retry"} 20
cutwater_circuit_state{layer="inventory",state="open"} 0
cutwater_circuit_state{layer="inventory",state="closed"} 1
cutwater_calls_in_flight{layer="room"} 3
cutwater_concurrency_limit{layer="room"} 10
cutwater_slo_budget_remaining_ratio{layer="orders"} 0.7
cutwater_metric_series_refused_total 0
)";

TEST(doctor, has_nothing_to_say_of_a_service_that_is_well) {
    EXPECT_THAT(names(found_in(well)), IsEmpty());
    EXPECT_THAT(names(found_between(well, well)), IsEmpty());
    EXPECT_THAT(names(found_in("")), IsEmpty());
}

TEST(doctor, finds_retries_that_never_help) {
    const auto found = found_in(R"(
cutwater_retries_total{layer="retry",operation="get"} 200
cutwater_rescued_calls_total{layer="retry",operation="get",by="retry"} 9
cutwater_retries_total{layer="retry",operation="few"} 19
)");
    ASSERT_THAT(names(found), ElementsAre("retries_never_help"));
    EXPECT_EQ(words_of(found[0].about), "get: retry");
    EXPECT_THAT(found[0].evidence, HasSubstr("200 retries rescued 9 calls (4.5 %)"));
    EXPECT_THAT(found[0].advice, HasSubstr("permanent"));
}

TEST(doctor, retries_that_help_one_in_twenty_are_left_alone) {
    EXPECT_THAT(names(found_in(R"(
cutwater_retries_total{layer="retry",operation="get"} 200
cutwater_rescued_calls_total{layer="retry",operation="get",by="retry"} 10
)")),
                IsEmpty());
}

/// 1000 successes within 100 ms, and ten calls that ran out of time after 2 s each.
constexpr std::string_view slow = R"(
cutwater_call_duration_seconds_bucket{operation="get",verdict="success",le="0.05"} 500
cutwater_call_duration_seconds_bucket{operation="get",verdict="success",le="0.1"} 1000
cutwater_call_duration_seconds_bucket{operation="get",verdict="success",le="+Inf"} 1000
cutwater_call_duration_seconds_count{operation="get",verdict="transient"} 10
cutwater_call_duration_seconds_sum{operation="get",verdict="transient"} 20
cutwater_timeouts_total{layer="attempt",operation="get"} 10
)";
constexpr std::string_view attempt_limit = "cutwater_timeout_limit_seconds{layer=\"attempt\"} ";

TEST(doctor, finds_a_timeout_that_is_far_above_what_succeeds) {
    const auto found = found_in(std::string{slow}.append(attempt_limit) + "2\n");
    ASSERT_THAT(names(found), ElementsAre("timeout_too_long"));
    EXPECT_EQ(words_of(found[0].about), "attempt");
    EXPECT_THAT(found[0].evidence, HasSubstr("at most 100ms"));
    EXPECT_THAT(found[0].evidence, HasSubstr("the limit is 2s; it was reached 10 times"));
    EXPECT_THAT(found[0].advice, HasSubstr("about 200ms"));
}

TEST(doctor, a_limit_that_nobody_has_told_is_not_guessed) {
    EXPECT_THAT(names(found_in(slow)), IsEmpty()) << "2 s of whole calls, with their retries and waits";
}

TEST(doctor, a_limit_that_is_near_what_succeeds_is_left_alone) {
    EXPECT_THAT(names(found_in(std::string{slow}.append(attempt_limit) + "0.25\n")), IsEmpty());
}

TEST(doctor, a_limit_is_judged_by_the_slowest_operation) {
    const std::string report = R"(
cutwater_call_duration_seconds_bucket{operation="report",verdict="success",le="1"} 200
cutwater_call_duration_seconds_bucket{operation="report",verdict="success",le="+Inf"} 200
)";
    EXPECT_THAT(names(found_in(std::string{slow}.append(report).append(attempt_limit) + "2\n")), IsEmpty());
    const std::string endless =
        "cutwater_call_duration_seconds_bucket{operation=\"report\",verdict=\"success\",le=\"+Inf\"} 200\n";
    EXPECT_THAT(names(found_in(std::string{slow}.append(endless).append(attempt_limit) + "2\n")), IsEmpty())
        << "nobody knows how long those take";
}

constexpr std::string_view opened = "cutwater_circuit_transitions_total{layer=\"inventory\",to=\"open\"} ";

TEST(doctor, finds_a_breaker_that_flaps_where_it_knows_how_long_that_was) {
    const std::string before = std::string{opened} + "10\n";
    const std::string now = std::string{opened} + "16\n";
    EXPECT_THAT(names(found_between(before, now, 10min)), ElementsAre("breaker_flaps"));
    EXPECT_THAT(names(found_between(before, now, 2h)), IsEmpty());
    EXPECT_THAT(names(found_in(now)), IsEmpty()) << "sixteen times since nobody knows when";
}

/// So many changes of a circuit.
std::string changes(int to_open, int to_half_open, int to_closed) {
    const std::string_view metric = "cutwater_circuit_transitions_total{layer=\"inventory\",to=";
    std::string page;
    page.append(metric).append("\"open\"} ").append(std::to_string(to_open)).append("\n");
    page.append(metric).append("\"half_open\"} ").append(std::to_string(to_half_open)).append("\n");
    page.append(metric).append("\"closed\"} ").append(std::to_string(to_closed)).append("\n");
    return page;
}

TEST(doctor, finds_a_circuit_whose_probes_fail_however_long_that_was) {
    EXPECT_THAT(names(found_in(changes(5, 5, 0))), ElementsAre("probes_fail"));
    EXPECT_THAT(names(found_in(changes(4, 4, 0))), IsEmpty());
    EXPECT_THAT(names(found_in(changes(10, 10, 9))), IsEmpty()) << "it recovers, and perhaps flaps";
    EXPECT_THAT(names(found_between(changes(0, 0, 0), changes(10, 10, 0), 10min)), ElementsAre("probes_fail"));
    EXPECT_THAT(names(found_between(changes(0, 0, 0), changes(10, 10, 9), 10min)), ElementsAre("breaker_flaps"));
}

TEST(doctor, says_where_it_has_looked_too_shortly_to_see_that_a_circuit_flaps) {
    const std::string before = std::string{opened} + "10\n";
    const std::string now = std::string{opened} + "11\n";
    EXPECT_THAT(not_judged(doctor_view{page_of(now), page_of(before), 10s}), ElementsAre(HasSubstr("this was 10.0s")));
    EXPECT_THAT(not_judged(doctor_view{page_of(now)}), ElementsAre(HasSubstr("one look")));
    EXPECT_THAT(not_judged(doctor_view{page_of(now), page_of(before), 1h}), IsEmpty());
    EXPECT_THAT(not_judged(doctor_view{page_of(std::string{opened} + "1\n")}), IsEmpty());
    EXPECT_THAT(not_judged(doctor_view{page_of(std::string{opened} + "16\n"), page_of(before), 10s}), IsEmpty())
        << "it was seen";
}

TEST(doctor, finds_a_circuit_that_was_open_both_times) {
    const std::string_view open = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 1\n";
    const std::string_view closed = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 0\n";
    EXPECT_THAT(names(found_between(open, open)), ElementsAre("circuit_open"));
    EXPECT_THAT(names(found_between(closed, open)), IsEmpty());
}

/// Of a gate for ten.
std::string gate(int in_flight, int refused, int waiting = 0) {
    const std::string of_room = "{layer=\"room\"} ";
    return "cutwater_concurrency_limit" + of_room + "10\ncutwater_calls_in_flight" + of_room +
           std::to_string(in_flight) + "\ncutwater_queue_length" + of_room + std::to_string(waiting) +
           "\ncutwater_refusals_total{layer=\"room\",operation=\"get\",reason=\"full\"} " + std::to_string(refused) +
           "\n";
}

TEST(doctor, finds_a_gate_that_is_full_both_times_while_calls_are_refused_or_wait) {
    EXPECT_THAT(names(found_between(gate(10, 20), gate(10, 50))), ElementsAre("gate_always_full"));
    EXPECT_THAT(names(found_between(gate(10, 20), gate(10, 20, 3))), ElementsAre("gate_always_full"));
    EXPECT_THAT(names(found_between(gate(5, 20), gate(10, 50))), IsEmpty());
    EXPECT_THAT(names(found_between(gate(10, 20), gate(10, 20))), IsEmpty()) << "busy, and nobody wants more of it";
    EXPECT_THAT(found_in(gate(10, 50)).at(0).evidence,
                HasSubstr("all 10 permits are taken each time that somebody looks; 50 refusals"));
}

TEST(doctor, finds_a_gate_that_refuses_one_call_in_twenty_where_there_are_no_gauges) {
    const std::string calls = "cutwater_calls_total{operation=\"get\",verdict=\"success\"} 1000\n";
    const std::string refused = "cutwater_refusals_total{layer=\"room\",operation=\"get\",reason=\"full\"} ";
    const auto found = found_in(calls + refused + "50\n");
    ASSERT_THAT(names(found), ElementsAre("gate_refuses"));
    EXPECT_EQ(words_of(found[0].about), "get: room");
    EXPECT_THAT(found[0].evidence, HasSubstr("50 refusals for 1000 calls"));
    EXPECT_THAT(names(found_in(calls + refused + "49\n")), IsEmpty());
    EXPECT_THAT(names(found_in(calls + gate(10, 50))), ElementsAre("gate_always_full")) << "told once";
}

TEST(doctor, finds_an_outage_that_a_fallback_hides) {
    const auto found = found_in(R"(
cutwater_calls_total{operation="get",verdict="success"} 1000
cutwater_degraded_results_total{layer="fallback",operation="get",source="default"} 400
)");
    ASSERT_THAT(names(found), ElementsAre("fallback_hides_outage"));
    EXPECT_THAT(found[0].evidence, HasSubstr("40.0 % of 1000 successes"));
}

TEST(doctor, finds_a_budget_that_is_always_empty) {
    EXPECT_THAT(names(found_in(R"(
cutwater_retries_total{layer="retry",operation="get"} 100
cutwater_rescued_calls_total{layer="retry",operation="get",by="retry"} 50
cutwater_retries_ended_total{layer="retry",operation="get",reason="budget_exhausted"} 300
cutwater_retries_ended_total{layer="retry",operation="get",reason="not_transient"} 5000
)")),
                ElementsAre("retry_budget_exhausted"));
}

TEST(doctor, a_budget_may_pay_for_hedges_as_well) {
    const std::string unpaid = "cutwater_suppressed_attempts_total{layer=\"hedge\",operation=\"get\"} 300\n";
    const std::string begun = "cutwater_hedges_total{layer=\"hedge\",operation=\"get\",cause=\"delay\"} ";
    EXPECT_THAT(names(found_in(unpaid + begun + "100\n")), ElementsAre("retry_budget_exhausted"));
    EXPECT_THAT(names(found_in(unpaid + begun + "1000\n")), IsEmpty());
}

TEST(doctor, finds_load_that_is_multiplied) {
    const auto found = found_in(R"(
cutwater_calls_total{operation="get",verdict="success"} 100
cutwater_attempts_total{operation="get"} 180
)");
    ASSERT_THAT(names(found), ElementsAre("amplification"));
    EXPECT_THAT(found[0].evidence, HasSubstr("1.80 each"));
}

TEST(doctor, finds_series_that_had_no_room_and_budgets_that_are_spent) {
    EXPECT_THAT(names(found_in("cutwater_metric_series_refused_total 7\n")), ElementsAre("series_refused"));
    const std::string_view long_ago = "cutwater_metric_series_refused_total 7\n";
    EXPECT_THAT(names(found_between(long_ago, long_ago)), ElementsAre("series_refused"))
        << "they have no room now either";
    EXPECT_THAT(names(found_in("cutwater_slo_budget_remaining_ratio{layer=\"orders\"} -0.2\n")),
                ElementsAre("budget_spent"));
}

// ---- two looks ----

TEST(doctor, judges_what_came_between_two_looks_and_not_what_was_before) {
    const std::string_view retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} ";
    const std::string before = std::string{retries} + "1000\n";
    EXPECT_THAT(names(found_between(before, std::string{retries} + "1010\n")), IsEmpty());
    EXPECT_THAT(names(found_between(before, std::string{retries} + "1030\n")), ElementsAre("retries_never_help"));
}

TEST(doctor, a_counter_that_has_begun_anew_counts_from_there) {
    const std::string_view retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} ";
    const doctor_view at{page_of(std::string{retries} + "30\n"), page_of(std::string{retries} + "1000\n"), 10s};
    EXPECT_EQ(at.total("cutwater_retries_total"), 30);
}

TEST(doctor, instances_are_added_up) {
    const doctor_view at{page_of(R"(
cutwater_retries_total{layer="retry",operation="get",instance="a"} 5
cutwater_retries_total{layer="retry",operation="get",instance="b"} 7
)")};
    EXPECT_EQ(at.growth("cutwater_retries_total").size(), 1U);
    EXPECT_EQ(at.total("cutwater_retries_total"), 12);
}

TEST(doctor, one_finding_is_about_all_instances_and_names_some) {
    std::string page;
    for (int i = 10; i < 60; ++i)
        page += "cutwater_circuit_state{layer=\"inventory\",state=\"open\",instance=\"" + std::to_string(i) + "\"} " +
                (i < 17 ? "1\n" : "0\n");
    const auto found = found_in(page);
    ASSERT_THAT(names(found), ElementsAre("circuit_open"));
    EXPECT_THAT(found[0].evidence, HasSubstr("on 7 of 50 instances: 10, 11, 12, …"));
}

TEST(doctor, circuits_of_many_instances_that_open_now_and_then_do_not_flap) {
    const auto page = [](int times) {
        std::string text;
        for (int i = 0; i < 50; ++i)
            text += "cutwater_circuit_transitions_total{layer=\"inventory\",to=\"open\",instance=\"" +
                    std::to_string(i) + "\"} " + std::to_string(i == 0 ? 10 * times : times) + "\n";
        return text;
    };
    const auto found = found_between(page(0), page(1), 1h);
    ASSERT_THAT(names(found), ElementsAre("breaker_flaps"));
    EXPECT_THAT(found[0].evidence, HasSubstr("10 times, which is 10 times an hour on 1 of 50 instances: 0"));
}

TEST(doctor, what_is_no_number_is_passed_over) {
    const std::string_view odd = R"(
cutwater_slo_budget_remaining_ratio{layer="orders"} NaN
cutwater_retries_total{layer="retry",operation="get"} NaN
cutwater_retries_total{layer="retry",operation="list"} +Inf
cutwater_calls_total{operation="get",verdict="success"} +Inf
cutwater_attempts_total{operation="get"} +Inf
cutwater_metric_series_refused_total NaN
)";
    EXPECT_THAT(names(found_in(odd)), IsEmpty());
    EXPECT_THAT(names(found_between(odd, odd)), IsEmpty());
    EXPECT_THAT(names(examine(doctor_view{page_of(odd), 1h})), IsEmpty());
    const std::string_view retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} ";
    EXPECT_THAT(names(found_between(std::string{retries} + "NaN\n", std::string{retries} + "30\n")),
                ElementsAre("retries_never_help"))
        << "as if there were nothing before";
    const std::string nowhere =
        "cutwater_call_duration_seconds_bucket{operation=\"get\",verdict=\"success\",le=\"far\"} 5000\n";
    EXPECT_THAT(names(found_in(std::string{slow}.append(nowhere).append(attempt_limit) + "2\n")),
                ElementsAre("timeout_too_long"));
}

TEST(doctor, each_rule_has_a_name_of_its_own_and_says_what_it_looks_for) {
    std::set<std::string_view> all;
    for (const doctor_rule& each : doctor_rules()) {
        EXPECT_TRUE(all.insert(each.name).second) << each.name;
        EXPECT_FALSE(each.looks_for.empty()) << each.name;
    }
}

}  // namespace
}  // namespace cutwater::app
