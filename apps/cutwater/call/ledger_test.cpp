#include "apps/cutwater/call/ledger.hpp"

#include <gmock/gmock.h>

#include "cutwater/policy/endpoints/events.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr instant start{1h};
constexpr page wide{.columns = 200};
constexpr page narrow{.columns = 60};

template <class Body>
void hear(ledger& kept, duration at, const Body& body, name layer = "retry", unsigned attempt = 1) {
    kept.on_event(
        {{.layer = layer, .operation = "GET stock", .call_id = {}, .attempt = attempt, .at = start + at}, body});
}

retry_scheduled wait_of(duration delay) {
    retry_scheduled e;
    e.failed_attempts = 1;
    e.delay = delay;
    return e;
}
retry_gave_up gave_up(give_up_reason reason) {
    retry_gave_up e;
    e.reason = reason;
    return e;
}
retry_not_tried not_tried(give_up_reason reason) {
    retry_not_tried e;
    e.reason = reason;
    return e;
}

attempt_seen attempt(unsigned number, duration from, duration to, std::string result) {
    return {.number = number,
            .began = start + from,
            .ended = start + to,
            .phase = http_phase::waiting,
            .status = 503,
            .result = std::move(result)};
}
attempt_seen cut_off(unsigned number, duration from, duration to) {
    attempt_seen seen = attempt(number, from, to, "cut off");
    seen.status = 0;
    seen.cut_off = true;
    return seen;
}

TEST(ledger, tells_each_attempt_wait_and_end_with_its_times) {
    ledger kept;
    kept.on_attempt(attempt(1, 0ms, 20ms, "503 busy"));
    hear(kept, 20ms, wait_of(100ms));
    kept.on_attempt(attempt(2, 120ms, 150ms, "200 OK"));
    kept.close(start + 150ms, "200 OK", paint::good);
    EXPECT_EQ(kept.text(narrow),
              "    at    took\n"
              "   0ms  20.0ms  attempt 1: 503 busy\n"
              "20.0ms   100ms  wait 100ms before attempt 2\n"
              " 120ms  30.0ms  attempt 2: 200 OK\n"
              " 150ms          200 OK\n");
}

TEST(ledger, draws_the_times_to_scale_where_there_is_room) {
    ledger kept;
    kept.on_attempt(attempt(1, 0ms, 50ms, "503"));
    hear(kept, 50ms, wait_of(25ms));
    kept.on_attempt(attempt(2, 75ms, 100ms, "200 OK"));
    kept.close(start + 100ms, "200 OK", paint::good);
    const std::string text = kept.text({.columns = 80});
    EXPECT_THAT(text, HasSubstr("  ██████████            attempt 1"));
    EXPECT_THAT(text, HasSubstr("            ·····       wait"));
    EXPECT_THAT(text, HasSubstr("                 █████  attempt 2"));
}

TEST(ledger, says_how_long_a_wait_was_in_the_end_not_how_long_it_should_have_been) {
    ledger kept;
    kept.on_attempt(attempt(1, 0ms, 0ms, "503"));
    hear(kept, 0ms, wait_of(10s));
    kept.close(start + 2s, "stopped", paint::bad);
    EXPECT_THAT(kept.text(narrow), HasSubstr("2.00s  wait 10.0s before attempt 2"));
}

TEST(ledger, says_whose_limit_cut_an_attempt_off) {
    ledger kept;
    kept.on_attempt(cut_off(1, 0ms, 300ms));
    hear(kept, 300ms, timed_out{.limit = 300ms}, "attempt");
    hear(kept, 300ms, gave_up(give_up_reason::attempts_exhausted));
    kept.close(start + 300ms, "over", paint::bad);
    EXPECT_THAT(kept.text(wide),
                HasSubstr("attempt 1: timed out while waiting for the answer: the attempt limit of 300ms"));
}

TEST(ledger, says_so_where_the_limit_is_heard_of_after_other_things) {
    ledger kept;
    kept.on_attempt(cut_off(2, 0ms, 1s));
    hear(kept, 1s, not_tried(give_up_reason::time_exhausted));
    hear(kept, 1s, timed_out{.limit = 1s}, "total", 2);
    kept.close(start + 1s, "over", paint::bad);
    EXPECT_THAT(kept.text(wide),
                HasSubstr("attempt 2: timed out while waiting for the answer: the total limit of 1.00s"));
    EXPECT_THAT(kept.text(wide), Not(HasSubstr("cut off")));
}

TEST(ledger, has_a_line_for_a_limit_that_cut_off_no_attempt) {
    ledger kept;
    kept.on_attempt(attempt(1, 0ms, 10ms, "503"));
    hear(kept, 1s, timed_out{.limit = 1s}, "total");
    kept.close(start + 1s, "over", paint::bad);
    EXPECT_THAT(kept.text(wide), HasSubstr("timed out: the total limit of 1.00s"));
    EXPECT_THAT(kept.text(wide), HasSubstr("attempt 1: 503"));
}

TEST(ledger, of_a_call_that_was_stopped_says_what_was_going_on) {
    ledger kept;
    kept.on_attempt(cut_off(1, 0ms, 10ms));
    kept.close(start + 10ms, "stopped", paint::bad);
    EXPECT_THAT(kept.text(wide), HasSubstr("attempt 1: cut off while waiting for the answer"));
}

