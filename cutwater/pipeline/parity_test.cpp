// The pipeline fixed at compile time and the one put together at run time, on both drivers: over random scenarios they
// give the same results, the same events and the same waits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>
#include <utility>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// What a call, or a series of calls, looked like from outside.
struct story {
    std::vector<std::string> results;
    std::vector<testing::recorded_event> events;
    unsigned calls = 0;
    duration elapsed{};

    friend bool operator==(const story&, const story&) = default;
};

std::ostream& operator<<(std::ostream& out, const story& s) {
    out << s.calls << " calls in " << to_text(s.elapsed) << "\n";
    for (const auto& r : s.results) out << "  " << r << "\n";
    for (const auto& e : s.events)
        out << "    " << to_text(between(testing::virtual_time::start, e.at)) << " " << e.line() << "\n";
    return out;
}

struct scenario {
    std::vector<testing::mock_step<int>> steps;
    unsigned calls = 1;
    duration pace{};
    duration deadline{};
    duration patience{};  // the caller cancels so long after the beginning of each call; never where it is zero
    unsigned attempts = 1;
    on_refusal refusals{};
    breaker_window window{};
    duration total{};
    duration each{};
    bool degraded = false;
    bool bugs_pass = false;                             // by the rules, what is permanent otherwise is transient
    std::vector<std::pair<duration, duration>> others;  // when each comes to the bulkhead, and for how long
    unsigned burst = 10;                                // permits that the rate limiter has at once
    double rejected = 0.0;                              // of what comes to the throttle, at most
    std::vector<fault_rule> faults;                     // that each attempt is asked about
    std::uint64_t seed = 0;
};

/// Who takes the bulkhead's only permit, if it is there, and gives it back after a while.
class other_callers {
public:
    other_callers(bulkhead& gate, testing::virtual_time& time) : gate_{gate}, time_{time} {}
    void come(duration when, duration stays) {
        time_.after(when, [this, stays] { enter(stays); });
    }

private:
    void enter(duration stays) {
        blocking_parking nowhere;
        call_context call{nothing_said, time_, nowhere};
        auto answer = gate_.admit(call, call.now);
        const auto* const given = std::get_if<bulkhead::ticket>(&answer);
        if (given == nullptr) return;
        held_.emplace_back(gate_, *given);
        time_.after(stays, [one = std::prev(held_.end())] { one->abandon(); });
    }

    bulkhead& gate_;
    testing::virtual_time& time_;
    std::list<permit<bulkhead>> held_;
};

testing::mock_step<int> random_step() {
    const duration takes{*rc::gen::element<std::int64_t>(0, 0, 1'000'000, 20'000'000, 80'000'000, 500'000'000)};
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
        case 1: return {.takes = takes, .value = *rc::gen::inRange(0, 100)};
        case 2: return {.takes = takes, .code = make_error_code(std::errc::connection_reset)};
        case 3: return {.takes = takes, .fault = std::make_exception_ptr(std::runtime_error{"permanent"})};
        case 4: return {.takes = takes, .fault = std::make_exception_ptr(std::logic_error{"bug"})};
        default: return {.takes = forever, .code = make_error_code(std::errc::timed_out)};
    }
}

/// Waits of 13 and 37 ms: nothing else ends in the same instant.
fault_rule random_fault(int number) {
    const auto what = *rc::gen::element(
        injection::latency(fault_latency::constant(13ms)), injection::hang(), injection::refused(errc::refused, 40ms),
        injection::failure(std::errc::connection_reset).after(fault_latency::constant(37ms)),
        injection::thrown(std::runtime_error{"thrown"}), injection::wrong_result<int>([](int v) { return v + 1000; }));
    return {.name = "fault " + std::to_string(number),
            .what = what,
            .when = fault_when::share(*rc::gen::element(0.1, 0.5, 1.0))};
}

