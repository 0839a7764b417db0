// Threads whose calls end, that read and that look at once: nothing that was counted is lost.

#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>
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

TEST(slo_tracker_threads, a_call_is_counted_as_of_its_end_whoever_reads_then) {
    slo_tracker objectives{{{.name = "orders", .target = 0.9, .window = std::chrono::hours{24}}}};
    const std::jthread reads{[&](const std::stop_token& end) {
        while (!end.stop_requested()) (void)objectives.read(instant{});
    }};
    instant now{1000h};
    for (int i = 0; i < 50'000; ++i, now += 48h) {
        objectives.on_event(event{{.operation = "get", .at = now}, call_seen{"transient"}});
        ASSERT_EQ(objectives.read(now).front().seen.bad, 1) << "the call before that was two days ago";
    }
}

TEST(slo_tracker_threads, what_was_before_a_pause_stays_there_however_many_calls_end_it) {
    for (int round = 0; round < 100; ++round) {
        slo_tracker objectives{{{.name = "orders", .target = 0.9}}};
        const auto end_call = [&](instant at, std::string_view verdict) {
            objectives.on_event(event{{.operation = "get", .at = at}, call_seen{verdict}});
        };
        for (int i = 0; i < 100; ++i) end_call(instant{1000h}, "transient");
        std::atomic<int> waiting{4};
        std::vector<std::jthread> all;
        for (int t = 0; t < 4; ++t)
            all.emplace_back([&] {
                for (--waiting; waiting > 0;) {}
                end_call(instant{1008h}, "success");
            });
        all.clear();
        const slo_reading seen = objectives.read(instant{1008h}).front();
        EXPECT_EQ(seen.burn_rate(slo_window::hour), 0);
        EXPECT_EQ(seen.seen, (slo_counts{.good = 4, .bad = 100}));
    }
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
