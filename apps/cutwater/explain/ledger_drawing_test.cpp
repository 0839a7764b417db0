#include "apps/cutwater/explain/ledger_drawing.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr page wide{.columns = 200};
constexpr page narrow{.columns = 60};

ledger_entry entry(duration at, std::string event, std::vector<ledger_field> fields = {}) {
    return {.at = at,
            .level = severity::info,
            .event = std::move(event),
            .layer = "layer",
            .attempt = 1,
            .fields = std::move(fields)};
}
ledger_entry attempt(duration from, duration to, std::string outcome, std::string meaning) {
    return entry(to, "attempt_ended",
                 {{"took", to - from}, {"outcome", std::move(outcome)}, {"meaning", std::move(meaning)}});
}

std::string drawn(const std::vector<ledger_entry>& entries, const page& shown = wide,
                  ledger_style::whose are = ledger_style::whose::one_call) {
    return draw(rows_of(entries, {.label = shared_label(entries), .are = are}), shown);
}

TEST(ledger_drawing, tells_a_call_of_any_pipeline) {
    EXPECT_EQ(drawn({entry(0ms, "call_started"), attempt(0ms, 20ms, "Connection reset by peer", "transient"),
                     entry(20ms, "retry_scheduled", {{"failed_attempts", std::int64_t{1}}, {"delay", duration{100ms}}}),
                     attempt(120ms, 150ms, "", "success"), entry(150ms, "retry_rescued"),
                     entry(150ms, "call_completed", {{"attempts", std::int64_t{2}}})},
                    narrow),
              "    at    took\n"
              "   0ms  20.0ms  attempt 1: Connection reset by peer\n"
              "20.0ms   100ms  wait 100ms before attempt 2\n"
              " 120ms  30.0ms  attempt 1: a value\n"
              " 150ms          a value, after 2 attempts\n");
}

TEST(ledger_drawing, what_nobody_has_said_is_not_drawn_as_nothing) {
    EXPECT_EQ(
        drawn({entry(20ms, "attempt_ended", {{"outcome", std::string{"reset"}}}), entry(20ms, "retry_scheduled"),
               entry(30ms, "circuit_opened", {{"reason", std::string{"failure_rate"}}}), entry(40ms, "timed_out")},
              narrow),
        "    at  took\n"
        "   0ms        attempt 1: reset\n"
        "   0ms        wait ? before the next attempt\n"
        "10.0ms        the circuit opens for ?: ? of ? attempts\n"
        "              failed\n"
        "20.0ms        timed out: the layer limit of ?\n");
}

TEST(ledger_drawing, a_wait_is_as_long_as_it_was_though_what_follows_is_entered_later) {
    EXPECT_EQ(drawn({attempt(0ms, 20ms, "reset", "transient"),
                     entry(20ms, "retry_scheduled", {{"failed_attempts", std::int64_t{1}}, {"delay", duration{100ms}}}),
                     entry(320ms, "hedge_begun", {{"after", duration{200ms}}}), attempt(120ms, 350ms, "", "success")},
                    narrow),
              "    at    took\n"
              "   0ms  20.0ms  attempt 1: reset\n"
              "20.0ms   100ms  wait 100ms before attempt 2\n"
              " 120ms   230ms  attempt 1: a value\n"
              " 320ms          no answer after 200ms: another attempt\n"
              "                beside it\n");
}

TEST(ledger_drawing, a_wait_goes_on_whatever_others_decide_meanwhile) {
    const ledger_entry wait =
        entry(20ms, "retry_scheduled", {{"failed_attempts", std::int64_t{1}}, {"delay", duration{100ms}}});
    ledger_entry other = entry(60ms, "limit_moved");
    other.layer = "limiter";
    const ledger_entry hedge = entry(60ms, "hedge_begun", {{"after", duration{60ms}}});
    for (const ledger_entry& meanwhile : {other, hedge})
        EXPECT_THAT(drawn({attempt(0ms, 20ms, "reset", "transient"), wait, meanwhile,
                           attempt(120ms, 150ms, "", "success"), entry(150ms, "call_completed")},
                          narrow),
                    HasSubstr("20.0ms   100ms  wait 100ms before"))
            << meanwhile.event;
}

