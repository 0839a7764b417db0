// The options of a circuit breaker: what is refused, what is taken, that each has an effect, and that they can be read.

#include "cutwater/policy/circuit_breaker/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using change = std::function<void(circuit_breaker_options&)>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

circuit_breaker_options with(circuit_breaker_options options, const change& turn) {
    turn(options);
    return options;
}

// ---- what is refused ----

std::string refused_with(const circuit_breaker_options& options) {
    return testing::refused_with<circuit_breaker>(options);
}

struct refused_option {
    change turn;
    std::string problem;
};

const std::vector<refused_option> refused_options{
    {[](auto& o) { o.mode = static_cast<breaker_mode>(5); }, "mode is unknown, allowed is from automatic to disabled"},
    {[](auto& o) { o.window = static_cast<breaker_window>(255); },
     "window is unknown, allowed is from time to consecutive"},
    {[](auto& o) { o.window_time = 0s; }, "window_time is 0s, allowed is from 1ms to 24h"},
    {[](auto& o) { o.window_time = -1s; }, "window_time is -1s, allowed is from 1ms to 24h"},
    {[](auto& o) { o.window_time = 25h; }, "window_time is 25h, allowed is from 1ms to 24h"},
    {[](auto& o) { o.window_buckets = 0; }, "window_buckets is 0, allowed is from 1 to 1000"},
    {[](auto& o) { o.window_buckets = 1001; }, "window_buckets is 1001, allowed is from 1 to 1000"},
    {[](auto& o) { o.window_time = 9ms; },
     "window_buckets is 10, allowed is buckets of 1ms or more in window_time, 9ms"},
    {[](auto& o) { o.window_calls = 0; }, "window_calls is 0, allowed is from 1 to 1000000"},
    {[](auto& o) { o.window_calls = 1'000'001; }, "window_calls is 1000001, allowed is from 1 to 1000000"},
    {[](auto& o) { o.minimum_calls = 0; }, "minimum_calls is 0, allowed is at least 1"},
    {[](auto& o) { o.window = breaker_window::count, o.window_calls = 9; },
     "minimum_calls is 10, allowed is at most window_calls, 9"},
    {[](auto& o) { o.failure_rate = 0.0; }, "failure_rate is 0, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.failure_rate = -0.5; }, "failure_rate is -0.5, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.failure_rate = 1.001; }, "failure_rate is 1.001, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.failure_rate = nan; }, "failure_rate is nan, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.failure_rate = inf; }, "failure_rate is inf, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.slow_after = 0s; }, "slow_after is 0s, allowed is more than 0s"},
    {[](auto& o) { o.slow_after = -1ms; }, "slow_after is -1ms, allowed is more than 0s"},
    {[](auto& o) { o.slow_rate = 0.0; }, "slow_rate is 0, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.slow_rate = nan; }, "slow_rate is nan, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.slow_rate = inf; }, "slow_rate is inf, allowed is more than 0 and at most 1"},
    {[](auto& o) { o.consecutive_failures = 0; }, "consecutive_failures is 0, allowed is at least 1"},
    {[](auto& o) { o.open_for = 0s; }, "open_for is 0s, allowed is from 1ms to 24h"},
    {[](auto& o) { o.open_for = -1s; }, "open_for is -1s, allowed is from 1ms to 24h"},
    {[](auto& o) { o.open_for = 6min; }, "open_max is 5min, allowed is at least open_for, 6min"},
    {[](auto& o) { o.open_growth = 0.5; }, "open_growth is 0.5, allowed is from 1 to 10"},
    {[](auto& o) { o.open_growth = -2.0; }, "open_growth is -2, allowed is from 1 to 10"},
    {[](auto& o) { o.open_growth = nan; }, "open_growth is nan, allowed is from 1 to 10"},
    {[](auto& o) { o.open_growth = inf; }, "open_growth is inf, allowed is from 1 to 10"},
    {[](auto& o) { o.open_max = forever; }, "open_max is none, allowed is from 1ms to 24h"},
    {[](auto& o) { o.open_jitter = -0.1; }, "open_jitter is -0.1, allowed is from 0 to 1"},
    {[](auto& o) { o.open_jitter = 1.5; }, "open_jitter is 1.5, allowed is from 0 to 1"},
    {[](auto& o) { o.open_jitter = nan; }, "open_jitter is nan, allowed is from 0 to 1"},
    {[](auto& o) { o.healthy_after = -1s; }, "healthy_after is -1s, allowed is from 0s to 24h"},
    {[](auto& o) { o.healthy_after = forever; }, "healthy_after is none, allowed is from 0s to 24h"},
    {[](auto& o) { o.probes = 65; }, "probes is 65, allowed is from 1 to 64"},
    {[](auto& o) { o.probe_successes = 0; }, "probe_successes is 0, allowed is from 1 to 64"},
    {[](auto& o) { o.probe_successes = 4; }, "probe_successes is 4, allowed is at most probes, 3"},
    {[](auto& o) { o.probe_lease = 0s; }, "probe_lease is 0s, allowed is from 1ms to 24h"},
    {[](auto& o) { o.probe_lease = forever; }, "probe_lease is none, allowed is from 1ms to 24h"},
    {[](auto& o) { o.ramp_for = -1s; }, "ramp_for is -1s, allowed is from 0s to 24h"},
    {[](auto& o) { o.caller_deadline = static_cast<deadline_blame>(2); },
     "caller_deadline is unknown, allowed is from nobody to dependency"},
};

