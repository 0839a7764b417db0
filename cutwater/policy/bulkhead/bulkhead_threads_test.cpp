// A bulkhead shared by threads: what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

/// Time stands still: who waits does so until it is woken, or gives up at once. If a wakeup is lost, it waits for ever.
class time_stands_still final : public environment, public blocking_environment {
public:
    enum class patience : std::uint8_t { endless, of_every_other };
    explicit time_stands_still(patience has = patience::endless, std::uint64_t seed = 42) : has_{has}, dice_{seed} {}

    [[nodiscard]] instant now() noexcept override { return instant{1h}; }
    [[nodiscard]] random_source& random() noexcept override { return dice_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant, const std::stop_token& stop) override {
        if (has_ == patience::of_every_other && dice_() % 2 == 0) return wait_end::cancelled;
        return place.wait(never, stop);
    }

private:
    patience has_;
    random_source dice_;
};

/// Who is inside at once, and how many there ever were.
class headcount {
public:
    void enter(unsigned limit) {
        if (inside_.fetch_add(1) >= limit) exceeded_ = true;
        ++ever_;
        std::this_thread::yield();
        inside_.fetch_sub(1);
    }
    [[nodiscard]] unsigned ever() const { return ever_; }
    [[nodiscard]] bool exceeded() const { return exceeded_; }

private:
    std::atomic<unsigned> inside_{0};
    std::atomic<unsigned> ever_{0};
    std::atomic<bool> exceeded_{false};
};

TEST(bulkhead_threads, everyone_gets_in_and_never_more_than_its_limit_at_once) {
    constexpr unsigned threads = 5;
    constexpr unsigned calls = 500;
    bulkhead narrow{{.max_concurrent = 2, .max_queue = threads, .max_wait = 24h}};
    headcount inside;
    testing::race(
        threads, 2, [](unsigned) {},
        [&](unsigned, unsigned) {
            time_stands_still time;
            pipeline guarded{ref(narrow)};
            for (unsigned i = 0; i < calls; ++i)
                EXPECT_TRUE(run_blocking(guarded, nothing_said, [&] { inside.enter(2); }, time));
        });
    EXPECT_EQ(inside.ever(), 2 * threads * calls);
    EXPECT_FALSE(inside.exceeded());
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(bulkhead_threads, without_a_queue_it_refuses_and_never_exceeds_its_limit) {
    bulkhead narrow{{.max_concurrent = 2}};
    headcount inside;
    std::atomic<unsigned> refused{0};
    testing::race(
        4, 2, [](unsigned) {},
        [&](unsigned, unsigned) {
            time_stands_still time;
            pipeline guarded{ref(narrow)};
            for (unsigned i = 0; i < 1000; ++i)
                if (!run_blocking(guarded, nothing_said, [&] { inside.enter(2); }, time)) ++refused;
        });
    EXPECT_EQ(inside.ever() + refused, 8000U);
    EXPECT_FALSE(inside.exceeded());
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST(bulkhead_threads, it_is_resized_and_left_while_others_come_and_wait) {
    bulkhead changing{{.max_concurrent = 1, .max_queue = 10, .max_wait = 24h}};
    headcount inside;
    const auto between = [&](unsigned) {
        EXPECT_EQ(changing.in_use(), 0U);
        EXPECT_EQ(changing.queued(), 0U);
    };
    testing::race(4, 100, between, [&](unsigned thread, unsigned round) {
        time_stands_still time{time_stands_still::patience::of_every_other, round * 10 + thread};
        pipeline guarded{ref(changing)};
        for (unsigned i = 0; i < 20; ++i) {
            if (thread == 0) changing.resize(1 + static_cast<unsigned>(time.random()() % 3));
            (void)run_blocking(guarded, nothing_said, [&] { inside.enter(3); }, time);
        }
    });
    EXPECT_FALSE(inside.exceeded());
}

}  // namespace
}  // namespace cutwater