TEST(ledger_drawing, a_wait_ends_with_its_call_and_when_the_next_attempt_begins) {
    const ledger_entry wait =
        entry(20ms, "retry_scheduled", {{"failed_attempts", std::int64_t{1}}, {"delay", duration{100ms}}});
    const ledger_entry before = attempt(0ms, 20ms, "reset", "transient");
    const ledger_entry late = attempt(5ms, 60ms, "cancelled", "cancelled");
    const std::string cut_short = "20.0ms  40.0ms  wait 100ms before attempt 2";
    ledger_entry end = entry(60ms, "call_failed", {{"error_message", std::string{"cancelled"}}});
    end.layer = "observe";
    EXPECT_THAT(drawn({before, wait, late, end}, narrow), HasSubstr(cut_short)) << "a straggler ends nothing";
    EXPECT_THAT(drawn({before, wait, end, entry(70ms, "call_answered", {{"result", std::string{"none"}}})}, narrow),
                HasSubstr(cut_short));
    EXPECT_THAT(drawn({before, wait, attempt(60ms, 90ms, "", "success")}, narrow), HasSubstr(cut_short))
        << "woken early";
    EXPECT_THAT(drawn({before, wait, entry(60ms, "retry_gave_up", {{"reason", std::string{"cancelled"}}})}, narrow),
                HasSubstr(cut_short));
}

TEST(ledger_drawing, says_how_a_call_ended) {
    const std::vector<ledger_field> failure{{"attempts", std::int64_t{1}}, {"error_message", std::string{"no route"}}};
    EXPECT_THAT(drawn({entry(1ms, "call_failed", failure)}), HasSubstr("failed, after 1 attempt: no route"));
    EXPECT_THAT(drawn({entry(1ms, "call_refused", failure)}), HasSubstr("refused, after 1 attempt: no route"));
    EXPECT_THAT(
        drawn({entry(1ms, "call_failed", failure), entry(1ms, "call_answered", {{"result", std::string{"503"}}})}),
        Not(HasSubstr("no route")))
        << "where the program has said it, in words of its own";
}

TEST(ledger_drawing, says_whose_limit_ended_an_attempt_that_was_cancelled) {
    ledger_entry limit = entry(500ms, "timed_out", {{"limit", duration{500ms}}});
    limit.layer = "attempt";
    EXPECT_THAT(drawn({attempt(0ms, 500ms, "cancelled", "cancelled"), limit}),
                HasSubstr("attempt 1: timed out: the attempt limit of 500ms"));
    EXPECT_THAT(drawn({attempt(0ms, 500ms, "Connection timed out", "transient"), limit}),
                HasSubstr("timed out: the attempt limit of 500ms"));
}

TEST(ledger_drawing, has_words_for_decisions_that_it_does_not_know) {
    EXPECT_THAT(drawn({entry(1ms, "pacer_refused",
                             {{"retry_after", duration{2s}},
                              {"per_second", 0.5},
                              {"is_full", true},
                              {"why", std::string{"too soon"}},
                              {"empty", std::string{}}})}),
                HasSubstr("pacer refused (retry after 2.00s, per second 0.5, is full true, why too soon)"));
    EXPECT_THAT(drawn({entry(1ms, "pacer_refused")}), HasSubstr("pacer refused\n"));
}