scenario random_scenario() {
    scenario s;
    const int steps = *rc::gen::inRange(1, 12);
    for (int i = 0; i < steps; ++i) s.steps.push_back(random_step());
    s.calls = *rc::gen::inRange(1U, 12U);
    s.pace = duration{*rc::gen::element<std::int64_t>(0, 10'000'000, 400'000'000)};
    s.deadline = duration{*rc::gen::element<std::int64_t>(0, 0, 60'000'000, 300'000'000)};
    s.patience = duration{*rc::gen::element<std::int64_t>(0, 0, 7'000'000, 110'000'000)};
    s.attempts = *rc::gen::inRange(1U, 5U);
    s.refusals = *rc::gen::element(on_refusal::give_up, on_refusal::wait_for_hint);
    s.window = *rc::gen::element(breaker_window::time, breaker_window::count, breaker_window::consecutive);
    s.total = duration{*rc::gen::element<std::int64_t>(50'000'000, 250'000'000, 2'000'000'000)};
    s.each = duration{*rc::gen::element<std::int64_t>(30'000'000, 100'000'000, 5'000'000'000)};
    s.degraded = *rc::gen::arbitrary<bool>();
    s.bugs_pass = *rc::gen::arbitrary<bool>();
    const int others = *rc::gen::inRange(0, 4);
    for (int i = 0; i < others; ++i)
        s.others.emplace_back(duration{*rc::gen::element<std::int64_t>(1, 5'000'000, 90'000'000, 700'000'000)},
                              duration{*rc::gen::element<std::int64_t>(3'000'000, 40'000'000, 500'000'000)});
    s.burst = *rc::gen::element(1U, 3U, 10U);
    s.rejected = *rc::gen::element(0.0, 0.5, 0.9);
    const int faults = *rc::gen::element(0, 0, 1, 3);
    for (int i = 0; i < faults; ++i) s.faults.push_back(random_fault(i));
    s.seed = *rc::gen::arbitrary<std::uint64_t>();
    return s;
}

/// Calls `with` with the layers of the scenario, outermost first.
template <class With>
auto with_layers(const scenario& s, testing::event_recorder& heard, bulkhead& narrow, With&& with) {
    fallback instead{fallback_options{.should_handle = [on = s.degraded](const observation&) { return on; }},
                     tier("default", -1)};
    return with(
        observe{heard}, std::move(instead), timeout{{.name = "total", .after = s.total}},
        retry{{.max_attempts = s.attempts, .base_delay = 10ms, .max_retry_after = 200ms, .refusals = s.refusals}},
        throttle{{.k = 1.2, .window = 300ms, .max_rejection = s.rejected, .min_calls = 3}},
        circuit_breaker{{.window = s.window,
                         .window_calls = 8,
                         .minimum_calls = 3,
                         .consecutive_failures = 2,
                         .open_for = 100ms,
                         .open_max = 1s,
                         .probes = 2,
                         .ramp_for = 30ms}},
        // 97: so that nothing ends in the very instant of a cancellation, where either is right
        rate_limiter{{.permits = 97, .per = 1s, .burst = s.burst, .max_queue = 1, .max_wait = 15ms}}, ref(narrow),
        timeout{{.name = "attempt", .after = s.each}},
        fault{{.rules = s.faults, .seed = s.seed, .max_hang = 333ms, .armed = arming::on}},
        classify{transient(exception<std::runtime_error>([on = s.bugs_pass](const auto&) { return on; })),
                 permanent(value([](int v) { return v > 90; }))});
}

/// Plays the scenario; `call` runs one call and gives its result.
template <class Call>
story play(const scenario& s, testing::virtual_time& time, testing::event_recorder& heard,
           testing::mock_dependency<int>& mock, Call&& call) {
    story told;
    for (unsigned i = 0; i < s.calls; ++i) {
        call_options said{.operation = "get", .deadline = s.deadline == duration{} ? never : time.in(s.deadline)};
        std::stop_source caller;
        if (s.patience > duration{}) {
            said.stop = caller.get_token();
            time.after(s.patience, [caller]() mutable { caller.request_stop(); });
        }
        const result<int> r = call(said);
        told.results.push_back((r ? std::to_string(*r) : r.error().message()) + (r.is_degraded() ? " degraded" : ""));
        time.pass(s.pace);
    }
    told.events = heard.all();
    told.calls = mock.calls();
    told.elapsed = time.elapsed();
    return told;
}

enum class driver { blocking, coroutine };

template <class MakePipeline>
story told_by(const scenario& s, driver d, MakePipeline&& make) {
    testing::virtual_time time{s.seed};
    testing::event_recorder heard;
    testing::mock_dependency<int> mock{time};
    for (const auto& step : s.steps) mock.then(step);
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 1, .max_wait = 60ms}};
    other_callers others{narrow, time};
    for (const auto& [when, stays] : s.others) others.come(when, stays);
    auto guarded = with_layers(s, heard, narrow, make);
    if (d == driver::blocking)
        return play(s, time, heard, mock,
                    [&](const call_options& said) { return time.run(guarded, said, mock.blocking()); });
    testing::virtual_asio loop{time};
    return play(s, time, heard, mock,
                [&](const call_options& said) { return loop.run(guarded, said, loop.coroutine(mock)); });
}

constexpr auto fixed = [](auto... layers) { return pipeline{std::move(layers)...}; };
constexpr auto chosen = [](auto... layers) { return any_pipeline<int>{std::move(layers)...}; };

RC_GTEST_PROP(parity, the_run_time_pipeline_decides_as_the_compile_time_one, ()) {
    const scenario s = random_scenario();
    RC_ASSERT(told_by(s, driver::blocking, chosen) == told_by(s, driver::blocking, fixed));
}

RC_GTEST_PROP(parity, the_coroutine_driver_does_as_the_blocking_one, ()) {
    const scenario s = random_scenario();
    RC_ASSERT(told_by(s, driver::coroutine, fixed) == told_by(s, driver::blocking, fixed));
}

RC_GTEST_PROP(parity, all_four_agree, ()) {
    const scenario s = random_scenario();
    RC_ASSERT(told_by(s, driver::coroutine, chosen) == told_by(s, driver::blocking, fixed));
}

/// The scenarios are no walk in an empty street.
TEST(parity, somebody_else_is_at_the_bulkhead_when_a_call_comes) {
    scenario s;
    s.steps = {{.takes = 20ms, .value = 7}};
    s.calls = 3;
    s.pace = 10ms;
    s.total = 2s;
    s.each = 1s;
    s.others = {{25ms, 40ms}, {90ms, 500ms}};
    const story told = told_by(s, driver::coroutine, fixed);
    EXPECT_EQ(told, told_by(s, driver::blocking, chosen));
    EXPECT_THAT(told.results,
                ::testing::ElementsAre("7", "7", ::testing::HasSubstr("no permit or place became free in time")));
}

TEST(parity, chance_is_the_same_for_all_and_the_throttle_rejects_by_it) {
    scenario s;
    s.steps = {{.takes = 1ms, .code = make_error_code(std::errc::connection_reset)}};
    s.calls = 12;
    s.window = breaker_window::count;
    s.total = 2s;
    s.each = 1s;
    s.rejected = 0.9;
    const story told = told_by(s, driver::coroutine, fixed);
    EXPECT_EQ(told, told_by(s, driver::blocking, chosen));
    EXPECT_THAT(told.results, ::testing::Contains(::testing::HasSubstr("the dependency has been refusing")));
}

}  // namespace
}  // namespace cutwater
