// Deadlines and the clock: nothing is sent too late, nobody sleeps past the end, and the time is read no more than needed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cutwater/pipeline/own_policies_test.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::fails_with;
using testing::has_value;
using ::testing::IsEmpty;
using testing::spoken_by;

// ---- nothing is sent too late ----

TEST(deadlines, of_the_callers_that_has_passed_sends_nothing_and_is_told_to_watchers_alone) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(own::watchman{"watch", book}, own::door{"door", book}, timeout{1s});
        on.dependency.returns(7);
        for (const duration ago : {duration{0}, duration{-1}, duration{-1h}}) {
            const auto late = on.play(guarded, {.operation = "get", .deadline = on.time.in(ago)});
            EXPECT_THAT(late, AllOf(fails_with(errc::deadline_exceeded), spoken_by("")));
            EXPECT_EQ(late.error().message(), "get: the caller's deadline has passed");
        }
        EXPECT_EQ(on.dependency.calls(), 0U);
        EXPECT_EQ(book.size(), 6U);
        EXPECT_THAT(book, ::testing::Each(::testing::StartsWith("watch ")));
    });
}

TEST(deadlines, a_call_that_was_cancelled_before_it_began_sends_nothing) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(own::door{"door", book});
        std::stop_source caller;
        caller.request_stop();
        on.cancels();
        unsigned calls = 0;
        const auto f = [&] { return static_cast<int>(++calls); };
        EXPECT_THAT(on.play(guarded, {.stop = caller.get_token()}, f), fails_with(errc::cancelled));
        EXPECT_EQ(calls, 0U);
        EXPECT_THAT(book, IsEmpty());
    });
}

TEST(deadlines, of_the_callers_is_told_from_a_limit_of_ours) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::patience{"total", 100ms});
        on.dependency.hangs();
        EXPECT_THAT(on.play(guarded, {.deadline = on.time.in(30ms)}),
                    AllOf(fails_with(errc::deadline_exceeded), spoken_by("")));
        EXPECT_THAT(on.play(guarded, {.deadline = on.time.in(300ms)}),
                    AllOf(fails_with(errc::timed_out), spoken_by("total")));
    });
}

TEST(deadlines, a_limit_that_is_over_before_it_begins_sends_nothing) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(own::door{"door", book}, own::patience{"none", 0ms});
        on.dependency.returns(7);
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::timed_out), spoken_by("none")));
        EXPECT_EQ(on.dependency.calls(), 0U);
        EXPECT_EQ(book.back(), "door settled transient");
    });
}

TEST(deadlines, T53_a_loop_of_ones_own_is_not_let_sleep_past_the_deadline) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::patience{"total", 100ms}, own::persistence{9, 40ms});
        on.dependency.fails(std::errc::connection_reset);
        const auto failed = on.play(guarded);
        EXPECT_THAT(failed, fails_with(std::errc::connection_reset));
        EXPECT_EQ(failed.error().words(), "after 3 tries") << "it is asked to explain as if it had given up";
        EXPECT_EQ(on.time.elapsed(), 80ms) << "the next delay would reach 120ms: it is not begun";
        EXPECT_EQ(on.dependency.calls(), 3U);
    });
}

TEST(deadlines, T53_a_sleep_that_lasts_too_long_is_followed_by_nothing) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::patience{"total", 100ms}, own::persistence{9, 40ms});
        on.dependency.fails(std::errc::connection_reset);
        on.time.after(20ms, [&] { on.time.pass(200ms); });  // as on a machine that was suspended
        const auto failed = on.play(guarded);
        EXPECT_THAT(failed, fails_with(std::errc::connection_reset)) << "what happened is the failure before the sleep";
        EXPECT_EQ(on.dependency.calls(), 1U);
    });
}

TEST(deadlines, T52_a_total_limit_bounds_all_attempts_and_sleeps) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(timeout{{.name = "total", .after = 5s}}, retry{{.max_attempts = 1000, .max_delay = 1s}},
                               timeout{{.name = "attempt", .after = 700ms}});
        on.dependency.hangs();
        (void)on.play(guarded);
        EXPECT_LE(on.time.elapsed(), 5s);
    });
}

// ---- the same, for any numbers ----

duration some(duration longest) { return duration{*rc::gen::inRange<duration::rep>(1, longest.count())}; }

