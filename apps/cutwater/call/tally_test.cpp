#include "apps/cutwater/call/tally.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cutwater/http/http_error.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr instant start{1h};

/// The summary, with one blank where there are many.
std::string text_of(const call_tally& counted, duration elapsed = 1s) {
    std::string text = counted.text(elapsed, start + elapsed, {.columns = 80});
    const auto both_blank = [](char a, char b) { return a == ' ' && b == ' '; };
    text.erase(std::ranges::unique(text, both_blank).begin(), text.end());
    return text;
}

result<http_response> answer(unsigned status, std::string reason) {
    return http_response{.status = status, .reason = std::move(reason)};
}
result<http_response> failure(std::error_code code) { return std::unexpected{error{code}}; }

template <class Body>
void hear(call_tally& counted, duration at, const Body& body) {
    counted.on_event(
        {{.layer = "circuit", .operation = "GET stock", .call_id = {}, .attempt = 1, .at = start + at}, body});
}

attempt_seen attempt(http_phase phase, std::string kind) {
    return {.number = 1, .phase = phase, .kind = std::move(kind)};
}

TEST(call_tally, counts_what_users_saw_apart_by_success_failure_and_refusal) {
    call_tally counted;
    for (int i = 0; i < 6; ++i) counted.on_call(answer(200, "OK"), 10ms);
    for (int i = 0; i < 2; ++i) counted.on_call(answer(503, "Busy"), 20ms);
    counted.on_call(failure(errc::circuit_open), 0ms);
    counted.on_call(failure(errc::circuit_open), 0ms);
    EXPECT_EQ(counted.calls(), 10U);
    EXPECT_EQ(counted.failed(), 4U);
    const std::string text = text_of(counted);
    EXPECT_THAT(text, HasSubstr("succeeded 6 60.0 %"));
    EXPECT_THAT(text, HasSubstr("failed 2 20.0 %"));
    EXPECT_THAT(text, HasSubstr(" 503 Busy 2"));
    EXPECT_THAT(text, HasSubstr("refused by a policy 2 20.0 %"));
    EXPECT_THAT(text, HasSubstr(" the circuit is open 2"));
}

TEST(call_tally, says_the_same_to_machines) {
    call_tally counted;
    for (int i = 0; i < 6; ++i) counted.on_call(answer(200, "OK"), 10ms);
    for (int i = 0; i < 2; ++i) counted.on_call(answer(503, "Busy"), 250ms);
    counted.on_call(failure(errc::circuit_open), 0ms);
    hear(counted, 0s, circuit_opened{.open_for = 1min});
    const auto said = counted.json(2s, start + 1500ms);
    EXPECT_EQ(said["calls"], 9);
    EXPECT_EQ(said["succeeded"], 6);
    EXPECT_EQ(said["failed"], 2);
    EXPECT_EQ(said["failures"]["503 Busy"], 2);
    EXPECT_EQ(said["refused"], 1);
    EXPECT_EQ(said["refusals"]["the circuit is open"], 1);
    EXPECT_EQ(said["latency_seconds"]["max"], 0.25);
    EXPECT_EQ(said["latency_of_successes_seconds"]["max"], 0.01);
    EXPECT_EQ(said["circuit_open_seconds"], 1.5);
    EXPECT_EQ(said["elapsed_seconds"], 2.0);
    EXPECT_TRUE(call_tally{}.json(0s, start)["latency_seconds"].is_null());
}

TEST(call_tally, does_not_count_as_failed_what_was_cut_off_by_hand) {
    call_tally counted;
    counted.on_call(answer(200, "OK"), 1ms);
    counted.on_call(failure(errc::cancelled), 1ms);
    EXPECT_EQ(counted.calls(), 1U);
    EXPECT_EQ(counted.failed(), 0U);
    EXPECT_EQ(counted.interrupted(), 1U);
    EXPECT_THAT(text_of(counted), HasSubstr("and 1 cut off"));
}

TEST(call_tally, tells_attempts_from_requests_that_the_dependency_saw) {
    call_tally counted;
    counted.on_attempt(attempt(http_phase::connecting, "Connection refused"));
    counted.on_attempt(attempt(http_phase::securing, "Connection refused"));
    counted.on_attempt(attempt(http_phase::sending, "Broken pipe"));
    counted.on_attempt(attempt(http_phase::receiving, "200 OK"));
    counted.on_call(answer(200, "OK"), 1ms);
    counted.on_call(answer(200, "OK"), 1ms);
    const std::string text = text_of(counted);
    EXPECT_THAT(text, HasSubstr("attempts 4 2.00 for each call"));
    EXPECT_THAT(text, HasSubstr(" Connection refused 2"));
    EXPECT_THAT(text, HasSubstr("requests seen 2 by the dependency"));
}

TEST(call_tally, a_circuit_is_open_until_its_time_is_over_or_it_changes) {
    call_tally counted;
    EXPECT_EQ(counted.circuit_open(start), 0s);
    hear(counted, 1s, circuit_opened{.open_for = 3s});
    EXPECT_EQ(counted.circuit_open(start + 2s), 1s);
    EXPECT_EQ(counted.circuit_open(start + 100s), 3s);
    hear(counted, 50s, circuit_half_opened{});
    EXPECT_EQ(counted.circuit_open(start + 100s), 3s);
    hear(counted, 50s, circuit_opened{.open_for = 10s});
    hear(counted, 55s, circuit_closed{});
    EXPECT_EQ(counted.circuit_open(start + 100s), 8s);
    EXPECT_THAT(text_of(counted, 100s), HasSubstr("8.00s 8 % of the time, opened 2 times"));
}

TEST(call_tally, says_of_a_circuit_that_never_opened_that_it_did_not) { EXPECT_THAT(text_of({}), HasSubstr("never")); }

TEST(call_tally, percentiles_are_of_the_nearest_rank) {
    call_tally counted;
    for (int i = 100; i >= 1; --i) counted.on_call(answer(200, "OK"), std::chrono::milliseconds{i});
    EXPECT_EQ(counted.percentile(0.5), 50ms);
    EXPECT_EQ(counted.percentile(0.9), 90ms);
    EXPECT_EQ(counted.percentile(0.99), 99ms);
    EXPECT_EQ(counted.percentile(1), 100ms);
    EXPECT_EQ(counted.percentile(0), 1ms);
    EXPECT_EQ(call_tally{}.percentile(0.5), 0ms);
}

TEST(call_tally, what_calls_took_that_succeeded_stands_apart_where_others_were_refused) {
    call_tally counted;
    for (int i = 0; i < 9; ++i) counted.on_call(failure(errc::circuit_open), 0ms);
    EXPECT_THAT(text_of(counted), Not(HasSubstr("that succeeded")));
    counted.on_call(answer(200, "OK"), 30ms);
    EXPECT_EQ(counted.success_percentile(0.5), 30ms);
    EXPECT_THAT(text_of(counted), HasSubstr("0ms 30.0ms of those that succeeded"));
}

TEST(call_tally, counts_calls_that_a_retry_rescued) {
    call_tally counted;
    hear(counted, 0s, retry_rescued{.attempts = 2});
    counted.on_call(answer(200, "OK"), 1ms);
    EXPECT_THAT(text_of(counted), HasSubstr(" after a retry 1"));
}

TEST(call_tally, of_no_calls_at_all_says_so) {
    const std::string text = text_of({}, 0s);
    EXPECT_THAT(text, HasSubstr("calls 0"));
    EXPECT_THAT(text, Not(HasSubstr("nan")));
    EXPECT_THAT(text, Not(HasSubstr("latency")));
}

}  // namespace
}  // namespace cutwater::app
