#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/drive/asio/timing.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct alarm final : timer_wheel::node {
    void on_expiry() noexcept override { ++rung; }
    int rung = 0;
};

/// A context in virtual time: timers expire when they are told.
class manual_timing : public ::testing::Test {
protected:
    manual_timing() { timing.use_manual(time); }
    ~manual_timing() override { timing.disarm(early), timing.disarm(late); }

    testing::virtual_time time;
    asio::io_context context;
    asio::any_io_executor executor = context.get_executor();
    asio_timing& timing = asio_timing::of(executor);
    alarm early;
    alarm late;
};

TEST_F(manual_timing, timers_expire_when_their_time_has_come_and_not_before) {
    timing.arm(late, time.in(20ms), executor);
    timing.arm(early, time.in(10ms), executor);
    EXPECT_LE(timing.next_due(), time.in(10ms)) << "not later; earlier where the wheel has something to sort";
    EXPECT_EQ(timing.advance(time.in(10ms - 1ns)), 0U);
    EXPECT_EQ(timing.advance(time.in(10ms)), 1U);
    EXPECT_EQ(early.rung, 1);
    EXPECT_EQ(late.rung, 0);
    timing.disarm(late);
    EXPECT_EQ(timing.next_due(), std::nullopt);
    EXPECT_EQ(timing.advance(time.in(1h)), 0U);
    EXPECT_EQ(late.rung, 0);
}

TEST_F(manual_timing, lends_what_it_was_given) {
    EXPECT_EQ(&timing.lent(), &time);
    asio::io_context other;
    EXPECT_EQ(&asio_timing::of(other.get_executor()).lent(), &this_machine);
}

// ---- one for each context ----

TEST(asio_timing, belongs_to_the_context_however_it_is_reached) {
    asio::io_context context;
    asio_timing& own = asio_timing::of(context.get_executor());
    EXPECT_EQ(&own, &asio::use_service<asio_timing>(context));
    EXPECT_EQ(&asio_timing::of(asio::make_strand(context)), &own);
    EXPECT_EQ(&asio_timing::of(asio::any_io_executor{asio::make_strand(context)}), &own);
}

TEST(asio_timing, several_contexts_have_one_each) {
    asio::io_context first;
    asio::io_context second;
    asio_timing& one = asio_timing::of(first.get_executor());
    asio_timing& other = asio_timing::of(second.get_executor());
    EXPECT_NE(&one, &other);
    EXPECT_EQ(&asio_timing::of(first.get_executor()), &one) << "whichever was asked for last";
    EXPECT_EQ(&asio_timing::of(second.get_executor()), &other);
}

TEST(asio_timing, a_context_that_is_made_where_another_was_has_one_of_its_own) {
    std::optional<asio::io_context> context;
    for (int i = 0; i < 5; ++i) {
        context.emplace();
        asio_timing& found = asio_timing::of(context->get_executor());
        EXPECT_EQ(&found, &asio::use_service<asio_timing>(*context));
        context.reset();
    }
}

TEST(asio_timing, what_one_thread_remembers_is_forgotten_when_another_destroys_it) {
    std::optional<asio::io_context> context{std::in_place};
    (void)asio_timing::of(context->get_executor());
    std::jthread{[&] {
        (void)asio_timing::of(context->get_executor());
        context.reset();
        context.emplace();
    }}.join();
    EXPECT_EQ(&asio_timing::of(context->get_executor()), &asio::use_service<asio_timing>(*context));
}

TEST(asio_timing, calls_in_contexts_that_come_and_go_each_keep_their_own_time) {
    pipeline guarded{timeout{30ms}};
    std::optional<testing::virtual_asio> loop;
    for (int i = 0; i < 5; ++i) {
        testing::virtual_time time;
        loop.emplace(time);
        const auto late = loop->run(guarded, [&]() -> awaitable<int> {
            co_await loop->sleep(1h);
            co_return 7;
        });
        EXPECT_THAT(late, testing::fails_with(errc::timed_out));
        EXPECT_EQ(time.elapsed(), 30ms);
        loop.reset();
    }
}

// ---- pauses ----

class asio_pause_test : public ::testing::Test {
protected:
    void wait(duration d) {
        pause->async_wait(d == forever ? never : time.in(d), [this](pause_end end) { ended.push_back(end); });
    }
    void play() { loop.run_all(); }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    std::shared_ptr<asio_pause> pause = std::make_shared<asio_pause>(loop.context().get_executor());
    std::vector<pause_end> ended;
};

TEST_F(asio_pause_test, ends_by_time) {
    wait(10ms);
    play();
    EXPECT_THAT(ended, ElementsAre(pause_end::time));
    EXPECT_EQ(time.elapsed(), 10ms);
}

TEST_F(asio_pause_test, ends_when_it_is_woken) {
    wait(forever);
    time.after(5ms, [&] { pause->wake(); });
    play();
    EXPECT_THAT(ended, ElementsAre(pause_end::woken));
    EXPECT_EQ(time.elapsed(), 5ms);
}

TEST_F(asio_pause_test, one_that_was_woken_before_does_not_wait) {
    pause->wake();
    play();
    wait(1h);
    play();
    EXPECT_THAT(ended, ElementsAre(pause_end::woken));
    EXPECT_EQ(time.elapsed(), 0ms);
    wait(1h);
    play();
    EXPECT_THAT(ended, ElementsAre(pause_end::woken, pause_end::time)) << "it is woken once";
}

TEST_F(asio_pause_test, of_several_ends_at_once_one_counts) {
    wait(5ms);
    time.after(5ms, [&] {
        pause->wake();
        pause->wake();
    });
    play();
    EXPECT_EQ(ended.size(), 1U);
    EXPECT_EQ(time.elapsed(), 5ms);
}

TEST_F(asio_pause_test, takes_the_wait_with_it_when_it_goes) {
    wait(1h);
    time.after(5ms, [&] { pause.reset(); });
    play();
    EXPECT_THAT(ended, IsEmpty()) << "as a coroutine's does, whose frame holds both";
    EXPECT_EQ(time.elapsed(), 5ms) << "and its timer";
}

TEST_F(asio_pause_test, sleeping_for_no_time_ends_at_once) {
    wait(0ms);
    play();
    EXPECT_THAT(ended, ElementsAre(pause_end::time));
    EXPECT_EQ(time.elapsed(), 0ms);
}

}  // namespace
}  // namespace cutwater
