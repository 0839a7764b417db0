// An estimate shared by threads: random histories are held against the kernel, step by step and on the machine's own threads.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <sstream>

#include "cutwater/estimate/kernel.hpp"
#include "cutwater/estimate/latency_estimate.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

// ---- one call of a history ----

struct estimate_call {
    bool is_last = false;  ///< in which everything is looked at; else a sample
    bool is_cut = false;
    duration took{};
    instant now{};
    latency_counts counts{};
};

struct model {
    latency_estimate_kernel kernel;

    [[nodiscard]] bool take(const estimate_call& c) {
        if (c.is_last) return kernel.counts(c.now) == c.counts;
        c.is_cut ? kernel.record_censored(c.took, c.now) : kernel.record(c.took, c.now);
        return true;
    }
    friend bool operator==(const model&, const model&) = default;
};

/// Threads that make samples while slices pass, some with instants before those of others, but by less than the window (a jump back as
/// long as that forgets what others are about to count), and one who looks afterwards.
template <class Estimate>
class game {
public:
    game(unsigned threads, std::uint64_t seed) : seen_{threads + 1}, seed_{seed}, looks_{threads} {
        shared_.record(1ms, noon);  // where slices begin is known
        start_.kernel.record(1ms, noon);
    }

    void play(unsigned thread, unsigned calls) {
        random_source dice{seed_ * 31 + thread};
        instant now = noon;
        for (unsigned i = 0; i < calls; ++i) {
            now += std::array<duration, 4>{0s, 400ms, 700ms, 950ms}[dice() % 4];
            const estimate_call c{.is_cut = dice() % 3 == 0, .took = 1ms * (1 + dice() % 2), .now = now};
            seen_.record(thread, [&] {
                c.is_cut ? shared_.record_censored(c.took, c.now) : shared_.record(c.took, c.now);
                return c;
            });
        }
    }

    /// When all are done. What is wrong; nothing where some order explains it.
    [[nodiscard]] std::string end() {
        for (const duration after :
             {0s, 3s, 5s})  // what is left when some of it has been forgotten tells in which slice it was
            seen_.record(looks_, [&] {
                const instant now = noon + 4s + after;
                return estimate_call{.is_last = true, .now = now, .counts = shared_.counts(now)};
            });
        if (testing::linearize(seen_.all(), start_)) return {};
        std::ostringstream out;
        for (const auto& [c, began, ended] : seen_.all())
            out << '\n'
                << began << '-' << ended << ' ' << c.took / 1ms << "ms " << (c.is_cut ? "cut" : "ended") << " at "
                << (c.now - noon) / 1ms;
        return out.str();
    }

private:
    model start_{latency_estimate_kernel{latency_estimate_options{.window = 4s, .min_samples = 1}}};
    Estimate shared_{latency_estimate_options{.window = 4s, .min_samples = 1}};
    testing::history<estimate_call> seen_;
    std::uint64_t seed_;
    unsigned looks_;
};

void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
    using stepped_estimate = basic_latency_estimate<testing::stepped_atomic, testing::stepped_mutex>;
    for (std::uint64_t seed = 1; seed <= rounds && !::testing::Test::HasFailure(); ++seed) {
        const auto at_play = std::make_unique<game<stepped_estimate>>(threads, seed);
        testing::play_stepped(threads, seed, [&](unsigned thread) { at_play->play(thread, calls); });
        if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << "seed " << seed << wrong;
    }
}

TEST(estimate_histories, of_two_threads_step_by_step) { step_by_step(2, 4, 50); }
TEST(estimate_histories, of_three_threads_step_by_step) { step_by_step(3, 3, 30); }

TEST(estimate_histories, of_three_threads_in_parallel) {
    std::unique_ptr<game<latency_estimate>> at_play;
    const auto between = [&](unsigned round) {
        if (at_play)
            if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
        at_play = std::make_unique<game<latency_estimate>>(3, round);
    };
    testing::race(3, 300, between, [&](unsigned thread, unsigned) { at_play->play(thread, 3); });
}

TEST(estimate_threads, no_sample_is_lost_and_none_counts_twice_while_slices_pass) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 5000;
    latency_estimate shared{{.window = 4s, .min_samples = 1}};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < calls; ++i) {  // three slices go by
                const instant now = noon + i * 600us;
                i % 10 == thread ? shared.record_censored(5ms, now) : shared.record((1 + i % 7) * 1ms, now);
            }
        });
    const latency_reading r = shared.read(0.99, noon + 3s);
    EXPECT_EQ(r.samples, threads * calls);
    EXPECT_EQ(r.censored, threads * calls / 10);
}

TEST(estimate_threads, a_percentile_beside_samples_is_one_that_there_was) {
    latency_estimate shared{{.window = 1h, .min_samples = 1}};
    std::atomic<unsigned> wrong{0};
    shared.record(10ms, noon);
    testing::race(
        4, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < 2000; ++i) {
                const instant now = noon + i * 2ms;
                thread % 2 == 0 ? shared.record(10ms, now) : shared.record(20ms, now);
                const auto said = shared.percentile(0.5 + thread * 0.1, now);
                if (!said) continue;  // the first who asks has not answered yet
                const auto ms = static_cast<double>(said->value.count()) / 1e6;
                if (said->is_at_least || (std::abs(ms - 10) > 0.2 && std::abs(ms - 20) > 0.4)) ++wrong;
            }
        });
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace cutwater
