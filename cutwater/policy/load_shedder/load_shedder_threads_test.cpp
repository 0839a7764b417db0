// A load shedder shared by threads: whoever comes is counted once, and each window is closed by one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

TEST(shared_windows_threads, whoever_comes_and_goes_is_counted_once) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 20'000;
    load_shedder_options options{.target_concurrent = 1'000'000};
    shared_windows windows{options};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            random_source random{thread};
            for (unsigned i = 0; i < calls; ++i) {
                EXPECT_TRUE(windows.admit(i % criticality_levels, thread, random));
                windows.leave();
            }
        });
    const shed_window seen = windows.take(0);
    EXPECT_EQ(windows.inside(), 0U);
    EXPECT_EQ(seen.ended, threads * calls);
    for (std::size_t level = 0; level < criticality_levels; ++level)
        for (std::size_t slot = 0; slot < threads; ++slot)
            EXPECT_EQ(seen.came[level][slot], calls / criticality_levels);
}

TEST(shared_windows_threads, each_window_is_claimed_by_one) {
    load_shedder_options options{.target_concurrent = 10, .window = 1ms};
    shared_windows windows{options};
    instant now{12h};
    std::atomic<unsigned> claimed{0};
    testing::race(
        4, 300, [&](unsigned) { now += 1ms; },
        [&](unsigned thread, unsigned round) {
            random_source random{round * 10 + thread};
            if (!windows.claim(now)) return;
            ++claimed;
            (void)windows.close(now, 0.5, random);
        });
    EXPECT_EQ(claimed, 300U);
}

TEST(load_shedder_threads, everybody_is_let_in_or_refused_while_the_load_comes_and_goes) {
    std::atomic<double> load{0.5};
    load_shedder door{{.signals = {[&] { return load.load(); }}, .window = 1ms}};
    std::atomic<unsigned> served{0};
    std::atomic<unsigned> refused{0};
    testing::race(
        4, 20, [&](unsigned round) { load = round % 2 == 0 ? 0.5 : 3; },
        [&](unsigned thread, unsigned) {
            pipeline guarded{ref(door)};
            for (unsigned i = 0; i < 500; ++i) {
                const call_options said{.importance = static_cast<criticality>(i % 4),
                                        .tenant = thread % 2 == 0 ? "even" : "odd"};
                guarded.run(said, [] { return 7; }) ? ++served : ++refused;
            }
        });
    EXPECT_EQ(served + refused, 4U * 20U * 500U);
    EXPECT_EQ(door.in_use(), 0U);
}

}  // namespace
}  // namespace cutwater
