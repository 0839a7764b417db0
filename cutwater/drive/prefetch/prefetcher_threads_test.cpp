// A prefetcher on threads of its own: what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/core/random.hpp"
#include "cutwater/drive/prefetch/prefetcher.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

cache_key key(std::string_view asked) { return {.operation = "get", .asked = asked}; }

/// As often as it can.
const prefetch_options eager{.first_within = 0s, .least_pause = 1ms, .base_delay = 1ms, .max_delay = 2ms, .workers = 3};

TEST(prefetcher_threads, declared_and_withdrawn_by_many_while_others_read_each_value_is_of_its_key) {
    cache<int> known{{.name = "stock", .fresh_for = 1ms, .stale_while_revalidate = 1ms, .max_entries = 50}};
    pipeline guarded{cutwater::ref(known)};
    std::atomic<unsigned> asked{0};
    std::atomic<unsigned> at_once{0};
    std::atomic<unsigned> most_at_once{0};
    std::atomic<int> wrong{0};
    const auto ask = [&](const cache_key& of) -> std::expected<int, std::errc> {
        const unsigned now = ++at_once;
        for (unsigned most = most_at_once; now > most && !most_at_once.compare_exchange_weak(most, now);) {}
        const int value = std::stoi(std::string{of.asked});
        std::this_thread::yield();
        --at_once;
        if (++asked % 5 == 0) return std::unexpected{std::errc::connection_reset};
        return value;
    };
    testing::event_recorder heard;
    {
        prefetcher ahead{known, cutwater::ref(guarded), ask, eager, heard};
        std::vector<std::jthread> all;
        for (int i = 0; i < 3; ++i)
            all.emplace_back([&, i] {
                random_source random{static_cast<std::uint64_t>(i) + 1};
                for (int round = 0; round < 2'000; ++round) {
                    const int number = static_cast<int>(random() % 60);
                    const std::string text = std::to_string(number);
                    if (random() % 2 == 0)
                        (void)ahead.declare(key(text));
                    else
                        (void)ahead.withdraw(key(text));
                    const result<int> got =
                        guarded.run({.operation = "get", .fingerprint = text}, [&] { return number; });
                    if (got && *got != number) ++wrong;
                }
            });
        all.clear();
        for (const unsigned before = asked; asked < before + 100;) std::this_thread::yield();  // it goes on
        EXPECT_LE(ahead.keys(), 60U);
        EXPECT_LE(ahead.failing(), ahead.keys());
    }
    const unsigned when_it_went = asked;
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(most_at_once, eager.workers);
    EXPECT_GT(heard.count("prefetch_refreshed"), 0U);
    EXPECT_EQ(asked, when_it_went);
}

TEST(prefetcher_threads, one_that_goes_in_the_middle_of_a_refresh_waits_for_it_and_has_told_it_to_stop) {
    cache<int> known{{.name = "stock"}};
    pipeline guarded{cutwater::ref(known)};
    std::latch begun{1};
    std::atomic<bool> has_ended{false};
    std::atomic<unsigned> asked{0};
    const auto ask = [&](const cache_key&) {
        if (++asked == 1) begun.count_down();  // once: a latch that goes below zero is waited for without end
        std::this_thread::yield();
        has_ended = true;
        return 7;
    };
    prefetch_options one = eager;
    one.workers = 1;
    {
        std::optional<prefetcher<cache<int>, reference<pipeline<reference<cache<int>>>>, decltype(ask)>> ahead;
        ahead.emplace(known, cutwater::ref(guarded), ask, one);
        for (const auto* each : {"a", "b", "c", "d"}) EXPECT_TRUE(ahead->declare(key(each)));
        begun.wait();
    }
    EXPECT_TRUE(has_ended);
    EXPECT_GE(asked, 1U);
}

TEST(prefetcher_threads, one_that_was_never_told_a_key_goes_at_once) {
    cache<int> known{{.name = "stock"}};
    pipeline guarded{cutwater::ref(known)};
    for (int i = 0; i < 50; ++i) {
        prefetcher ahead{known, cutwater::ref(guarded), [](const cache_key&) { return 7; }};
        if (i % 2 == 0) ahead.stop();
        EXPECT_EQ(ahead.keys(), 0U);
    }
}

TEST(prefetcher_threads, those_who_ask_for_a_new_key_and_its_first_refresh_are_one_question) {
    for (int round = 0; round < 100; ++round) {
        cache<int> known{{.name = "stock", .fresh_for = 1h}};
        pipeline guarded{cutwater::ref(known)};
        std::atomic<unsigned> at_once{0};
        std::atomic<unsigned> most_at_once{0};
        const auto fetch = [&] {
            if (++at_once > 1) ++most_at_once;
            std::this_thread::yield();
            --at_once;
            return 7;
        };
        prefetcher ahead{known, cutwater::ref(guarded), [&](const cache_key&) { return fetch(); }, eager};
        EXPECT_TRUE(ahead.declare(key("a")));
        EXPECT_EQ(guarded.run({.operation = "get", .fingerprint = "a"}, fetch), 7);
        EXPECT_EQ(most_at_once, 0U);
    }
}

}  // namespace
}  // namespace cutwater