TEST(circuit_breaker_options, T57_whatever_is_out_of_range_is_refused_by_name_value_and_range) {
    for (const auto& [turn, problem] : refused_options)
        EXPECT_EQ(refused_with(with({.name = "db"}, turn)), "circuit_breaker \"db\": " + problem);
}

TEST(circuit_breaker_options, T57_all_that_is_wrong_is_said_at_once) {
    try {
        const circuit_breaker refused{{.window_buckets = 0, .failure_rate = nan, .open_for = -1s, .probes = 0}};
        FAIL() << "taken";
    } catch (const invalid_options& e) {
        std::vector<std::string> named;
        for (const option_problem& p : e.problems()) named.push_back(p.option);
        EXPECT_THAT(named, ElementsAre("window_buckets", "failure_rate", "open_for", "probes", "probe_successes"));
    }
}

// ---- what is taken ----

TEST(circuit_breaker_options, T23_the_ends_of_their_ranges_are_taken) {
    EXPECT_EQ(refused_with({.window = breaker_window::count, .window_calls = 1, .minimum_calls = 1}), "");
    EXPECT_EQ(refused_with({.window_time = 1ms, .window_buckets = 1, .failure_rate = 1.0, .slow_after = 1ns}), "");
    EXPECT_EQ(refused_with({.window_time = 24h,
                            .window_buckets = 1000,
                            .open_for = 24h,
                            .open_growth = 10.0,
                            .open_max = 24h,
                            .open_jitter = 1.0,
                            .probes = 64,
                            .probe_successes = 64}),
              "");
}

TEST(circuit_breaker_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{circuit_breaker{{.name = "db", .window = breaker_window::count, .failure_rate = 0.25}}};
    EXPECT_EQ(guarded.describe(),
              "circuit_breaker \"db\" {mode = automatic, window = count, window_calls = 100, minimum_calls = 10,\n"
              "    failure_rate = 0.25, slow_after = none, open_for = 30s, open_growth = 1, open_max = 5min,\n"
              "    open_jitter = 0, healthy_after = 1min, probes = 3, probe_successes = 2, probe_lease = 30s,\n"
              "    ramp_for = 0s, caller_deadline = nobody}\n"
              "└─ call\n");
}

TEST(circuit_breaker_options, each_window_shows_what_it_looks_at) {
    const auto shown = [](circuit_breaker_options o) {
        const std::string text = options_text(o);
        std::string found;
        for (const char* option : {"window_time", "window_buckets", "window_calls", "minimum_calls", "failure_rate",
                                   "slow_after", "slow_rate", "consecutive_failures"})
            if (text.find(std::string{option} + " =") != std::string::npos) found.append(option).append(" ");
        return found;
    };
    EXPECT_EQ(shown({}), "window_time window_buckets minimum_calls failure_rate slow_after ");
    EXPECT_EQ(shown({.slow_after = 1s}), "window_time window_buckets minimum_calls failure_rate slow_after slow_rate ");
    EXPECT_EQ(shown({.window = breaker_window::count}), "window_calls minimum_calls failure_rate slow_after ");
    EXPECT_EQ(shown({.window = breaker_window::consecutive, .slow_after = 1s}), "slow_after consecutive_failures ");
}

// ---- every knob has an effect ----

