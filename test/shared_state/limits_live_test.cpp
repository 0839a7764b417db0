// One limit of several processes over real servers: how much they begin together, and how often they ask for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/store.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

/// Another, whose questions are counted.
class counted_store final : public cell_store {
public:
    counted_store(cell_store& to, std::atomic<unsigned>& asked) : to_{to}, asked_{asked} {}

    [[nodiscard]] name store_name() const noexcept override { return to_.store_name(); }
    void begin(cell_request what, cell_completion done) noexcept override {
        ++asked_;
        to_.begin(std::move(what), std::move(done));
    }

private:
    cell_store& to_;
    std::atomic<unsigned>& asked_;
};

class a_limit_of_processes : public over_shared_stores {
protected:
    static constexpr unsigned processes = 4;
    static constexpr duration lasts = 4s;
    static constexpr duration each = 2ms;  // of each process: together two thousand a second

    static shared_rate_limiter_options limit() {
        return {.name = "partner", .permits = 1000, .per = 1s, .burst = 100, .lease = 50, .store_limit = 5s};
    }

    struct seen {
        std::atomic<bool> is_begun = false;
        std::atomic<unsigned> ready = 0;
        std::atomic<unsigned> asked = 0;
        std::atomic<unsigned> admitted = 0;
        std::atomic<unsigned> broken = 0;
    };

    void work(seen& all) const {
        const auto real = store("limits");
        counted_store cells{*real, all.asked};
        shared_rate_limiter limiter{cells, limit()};
        pipeline guarded{cutwater::ref(limiter)};
        (void)ask(*real, {read_cell{"connects"}});
        ++all.ready;
        (void)comes_true([&] { return all.is_begun.load(); });
        const instant ends = in(lasts);
        for (instant next = now(); next < ends; next = add(next, each)) {
            std::this_thread::sleep_until(to_steady(next));
            const auto got = guarded.run([] { return 7; });
            if (got) ++all.admitted;
            if (!got && got.error().code() != errc::rate_limited) ++all.broken;
        }
        std::this_thread::sleep_for(200ms);  // what is under way ends with its store
    }
};
INSTANTIATE_TEST_SUITE_P(stores, a_limit_of_processes, ::testing::Values("postgres", "redis"), its_name{});

TEST_P(a_limit_of_processes, is_kept_and_its_store_is_asked_for_few_of_their_calls) {
    const shared<seen> all;
    (void)ask(*store("limits"), {read_cell{"warm"}});
    std::vector<pid_t> children;
    for (unsigned i = 0; i < processes; ++i) children.push_back(in_child([&] { work(*all); }));
    ASSERT_TRUE(comes_true([&] { return all->ready == processes; }));
    const instant began = now();
    all->is_begun = true;
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    const double seconds = std::chrono::duration<double>{between(began, now())}.count();
    const double questions = 1.0 * all->asked / all->admitted;
    std::cout << GetParam() << ": " << all->admitted << " calls in " << seconds << " s, " << questions
              << " questions of each\n";
    EXPECT_EQ(all->broken, 0U);
    EXPECT_GT(all->admitted, 1'000U);
    EXPECT_LE(all->admitted, 100 + 1'000 * seconds + processes * 50);
    EXPECT_LT(questions, 0.5) << "0.08, if nobody is kept from the processor";
}

}  // namespace
}  // namespace cutwater
