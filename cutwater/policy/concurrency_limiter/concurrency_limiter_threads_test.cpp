// A concurrency limiter shared by threads: its permits are conserved whatever it learns meanwhile, and no sample is lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

/// A clock that moves when somebody looks.
class busy_time final : public environment, public blocking_environment {
public:
    explicit busy_time(std::atomic<std::int64_t>& clock, std::uint64_t seed) : clock_{clock}, dice_{seed} {}
    [[nodiscard]] instant now() noexcept override { return instant{1h} + duration{clock_.fetch_add(50'000)}; }
    [[nodiscard]] random_source& random() noexcept override { return dice_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant, const std::stop_token& stop) override {
        return place.wait(never, stop);
    }

private:
    std::atomic<std::int64_t>& clock_;
    random_source dice_;
};

class inside {
public:
    void enter() {
        const unsigned now = count_.fetch_add(1) + 1;
        for (unsigned most = most_.load(); most < now && !most_.compare_exchange_weak(most, now);) {}
    }
    void leave() { count_.fetch_sub(1); }
    [[nodiscard]] unsigned most() const { return most_; }

private:
    std::atomic<unsigned> count_{0};
    std::atomic<unsigned> most_{0};
};

TEST(concurrency_limiter_threads, permits_are_conserved_while_the_limit_moves) {
    concurrency_limiter db{{.initial_limit = 2,
                            .max_limit = 3,
                            .window = 1ms,
                            .max_window = 10ms,
                            .min_samples = 2,
                            .max_queue = 8,
                            .max_wait = 24h}};
    std::atomic<std::int64_t> clock{0};
    inside in;
    std::atomic<unsigned> done{0};
    testing::race(
        4, 3, [](unsigned) {},
        [&](unsigned thread, unsigned round) {
            busy_time time{clock, round * 10 + thread};
            pipeline guarded{ref(db)};
            for (unsigned i = 0; i < 400; ++i) {
                const auto result = run_blocking(
                    guarded, nothing_said,
                    [&]() -> std::expected<int, std::error_code> {
                        in.enter();
                        std::this_thread::yield();
                        in.leave();
                        if (time.random()() % 4 == 0)
                            return std::unexpected{std::make_error_code(std::errc::connection_reset)};
                        return 7;
                    },
                    time);
                if (result || result.error().code() == std::errc::connection_reset) ++done;
            }
        });
    EXPECT_EQ(done, 4U * 3U * 400U) << "everybody had its turn";
    EXPECT_EQ(db.in_use(), 0U);
    EXPECT_EQ(db.queued(), 0U);
    EXPECT_LE(in.most(), 3U);
    EXPECT_GE(db.limit(), 1U);
}

constexpr auto nobody = [](unsigned) {};

TEST(shared_epochs_threads, no_sample_is_lost_and_each_counts_once) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 20'000;
    const concurrency_limiter_options options{.window = 1ms, .max_window = 1ms, .min_samples = 1};
    shared_epochs epochs{options};
    random_source random{1};
    const instant noon{12h};
    (void)epochs.close(noon, random, nobody);  // the first epoch begins; it counts from half a window later
    const instant counting = noon + 1ms;
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < calls; ++i) {
                const auto mark = epochs.begin(counting, thread + 1);
                EXPECT_NE(mark, 0U);
                switch (i % 4) {
                    case 0: epochs.dropped(mark); break;
                    case 1: epochs.neutral(mark); break;
                    default: epochs.answered(mark, 10ms);
                }
            }
        });
    const epoch_seen seen = epochs.seen(counting);
    EXPECT_EQ(seen.answered, threads * calls / 2);
    EXPECT_EQ(seen.dropped, threads * calls / 4);
    EXPECT_EQ(seen.outstanding, 0U);
    EXPECT_EQ(seen.most_in_flight, threads);
}

TEST(shared_epochs_threads, one_of_many_closes_an_epoch) {
    const concurrency_limiter_options options{
        .rule = limit_rule::aimd, .initial_limit = 1, .window = 1ms, .max_window = 1ms, .min_samples = 1};
    shared_epochs epochs{options};
    random_source first{1};
    instant now{12h};
    (void)epochs.close(now, first, nobody);
    std::atomic<unsigned> moves{0};
    const auto between = [&](unsigned) {
        now += 1ms;
        const auto mark = epochs.begin(now, 1000);
        epochs.answered(mark, 1ms);
        now += 10ms;
    };
    testing::race(4, 200, between, [&](unsigned thread, unsigned round) {
        random_source random{round * 10 + thread};
        if (epochs.close(now, random, nobody)) ++moves;
    });
    EXPECT_EQ(moves, 200U) << "once in each";
}

}  // namespace
}  // namespace cutwater
