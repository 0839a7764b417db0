// A breaker shared by threads: random histories are held against the kernel, step by step and on the machine's own threads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

constexpr instant noon{1h};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t {
    admit,
    settle,
    abandon,
    record,
    counts,
    state,
    retry_after,
    open,
    close,
    probe,
    set_mode,
    snapshot,
    restore
};

struct circuit_call {
    deed what{};
    instant at{};
    verdict meaning{};
    breaker_mode mode{};
    circuit_ticket ticket{};  ///< settled or abandoned
    circuit_snapshot kept{};  ///< restored, or what a snapshot gave

    circuit_breaker_kernel::admitted answer{};
    std::optional<circuit_change> change{};
    window_counts counted{};
    circuit_state state{};
    duration wait{};
};

std::ostream& operator<<(std::ostream& out, const circuit_ticket& t) {
    return out << ", epoch " << t.epoch << " lease " << t.lease;
}

std::ostream& operator<<(std::ostream& out, const window_counts& c) {
    return out << c.calls << " calls, " << c.failures << " failed, " << c.slow << " slow";
}

std::ostream& operator<<(std::ostream& out, const circuit_change& c) {
    return out << ", " << to_text(c.from) << " to " << to_text(c.to) << " by " << to_text(c.reason) << " (" << c.counts
               << ", for " << to_text(c.open_for) << ")";
}

std::ostream& operator<<(std::ostream& out, const circuit_call& c) {
    constexpr std::array names{"admit", "settle", "abandon", "record",   "counts",   "state",  "retry_after",
                               "open",  "close",  "probe",   "set_mode", "snapshot", "restore"};
    out << names[static_cast<std::size_t>(c.what)] << " at " << to_text(between(noon, c.at));
    if (c.what == deed::settle || c.what == deed::record) out << " " << to_text(c.meaning);
    if (c.what == deed::settle || c.what == deed::abandon) out << c.ticket;
    if (c.what == deed::set_mode) out << " " << to_text(c.mode);
    if (c.what == deed::counts) out << ": " << c.counted;
    if (c.what == deed::retry_after) out << ": " << to_text(c.wait);
    if (c.what == deed::snapshot || c.what == deed::restore)
        out << " " << to_text(c.kept.state) << " for " << to_text(c.kept.open_left) << ", opened "
            << c.kept.openings_in_a_row << " times, " << c.kept.counts;
    if (c.what == deed::state || c.what == deed::admit) out << ": " << to_text(c.state);
    if (c.what == deed::admit && !c.answer.ticket) out << ", refused for " << to_text(c.answer.retry_after);
    if (c.answer.ticket) out << *c.answer.ticket;
    if (c.answer.change) out << *c.answer.change;
    if (c.change) out << *c.change;
    return out;
}

/// Carries the call out on the shared circuit, and writes down what it gives.
void carry_out(auto& circuit, circuit_call& c) {
    moment now{c.at};
    random_source dice{1};
    switch (c.what) {
        case deed::admit: {
            const auto [answer, state] = circuit.admit(now);
            c.answer = answer;
            if (!answer.ticket) c.state = state;
            return;
        }
        case deed::settle: c.change = circuit.settle(c.ticket, c.meaning, now, dice); return;
        case deed::abandon: circuit.abandon(c.ticket); return;
        case deed::record: c.change = circuit.record(c.meaning, c.at); return;
        case deed::counts: c.counted = circuit.counts(c.at); return;
        case deed::state: c.state = circuit.state(c.at); return;
        case deed::open: c.change = circuit.open(c.at); return;
        case deed::close: c.change = circuit.close(c.at); return;
        case deed::probe: c.change = circuit.probe(c.at); return;
        case deed::set_mode: c.change = circuit.set_mode(c.mode, c.at); return;
        case deed::retry_after: c.wait = circuit.retry_after(c.at); return;
        case deed::snapshot: c.kept = circuit.snapshot(c.at); return;
        case deed::restore: circuit.restore(c.kept, c.at); return;
    }
}

// ---- the kernel, one call after the other ----

class model {
public:
    explicit model(const circuit_breaker_options& options) : kernel_{options}, options_{&options} {}

