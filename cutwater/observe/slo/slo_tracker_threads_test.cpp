// Threads whose calls end, that read and that look at once: nothing that was counted is lost.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/slo/slo_tracker.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

struct call_seen {
    std::string_view verdict;
    static constexpr measure measures[]{{.of = &metrics::calls, .detail_field = "verdict"}};
    static constexpr event_kind kind{"call_seen", severity::info, "in these tests", measures};
    static void fields(auto& self, auto&& visit) { visit("verdict", self.verdict, "how"); }
};

TEST(slo_tracker_threads, nothing_is_lost_whoever_counts_and_whoever_reads) {
    constexpr int threads = 4;
    constexpr int calls = 20'000;
    slo_tracker objectives{{{.name = "orders", .target = 0.9}, {.name = "strict", .target = 0.99}}};
    std::atomic<std::int64_t> clock{0};
    const auto now = [&] { return instant{1000h} + std::chrono::milliseconds{clock.fetch_add(1)}; };
    std::atomic<bool> ends{false};
    std::jthread reads{[&] {
        while (!ends) {
            for (const slo_reading& each : objectives.read(now())) EXPECT_GE(each.seen.bad, 0);
            objectives.look(now());
        }
    }};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < calls; ++i)
                    objectives.on_event(
                        event{{.operation = "get", .at = now()}, call_seen{i % 4 == 0 ? "transient" : "success"}});
            });
    }
    ends = true;
    reads.join();
    for (const slo_reading& each : objectives.read(now()))
        EXPECT_EQ(each.seen, (slo_counts{.good = threads * calls * 3 / 4, .bad = threads * calls / 4}));
}

TEST(slo_tracker_threads, an_alert_is_told_once) {
    testing::event_recorder heard;
    slo_tracker objectives{{{.name = "orders", .target = 0.99}}};
    objectives.also(heard);
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < 4; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < 2'000; ++i)
                    objectives.on_event(
                        event{{.operation = "get", .at = instant{1000h} + std::chrono::milliseconds{10 * i}},
                              call_seen{"transient"}});
            });
    }
    objectives.look(instant{1000h} + std::chrono::seconds{20});
    EXPECT_EQ(heard.count("slo_burning"), slo_rules.size()) << "each rule begins once";
    EXPECT_EQ(heard.count("slo_recovered"), 0U);
}

}  // namespace
}  // namespace cutwater
