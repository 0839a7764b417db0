// The pipeline fixed at compile time and the one put together at run time, on both drivers: over random scenarios they
// give the same results, the same events and the same waits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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
    std::uint64_t seed = 0;
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
    s.seed = *rc::gen::arbitrary<std::uint64_t>();
    return s;
}

/// Calls `with` with the layers of the scenario, outermost first.
template <class With>
auto with_layers(const scenario& s, testing::event_recorder& heard, With&& with) {
    fallback instead{fallback_options{.should_handle = [on = s.degraded](const observation&) { return on; }},
                     tier("default", -1)};
    return with(
        observe{heard}, std::move(instead), timeout{{.name = "total", .after = s.total}},
        retry{{.max_attempts = s.attempts, .base_delay = 10ms, .max_retry_after = 200ms, .refusals = s.refusals}},
        circuit_breaker{{.window = s.window,
                         .window_calls = 8,
                         .minimum_calls = 3,
                         .consecutive_failures = 2,
                         .open_for = 100ms,
                         .open_max = 1s,
                         .probes = 2,
                         .ramp_for = 30ms}},
        bulkhead{{.max_concurrent = 1, .max_queue = 1}}, timeout{{.name = "attempt", .after = s.each}});
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
    auto guarded = with_layers(s, heard, make);
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

}  // namespace
}  // namespace cutwater
