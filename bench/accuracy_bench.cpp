// How much each limiter admits when threads hammer it, and how much its contract allows, to the call. `tools/bench` prints these
// figures as a table of their own: what they are about is not time.
//
// `admitted` is counted by the threads. `allowed` is the contract's formula, for the time from the first instant that a limiter was told to
// the last; of gates that count those inside, `admitted` is the most that were inside at once.

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/keyed.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

constexpr cw::duration hammered_for = 70ms;

/// What one thread, or all of them, asked for and got.
struct count {
    double admitted = 0;
    double accepted = 0;  ///< by what is behind the gate
    double asked = 0;
    double latest_accepted = 0;  ///< how many had been asked for when one was accepted
    cw::instant first = cw::never;
    cw::instant last{};

    void note(cw::instant at) {
        asked += 1;
        first = std::min(first, at);
        last = std::max(last, at);
    }
    count& operator+=(const count& more) {
        admitted += more.admitted;
        accepted += more.accepted;
        asked += more.asked;
        first = std::min(first, more.first);
        last = std::max(last, more.last);
        return *this;
    }
    /// In units of `per`.
    [[nodiscard]] double time_in(cw::duration per) const {
        return static_cast<double>(cw::between(first, last).count()) / static_cast<double>(per.count());
    }
};

/// Each thread asks again and again; `ask(thread, count, call)` is one time.
template <class Ask>
count hammer(benchmark::State& state, Ask ask) {
    std::vector<count> of_thread(static_cast<std::size_t>(state.range(0)));
    const auto work = [&](std::size_t thread) {
        cw::blocking_parking place;
        const cw::instant end = cw::in(hammered_for);
        count mine;  // on this thread's stack
        for (cw::instant at = cw::now(); at < end; at = mine.last) {
            cw::call_context call{cw::nothing_said, cw::this_machine, place};
            ask(thread, mine, call);
            mine.note(call.now.get());
        }
        of_thread[thread] = mine;
    };
    {
        std::vector<std::jthread> team;
        for (std::size_t i = 0; i < of_thread.size(); ++i) team.emplace_back(work, i);
    }
    count all;
    for (const count& one : of_thread) all += one;
    return all;
}

void report(benchmark::State& state, double admitted, double allowed) {
    state.counters["on"] = static_cast<double>(state.range(0));
    state.counters["admitted"] = admitted;
    state.counters["allowed"] = allowed;
}

/// Whether the gate lets the call in; it has been sent then, and is over.
template <class Gate>
bool passes(Gate& gate, cw::call_context& call, cw::verdict meaning = cw::verdict::success) {
    auto answer = gate.admit(call, call.now);
    auto* const ticket = std::get_if<typename Gate::ticket>(&answer);
    if (ticket == nullptr) return false;
    cw::permit<Gate> held{gate, *ticket};
    call.sent = 1;
    held.settle(cw::observation{.judged = {.meaning = meaning}}, call, call.now);
    return true;
}

// ---- limits over time ----

/// What comes back while the system runs somebody else in place of our threads is saved up, so that it can be had later.
constexpr cw::rate_limiter_options fast_limit(cw::rate_window window) {
    const unsigned burst = window == cw::rate_window::rolling ? 2000 : cw::rate_limiter_options::default_burst;
    return {.window = window, .permits = 2000, .per = 20ms, .burst = burst};
}

template <cw::rate_window Window>
void rate(benchmark::State& state) {
    for (auto _ : state) {
        const cw::rate_limiter_options limit = fast_limit(Window);
        cw::rate_limiter shared{limit};
        const count all = hammer(state, [&](std::size_t, count& mine, cw::call_context& call) {
            if (passes(shared, call)) mine.admitted += 1;
        });
        const double windows = all.time_in(limit.per);
        report(state, all.admitted,
               Window == cw::rate_window::rolling ? std::floor(limit.burst + limit.permits * windows)
                                                  : limit.permits * (std::floor(windows) + 1));
    }
}

