// Threads that meet, round after round, as closely as the machine lets them.
//
//     cw::testing::race(4, 1000,
//         [&](unsigned round) { shared = make(round); },                  // alone, before each round and after the last
//         [&](unsigned thread, unsigned round) { shared.use(thread); });  // all at once
//
// They wait for each other by spinning: whoever sleeps comes too late. Nothing here reads a clock; how often threads
// really overlap is the machine's affair, so a test asks for many rounds.
// Thread safety: `between` and what it touches need none of their own.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace cutwater::testing {

/// Where threads wait for each other; the last one to come does something before all go on.
class meeting_point {
public:
    explicit meeting_point(unsigned threads) noexcept : threads_{threads} {}

    template <class F>
    void meet(F&& last_one_does) {
        const unsigned meeting = meetings_.load(std::memory_order_acquire);
        if (here_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
            last_one_does();
            here_.store(0, std::memory_order_relaxed);
            meetings_.store(meeting + 1, std::memory_order_release);
        }
        for (unsigned spins = 0; meetings_.load(std::memory_order_acquire) == meeting; ++spins)
            if (spins > patience) std::this_thread::yield();
    }

private:
    static constexpr unsigned patience = 2000;

    const unsigned threads_;
    std::atomic<unsigned> here_{0};
    std::atomic<unsigned> meetings_{0};
};

template <class Between, class Body>
void race(unsigned threads, unsigned rounds, Between between, Body body) {
    meeting_point gate{threads};
    const auto run = [&](unsigned thread) {
        for (unsigned round = 0; round < rounds; ++round) {
            gate.meet([&] { between(round); });
            body(thread, round);
        }
        gate.meet([&] { between(rounds); });
    };
    std::vector<std::jthread> team;
    for (unsigned thread = 0; thread < threads; ++thread) team.emplace_back(run, thread);
}

}  // namespace cutwater::testing
