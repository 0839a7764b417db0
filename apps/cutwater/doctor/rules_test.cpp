#include "apps/cutwater/doctor/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

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

// ---- what becomes of calls ----

/// So many calls of an operation that ended so.
std::string ended(const std::string& operation, const std::string& verdict, int calls) {
    return "cutwater_calls_total{operation=\"" + operation + "\",verdict=\"" + verdict + "\"} " +
           std::to_string(calls) + "\n";
}

TEST(doctor, finds_an_operation_that_hardly_succeeds_whatever_its_calls_end_as) {
    for (const std::string verdict :
         {"transient", "permanent", "rejected", "ignored", "cancelled", "abandoned", "lost"}) {
        const auto found = found_in(ended("get", verdict, 10'000));
        ASSERT_THAT(names(found), ElementsAre("calls_hardly_succeed")) << verdict;
        EXPECT_EQ(words_of(found[0].about), "get");
        EXPECT_THAT(found[0].evidence, HasSubstr("0 of 10000 calls succeeded")) << verdict;
    }
    EXPECT_THAT(names(found_in(ended("get", "transient", 900) + ended("get", "success", 99))),
                ElementsAre("calls_hardly_succeed"));
    EXPECT_THAT(names(found_in(ended("get", "transient", 900) + ended("get", "success", 100))), IsEmpty());
    EXPECT_THAT(names(found_in(ended("get", "transient", 49))), IsEmpty());
}

TEST(doctor, does_not_judge_calls_whose_verdict_a_full_registry_did_not_keep) {
    EXPECT_THAT(names(found_in(ended("other", "other", 900) + ended("get", "success", 300))), IsEmpty());
    const auto found = found_in(ended("other", "other", 900) + ended("other", "transient", 60));
    ASSERT_THAT(names(found), ElementsAre("calls_hardly_succeed"));
    EXPECT_THAT(found[0].evidence, HasSubstr("0 of 60 calls succeeded"));
}

TEST(doctor, says_how_calls_that_do_not_succeed_end_and_advises_by_what_most_end_as) {
    const auto found =
        found_in(ended("get", "success", 7) + ended("get", "ignored", 900) + ended("get", "transient", 93));
    ASSERT_THAT(names(found), ElementsAre("calls_hardly_succeed"));
    EXPECT_EQ(found[0].evidence, "7 of 1000 calls succeeded; 93 were transient, 900 ignored");
    EXPECT_THAT(found[0].advice, AllOf(HasSubstr("deadline"), HasSubstr("caller_deadline")));
    EXPECT_THAT(found_in(ended("get", "transient", 60)).at(0).advice, HasSubstr("dependency"));
    EXPECT_THAT(found_in(ended("get", "rejected", 60)).at(0).advice, HasSubstr("refuse"));
    EXPECT_THAT(found_in(ended("get", "cancelled", 60)).at(0).advice, HasSubstr("give up"));
}

TEST(doctor, operations_of_a_few_calls_each_are_judged_together) {
    std::string few;
    for (const std::string operation : {"get", "list", "put"}) few += ended(operation, "ignored", 20);
    const auto found = found_in(few);
    ASSERT_THAT(names(found), ElementsAre("calls_hardly_succeed"));
    EXPECT_EQ(words_of(found[0].about), "all");
    EXPECT_THAT(names(found_in(few + ended("order", "success", 50))), IsEmpty()) << "each is too few by itself";
}

TEST(doctor, a_service_that_nothing_succeeds_of_any_more_is_found_between_two_looks) {
    const std::string before = ended("get", "success", 1'000'000) + ended("get", "ignored", 10);
    EXPECT_THAT(names(found_between(before, ended("get", "success", 1'000'000) + ended("get", "ignored", 110))),
                ElementsAre("calls_hardly_succeed"));
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
    EXPECT_THAT(found[0].advice, AllOf(HasSubstr("permanent"), HasSubstr("put a circuit breaker inside")));
}

TEST(doctor, does_not_advise_a_circuit_breaker_where_there_is_one) {
    const std::string retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} 200\n";
    const std::string refused =
        "cutwater_retries_ended_total{layer=\"retry\",operation=\"get\",reason=\"refused\"} 7\n";
    EXPECT_THAT(found_in(retries + refused).at(0).advice,
                AllOf(HasSubstr("refuses attempts already"), Not(HasSubstr("put a circuit breaker"))));
    for (const char* const circuit : {"cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 0\n",
                                      "cutwater_circuit_transitions_total{layer=\"inventory\",to=\"open\"} 1\n"})
        EXPECT_THAT(found_in(retries + circuit).at(0).advice,
                    AllOf(HasSubstr("bounds this"), Not(HasSubstr("put a circuit breaker"))));
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

TEST(doctor, a_histogram_without_its_last_bucket_is_not_judged) {
    const std::string_view page = R"(
cutwater_call_duration_seconds_bucket{operation="get",verdict="success",le="0.05"} 500
cutwater_call_duration_seconds_bucket{operation="get",verdict="success",le="0.1"} 1000
cutwater_timeout_limit_seconds{layer="attempt"} 2
)";
    EXPECT_THAT(names(found_in(page)), IsEmpty()) << "nobody knows how many took longer";
    EXPECT_THAT(not_judged(doctor_view{page_of(page)}), Contains(HasSubstr("timeout_too_long")));
}

TEST(doctor, has_nothing_to_judge_by_where_no_rule_finds_what_it_looks_at) {
    EXPECT_TRUE(can_judge(doctor_view{page_of(well)}));
    EXPECT_FALSE(can_judge(doctor_view{page_of("cutwater_metric_series_refused_total 0\ncutwater_keys 7\n")}));
    EXPECT_TRUE(can_judge(doctor_view{page_of("cutwater_circuit_state{layer=\"a\",state=\"open\"} 0\n")}));
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
    const auto said_of = [](const doctor_view& at) { return not_judged(at); };
    const auto flapping = [](std::string_view words) { return Contains(AllOf(HasSubstr("flaps"), HasSubstr(words))); };
    EXPECT_THAT(said_of(doctor_view{page_of(now), page_of(before), 10s}), flapping("this was 10.0s"));
    EXPECT_THAT(said_of(doctor_view{page_of(now)}), flapping("one look"));
    EXPECT_THAT(said_of(doctor_view{page_of(now), page_of(before), 1h}), Not(flapping("")));
    EXPECT_THAT(said_of(doctor_view{page_of(std::string{opened} + "1\n")}), Not(flapping("")));
    EXPECT_THAT(said_of(doctor_view{page_of(std::string{opened} + "16\n"), page_of(before), 10s}), Not(flapping("")))
        << "it was seen";
}

TEST(doctor, says_how_to_look_for_longer_where_it_was_looked) {
    doctor_view at{page_of(std::string{opened} + "11\n"), page_of(std::string{opened} + "10\n"), 20s};
    EXPECT_THAT(not_judged(at), Contains(HasSubstr("--for 30min of a live page, or --prometheus")));
    at.came_from(looked_at::prometheus);
    EXPECT_THAT(not_judged(at), Contains(AllOf(HasSubstr("--over 1h"), Not(HasSubstr("--prometheus")))));
    at.came_from(looked_at::log);
    EXPECT_THAT(not_judged(at), Contains(HasSubstr("a longer log")));
}

TEST(doctor, names_what_it_could_not_judge_and_what_that_takes) {
    EXPECT_THAT(not_judged(doctor_view{page_of(well)}),
                ElementsAre(AllOf(HasSubstr("timeout_too_long (cutwater_timeout_limit_seconds"),
                                  Not(HasSubstr("budget_spent")), Not(HasSubstr("circuit_open")),
                                  Not(HasSubstr("gate_")), Not(HasSubstr("retr")), Not(HasSubstr("series_refused")))));
    EXPECT_THAT(not_judged(doctor_view{page_of("cutwater_calls_total{operation=\"get\",verdict=\"success\"} 70\n")}),
                ElementsAre(AllOf(HasSubstr("budget_spent (cutwater_slo_budget_remaining_ratio, and 50 calls)"),
                                  HasSubstr("circuit_open (cutwater_circuit_state)"),
                                  HasSubstr("gate_always_full (cutwater_concurrency_limit)"),
                                  HasSubstr("series_refused"), Not(HasSubstr("retries_never_help")))));
}

TEST(doctor, says_where_there_were_too_few_calls) {
    const std::string calls = "cutwater_calls_total{operation=\"get\",verdict=\"success\"} ";
    EXPECT_THAT(not_judged(doctor_view{page_of(calls + "49\n")}), Contains(HasSubstr("the busiest had 49")));
    EXPECT_THAT(not_judged(doctor_view{page_of(calls + "50\n")}), Not(Contains(HasSubstr("too few"))));
    EXPECT_THAT(not_judged(doctor_view{page_of(calls + "700\n"), page_of(calls + "700\n"), 10s}),
                Contains(HasSubstr("the busiest had 0")));
}

TEST(doctor, finds_a_circuit_that_was_open_both_times) {
    const std::string_view open = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 1\n";
    const std::string_view closed = "cutwater_circuit_state{layer=\"inventory\",state=\"open\"} 0\n";
    const auto found = found_between(open, open);
    ASSERT_THAT(names(found), ElementsAre("circuit_open"));
    EXPECT_EQ(found[0].evidence, "it is open, and was each time that somebody looked");
    EXPECT_EQ(found_in(open).at(0).evidence, "it is open") << "which is one look";
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
/// So many calls have waited for so long together, and all of them took so long.
std::string waits(int waited, double seconds, double took) {
    const std::string of_room = "{layer=\"room\",operation=\"get\",admitted=\"true\"} ";
    return "cutwater_queue_wait_seconds_count" + of_room + std::to_string(waited) +
           "\ncutwater_queue_wait_seconds_sum" + of_room + std::to_string(seconds) +
           "\ncutwater_call_duration_seconds_sum{operation=\"get\",verdict=\"success\"} " + std::to_string(took) + "\n";
}

TEST(doctor, finds_a_gate_that_is_full_both_times_while_calls_are_refused) {
    EXPECT_THAT(names(found_between(gate(10, 20), gate(10, 50))), ElementsAre("gate_always_full"));
    EXPECT_THAT(names(found_between(gate(5, 20), gate(10, 50))), IsEmpty());
    EXPECT_THAT(names(found_between(gate(10, 20), gate(10, 20))), IsEmpty()) << "busy, and nobody wants more of it";
    EXPECT_THAT(found_in(gate(10, 50)).at(0).evidence,
                HasSubstr("all 10 permits are taken each time that somebody looks; 50 refusals"));
}

TEST(doctor, finds_a_full_gate_that_calls_wait_at_for_half_of_their_time) {
    const std::string before = gate(10, 20, 4) + waits(1000, 900, 1000);
    const auto found = found_between(before, gate(10, 20, 4) + waits(1100, 960, 1100));
    ASSERT_THAT(names(found), ElementsAre("gate_always_full"));
    EXPECT_THAT(found[0].evidence, HasSubstr("0 refusals; 60.0 % of the time of calls is waiting"));
    EXPECT_THAT(names(found_between(before, gate(10, 20, 4) + waits(1100, 933, 1100))), IsEmpty())
        << "full at both instants and a short queue: a gate that is used";
}

TEST(doctor, finds_a_full_gate_where_nobody_who_waits_gets_in) {
    const std::string stuck = gate(10, 20, 4) + waits(1000, 3, 1000);
    EXPECT_THAT(names(found_between(stuck, stuck)), ElementsAre("gate_always_full"));
    EXPECT_THAT(names(found_between(gate(10, 20, 0) + waits(1000, 3, 1000), stuck)), IsEmpty()) << "just begun";
    EXPECT_THAT(names(found_in(gate(10, 0, 4))), IsEmpty()) << "in one look nobody can know";
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

TEST(doctor, a_fallback_that_is_used_now_and_then_hides_nothing) {
    EXPECT_THAT(names(found_in(R"(
cutwater_calls_total{operation="get",verdict="success"} 1000
cutwater_degraded_results_total{layer="fallback",operation="get",source="default"} 99
)")),
                IsEmpty());
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

/// An objective's, of so many calls.
std::string budget_of(int calls, const std::string& left) {
    return "cutwater_slo_budget_remaining_ratio{layer=\"orders\"} " + left +
           "\ncutwater_calls_total{operation=\"place_order\",verdict=\"success\"} " + std::to_string(calls) + "\n";
}

TEST(doctor, finds_series_that_had_no_room_and_budgets_that_are_spent) {
    EXPECT_THAT(names(found_in("cutwater_metric_series_refused_total 7\n")), ElementsAre("series_refused"));
    const std::string_view long_ago = "cutwater_metric_series_refused_total 7\n";
    EXPECT_THAT(names(found_between(long_ago, long_ago)), ElementsAre("series_refused"))
        << "they have no room now either";
    EXPECT_THAT(names(found_in(budget_of(50, "-0.2"))), ElementsAre("budget_spent"));
}

TEST(doctor, a_budget_that_is_spent_by_three_calls_says_nothing) {
    EXPECT_THAT(names(found_in(budget_of(3, "-332"))), IsEmpty());
    EXPECT_THAT(not_judged(doctor_view{page_of(budget_of(3, "-332"))}), Contains(HasSubstr("budget_spent")));
    EXPECT_THAT(names(found_between(budget_of(5000, "-332"), budget_of(5001, "-332"))), ElementsAre("budget_spent"))
        << "enough of them, though hardly any since the last look";
}

TEST(doctor, tells_how_often_a_budget_is_spent) {
    const auto evidence = [](const char* left) { return found_in(budget_of(5000, left)).at(0).evidence; };
    EXPECT_EQ(evidence("0"), "100.0 % of the error budget is spent");
    EXPECT_EQ(evidence("-0.2"), "120.0 % of the error budget is spent");
    EXPECT_EQ(evidence("-569.897"), "the error budget is spent 570 times over");
    EXPECT_EQ(evidence("-1e300"), "the error budget is spent 1e+300 times over");
}

TEST(doctor, numbers_that_nobody_would_read_are_short) {
    const auto found = found_in(R"(
cutwater_retries_total{layer="retry",operation="get"} 1e300
cutwater_calls_total{operation="get",verdict="success"} 100
cutwater_attempts_total{operation="get"} 1e300
cutwater_metric_series_refused_total 1e300
)");
    EXPECT_EQ(found.size(), 3U);
    for (const finding& each : found) EXPECT_LT(each.evidence.size(), 100U) << each.evidence;
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

// ---- fleets ----

/// A page of which each rule says something.
std::string ill() {
    std::string text = gate(10, 50) + budget_of(1000, "-3") + changes(5, 5, 0) + std::string{slow} + R"(
cutwater_timeout_limit_seconds{layer="attempt"} 2
cutwater_circuit_state{layer="inventory",state="open"} 1
cutwater_circuit_transitions_total{layer="stock",to="open"} 7
cutwater_calls_total{operation="get",verdict="success"} 500
cutwater_calls_total{operation="report",verdict="ignored"} 100
cutwater_attempts_total{operation="get"} 1000
cutwater_degraded_results_total{layer="fallback",operation="get",source="default"} 400
cutwater_retries_total{layer="retry",operation="get"} 200
cutwater_retries_ended_total{layer="retry",operation="get",reason="budget_exhausted"} 3000
cutwater_refusals_total{layer="other_room",operation="get",reason="full"} 100
cutwater_metric_series_refused_total 7
)";
    return text + waits(1000, 900, 1000);
}

TEST(doctor, what_is_asked_of_prometheus_is_all_that_rules_read) {
    const metrics_page whole = page_of(ill());
    metrics_page asked = whole;
    const auto read = metrics_of_rules();
    std::erase_if(asked, [&](const page_sample& s) { return std::ranges::find(read, s.name) == read.end(); });
    const auto told = [](const metrics_page& page) {
        const doctor_view at{page, 1h};
        std::vector<std::string> all = not_judged(at);
        for (const finding& each : examine(at)) all.push_back(std::string{each.rule} + ": " + each.evidence);
        return all;
    };
    EXPECT_EQ(examine(doctor_view{whole, 1h}).size(), doctor_rules().size()) << "each rule says something";
    EXPECT_EQ(told(asked), told(whole));
}

TEST(doctor, what_each_rule_advises_has_its_evidence) {
    for (const finding& each : examine(doctor_view{page_of(ill()), 1h})) {
        EXPECT_NE(each.evidence, "") << each.rule;
        EXPECT_NE(each.advice, "") << each.rule;
    }
}

TEST(doctor, looks_at_ten_thousand_gates_in_one_go) {
    std::string page;
    for (int i = 0; i < 10'000; ++i) {
        const std::string of_room = "{layer=\"room\",instance=\"" + std::to_string(i) + "\"} ";
        page += "cutwater_concurrency_limit" + of_room + "10\ncutwater_calls_in_flight" + of_room +
                "10\ncutwater_queue_length" + of_room + "3\n";
    }
    page += "cutwater_refusals_total{layer=\"room\",operation=\"get\",reason=\"full\"} 70\n";
    for (int i = 0; i < 10'000; ++i) {
        const std::string of = "operation=\"get" + std::to_string(i) + "\"";
        page += "cutwater_calls_total{" + of + ",verdict=\"success\"} 100\n";
        page += "cutwater_degraded_results_total{layer=\"fallback\"," + of + ",source=\"default\"} 1\n";
    }
    const auto found = found_in(page);
    ASSERT_THAT(names(found), ElementsAre("gate_always_full"));
    EXPECT_THAT(found[0].evidence, HasSubstr("all 100000 permits"));
}

TEST(doctor, each_rule_has_a_name_of_its_own_and_says_what_it_looks_for) {
    std::set<std::string_view> all;
    for (const doctor_rule& each : doctor_rules()) {
        EXPECT_TRUE(all.insert(each.name).second) << each.name;
        EXPECT_FALSE(each.looks_for.empty()) << each.name;
        EXPECT_FALSE(each.needs.empty()) << each.name;
    }
}

}  // namespace
}  // namespace cutwater::app