void keyed_rate(benchmark::State& state) {
    constexpr std::array<std::string_view, 4> keys{"acme", "bolt", "crux", "dune"};
    for (auto _ : state) {
        const cw::rate_limiter_options limit = fast_limit(cw::rate_window::rolling);
        cw::keyed<cw::rate_limiter> shared{limit, {.max_keys = keys.size()}};
        std::array<std::atomic<unsigned>, keys.size()> admitted{};
        const count all = hammer(state, [&](std::size_t, count& mine, cw::call_context& call) {
            const auto key = static_cast<std::size_t>(mine.asked) % keys.size();
            if (shared.try_acquire(keys[key], call.now.get())) admitted[key].fetch_add(1, std::memory_order_relaxed);
        });
        const auto most = std::max({admitted[0].load(), admitted[1].load(), admitted[2].load(), admitted[3].load()});
        report(state, most, std::floor(limit.burst + limit.permits * all.time_in(limit.per)));
    }
}

// ---- limits of how many at once ----

/// Takes permits until there is none, and then gives them all back.
template <class Gate>
void at_once(benchmark::State& state, Gate& shared, unsigned limit) {
    std::atomic<unsigned> inside{0};
    std::atomic<unsigned> most{0};
    (void)hammer(state, [&](std::size_t, count&, cw::call_context& call) {
        std::vector<cw::permit<Gate>> held;
        for (;;) {
            auto answer = shared.admit(call, call.now);
            auto* const ticket = std::get_if<typename Gate::ticket>(&answer);
            if (ticket == nullptr) break;
            held.emplace_back(shared, *ticket);
            const unsigned now_inside = inside.fetch_add(1) + 1;
            unsigned seen = most;
            while (now_inside > seen && !most.compare_exchange_weak(seen, now_inside)) {}
        }
        for (auto& permit : held) {
            inside.fetch_sub(1);
            permit.settle(cw::observation{}, call, call.now);
        }
    });
    report(state, most, limit);
}

void bulkhead(benchmark::State& state) {
    for (auto _ : state) {
        cw::bulkhead shared{{.max_concurrent = 16}};
        at_once(state, shared, 16);
    }
}

void concurrency_limiter(benchmark::State& state) {
    for (auto _ : state) {
        cw::concurrency_limiter shared{{.initial_limit = 16, .min_limit = 16, .max_limit = 16}};
        at_once(state, shared, 16);
    }
}

// ---- a throttle ----

/// The dependency has room for one call in ten that are asked for; it is sent twice what it accepts, by chance.
template <class Report>
void throttled(benchmark::State& state, Report report_of) {
    for (auto _ : state) {
        cw::throttle shared{{.k = 2.0, .window = 24h, .max_rejection = 0.99}};
        const count all = hammer(state, [&](std::size_t, count& mine, cw::call_context& call) {
            const bool has_room = mine.asked - mine.latest_accepted >= 10;
            if (!passes(shared, call, has_room ? cw::verdict::success : cw::verdict::transient)) return;
            mine.admitted += 1;
            if (!has_room) return;
            mine.accepted += 1;
            mine.latest_accepted = mine.asked;
        });
        report_of(all, shared.read(all.last).counts);
    }
}

void throttle_counts(benchmark::State& state) {
    throttled(state, [&](const count& all, const cw::throttle_counts& counted) {
        report(state, static_cast<double>(counted.requests + counted.accepts), all.asked + all.accepted);
    });
}

/// Sent, against k times accepted.
void throttle_sends(benchmark::State& state) {
    throttled(state,
              [&](const count& all, const cw::throttle_counts&) { report(state, all.admitted, 2.0 * all.accepted); });
}

#define CUTWATER_ACCURACY(function, name) \
    BENCHMARK(function)->Name("accuracy/" name)->ArgName("on")->Arg(1)->Arg(2)->Arg(4)->Iterations(1)->UseRealTime()

CUTWATER_ACCURACY(rate<cw::rate_window::rolling>, "rate_limiter/rolling");
CUTWATER_ACCURACY(rate<cw::rate_window::fixed>, "rate_limiter/fixed");
CUTWATER_ACCURACY(rate<cw::rate_window::sliding>, "rate_limiter/sliding");
CUTWATER_ACCURACY(keyed_rate, "keyed/rate_limiter");
CUTWATER_ACCURACY(bulkhead, "bulkhead");
CUTWATER_ACCURACY(concurrency_limiter, "concurrency_limiter");
CUTWATER_ACCURACY(throttle_counts, "throttle/counts");
CUTWATER_ACCURACY(throttle_sends, "throttle/sends");

}  // namespace
