// Instances over one store, and threads over them: what originals have brought is spent once, or is still there.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace cutwater::shared_retry_budget_tests {
namespace {

constexpr unsigned instances = 3;
constexpr unsigned threads = 8;
constexpr unsigned calls = 800;  // of each thread

/// Of a half, and nothing beside it, with room for all of it; nothing is forgotten while a test runs.
shared_retry_budget_options half(unsigned lease) {
    return {.name = "search",
            .ratio = 0.5,
            .window = 1h,
            .min_per_second = 0,
            .capacity = 1'000'000,
            .lease = lease,
            .lease_for = 1h,
            .store_limit = 10s};
}

class shared_budget_threads : public ::testing::TestWithParam<unsigned> {
protected:
    shared_budget_threads() {
        for (auto& one : all_) one = std::make_unique<shared_retry_budget>(cells_, half(GetParam()));
    }

    /// Each thread calls its instance's budget through a pipeline; `use` is what the callable does.
    template <class Use>
    void by_all(Use use) {
        std::vector<std::jthread> team;
        for (unsigned thread = 0; thread < threads; ++thread)
            team.emplace_back([&, thread] {
                random_source dice{thread + 1};
                for (unsigned i = 0; i < calls; ++i) use(*all_[thread % instances], dice);
            });
    }
    [[nodiscard]] std::uint64_t leased() const {
        std::uint64_t sum = 0;
        for (const auto& one : all_) sum += one->leased();
        return sum;
    }
    [[nodiscard]] std::uint64_t in_hand() const {
        std::uint64_t sum = 0;
        for (const auto& one : all_) sum += one->in_hand(now());
        return sum;
    }

    memory_store cells_;
    std::array<std::unique_ptr<shared_retry_budget>, instances> all_;
};
INSTANTIATE_TEST_SUITE_P(leases, shared_budget_threads, ::testing::Values(1U, 5U, 100U));

TEST_P(shared_budget_threads, T63_what_is_leased_is_used_once_or_still_in_hand) {
    std::atomic<std::uint64_t> sent = 0;
    by_all([&](shared_retry_budget& budget, random_source&) {
        pipeline guarded{retry{{.max_attempts = 3, .base_delay = 0ms, .budget = &budget}}};
        (void)guarded.run([&]() -> std::expected<int, std::error_code> {
            ++sent;
            return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        });
    });
    const std::uint64_t further = sent - std::uint64_t{threads} * calls;
    EXPECT_EQ(further + in_hand(), leased());
    EXPECT_LE(leased(), std::uint64_t{threads} * calls / 2);
    EXPECT_GT(further, std::uint64_t{threads} * calls / 10) << "and it is used";
}

TEST_P(shared_budget_threads, T60_what_is_refunded_is_not_used_twice) {
    std::atomic<std::int64_t> kept = 0;
    by_all([&](shared_retry_budget& budget, random_source& dice) {
        blocking_parking nowhere;
        call_context call{nothing_said, this_machine, nowhere};
        budget.count_original(call);
        const auto paid = budget.try_charge(nullptr, call);
        if (!paid) return;
        if (dice() % 3 == 0) return budget.refund(*paid);
        ++kept;
    });
    EXPECT_LE(static_cast<std::uint64_t>(kept) + in_hand(), leased());
    EXPECT_LE(leased(), std::uint64_t{threads} * calls / 2);
    EXPECT_GT(kept, std::int64_t{threads} * calls / 20);
}

}  // namespace
}  // namespace cutwater::shared_retry_budget_tests