    bool take(const circuit_call& c) {
        random_source dice{1};
        switch (c.what) {
            case deed::admit: return admits(c);
            case deed::settle: return c.change == kernel_.settle(c.ticket, verdict_of(c), c.at, dice);
            case deed::abandon: return kernel_.abandon(c.ticket), true;
            case deed::record: return c.change == kernel_.record({.meaning = c.meaning}, c.at, dice);
            case deed::counts: return c.counted == kernel_.counts(c.at);
            case deed::state: return c.state == kernel_.state(c.at);
            case deed::open: return c.change == kernel_.open(c.at, dice);
            case deed::close: return c.change == kernel_.close(c.at);
            case deed::probe: return c.change == kernel_.probe(c.at);
            case deed::set_mode: return c.change == kernel_.set_mode(c.mode, c.at);
            case deed::retry_after: return c.wait == kernel_.retry_after(c.at);
            case deed::snapshot: return c.kept == kernel_.snapshot(c.at);
            case deed::restore: return kernel_.restore(c.kept, c.at), true;
        }
        return false;
    }

    friend bool operator==(const model&, const model&) = default;

private:
    bool admits(const circuit_call& c) {
        const auto answer = kernel_.admit(c.at);
        if (answer.change != c.answer.change || answer.ticket.has_value() != c.answer.ticket.has_value()) return false;
        if (!answer.ticket) return answer.retry_after == c.answer.retry_after && kernel_.state(c.at) == c.state;
        return answer.ticket->epoch == c.answer.ticket->epoch && answer.ticket->lease == c.answer.ticket->lease;
    }

    [[nodiscard]] circuit_verdict verdict_of(const circuit_call& c) const {
        return {.meaning = c.meaning, .slow = between(c.ticket.started, c.at) >= options_->slow_after};
    }

    circuit_breaker_kernel kernel_;
    const circuit_breaker_options* options_;
};

// ---- what a thread does next, by chance ----

class script {
public:
    script(std::uint64_t seed, std::atomic<std::int64_t>& clock, duration stride)
        : dice_{seed}, clock_{clock}, stride_{stride} {}

    circuit_call next() {
        circuit_call c{.what = deed::admit, .at = time()};
        const std::uint64_t n = dice_() % 100;
        if (n < 55 && !held_.empty()) return end_of_a_call(c, n < 8 ? deed::abandon : deed::settle);
        if (n < 75) return c;
        if (n < 86) return c.what = deed::record, c.meaning = outcome(), c;
        static constexpr std::array rest{deed::counts,  deed::counts,      deed::counts,   deed::state, deed::state,
                                         deed::state,   deed::retry_after, deed::snapshot, deed::open,  deed::close,
                                         deed::restore, deed::set_mode,    deed::set_mode, deed::probe};
        c.what = rest[n - 86];
        c.mode = static_cast<breaker_mode>(dice_() % 2 == 0 ? 0 : dice_() % 5);
        if (c.what == deed::restore) c.kept = any_snapshot();
        return c;
    }

    void was_made(const circuit_call& c) {
        if (c.answer.ticket) held_.push_back(*c.answer.ticket);
    }

    /// Time goes on for all; some come a little late with theirs.
    instant time() {
        static constexpr std::array strides{0, 0, 0, 1, 1, 2, 5, 12};
        const std::int64_t ticks = clock_.fetch_add(strides[dice_() % strides.size()], std::memory_order_relaxed);
        return add(noon, ticks * stride_ - (dice_() % 8 == 0 ? stride_ : duration::zero()));
    }

private:
    verdict outcome() { return dice_() % 3 == 0 ? verdict::transient : verdict::success; }

    circuit_snapshot any_snapshot() {
        const std::uint64_t calls = dice_() % 4;
        return {.state = static_cast<circuit_state>(dice_() % 3),
                .open_left = stride_ * (dice_() % 8),
                .openings_in_a_row = static_cast<unsigned>(dice_() % 3),
                .counts = {.calls = calls, .failures = calls / 2, .slow = 0}};
    }

    circuit_call& end_of_a_call(circuit_call& c, deed what) {
        const std::size_t which = dice_() % held_.size();
        c.what = what;
        c.ticket = held_[which];
        c.meaning = dice_() % 10 == 0 ? verdict::cancelled : outcome();
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
        return c;
    }

    random_source dice_;
    std::atomic<std::int64_t>& clock_;
    duration stride_;
    std::vector<circuit_ticket> held_;
};

