// One adaptive timeout for many threads, and work that goes on when its call has given up on it.

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

TEST(adaptive_timeout_threads, every_call_is_a_sample_and_the_limit_follows) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 2000;
    std::atomic<unsigned> asked{0};
    adaptive_timeout patience{{.initial = 10s, .strain = [&] { return ++asked, 0.0; }}};
    testing::event_recorder heard;
    pipeline guarded{observe{heard}, ref(patience)};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            testing::virtual_time own{thread};
            for (unsigned i = 0; i < calls; ++i) EXPECT_TRUE(own.run(guarded, [&] { own.pass(3ms); }));
        });
    const adaptive_timeout_reading r = patience.read(testing::virtual_time::start + 3ms * calls);
    EXPECT_EQ(r.samples, threads * calls);
    EXPECT_EQ(r.limit, 10ms) << "the floor";
    EXPECT_GE(asked, 60U);
    EXPECT_GE(heard.count("adaptive_limit_changed"), 1U);
}

/// Lets time pass when the work has begun.
class patient_until_begun final : public blocking_environment {
public:
    patient_until_begun(testing::virtual_time& time, std::latch& begun) : time_{time}, begun_{begun} {}
    [[nodiscard]] environment& lent() noexcept override { return time_; }
    [[nodiscard]] wait_end wait(parker& place, instant end, const std::stop_token& stop) override {
        begun_.wait();
        return time_.wait(place, end, stop);
    }

private:
    testing::virtual_time& time_;
    std::latch& begun_;
};

TEST(adaptive_timeout_threads, T44_a_call_that_gives_up_on_its_work_counts_with_its_limit_and_the_work_as_an_orphan) {
    testing::virtual_time time;
    std::latch begun{1};
    std::latch may_end{1};
    patient_until_begun waits{time, begun};
    worker_pool pool{{.threads = 1, .max_queue = 0}};
    adaptive_timeout patience{{.name = "patience", .initial = 100ms, .min_samples = 1}};
    pipeline guarded{ref(patience), ref(pool)};
    const auto result =
        run_blocking(guarded, nothing_said, [&] { return begun.count_down(), may_end.wait(), 7; }, waits);
    EXPECT_EQ(result.error().code(), errc::timed_out);
    EXPECT_EQ(result.error().layer(), name{"patience"});
    EXPECT_EQ(result.error().limit(), 100ms);
    EXPECT_EQ(pool.orphans(), 1U);
    may_end.count_down();
    while (pool.in_use() != 0) std::this_thread::yield();
    const adaptive_timeout_reading r = patience.read(time.present());
    EXPECT_EQ(r.samples, 1U) << "the end of work that nobody waits for is none";
    EXPECT_EQ(r.censored_share, 1);
}

}  // namespace
}  // namespace cutwater
