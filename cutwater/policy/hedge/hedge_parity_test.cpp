// A hedge in a pipeline fixed at compile time and in one put together at run time, with coroutines and with blocking calls on threads: over
// the same scenarios, chosen or random, they give the same results, the same events and the same samples.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/virtual_threads.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// What a series of hedged calls looked like from outside.
struct race_story {
    std::vector<std::string> results;
    std::vector<testing::recorded_event> events;
    latency_reading learnt;
    unsigned calls = 0;
    duration elapsed{};

    friend bool operator==(const race_story&, const race_story&) = default;
};

std::ostream& operator<<(std::ostream& out, const race_story& s) {
    out << s.calls << " attempts in " << to_text(s.elapsed) << ", " << s.learnt.samples << " samples, "
        << s.learnt.censored << " censored\n";
    for (const auto& r : s.results) out << "  " << r << "\n";
    for (const auto& e : s.events)
        out << "    " << to_text(between(testing::virtual_time::start, e.at)) << " " << e.line() << "\n";
    return out;
}

struct race_scenario {
    std::vector<testing::mock_step<int>> steps = {};
    unsigned calls = 1;
    duration pace = 300ms;
    duration deadline{};
    duration patience{};  // the caller cancels so long after the beginning of each call; never where it is zero
    unsigned attempts = 2;
    unsigned tries = 1;  // of the retry outside
    unsigned burst = 97;
    duration refilled = 1s;  // of the rate limiter inside: 97 permits
    duration total = 5s;
    duration each = 2s;
    double paid = 10;  // further attempts for each call
    std::vector<fault_rule> faults = {};
    std::uint64_t seed = 0;
};

/// Durations of whole milliseconds, and for each step a power of two of microseconds: nothing ends in the same instant as anything else, where
/// either order is right.
duration exactly_once(duration d, std::size_t step) { return d + std::chrono::microseconds{std::int64_t{1} << step}; }

testing::mock_step<int> random_answer(std::size_t number) {
    const duration takes = exactly_once(
        duration{*rc::gen::element<std::int64_t>(0, 7'000'000, 23'000'000, 83'000'000, 411'000'000)}, number);
    switch (*rc::gen::inRange(0, 7)) {
        case 0: return {.takes = takes, .code = make_error_code(std::errc::connection_reset)};
        case 1: return {.takes = takes, .fault = std::make_exception_ptr(std::runtime_error{"permanent"})};
        case 2: return {.takes = takes, .fault = std::make_exception_ptr(std::logic_error{"bug"})};
        case 3: return {.takes = forever, .code = make_error_code(std::errc::timed_out)};
        default: return {.takes = takes, .value = *rc::gen::inRange(0, 100)};
    }
}

