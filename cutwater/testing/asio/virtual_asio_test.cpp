#include "cutwater/testing/asio/virtual_asio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
namespace asio = boost::asio;

struct virtual_asio_test : ::testing::Test {
    virtual_time time;
    virtual_asio loop{time};
    std::vector<std::string> seen;

    asio::awaitable<void> sleeper(std::string who, duration d) {
        co_await loop.sleep(d);
        seen.push_back(who + " after " + cutwater::to_text(time.elapsed()));
    }
    asio::awaitable<int> seven_after(duration d) {
        co_await loop.sleep(d);
        co_return 7;
    }
    template <class Pipeline>
    asio::awaitable<void> asks(Pipeline& guarded, mock_dependency<int>& shop, duration begins) {
        co_await loop.sleep(begins);
        (void)co_await guarded.async_run(loop.coroutine(shop));
    }
    void start(asio::awaitable<void> what) { asio::co_spawn(loop.context(), std::move(what), asio::detached); }
};

TEST_F(virtual_asio_test, coroutines_wake_in_the_order_of_their_times) {
    start(sleeper("late", 3h));
    start(sleeper("early", 1h));
    loop.run_all();
    EXPECT_THAT(seen, ElementsAre("early after 1h", "late after 3h"));
}

TEST_F(virtual_asio_test, what_is_scheduled_for_the_same_instant_happens_first) {
    start(sleeper("sleeper", 1h));
    time.after(1h, [&] { seen.emplace_back("scheduled"); });
    loop.run_all();
    EXPECT_THAT(seen, ElementsAre("scheduled", "sleeper after 1h"));
}

TEST_F(virtual_asio_test, a_step_is_one_thing) {
    start(sleeper("only", 1h));
    unsigned steps = 0;
    while (seen.empty() && loop.step()) ++steps;
    EXPECT_GT(steps, 1U);
    while (loop.step()) {}
    EXPECT_EQ(time.elapsed(), 1h) << "nothing is left that time could move to";
}

TEST_F(virtual_asio_test, runs_until_somebody_is_satisfied) {
    start(sleeper("early", 1h));
    start(sleeper("late", 3h));
    loop.run_until([&] { return !seen.empty(); });
    EXPECT_THAT(seen, ElementsAre("early after 1h"));
    loop.run_all();
}

TEST_F(virtual_asio_test, a_call_sleeps_and_times_out_in_no_time) {
    pipeline guarded{timeout{200ms}};
    const auto late = loop.run(guarded, [&] { return seven_after(1h); });
    EXPECT_THAT(late, fails_with(errc::timed_out));
    EXPECT_EQ(time.elapsed(), 200ms);
    const auto soon = loop.run(guarded, [&] { return seven_after(1ms); });
    EXPECT_THAT(soon, has_value(7));
}

TEST_F(virtual_asio_test, a_sleep_that_is_cancelled_says_so_at_once) {
    asio::cancellation_signal caller;
    pipeline guarded{retry{}};
    time.after(1s, [&] { caller.emit(asio::cancellation_type::terminal); });
    const auto given = loop.run(guarded, nothing_said, [&] { return seven_after(1h); }, caller.slot());
    EXPECT_THAT(given, fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 1s);
}

TEST_F(virtual_asio_test, a_call_that_waits_for_ever_is_a_mistake_that_is_named) {
    pipeline guarded{retry{}};
    EXPECT_THROW((void)loop.run(guarded, [&] { return seven_after(forever); }), std::logic_error);
}

TEST_F(virtual_asio_test, a_dependency_answers_a_coroutine_as_it_answers_a_thread) {
    mock_dependency<int> shop{time};
    shop.returns(7, 5ms).fails(std::errc::permission_denied).throws(std::runtime_error{"boom"}).hangs();
    pipeline guarded{timeout{100ms}};
    const auto ask = [&] { return loop.run(guarded, loop.coroutine(shop)); };
    EXPECT_THAT(ask(), has_value(7));
    EXPECT_THAT(ask(), fails_with(std::errc::permission_denied));
    EXPECT_THAT(ask(), fails_with(errc::failed));
    EXPECT_THAT(ask(), fails_with(errc::timed_out));
    EXPECT_EQ(time.elapsed(), 105ms);
    EXPECT_EQ(shop.calls(), 4U);
    EXPECT_EQ(shop.most_at_once(), 1U);
}

TEST_F(virtual_asio_test, a_dependency_counts_who_is_there_at_once) {
    mock_dependency<int> shop{time};
    shop.returns(7, 5ms);
    pipeline guarded{timeout{100ms}};
    for (const duration begins : {0ms, 1ms, 2ms, 20ms}) start(asks(guarded, shop, begins));
    loop.run_all();
    EXPECT_EQ(shop.calls(), 4U);
    EXPECT_EQ(shop.most_at_once(), 3U);
}

}  // namespace
}  // namespace cutwater::testing
