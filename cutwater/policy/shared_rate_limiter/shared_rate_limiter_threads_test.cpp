// Instances over one store, and threads over them: what is leased is used once, or still in hand.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace cutwater::shared_rate_limiter_tests {
namespace {

constexpr unsigned burst = 20'000;

/// So slow that nothing comes back while a test runs.
shared_rate_limiter_options slow(unsigned lease) {
    return {.name = "api",
            .permits = 1000,
            .per = 24h,
            .burst = burst,
            .lease = lease,
            .lease_for = 1h,
            .max_wait = 10s,
            .store_limit = 10s};
}

class instances {
public:
    explicit instances(const shared_rate_limiter_options& o) {
        for (auto& one : all_) one = std::make_unique<shared_rate_limiter>(cells_, o);
    }
    [[nodiscard]] shared_rate_limiter& of(unsigned thread) { return *all_[thread % all_.size()]; }

    [[nodiscard]] std::uint64_t leased() const {
        std::uint64_t sum = 0;
        for (const auto& one : all_) sum += one->leased();
        return sum;
    }
    [[nodiscard]] std::uint64_t in_hand() const {
        std::uint64_t sum = 0;
        for (const auto& one : all_) sum += one->in_hand();
        return sum;
    }
    [[nodiscard]] unsigned queued() const {
        unsigned sum = 0;
        for (const auto& one : all_) sum += one->queued();
        return sum;
    }

private:
    memory_store cells_;
    std::array<std::unique_ptr<shared_rate_limiter>, 3> all_;
};

/// Eight threads call until there is nothing left.
template <class Call>
std::uint64_t admitted_by_all(instances& shared, Call call) {
    std::atomic<std::uint64_t> admitted = 0;
    const auto run = [&](unsigned thread) {
        random_source dice{thread + 1};
        for (;;) {
            const unsigned weight = 1 + static_cast<unsigned>(dice() % 3);
            const auto told = call(shared.of(thread), weight, dice);
            if (told) admitted += weight;
            if (told || told.error().code() != errc::rate_limited) continue;
            if (told.error().retry_after().value_or(0s) > 1s) return;
        }
    };
    std::vector<std::jthread> team;
    for (unsigned thread = 0; thread < 8; ++thread) team.emplace_back(run, thread);
    team.clear();
    return admitted;
}

class shared_limit_threads : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(leases, shared_limit_threads, ::testing::Values(1U, 2U, 10U, 100U));

TEST_P(shared_limit_threads, what_is_leased_is_used_once_or_still_in_hand) {
    instances shared{slow(GetParam())};
    const std::uint64_t admitted =
        admitted_by_all(shared, [](shared_rate_limiter& limiter, unsigned weight, random_source&) {
            pipeline guarded{ref(limiter)};
            return guarded.run({.weight = weight}, [] { return 7; });
        });
    EXPECT_EQ(admitted + shared.in_hand(), shared.leased());
    EXPECT_LE(shared.leased(), burst);
    EXPECT_GE(shared.leased() + 3 * GetParam(), burst) << "nothing is lost";
    EXPECT_EQ(shared.queued(), 0U);
}

TEST_P(shared_limit_threads, what_is_never_sent_or_cancelled_is_not_used_twice) {
    instances shared{slow(GetParam())};
    circuit_breaker refusing{{.mode = breaker_mode::forced_open}};
    const std::uint64_t admitted =
        admitted_by_all(shared, [&](shared_rate_limiter& limiter, unsigned weight, random_source& dice) {
            pipeline guarded{ref(limiter)};
            pipeline refused{ref(limiter), ref(refusing)};
            switch (dice() % 4) {
                case 0: return refused.run({.weight = weight}, [] { return 7; });
                case 1: {
                    std::stop_source leaves;
                    leaves.request_stop();
                    return guarded.run({.stop = leaves.get_token(), .weight = weight}, [] { return 7; });
                }
                case 2: return guarded.run({.deadline = add(now(), 1us), .weight = weight}, [] { return 7; });
                default: return guarded.run({.weight = weight}, [] { return 7; });
            }
        });
    EXPECT_LE(admitted + shared.in_hand(), shared.leased());
    EXPECT_LE(admitted, burst);
    EXPECT_GT(admitted, burst / 2);
    EXPECT_EQ(shared.queued(), 0U);
}

}  // namespace
}  // namespace cutwater::shared_rate_limiter_tests
