// A throttle shared by threads: random histories are held against the kernel, step by step and on the machine's own threads, and
// what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/throttle/kernel.hpp"
#include "cutwater/policy/throttle/kernel_test.hpp"
#include "cutwater/policy/throttle/shared_throttle.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t { ask, accepted, failed, read };

struct throttle_call {
    deed what{};
    instant at = noon;
    double dice = 0.0;
    throttle_kernel::answer answer{};
    throttle_kernel::change change{};
    throttle_reading seen{};
};

std::ostream& operator<<(std::ostream& out, const throttle_call& c) {
    constexpr std::array names{"ask", "accepted", "failed", "read"};
    out << names[static_cast<std::size_t>(c.what)] << " at " << between(noon, c.at).count();
    if (c.what == deed::ask)
        out << " with " << c.dice << (c.answer.rejected ? ": rejected by " : ": passes ") << c.answer.by.probability;
    if (c.change || c.answer.made) out << ", and a change";
    if (c.what == deed::read)
        out << ": " << c.seen.counts.accepts << " of " << c.seen.counts.requests << ", " << c.seen.probability;
    return out;
}

/// The kernel, which is to have given the same.
class model {
public:
    explicit model(const throttle_options& o) : kernel_{o} {}

    bool take(const throttle_call& c) {
        switch (c.what) {
            case deed::ask: return kernel_.ask(c.at, c.dice) == c.answer;
            case deed::accepted: return kernel_.record_accepted(c.at) == c.change;
            case deed::failed: return kernel_.record_failed(c.at) == c.change;
            case deed::read: return kernel_.read(c.at) == c.seen;
        }
        return false;
    }

    friend bool operator==(const model&, const model&) = default;

private:
    throttle_kernel kernel_;
};

// ---- one throttle, and everything that is done to it ----

/// Buckets of a millisecond, and so few calls that each of them matters.
const throttle_options quick{.k = 1.5, .window = 30ms, .max_rejection = 0.8, .min_calls = 2};

struct setting {
    unsigned failing;  ///< of a hundred calls
    duration longest;  ///< from one call of a thread to its next
};

void PrintTo(const setting& s, std::ostream* out) { *out << s.failing << " % fail, up to " << to_text(s.longest); }

template <class Throttle>
class game {
public:
    game(const setting& s, unsigned threads, std::uint64_t seed)
        : setting_{s}, throttle_{quick}, seen_{threads}, seed_{seed}, now_(threads, noon) {}

    void play(unsigned thread, unsigned calls) {
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < calls; ++i) turn(thread, dice);
    }

    /// Gives what is wrong with how it went.
    std::string end() {
        seen_.record(0, [&] { return carry_out({.what = deed::read, .at = now_[0]}); });
        const auto calls = seen_.all();
        if (testing::linearize(calls, model{quick})) return "";
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        return "the kernel has no order for\n" + story.str();
    }

private:
    void turn(unsigned thread, random_source& dice) {
        instant& now = now_[thread];
        const bool steps_back = dice() % 10 == 0;
        now = add(now, steps_back ? -dice.below(setting_.longest) : dice.below(setting_.longest));
        throttle_call c{.what = deed::ask, .at = now, .dice = dice.unit()};
        const std::uint64_t n = dice() % 100;
        if (n < 60) c.what = n * 100 / 60 < setting_.failing ? deed::failed : deed::accepted;
        if (n >= 95) c.what = deed::read;
        seen_.record(thread, [&] { return carry_out(c); });
    }

    throttle_call carry_out(throttle_call c) {
        switch (c.what) {
            case deed::ask: c.answer = throttle_.ask(c.at, c.dice); break;
            case deed::accepted: c.change = throttle_.record_accepted(c.at); break;
            case deed::failed: c.change = throttle_.record_failed(c.at); break;
            case deed::read: c.seen = throttle_.read(c.at); break;
        }
        return c;
    }

    setting setting_;
    Throttle throttle_;
    testing::history<throttle_call> seen_;
    std::uint64_t seed_;
    std::vector<instant> now_;  // each thread has its own
};

