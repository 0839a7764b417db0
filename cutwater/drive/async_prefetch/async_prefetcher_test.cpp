// A prefetcher on an executor, in virtual time.

#include "cutwater/drive/async_prefetch/async_prefetcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using testing::has_value;
using ::testing::Le;
namespace asio = boost::asio;

class async_prefetchers : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::event_recorder heard;
    cache<int> known{{.name = "stock", .fresh_for = 100s, .jitter = 0.0}};
    pipeline<reference<cache<int>>> guarded{cutwater::ref(known)};
    prefetch_options usual{.first_within = 0s, .base_delay = 2s, .max_delay = 40s};
    bool is_down = false;
    unsigned at_once = 0;
    unsigned most_at_once = 0;
    unsigned ended = 0;
    std::vector<instant> asked;
    testing::virtual_asio loop{time};

    auto fetches(duration takes) {
        return [this, takes](const cache_key&) -> asio::awaitable<std::expected<int, std::errc>> {
            struct at_exit {
                async_prefetchers& of;
                ~at_exit() { --of.at_once, ++of.ended; }
            };
            asked.push_back(time.present());
            most_at_once = std::max(most_at_once, ++at_once);
            const at_exit leaving{*this};
            co_await loop.sleep(takes);
            if (is_down) co_return std::unexpected{std::errc::connection_refused};
            co_return 7;
        };
    }
    static cache_key key(std::string_view asked) { return {.operation = "get", .asked = asked}; }
    [[nodiscard]] auto executor() { return loop.context().get_executor(); }
    void run_for(duration d) {
        const instant end = time.in(d);
        time.after(d, [] {});
        loop.run_until([&] { return time.present() >= end; });
    }
};

TEST_F(async_prefetchers, S90_a_declared_key_is_asked_for_by_itself_before_its_value_ends) {
    async_prefetcher ahead{executor(), prefetch_calls{known, cutwater::ref(guarded), fetches(1s)}, usual, heard};
    EXPECT_TRUE(ahead.declare(key("a")));
    run_for(1h);
    EXPECT_THAT(asked.size(), AllOf(Ge(44U), Le(72U)));
    for (std::size_t i = 1; i < asked.size(); ++i)
        EXPECT_THAT(between(asked[i - 1], asked[i]), AllOf(Ge(51s), Le(81s)));
    EXPECT_EQ(heard.count("prefetch_refreshed"), ended);
}

TEST_F(async_prefetchers, a_question_has_its_key_for_as_long_as_it_takes) {
    std::vector<std::string> read;
    const auto reads = [&](const cache_key& which) -> asio::awaitable<int> {
        co_await loop.sleep(1s);
        read.emplace_back(which.asked);
        co_return 7;
    };
    const std::string longer(40, 'x');
    async_prefetcher ahead{executor(), known, cutwater::ref(guarded), reads, usual};
    EXPECT_TRUE(ahead.declare(key("short")));
    EXPECT_TRUE(ahead.declare(key(longer)));
    run_for(8s);
    EXPECT_THAT(read, ::testing::UnorderedElementsAre("short", longer));
}

TEST_F(async_prefetchers, as_many_are_asked_for_at_once_as_there_are_workers) {
    usual.workers = 3;
    async_prefetcher ahead{executor(), known, cutwater::ref(guarded), fetches(1s), usual};
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(ahead.declare(key(std::to_string(i))));
    run_for(8s);
    EXPECT_EQ(ended, 20U);
    EXPECT_EQ(most_at_once, 3U);
}

TEST_F(async_prefetchers, ordinary_calls_wait_for_the_same_answer) {
    async_prefetcher ahead{executor(), known, cutwater::ref(guarded), fetches(1s), usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    run_for(500ms);
    const call_options said{.operation = "get", .fingerprint = "a"};
    EXPECT_THAT(loop.run(guarded, said, []() -> asio::awaitable<int> { co_return 8; }), has_value(7));
    EXPECT_EQ(time.elapsed(), 1s);
}

TEST_F(async_prefetchers, S90_an_outage_is_asked_into_ever_less_often) {
    async_prefetcher ahead{executor(), prefetch_calls{known, cutwater::ref(guarded), fetches(0s)}, usual, heard};
    is_down = true;
    EXPECT_TRUE(ahead.declare(key("a")));
    run_for(10min);
    EXPECT_THAT(asked.size(), AllOf(Ge(15U), Le(36U)));
    is_down = false;
    run_for(41s);
    EXPECT_EQ(heard.count("prefetch_recovered"), 1U);
    EXPECT_EQ(ahead.failing(), 0U);
}

TEST_F(async_prefetchers, one_that_goes_in_the_middle_of_a_refresh_interrupts_it_and_tells_nothing) {
    using prefetcher_of_known = async_prefetcher<cache<int>, decltype(cutwater::ref(guarded)), decltype(fetches(1h))>;
    auto ahead = std::make_unique<prefetcher_of_known>(
        executor(), prefetch_calls{known, cutwater::ref(guarded), fetches(1h)}, usual, heard);
    for (const auto* each : {"a", "b", "c"}) EXPECT_TRUE(ahead->declare(key(each)));
    run_for(1s);
    EXPECT_EQ(at_once, 2U);
    ahead.reset();
    loop.run_until([&] { return at_once == 0; });
    EXPECT_EQ(time.elapsed(), 1s) << "at once";
    loop.run_all();
    EXPECT_EQ(ended, 2U) << "the third had not begun";
    EXPECT_THAT(heard.names(), ::testing::IsEmpty());
}

TEST_F(async_prefetchers, a_context_may_go_with_a_refresh_in_it_after_the_prefetcher) {
    {
        testing::virtual_asio other{time};
        async_prefetcher ahead{other.context().get_executor(), known, cutwater::ref(guarded), fetches(1h), usual};
        EXPECT_TRUE(ahead.declare(key("a")));
        other.context().poll();
        EXPECT_EQ(at_once, 1U);
    }
    EXPECT_EQ(at_once, 0U);
}

TEST_F(async_prefetchers, without_a_key_the_executor_has_nothing_to_wait_for) {
    async_prefetcher ahead{executor(), known, cutwater::ref(guarded), fetches(1s), usual};
    loop.run_all();
    EXPECT_EQ(time.elapsed(), 0s);
    EXPECT_TRUE(ahead.declare(key("a"))) << "and it is still there";
    run_for(1s + 1ms);
    EXPECT_EQ(ended, 1U);
    EXPECT_TRUE(ahead.withdraw(key("a")));
    loop.run_all();
    EXPECT_LE(time.elapsed(), 100s);
}

}  // namespace
}  // namespace cutwater
