#include "apps/cutwater/doctor_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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

TEST(doctor, finds_a_timeout_that_is_far_above_what_succeeds) {
    const auto found = found_in(slow);
    ASSERT_THAT(names(found), ElementsAre("timeout_too_long"));
    EXPECT_THAT(found[0].evidence, HasSubstr("at most 100ms"));
    EXPECT_THAT(found[0].evidence, HasSubstr("waited for 2s"));
    EXPECT_THAT(found[0].advice, HasSubstr("about 200ms"));
}

TEST(doctor, believes_a_layer_that_says_what_its_limit_is) {
    EXPECT_THAT(names(found_in(std::string{slow} + "cutwater_timeout_limit_seconds{layer=\"attempt\"} 0.25\n")),
                IsEmpty());
}

constexpr std::string_view opened = "cutwater_circuit_transitions_total{layer=\"inventory\",to=\"open\"} ";

TEST(doctor, finds_a_breaker_that_flaps_where_it_knows_how_long_that_was) {
    const std::string before = std::string{opened} + "10\n";
    const std::string now = std::string{opened} + "16\n";
    EXPECT_THAT(names(found_between(before, now, 10min)), ElementsAre("breaker_flaps"));
    EXPECT_THAT(names(found_between(before, now, 2h)), IsEmpty());
    EXPECT_THAT(names(found_in(now)), IsEmpty()) << "sixteen times since nobody knows when";
}

TEST(doctor, finds_a_circuit_that_was_open_both_times) {
    const std::string_view open = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 1\n";
    const std::string_view closed = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 0\n";
    EXPECT_THAT(names(found_between(open, open)), ElementsAre("circuit_open"));
    EXPECT_THAT(names(found_between(closed, open)), IsEmpty());
}

TEST(doctor, finds_a_gate_that_is_full_both_times) {
    const std::string limit = "cutwater_concurrency_limit{layer=\"room\"} 10\n";
    const std::string full = limit +
                             "cutwater_calls_in_flight{layer=\"room\"} "
                             "10\ncutwater_refusals_total{layer=\"room\",operation=\"get\",reason=\"full\"} 50\n";
    const std::string half = limit +
                             "cutwater_calls_in_flight{layer=\"room\"} "
                             "5\ncutwater_refusals_total{layer=\"room\",operation=\"get\",reason=\"full\"} 20\n";
    EXPECT_THAT(names(found_between(full, full)), ElementsAre("gate_always_full"));
    EXPECT_THAT(names(found_between(half, full)), IsEmpty());
    EXPECT_THAT(found_in(full).at(0).evidence,
                HasSubstr("10 of 10 permits are taken each time that somebody looks; 50 refusals"));
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
cutwater_suppressed_attempts_total{layer="retry",operation="get"} 300
)")),
                ElementsAre("retry_budget_exhausted"));
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

TEST(doctor, each_rule_has_a_name_of_its_own_and_says_what_it_looks_for) {
    std::set<std::string_view> all;
    for (const doctor_rule& each : doctor_rules()) {
        EXPECT_TRUE(all.insert(each.name).second) << each.name;
        EXPECT_FALSE(each.looks_for.empty()) << each.name;
    }
}

}  // namespace
}  // namespace cutwater::app