class throttle_histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped_throttle = basic_shared_throttle<testing::stepped_atomic, testing::stepped_mutex>;

    static void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped_throttle> at_play{GetParam(), threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }

    static void in_parallel(unsigned threads, unsigned calls, unsigned rounds) {
        std::unique_ptr<game<shared_throttle>> at_play;
        const auto between_rounds = [&](unsigned round) {
            if (at_play)
                if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
            at_play = std::make_unique<game<shared_throttle>>(GetParam(), threads, round);
        };
        testing::race(threads, rounds, between_rounds,
                      [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
    }
};

TEST_P(throttle_histories, T97_of_two_threads_step_by_step) { step_by_step(2, 10, 3000); }
TEST_P(throttle_histories, T97_of_three_threads_step_by_step) { step_by_step(3, 7, 600); }
TEST_P(throttle_histories, T97_of_three_threads_in_parallel) { in_parallel(3, 7, 200); }

INSTANTIATE_TEST_SUITE_P(traffic, throttle_histories,
                         ::testing::Values(setting{10, 0ns}, setting{40, 0ns}, setting{70, 0ns}, setting{40, 500us},
                                           setting{70, 3ms}, setting{60, 40ms}));

// ---- under load ----

/// Every thread makes calls; `one(shared, i)` is the i-th of each.
template <class One>
throttle_counts counted_after(unsigned threads, unsigned calls, throttle& shared, One&& one) {
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned, unsigned) {
            for (unsigned i = 0; i < calls; ++i) one(shared, i);
        });
    return shared.read(noon).counts;
}

constexpr unsigned threads = 4;
constexpr unsigned calls = 20'000;

TEST(throttle_threads, T97_every_call_that_is_accepted_is_counted) {
    throttle shared;
    const auto seen = counted_after(threads, calls, shared, [](throttle& t, unsigned) { t.record_accepted(noon); });
    EXPECT_EQ(seen, (throttle_counts{threads * calls, threads * calls}));
}

TEST(throttle_threads, T97_a_count_that_is_full_loses_nothing) {
    throttle shared;
    for (unsigned i = 0; i < 200'000; ++i) shared.record_accepted(noon);
    EXPECT_EQ(shared.read(noon).counts, (throttle_counts{200'000, 200'000}));
}

TEST(throttle_threads, T97_every_call_is_counted_whatever_becomes_of_it) {
    throttle shared;
    const auto seen = counted_after(threads, calls, shared, [](throttle& t, unsigned i) {
        i % 10 == 0 ? t.record_failed(noon) : t.record_accepted(noon);
    });
    EXPECT_EQ(seen, (throttle_counts{threads * calls, threads * calls / 10 * 9}));
}

TEST(throttle_threads, T97_every_call_is_counted_while_buckets_pass) {
    throttle shared{{.window = 30s}};
    const auto seen = counted_after(threads, calls, shared, [](throttle& t, unsigned i) {
        t.record_accepted(noon - 29s + (duration{29s} / calls) * i);
    });
    EXPECT_EQ(seen, (throttle_counts{threads * calls, threads * calls}));
}

TEST(throttle_threads, T97_every_rejection_is_counted_and_every_call_that_passes_has_an_end) {
    throttle shared;
    for (unsigned i = 0; i < 100; ++i) shared.record_failed(noon);
    std::atomic<std::uint64_t> rejected{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> failed{100};
    const auto one = [&](throttle& t, unsigned i) {
        thread_local random_source dice{this_thread_number()};
        if (t.should_reject(noon, dice)) {
            rejected.fetch_add(1);
        } else if (i % 20 == 0) {
            accepted.fetch_add(1);
            t.record_accepted(noon);
        } else {
            failed.fetch_add(1);
            t.record_failed(noon);
        }
    };
    const auto seen = counted_after(threads, calls, shared, one);
    EXPECT_EQ(seen, (throttle_counts{rejected + accepted + failed, accepted}));
    EXPECT_NEAR(static_cast<double>(rejected) / (threads * calls), 0.9, 0.02);
}

TEST(throttle_threads, T85_each_criticality_is_counted_by_itself) {
    throttle shared{{.windows = throttle_windows::by_criticality}};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            const auto mine = static_cast<criticality>(thread % criticality_levels);
            for (unsigned i = 0; i < calls; ++i) shared.record_accepted(noon, mine);
        });
    for (unsigned level = 0; level < criticality_levels; ++level)
        EXPECT_EQ(shared.read(noon, static_cast<criticality>(level)).counts, (throttle_counts{calls, calls}));
}

}  // namespace
}  // namespace cutwater