/// Checks, as the driver is about to wait, that no wait reaches past the deadline that the caller set.
class no_longer_than final : public blocking_environment {
public:
    no_longer_than(testing::virtual_time& time, instant deadline) : time_{time}, deadline_{deadline} {}
    [[nodiscard]] environment& lent() noexcept override { return time_; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override {
        RC_ASSERT(until <= deadline_);
        return time_.wait(place, until, stop);
    }

private:
    testing::virtual_time& time_;
    instant deadline_;
};

/// Fails every time, after as long as chance has it; counts what began too late.
auto fails_at_leisure(testing::virtual_time& time, unsigned& late) {
    return [&time, &late](attempt& a) -> std::expected<int, std::errc> {
        if (a.remaining() == duration::zero()) ++late;
        time.pass(std::min(some(50ms), a.remaining()));
        return std::unexpected{std::errc::connection_reset};
    };
}

RC_GTEST_PROP(deadlines_property, no_sleep_crosses_a_deadline_and_no_attempt_begins_after_it, ()) {
    testing::virtual_time time{*rc::gen::arbitrary<std::uint64_t>()};
    const instant deadline = time.in(some(500ms));
    own::ledger book;
    own::turnstile gate{"turnstile", book};
    gate.block();
    time.after(some(100ms), [&] { gate.next(); });
    any_pipeline<int> guarded{
        own::patience{"total", some(400ms)},
        retry{{.max_attempts = 20,
               .base_delay = some(50ms),
               .max_delay = 60ms,
               .jitter = *rc::gen::element(jitter::none, jitter::full, jitter::equal, jitter::decorrelated)}},
        ref(gate), own::persistence{*rc::gen::inRange(1U, 5U), some(80ms)}, own::patience{"each", some(100ms)}};
    unsigned late = 0;
    no_longer_than waits{time, deadline};
    const auto failed = run_blocking(guarded, {.deadline = deadline}, fails_at_leisure(time, late), waits);
    RC_ASSERT(!failed);
    RC_ASSERT(time.present() <= deadline);
    RC_ASSERT(late == 0U);
}

RC_GTEST_PROP(deadlines_property, delays_stay_within_their_bounds, ()) {
    testing::virtual_time time{*rc::gen::arbitrary<std::uint64_t>()};
    const duration shortest = some(20ms);
    const duration base = some(100ms);
    const duration longest = base + shortest + some(1s);
    pipeline guarded{retry{
        {.max_attempts = 12,
         .base_delay = base,
         .max_delay = longest,
         .min_delay = shortest,
         .growth = *rc::gen::element(backoff::constant, backoff::linear, backoff::exponential, backoff::fibonacci),
         .jitter = *rc::gen::element(jitter::none, jitter::full, jitter::equal, jitter::decorrelated)}}};
    (void)time.run(guarded, []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::timed_out}; });
    RC_ASSERT(time.sleeps().size() == 11U);
    RC_ASSERT(std::ranges::all_of(time.sleeps(), [&](duration d) { return d >= shortest && d <= longest; }));
}

// ---- the clock ----

/// Readings of the clock in one call that takes so many attempts.
template <class Pipeline>
unsigned readings(Pipeline& guarded, unsigned failures = 0, std::errc how = std::errc::connection_reset) {
    testing::virtual_time time;
    unsigned calls = 0;
    const auto f = [&]() -> std::expected<int, std::errc> {
        if (++calls <= failures) return std::unexpected{how};
        return 7;
    };
    (void)time.run(guarded, f);
    return time.reads();
}

/// A gate and a watchman that look at the clock each time that they are asked.
struct punctual_gate {
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "punctual"; }
    admission<ticket> admit(call_context&, instant) { return ticket{}; }
    void settle(ticket&, const observation&, call_context&, instant) {}
    void abandon(ticket&) noexcept {}
};

TEST(clock_readings, are_two_for_an_attempt_however_many_layers_ask) {
    pipeline guarded{timeout{10s}, punctual_gate{}, punctual_gate{}, own::persistence{5, 1ms},
                     timeout{5s},  punctual_gate{}, punctual_gate{}, timeout{1s}};
    EXPECT_EQ(readings(guarded), 2U);
    EXPECT_EQ(readings(guarded, 1), 4U);
    EXPECT_EQ(readings(guarded, 4), 10U);
}

TEST(clock_readings, are_two_for_an_attempt_that_failed_for_want_of_time_as_well) {
    pipeline guarded{timeout{10s}, own::persistence{5, 1ms}, punctual_gate{}, timeout{1s}};
    EXPECT_EQ(readings(guarded, 1, std::errc::timed_out), 4U);
    EXPECT_EQ(readings(guarded, 4, std::errc::operation_canceled), 10U);
}

TEST(clock_readings, are_none_where_no_layer_needs_the_time) {
    pipeline guarded{retry{}, bulkhead{}, fallback{tier("zero", 0)}, classify{transient(code(std::errc::io_error))}};
    EXPECT_EQ(readings(guarded), 0U);
    pipeline nothing_but_rules{classify{}};
    EXPECT_EQ(readings(nothing_but_rules), 0U);
}

TEST(clock_readings, are_one_to_refuse_a_call_that_comes_too_late) {
    testing::virtual_time time;
    pipeline guarded{retry{}, bulkhead{}};
    (void)time.run(guarded, {.deadline = time.present()}, [] {});
    EXPECT_EQ(time.reads(), 1U);
}

TEST(clock_readings, are_as_few_at_run_time) {
    any_pipeline<int> guarded{timeout{10s}, punctual_gate{}, own::persistence{5, 1ms}, punctual_gate{}, timeout{1s}};
    EXPECT_EQ(readings(guarded), 2U);
    EXPECT_EQ(readings(guarded, 4), 10U);
    any_pipeline<int> timeless{retry{}, bulkhead{}};
    EXPECT_EQ(readings(timeless), 0U);
}

TEST(deadlines, that_passed_in_somebody_elses_call_are_not_ours) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::patience{"total", 100ms});
        on.dependency.fails(errc::deadline_exceeded);  // another pipeline's, with time left on ours
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::deadline_exceeded), spoken_by("")));
        EXPECT_EQ(on.time.elapsed(), 0ms);
    });
}

}  // namespace
}  // namespace cutwater