race_scenario random_race() {
    race_scenario s;
    const std::size_t steps = *rc::gen::inRange(std::size_t{1}, std::size_t{9});
    for (std::size_t i = 0; i < steps; ++i) s.steps.push_back(random_answer(i));
    s.calls = *rc::gen::inRange(1U, 6U);
    s.pace = duration{*rc::gen::element<std::int64_t>(1'000, 50'000'000, 700'000'000)};
    s.deadline = duration{*rc::gen::element<std::int64_t>(0, 0, 60'000'300, 300'000'300)};
    s.patience = duration{*rc::gen::element<std::int64_t>(0, 0, 7'000'700, 110'000'700)};
    s.attempts = *rc::gen::inRange(1U, 4U);  // of four, one may time out in the instant in which another is due
    s.tries = *rc::gen::inRange(1U, 4U);
    s.burst = *rc::gen::element(1U, 3U, 97U);
    s.total = duration{*rc::gen::element<std::int64_t>(50'000'100, 250'000'100, 5'000'000'100)};
    s.each = duration{*rc::gen::element<std::int64_t>(30'000'500, 100'000'500, 2'000'000'500)};
    s.paid = *rc::gen::element(0.0, 0.5, 10.0);
    const injection what[] = {injection::latency(fault_latency::constant(13ms)), injection::hang(),
                              injection::failure(std::errc::connection_reset)};
    const int faults = *rc::gen::element(0, 0, 1, 2);
    for (int i = 0; i < faults; ++i)
        s.faults.push_back({.name = "fault " + std::to_string(i),
                            .what = what[*rc::gen::inRange(0, 3)],
                            .when = fault_when::share(*rc::gen::element(0.1, 0.5))});
    if (faults > 0)
        s.total = 60s, s.deadline = {};  // what ends there at once is the last failure in either order, in other words
    s.seed = *rc::gen::arbitrary<std::uint64_t>();
    return s;
}

enum class hedged_by : std::uint8_t { coroutines, threads };

/// The world of one scenario: a driver, and the layers, outermost first.
class race_stage {
public:
    race_stage(const race_scenario& s, hedged_by d) : s_{s}, by_{d} {
        for (const auto& step : s.steps) mock_.then(step);
    }

    template <class MakePipeline>
    race_story told_by(MakePipeline&& make) {
        auto guarded = layers(make);
        race_story told;
        for (unsigned i = 0; i < s_.calls; ++i) {
            const result<int> r = call(guarded);
            told.results.push_back(r ? std::to_string(*r) : r.error().message());
            loop_.run_until([] { return true; });  // who has lost notices
            time_.pass(s_.pace);
        }
        for (const auto& e : heard_.all())
            if (!e.line().starts_with("virtual_threads "))
                told.events.push_back(e);  // coroutines have no threads to tell of
        told.learnt = takes_->read(0.9, time_.present());
        told.calls = mock_.calls();
        told.elapsed = time_.elapsed();
        return told;
    }

private:
    template <class MakePipeline>
    auto layers(MakePipeline&& make) {
        return make(observe{heard_}, timeout{{.name = "total", .after = s_.total}},
                    retry{{.max_attempts = s_.tries, .base_delay = 10ms, .budget = &budget_}},
                    hedge{{.max_attempts = s_.attempts, .delay = 31ms, .budget = &budget_}},
                    circuit_breaker{{.window = breaker_window::consecutive,
                                     .consecutive_failures = 3,
                                     .open_for = 100ms,
                                     .open_max = 1s,
                                     .probes = 2}},
                    rate_limiter{{.permits = 97, .per = s_.refilled, .burst = s_.burst}},
                    adaptive_timeout{{.name = "attempt", .initial = s_.each, .ceiling = 5s, .estimate = takes_}},
                    fault{{.rules = s_.faults, .seed = s_.seed, .max_hang = 333ms, .armed = arming::on}}, ref(threads_),
                    classify{permanent(value([](int v) { return v > 90; }))});
    }

    template <class Pipeline>
    result<int> call(Pipeline& guarded) {
        call_options said{.operation = "get",
                          .deadline = s_.deadline == duration{} ? never : time_.in(s_.deadline),
                          .idempotent = idempotency::idempotent};
        std::stop_source caller;
        if (s_.patience > duration{}) {
            said.stop = caller.get_token();
            time_.after(s_.patience, [caller]() mutable { caller.request_stop(); });
        }
        if (by_ == hedged_by::threads) return time_.run(guarded, said, threads_.blocking(mock_));
        return loop_.run(guarded, said, loop_.coroutine(mock_));
    }

    const race_scenario& s_;
    hedged_by by_;
    testing::virtual_time time_{s_.seed};
    testing::event_recorder heard_;
    testing::mock_dependency<int> mock_{time_};
    testing::virtual_threads threads_{time_};
    testing::virtual_asio loop_{time_};
    std::shared_ptr<latency_estimate> takes_ =
        std::make_shared<latency_estimate>(latency_estimate_options{.min_samples = 3});
    retry_budget budget_{{.name = "extra", .ratio = s_.paid, .min_per_second = 0}};
};

constexpr auto fixed_race = [](auto... layers) { return pipeline{std::move(layers)...}; };
constexpr auto chosen_race = [](auto... layers) { return any_pipeline<int>{std::move(layers)...}; };
constexpr auto added_race = [](auto... layers) {
    any_pipeline<int> guarded;
    (guarded.add(std::move(layers)), ...);
    return guarded;
};

template <class MakePipeline>
race_story story_of(const race_scenario& s, hedged_by d, MakePipeline&& make) {
    return race_stage{s, d}.told_by(make);
}

RC_GTEST_PROP(hedge_parity, the_run_time_pipeline_races_as_the_compile_time_one, ()) {
    const race_scenario s = random_race();
    RC_ASSERT(story_of(s, hedged_by::threads, chosen_race) == story_of(s, hedged_by::threads, fixed_race));
}

RC_GTEST_PROP(hedge_parity, coroutines_race_as_threads_do, ()) {
    const race_scenario s = random_race();
    RC_ASSERT(story_of(s, hedged_by::coroutines, fixed_race) == story_of(s, hedged_by::threads, fixed_race));
}

RC_GTEST_PROP(hedge_parity, all_of_them_agree, ()) {
    const race_scenario s = random_race();
    RC_ASSERT(story_of(s, hedged_by::coroutines, added_race) == story_of(s, hedged_by::threads, fixed_race));
}

// ---- scenarios that are sure to happen ----

testing::mock_step<int> gives(int value, duration takes) { return {.takes = takes, .value = value}; }
testing::mock_step<int> resets(duration takes) {
    return {.takes = takes, .code = make_error_code(std::errc::connection_reset)};
}

/// What all six say, or a failure that shows who differs.
race_story told_by_all(const race_scenario& s) {
    const race_story told = story_of(s, hedged_by::threads, fixed_race);
    EXPECT_EQ(story_of(s, hedged_by::threads, chosen_race), told);
    EXPECT_EQ(story_of(s, hedged_by::threads, added_race), told);
    EXPECT_EQ(story_of(s, hedged_by::coroutines, fixed_race), told);
    EXPECT_EQ(story_of(s, hedged_by::coroutines, chosen_race), told);
    EXPECT_EQ(story_of(s, hedged_by::coroutines, added_race), told);
    return told;
}

struct race_case {
    std::string name;
    race_scenario s;
    std::string result;
    unsigned attempts = 1;
    std::uint64_t samples = 1;
    std::uint64_t censored = 0;
};

const race_case race_cases[] = {
    {.name = "a_quick_answer_alone", .s = {.steps = {gives(7, 30ms)}}, .result = "7"},
    {.name = "the_second_wins",
     .s = {.steps = {gives(1, 1s), gives(2, 20ms)}},
     .result = "2",
     .attempts = 2,
     .samples = 2,
     .censored = 1},
    {.name = "the_first_wins_after_all",
     .s = {.steps = {gives(1, 40ms), gives(2, 1s)}},
     .result = "1",
     .attempts = 2,
     .samples = 2,
     .censored = 1},
    {.name = "a_failure_hastens_the_next",
     .s = {.steps = {resets(5ms), gives(2, 6ms)}},
     .result = "2",
     .attempts = 2,
     .samples = 2,
     .censored = 1},
    {.name = "all_fail",
     .s = {.steps = {resets(5ms)}, .attempts = 2},
     .result = "get: Connection reset by peer",
     .attempts = 2,
     .samples = 2,
     .censored = 2},
    {.name = "what_is_permanent_is_the_outcome",
     .s = {.steps = {gives(1, 1s), gives(99, 5ms)}},
     .result = "99",
     .attempts = 2,
     .samples = 2,
     .censored = 1},
    {.name = "a_timeout_of_each_attempt",
     .s = {.steps = {gives(1, 1s)}, .each = 100ms},
     .result = "attempt: get: the time limit was reached (limit 100ms)",
     .attempts = 2,
     .samples = 2,
     .censored = 2},
    {.name = "the_timeout_of_all",
     .s = {.steps = {gives(1, 1s)}, .total = 50ms},
     .result = "total: get: the time limit was reached (limit 50ms)",
     .attempts = 2,
     .samples = 2,
     .censored = 2},
    {.name = "the_caller_cancels",
     .s = {.steps = {gives(1, 1s)}, .patience = 100ms, .attempts = 3},
     .result = "get: the caller cancelled the call",
     .attempts = 3,
     .samples = 0},
    {.name = "an_extra_that_is_refused_is_left_out",
     .s = {.steps = {gives(1, 40ms)}, .attempts = 3, .burst = 1, .refilled = 100s},
     .result = "1"},
    {.name = "an_extra_that_nothing_pays_for_is_left_out",
     .s = {.steps = {gives(1, 200ms)}, .attempts = 3, .paid = 0},
     .result = "1"},
    {.name = "a_retry_outside_hedges_again",
     .s = {.steps = {resets(5ms), resets(6ms), gives(3, 7ms)}, .tries = 2},
     .result = "3",
     .attempts = 3,
     .samples = 3,
     .censored = 2},
    {.name = "a_fault_holds_the_first",
     .s = {.steps = {gives(7, 20ms)},
           .faults = {{.name = "late",
                       .what = injection::latency(fault_latency::constant(200ms)),
                       .when = fault_when::first(1)}}},
     .result = "7",
     .samples = 1},
};

void PrintTo(const race_case& c, std::ostream* out) { *out << c.name; }

class hedge_parity_cases : public ::testing::TestWithParam<race_case> {};

TEST_P(hedge_parity_cases, are_the_same_for_all) {
    const race_case& c = GetParam();
    const race_story told = told_by_all(c.s);
    ASSERT_EQ(told.results.size(), 1U);
    EXPECT_THAT(told.results.front(), ::testing::HasSubstr(c.result));
    EXPECT_EQ(told.calls, c.attempts) << told;
    EXPECT_EQ(told.learnt.samples, c.samples) << told;
    EXPECT_EQ(told.learnt.censored, c.censored) << told;
}
INSTANTIATE_TEST_SUITE_P(table, hedge_parity_cases, ::testing::ValuesIn(race_cases),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace cutwater