/// One breaker, and everything that is done to it.
template <class Circuit>
class game {
public:
    game(const circuit_breaker_options& options, unsigned threads, std::uint64_t seed)
        : options_{std::make_shared<const circuit_breaker_options>(options)}, circuit_{options_, "game"},
          seen_{threads}, seed_{seed} {
        play(0, seed_ * 100, static_cast<unsigned>(seed_ % 6));  // games do not all begin in the same state
    }

    void play(unsigned thread, unsigned calls) { play(thread, seed_ * 100 + thread + 1, calls); }

    /// Ends with a look at what all of it came to; gives the history where the kernel has no order for it.
    std::string end() {
        script ending{seed_, clock_, stride()};
        for (const deed what : {deed::counts, deed::state, deed::admit, deed::counts})
            record(0, {.what = what, .at = ending.time()});
        const auto calls = seen_.all();
        if (testing::linearize(calls, model{*options_})) return "";
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        return story.str();
    }

private:
    [[nodiscard]] duration stride() const { return options_->window_time / 30; }

    void play(unsigned thread, std::uint64_t seed, unsigned calls) {
        script part{seed, clock_, stride()};
        for (unsigned i = 0; i < calls; ++i) part.was_made(record(thread, part.next()));
    }

    const circuit_call& record(unsigned thread, circuit_call c) {
        return seen_.record(thread, [&] { return carry_out(circuit_, c), c; });
    }

    std::shared_ptr<const circuit_breaker_options> options_;
    Circuit circuit_;
    testing::history<circuit_call> seen_;
    std::atomic<std::int64_t> clock_{0};
    std::uint64_t seed_;
};

// ---- settings ----

struct setting {
    const char* called;
    circuit_breaker_options options;
};

void PrintTo(const setting& s, std::ostream* out) { *out << s.called; }

struct setting_name {
    std::string operator()(const auto& info) const { return info.param.called; }
};

const circuit_breaker_options quick{.window_time = 30ms,
                                    .window_buckets = 3,
                                    .window_calls = 5,
                                    .minimum_calls = 3,
                                    .consecutive_failures = 2,
                                    .open_for = 8ms,
                                    .open_growth = 2.0,
                                    .open_max = 20ms,
                                    .healthy_after = 20ms,
                                    .probes = 3,
                                    .probe_successes = 2,
                                    .probe_lease = 15ms};

setting with(const char* called, auto change) {
    circuit_breaker_options options = quick;
    change(options);
    return {called, options};
}

class histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped_circuit = basic_shared_circuit<testing::stepped_atomic, testing::stepped_mutex>;

    static void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped_circuit> at_play{GetParam().options, threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
            if (const std::string story = at_play.end(); !story.empty())
                ADD_FAILURE() << "seed " << seed << ": the kernel has no order for\n" << story;
        }
    }

    static void in_parallel(unsigned threads, unsigned calls, unsigned rounds) {
        std::unique_ptr<game<shared_circuit>> at_play;
        const auto between = [&](unsigned round) {
            if (at_play)
                if (const std::string story = at_play->end(); !story.empty())
                    ADD_FAILURE() << "the kernel has no order for\n" << story;
            at_play = std::make_unique<game<shared_circuit>>(GetParam().options, threads, round);
        };
        testing::race(threads, rounds, between, [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
    }
};

TEST_P(histories, of_two_threads_step_by_step) { step_by_step(2, 9, 400); }
TEST_P(histories, of_three_threads_step_by_step) { step_by_step(3, 7, 250); }
TEST_P(histories, of_four_threads_step_by_step) { step_by_step(4, 6, 150); }
TEST_P(histories, of_three_threads_in_parallel) { in_parallel(3, 7, 150); }

INSTANTIATE_TEST_SUITE_P(windows, histories,
                         ::testing::Values(with("count", [](auto& o) { o.window = breaker_window::count; }),
                                           with("count_of_one",
                                                [](auto& o) {
                                                    o.window = breaker_window::count;
                                                    o.window_calls = o.minimum_calls = 1;
                                                }),
                                           with("consecutive", [](auto& o) { o.window = breaker_window::consecutive; }),
                                           with("time", [](auto&) {}),
                                           with("time_with_one_bucket", [](auto& o) { o.window_buckets = 1; }),
                                           with("slow_calls_and_ramp",
                                                [](auto& o) {
                                                    o.slow_after = 2ms;
                                                    o.slow_rate = 0.6;
                                                    o.ramp_for = 10ms;
                                                }),
                                           with("metrics_only",
                                                [](auto& o) {
                                                    o.mode = breaker_mode::metrics_only;
                                                    o.window = breaker_window::count;
                                                })),
                         setting_name{});

// ---- under load ----

TEST(circuit_breaker_threads, T8_exactly_as_many_probes_as_it_says) {
    circuit_breaker_options options = quick;
    options.probes = 5;
    options.probe_successes = 5;
    circuit_breaker db{options};
    std::array<std::vector<circuit_breaker::pass>, 4> held;
    instant now = noon;
    const auto between = [&](unsigned round) {
        std::size_t admitted = 0;
        for (auto& passes : held) admitted += passes.size(), passes.clear();
        EXPECT_EQ(admitted, round == 0 ? 0U : options.probes);
        (void)db.open(now);
        now = add(now, 20ms);
    };
    testing::race(4, 150, between, [&](unsigned thread, unsigned) {
        for (int i = 0; i < 4; ++i)
            if (auto pass = db.acquire(now)) held[thread].push_back(std::move(*pass));
    });
}

/// Breakers that only count, at one instant: nothing that was told may be lost.
TEST(circuit_breaker_threads, T26_every_call_is_counted_once) {
    for (const breaker_window window : {breaker_window::time, breaker_window::count}) {
        circuit_breaker db{{.mode = breaker_mode::forced_closed, .window = window, .window_calls = 1'000'000}};
        constexpr unsigned calls = 20'000;
        const auto between = [&](unsigned round) {
            const window_counts expected{.calls = std::uint64_t{4} * calls * round,
                                         .failures = std::uint64_t{4} * calls / 100 * round};
            EXPECT_EQ(db.counts(noon), expected);
        };
        testing::race(4, 4, between, [&](unsigned, unsigned) {
            for (unsigned i = 0; i < calls; ++i)
                (void)(i % 100 == 0 ? db.record_failure(noon) : db.record_success(noon));
        });
    }
}

TEST(circuit_breaker_threads, T16_it_closes_again_whatever_went_on) {
    circuit_breaker db{quick};
    std::atomic<std::int64_t> clock{0};
    const auto time = [&] { return add(noon, std::chrono::microseconds{clock.fetch_add(7)}); };
    const auto between = [&](unsigned) {
        const instant calm = add(time(), 1s);
        clock.fetch_add(2'000'000);
        for (unsigned i = 0; i < quick.probes && db.state(calm) != circuit_state::closed; ++i)
            if (auto pass = db.acquire(calm)) (void)pass->succeeded(calm);
        EXPECT_EQ(db.state(calm), circuit_state::closed) << "every lease had come back, or was over";
    };
    testing::race(4, 100, between, [&](unsigned thread, unsigned round) {
        random_source dice{round * 10 + thread};
        std::vector<circuit_breaker::pass> held;
        for (int i = 0; i < 100; ++i) {
            if (auto pass = db.acquire(time()); pass) held.push_back(std::move(*pass));
            if (held.empty() || dice() % 2 == 0) continue;
            if (dice() % 3 != 0) (void)(dice() % 2 == 0 ? held.back().failed(time()) : held.back().succeeded(time()));
            held.pop_back();
        }
    });
}

TEST(circuit_breaker_threads, pipelines_of_many_threads_share_one) {
    circuit_breaker db{quick};
    const auto between = [](unsigned) {};
    testing::race(4, 50, between, [&](unsigned thread, unsigned round) {
        testing::virtual_time time{round * 10 + thread};
        testing::event_recorder heard;
        pipeline guarded{observe{heard}, ref(db)};
        for (unsigned i = 0; i < 50; ++i) {
            const auto result = time.run(guarded, [&]() -> std::expected<int, std::errc> {
                time.pass(1ms);
                if (time.random()() % 3 == 0) return std::unexpected{std::errc::connection_reset};
                if (time.random()() % 7 == 0) throw std::runtime_error{"broken"};
                return 7;
            });
            if (!result && result.error().code() == errc::circuit_open) time.pass(2ms);
        }
        EXPECT_EQ(heard.count("call_started"),
                  heard.count("call_completed") + heard.count("call_failed") + heard.count("call_refused"));
    });
    EXPECT_NE(db.snapshot(noon).openings_in_a_row, 0U) << "it had something to do";
}

}  // namespace
}  // namespace cutwater
