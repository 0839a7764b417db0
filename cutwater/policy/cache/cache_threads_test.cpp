// The cache under threads: one asks for all, and nobody gets what was never answered.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/cache/cache.hpp"

namespace cutwater {
namespace {

TEST(cache_threads, of_many_who_ask_at_once_one_is_answered_by_the_dependency) {
    constexpr int threads = 8;
    constexpr int rounds = 50;
    cache<int> known{{.name = "stock", .fresh_for = 1h}};
    pipeline guarded{cutwater::ref(known)};
    std::atomic<int> asked{0};
    std::atomic<int> wrong{0};
    std::barrier together{threads};
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) {
                    together.arrive_and_wait();
                    const std::string sku = std::to_string(round);
                    const result<int> got = guarded.run({.operation = "get", .fingerprint = sku}, [&] {
                        std::this_thread::yield();
                        return ++asked, round;
                    });
                    if (got != round) ++wrong;
                }
            });
    }
    EXPECT_EQ(asked, rounds);
    EXPECT_EQ(wrong, 0);
}

TEST(cache_threads, values_come_and_go_and_each_is_of_its_key) {
    constexpr int threads = 4;
    cache<int> known{{.name = "stock", .fresh_for = 50us, .stale_while_revalidate = 50us, .max_entries = 20}};
    pipeline guarded{cutwater::ref(known)};
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([&, i] {
                random_source random{static_cast<std::uint64_t>(i) + 1};
                for (int round = 0; round < 3'000; ++round) {
                    const int key = static_cast<int>(random() % 40);
                    const std::string sku = std::to_string(key);
                    const result<int> got =
                        guarded.run({.operation = "get", .fingerprint = sku}, [&]() -> std::expected<int, std::errc> {
                            if (random() % 8 == 0) return std::unexpected{std::errc::connection_reset};
                            return key;
                        });
                    if (got && *got != key) ++wrong;
                    if (random() % 64 == 0) known.forget({.operation = "get", .asked = sku});
                }
            });
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(known.size(), 20U);
}

}  // namespace
}  // namespace cutwater
