#include "cutwater/testing/virtual_threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "cutwater/cutwater.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Work that is a function.
struct runs final : runnable {
    explicit runs(std::function<void()> f) : what{std::move(f)} {}
    void run() noexcept override { what(); }
    std::function<void()> what;
};

TEST(virtual_threads, several_sleep_at_once_and_one_runs_at_a_time) {
    virtual_time time;
    std::vector<std::string> told;
    virtual_threads threads{time};
    const auto says = [&](const std::string& who, duration d) {
        threads.submit(std::make_shared<runs>([&, who, d] {
            told.push_back(who + " begins");
            threads.sleep(d);
            told.push_back(who + " ends at " + cutwater::to_text(time.elapsed()));
        }));
    };
    says("slow", 30ms);
    says("quick", 10ms);
    EXPECT_THAT(told, ElementsAre("slow begins", "quick begins"));
    time.pass(30ms);
    EXPECT_THAT(told, ElementsAre("slow begins", "quick begins", "quick ends at 10ms", "slow ends at 30ms"));
}

TEST(virtual_threads, what_is_asleep_ends_when_they_go) {
    virtual_time time;
    bool ended = false;
    {
        virtual_threads threads{time};
        threads.submit(std::make_shared<runs>([&] { threads.sleep(24h), ended = true; }));
        EXPECT_FALSE(ended);
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(time.elapsed(), 0s);
}

TEST(virtual_threads, a_call_that_gives_up_leaves_an_orphan_until_it_ends) {
    virtual_time time;
    mock_dependency<int> slow{time};
    slow.returns(7, 1s);
    virtual_threads threads{time};
    pipeline guarded{ref(threads)};
    EXPECT_FALSE(time.run(guarded, {.deadline = time.in(100ms)}, threads.blocking(slow)));
    EXPECT_EQ(time.elapsed(), 100ms);
    EXPECT_EQ(threads.orphans(), 1U);
    time.pass(1s);
    EXPECT_EQ(threads.orphans(), 0U);
}

TEST(virtual_threads, sleep_is_for_what_runs_on_them) {
    virtual_time time;
    virtual_threads threads{time};
    EXPECT_THROW(threads.sleep(1s), std::logic_error);
}

}  // namespace
}  // namespace cutwater::testing