/// A dependency that is well and sick by turns, called for an hour or so: all that the breaker then says.
std::string story_of(const circuit_breaker_options& options) {
    testing::virtual_time time{7};
    testing::event_recorder heard;
    circuit_breaker db{options};
    pipeline guarded{observe{heard}, ref(db)};
    random_source dice{56};
    std::optional<circuit_breaker::pass> held;
    for (unsigned i = 0; i < 3000; ++i) {
        time.pass(dice.below(2s));
        const duration takes = dice.below(1s);
        const bool fails = dice() % 100 < (i / 150 % 2 == 0 ? 2U : 60U);
        const bool is_cut_short = dice() % 10 == 0;
        const bool is_lost = dice() % 20 == 0;
        if (is_lost) held = db.acquire(time.present());
        const instant deadline = is_cut_short ? time.in(takes / 2) : never;
        (void)time.run(guarded, {.operation = "get", .deadline = deadline}, [&]() -> std::expected<int, std::errc> {
            time.pass(takes);
            if (fails || is_cut_short) return std::unexpected{std::errc::timed_out};
            return 7;
        });
    }
    std::string told;
    for (const testing::recorded_event& e : heard.all())
        if (e.layer == options.name) told += e.line() + "\n";
    return told;
}

const circuit_breaker_options by_time{.name = "db",
                                      .minimum_calls = 4,
                                      .open_for = 5s,
                                      .open_growth = 2.0,
                                      .open_max = 15s,
                                      .open_jitter = 0.1,
                                      .healthy_after = 20s,
                                      .probe_lease = 4s,
                                      .ramp_for = 5s};

const circuit_breaker_options by_count = with(by_time, [](auto& o) { o.window = breaker_window::count; });
const circuit_breaker_options in_a_row = with(by_time, [](auto& o) { o.window = breaker_window::consecutive; });
const circuit_breaker_options slow_too = with(by_time, [](auto& o) { o.slow_after = 600ms; });

TEST(circuit_breaker_options, T56_every_knob_has_an_effect) {
    struct knob {
        const char* name;
        const circuit_breaker_options& base;
        change turn;
    };
    const std::vector<knob> knobs{
        {"mode", by_time, [](auto& o) { o.mode = breaker_mode::forced_open; }},
        {"mode", by_time, [](auto& o) { o.mode = breaker_mode::forced_closed; }},
        {"mode", by_time, [](auto& o) { o.mode = breaker_mode::metrics_only; }},
        {"mode", by_time, [](auto& o) { o.mode = breaker_mode::disabled; }},
        {"window", by_time, [](auto& o) { o.window = breaker_window::count; }},
        {"window", by_time, [](auto& o) { o.window = breaker_window::consecutive; }},
        {"window_time", by_time, [](auto& o) { o.window_time = 5s; }},
        {"window_buckets", by_time, [](auto& o) { o.window_buckets = 2; }},
        {"window_calls", by_count, [](auto& o) { o.window_calls = 10; }},
        {"minimum_calls", by_time, [](auto& o) { o.minimum_calls = 5; }},
        {"minimum_calls", by_count, [](auto& o) { o.minimum_calls = 5; }},
        {"failure_rate", by_time, [](auto& o) { o.failure_rate = 0.6; }},
        {"slow_after", by_time, [](auto& o) { o.slow_after = 600ms; }},
        {"slow_rate", slow_too, [](auto& o) { o.slow_rate = 0.5; }},
        {"consecutive_failures", in_a_row, [](auto& o) { o.consecutive_failures = 3; }},
        {"open_for", by_time, [](auto& o) { o.open_for = 6s; }},
        {"open_growth", by_time, [](auto& o) { o.open_growth = 1.5; }},
        {"open_max", by_time, [](auto& o) { o.open_max = 12s; }},
        {"open_jitter", by_time, [](auto& o) { o.open_jitter = 0.2; }},
        {"healthy_after", by_time, [](auto& o) { o.healthy_after = 10min; }},
        {"probes", by_time, [](auto& o) { o.probes = 5; }},
        {"probe_successes", by_time, [](auto& o) { o.probe_successes = 1; }},
        {"probe_lease", by_time, [](auto& o) { o.probe_lease = 1s; }},
        {"ramp_for", by_time, [](auto& o) { o.ramp_for = 10s; }},
        {"caller_deadline", by_time, [](auto& o) { o.caller_deadline = deadline_blame::dependency; }},
    };
    for (const auto& [name, base, turn] : knobs) EXPECT_TRUE(story_of(base) != story_of(with(base, turn))) << name;
}

}  // namespace
}  // namespace cutwater