TEST(ledger_drawing, leaves_out_a_scheme_that_all_addresses_share) {
    const auto ejected = [](const char* endpoint) {
        return entry(
            1ms, "endpoint_ejected",
            {{"endpoint", std::string{endpoint}}, {"cause", std::string{"success_rate"}}, {"how_long", duration{30s}}});
    };
    EXPECT_THAT(drawn({ejected("http://a"), ejected("http://b")}),
                HasSubstr("  a is ejected for 30.0s: it fails more often than the others\n"));
    EXPECT_THAT(drawn({ejected("http://a"), ejected("https://b")}), HasSubstr("http://a is ejected"));
    EXPECT_THAT(drawn({ejected("a"), ejected("https://b")}), HasSubstr(" https://b is ejected"));
}

TEST(ledger_drawing, of_all_calls_says_which_layer_and_call_and_lets_no_wait_end_by_another_call) {
    ledger_entry wait = entry(0ms, "retry_scheduled", {{"failed_attempts", std::int64_t{1}}, {"delay", duration{10s}}});
    wait.call_id = "order-7";
    const std::string text = drawn({wait, entry(1s, "circuit_closed")}, wide, ledger_style::whose::all_calls);
    EXPECT_THAT(text, HasSubstr("10.0s"));
    EXPECT_THAT(text, HasSubstr("order-7 layer: wait 10.0s before attempt 2"));
    EXPECT_THAT(text, HasSubstr("layer: the circuit closes"));
}

TEST(ledger_drawing, of_all_calls_gives_no_call_the_timeout_of_another) {
    const auto cut_off = [](std::string id) {
        ledger_entry e = entry(2ms, "attempt_ended",
                               {{"took", duration{1ms}}, {"outcome", std::string{"cancelled"}}, {"cut_off", true}});
        e.call_id = std::move(id);
        e.attempt = 1;
        return e;
    };
    ledger_entry limit = entry(3ms, "timed_out", {{"limit", duration{1s}}});
    limit.call_id = "b";
    limit.attempt = 1;
    const std::string text = drawn({cut_off("a"), limit}, wide, ledger_style::whose::all_calls);
    EXPECT_THAT(text, HasSubstr("a layer: attempt 1: cancelled"));
    EXPECT_THAT(text, HasSubstr("b layer: timed out: the layer limit of 1.00s"));
    limit.call_id = "a";
    EXPECT_THAT(drawn({cut_off("a"), limit}, wide, ledger_style::whose::all_calls),
                HasSubstr("a layer: attempt 1: timed out: the layer limit of 1.00s"));
}

TEST(ledger_drawing, takes_counts_that_are_none_as_what_is_usual) {
    for (const double wrong : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_THAT(drawn({entry(1ms, "retry_scheduled", {{"failed_attempts", wrong}, {"delay", duration{1s}}}),
                           entry(2ms, "call_failed", {{"attempts", wrong}, {"error_message", std::string{"no"}}})}),
                    HasSubstr("failed, after "));
}

TEST(ledger_drawing, of_an_endpoint_without_an_address_says_so_much) {
    ledger_entry tried = entry(1ms, "attempt_ended", {{"target", std::string{"https://a"}}});
    EXPECT_THAT(drawn({tried, entry(2ms, "endpoint_returned")}), HasSubstr(" is back"));
}

TEST(ledger_drawing, shows_nothing_that_a_terminal_would_obey) {
    EXPECT_THAT(drawn({entry(1ms, "x", {{"text", std::string{"\x1b[31m\n"}}})}), HasSubstr("x (text ?[31m?)"));
}

TEST(ledger_drawing, draws_whatever_times_a_file_may_say) {
    const duration most = duration::max();
    const duration least = duration::min();
    const std::string text =
        drawn({entry(most, "x"), entry(least, "y"), attempt(0ms, 1ms, "", "success"),
               entry(1ms, "attempt_ended", {{"took", least}}), entry(most, "retry_scheduled", {{"delay", most}})});
    EXPECT_THAT(text, HasSubstr("x\n"));
    EXPECT_THAT(text, HasSubstr("y\n"));
}

TEST(ledger_drawing, of_nothing_has_only_its_head) { EXPECT_EQ(drawn({}, narrow), "at  took\n"); }

}  // namespace
}  // namespace cutwater::app