TEST(ledger, tells_refusals_and_their_reasons) {
    ledger kept;
    hear(kept, 0ms,
         circuit_opened{.reason = circuit_reason::failure_rate, .failure_rate = 0.5, .calls = 10, .open_for = 2s},
         "circuit");
    hear(kept, 1ms, circuit_refused{.state = circuit_state::open, .retry_after = 1999ms}, "circuit");
    hear(kept, 2ms, bulkhead_refused{.max_concurrent = 4, .queued = 0}, "bulkhead");
    kept.close(start + 2ms, "refused", paint::bad);
    const std::string text = kept.text(wide);
    EXPECT_THAT(text, HasSubstr("the circuit opens for 2.00s: 50 % of 10 attempts failed"));
    EXPECT_THAT(text, HasSubstr("refused: the circuit is open; ask again after 2.00s"));
    EXPECT_THAT(text, HasSubstr("refused: 4 attempts are at work, 0 wait"));
}

TEST(ledger, gives_the_reason_why_there_is_no_further_attempt) {
    for (const auto reason :
         {give_up_reason::not_transient, give_up_reason::not_idempotent, give_up_reason::attempts_exhausted,
          give_up_reason::time_exhausted, give_up_reason::retry_after_too_long, give_up_reason::refused}) {
        ledger kept;
        hear(kept, 0ms, not_tried(reason));
        kept.close(start, "over", paint::bad);
        EXPECT_THAT(kept.text(wide), HasSubstr("no second attempt: "));
        EXPECT_THAT(kept.text(wide), Not(HasSubstr("_"))) << "a name for programs: " << to_text(reason);
    }
}

TEST(ledger, of_a_call_that_came_to_nothing_has_its_end) {
    ledger kept;
    kept.close(start, "stopped", paint::bad);
    EXPECT_THAT(kept.text(wide), HasSubstr("stopped"));
}

TEST(ledger, fits_its_terminal) {
    ledger kept;
    kept.on_attempt(attempt(1, 0ms, 20ms, std::string(40, 'x') + " " + std::string(40, 'y')));
    kept.close(start + 20ms, std::string(300, 'z'), paint::bad);
    for (const unsigned columns : {40U, 60U, 80U, 120U})
        for (const std::string& line : wrapped(kept.text({.columns = columns}), 100'000)) {
            std::size_t from = 0;
            for (auto end = line.find('\n'); end != std::string::npos; end = line.find('\n', from)) {
                EXPECT_LE(width_of(std::string_view{line}.substr(from, end - from)), columns);
                from = end + 1;
            }
        }
}

TEST(ledger, says_where_attempts_went_and_who_was_ejected) {
    const auto at = endpoints_of({"http://a", "http://b"}, "/").value();
    ledger kept{at};
    attempt_seen first = attempt(1, 0ms, 20ms, "cannot connect to a: Connection refused");
    first.at = &at[0];
    first.status = 0;
    first.phase = http_phase::connecting;
    first.kind = "Connection refused";
    attempt_seen second = attempt(2, 20ms, 30ms, "503 busy");
    second.at = &at[1];
    kept.on_attempt(first);
    hear(kept, 20ms,
         endpoint_ejected{.endpoint = "http://a", .cause = ejection_cause::consecutive_failures, .how_long = 30s});
    kept.on_attempt(second);
    hear(kept, 30ms, endpoints_panic_began{.ejected = 2, .of = 2}, "endpoints");
    kept.close(start + 30ms, "503 busy", paint::bad);
    EXPECT_THAT(kept.attempts(),
                ::testing::ElementsAre("attempt 1 at a: Connection refused", "attempt 2 at b: 503 busy"));
    const std::string text = kept.text(wide);
    EXPECT_THAT(text, HasSubstr("attempt 1 at a: Connection refused\n"));
    EXPECT_THAT(text, HasSubstr("a is ejected for 30.0s: too many failures in a row\n"));
    EXPECT_THAT(text, HasSubstr("all 2 are ejected, so all are asked\n"));
}

TEST(ledger, has_attempts_side_by_side_in_the_order_of_their_beginning) {
    ledger kept;
    hear(kept, 0ms, call_started{}, "observe");
    hear(kept, 50ms, hedge_begun{.under_way = 2, .cause = hedge_cause::delay, .after = 50ms}, "hedge");
    kept.on_attempt(attempt(2, 50ms, 70ms, "200 OK"));
    kept.on_attempt(cut_off(1, 0ms, 71ms));
    hear(kept, 71ms, wait_of(9ms));
    kept.close(start + 71ms, "200 OK", paint::good);
    const std::string text = kept.text(wide);
    EXPECT_LT(text.find("attempt 1: cut off"), text.find("no answer after 50.0ms: another attempt beside it"));
    EXPECT_LT(text.find("another attempt beside it"), text.find("attempt 2: 200 OK"));
    EXPECT_THAT(text, HasSubstr("wait 9.00ms before the next attempt")) << "a retry does not know which that is";
}

}  // namespace
}  // namespace cutwater::app
