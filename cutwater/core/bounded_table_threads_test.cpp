// Threads that look for, and make, the same rows.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cutwater/core/bounded_table.hpp"

namespace cutwater {
namespace {

struct number {
    int n = 0;
    friend bool operator==(const number&, const number&) = default;
    [[nodiscard]] std::size_t hash() const noexcept { return static_cast<std::size_t>(n); }
};

TEST(bounded_table_threads, each_row_is_made_once_and_counts_for_all) {
    constexpr int threads = 4;
    constexpr int rows = 50;
    constexpr int rounds = 200;
    bounded_table<number, std::atomic<int>> table{rows};
    std::atomic<int> refused{0};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&] {
                for (int round = 0; round < rounds; ++round)
                    for (int i = 0; i <= rows; ++i) {
                        std::atomic<int>* const row = table.get({i}, 0);
                        ++(row != nullptr ? *row : refused);
                    }
            });
    }
    int counted = refused;
    table.for_each([&](const number&, const std::atomic<int>& row) {
        EXPECT_EQ(row, threads * rounds);
        counted += row;
    });
    EXPECT_EQ(table.size(), static_cast<std::size_t>(rows));
    EXPECT_EQ(counted, threads * rounds * (rows + 1));
}

}  // namespace
}  // namespace cutwater
