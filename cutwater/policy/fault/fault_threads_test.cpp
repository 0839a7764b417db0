// Fault injection shared by threads: what it counts is what callers saw, and as much as the kernel says; and whoever is held is freed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;

/// Time stands still: who is held is until it is woken. If a wakeup is lost, it is for ever.
class time_stands_still final : public environment, public blocking_environment {
public:
    [[nodiscard]] instant now() noexcept override { return instant{1h}; }
    [[nodiscard]] random_source& random() noexcept override { return dice_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant, const std::stop_token& stop) override {
        return place.wait(never, stop);
    }

private:
    random_source dice_{42};
};

/// What callers saw.
struct tally {
    std::atomic<std::uint64_t> values{0};
    std::atomic<std::uint64_t> changed{0};
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> refusals{0};

    void count(const result<int>& seen) {
        if (seen)
            ++(*seen == 7 ? values : changed);
        else
            ++(seen.error().code() == condition::refused ? refusals : errors);
    }
    [[nodiscard]] std::uint64_t all() const { return values + changed + errors + refusals; }
};

fault_options three_rules(std::uint64_t seed) {
    return {.name = "drill",
            .rules = {{.name = "resets",
                       .what = injection::failure(std::errc::connection_reset),
                       .when = fault_when::share(0.3)},
                      {.name = "refusals", .what = injection::refused(), .when = fault_when::every(3)},
                      {.name = "changes",
                       .what = injection::wrong_result<int>([](int) { return 8; }),
                       .when = fault_when::first(50)}},
            .seed = seed,
            .armed = arming::on};
}

TEST(fault_threads, T96_as_many_faults_as_the_kernel_says_whatever_order_threads_come_in) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 500;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        fault drill{three_rules(seed)};
        tally seen;
        testing::race(
            threads, 1, [](unsigned) {},
            [&](unsigned, unsigned) {
                pipeline guarded{ref(drill)};
                for (unsigned i = 0; i < calls; ++i) seen.count(guarded.run([] { return 7; }));
            });

        fault_kernel kernel{three_rules(seed)};
        for (unsigned i = 0; i < threads * calls; ++i)
            if (const auto what = kernel.decide({.call = nothing_said}, instant{})) kernel.count(what.rule);
        const auto counted = drill.read();
        EXPECT_EQ(counted, kernel.read());
        EXPECT_EQ(seen.all(), threads * calls);
        EXPECT_EQ(seen.errors, counted.at(0).injected);
        EXPECT_EQ(seen.refusals, counted.at(1).injected);
        EXPECT_EQ(seen.changed, counted.at(2).injected);
    }
}

TEST(fault_threads, armed_disarmed_and_replaced_while_calls_run_nothing_is_lost_and_nobody_is_held) {
    constexpr unsigned rounds = 300;
    fault drill{three_rules(1)};
    tally seen;
    testing::race(
        4, rounds,
        [&](unsigned round) {
            if (round == 0) return;
            EXPECT_EQ(drill.held(), 0U);
        },
        [&](unsigned thread, unsigned round) {
            if (thread == 0) {
                round % 2 == 0 ? drill.disarm() : drill.arm();
                drill.replace_rules(three_rules(round).rules);
                (void)drill.read();
                return;
            }
            pipeline guarded{ref(drill)};
            for (int i = 0; i < 5; ++i) seen.count(guarded.run([] { return 7; }));
        });
    EXPECT_EQ(seen.all(), 3U * rounds * 5U);
}

TEST(fault_threads, whoever_hangs_is_freed_by_disarming_however_close_it_comes) {
    constexpr unsigned rounds = 500;
    std::optional<fault> drill;
    testing::race(
        4, rounds,
        [&](unsigned) {
            drill.emplace(fault_options{.rules = {{.name = "hangs", .what = injection::hang()}}, .armed = arming::on});
        },
        [&](unsigned thread, unsigned round) {
            if (thread == 0) {
                for (unsigned spin = 0; spin < round % 7 * 100; ++spin)
                    std::atomic_signal_fence(std::memory_order_seq_cst);
                return drill->disarm();
            }
            time_stands_still time;
            pipeline guarded{ref(*drill)};
            EXPECT_EQ(run_blocking(guarded, nothing_said, [] { return 7; }, time), 7);
        });
}

TEST(fault_threads, whoever_hangs_leaves_when_its_caller_cancels) {
    fault drill{{.rules = {{.name = "hangs", .what = injection::hang()}}, .armed = arming::on}};
    std::array<std::stop_source, 3> callers;
    testing::race(
        4, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            if (thread == 0) {
                while (drill.held() < callers.size()) std::this_thread::yield();
                for (std::stop_source& each : callers) each.request_stop();
                return;
            }
            time_stands_still time;
            pipeline guarded{ref(drill)};
            const call_options said{.stop = callers.at(thread - 1).get_token()};
            const auto result = run_blocking(guarded, said, [] { return 7; }, time);
            EXPECT_EQ(result.error().code(), errc::cancelled);
        });
    EXPECT_EQ(drill.held(), 0U);
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"hangs", 3, 3}));
}

}  // namespace
}  // namespace cutwater
