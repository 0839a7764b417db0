// Threads that count, open, let go and read at once.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"

namespace cutwater {
namespace {

TEST(metric_registry_threads, nothing_that_was_counted_is_lost) {
    metric_registry registry;
    event_metrics counts{registry};
    pipeline inventory{observe{counts}, retry{{.max_attempts = 1}}};
    constexpr int threads = 4;
    constexpr int calls = 2000;
    std::atomic<bool> ends{false};
    std::jthread reads{[&] {
        double before = 0;
        while (!ends) {
            const double now = metric_total(registry.read(instant{}), metrics::calls);
            EXPECT_GE(now, before) << "a counter went down";
            before = now;
        }
    }};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                for (int i = 0; i < calls; ++i)
                    (void)inventory.run({.operation = i % 2 == 0 ? name{"even"} : name{"op " + std::to_string(t)}},
                                        [] { return 7; });
            });
    }
    ends = true;
    reads.join();
    const auto read = registry.read(instant{});
    EXPECT_EQ(metric_total(read, metrics::calls), threads * calls);
    EXPECT_EQ(metric_total(read, metrics::call_duration), threads * calls);
    EXPECT_EQ(metric_value(read, metrics::calls, {.operation = "even", .detail = "success"}), threads * calls / 2);
}

TEST(metric_registry_threads, series_are_opened_and_let_go_from_all_sides) {
    static constexpr metric letters{"letters_total", metric_type::counter, "Letters.", "country"};
    metric_registry registry;
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < 4; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    const auto held = registry.open(letters, {.detail = i % 2 == 0 ? "home" : "abroad"});
                    held->record(1);
                    (void)registry.read(instant{});
                }
            });
    }
    EXPECT_EQ(registry.size(), 0U);
}

TEST(metric_registry_threads, what_is_watched_may_go_as_soon_as_its_watch_has) {
    static constexpr metric warmth{"warmth_celsius", metric_type::gauge, "Warmth."};
    metric_registry registry;
    std::atomic<bool> ends{false};
    std::jthread reads{[&] {
        while (!ends) (void)registry.read(instant{});
    }};
    for (int i = 0; i < 300; ++i) {
        auto alive = std::make_unique<std::atomic<bool>>(true);
        auto watched = registry.watch_by([seen_by = alive.get()](instant, gauge_visitor& seen) {
            for (int look = 0; look < 100; ++look) seen(warmth, seen_by->load() ? 1 : 0);
        });
        watched.reset();
        alive.reset();  // nobody looks at it any more
    }
    ends = true;
}

}  // namespace
}  // namespace cutwater
