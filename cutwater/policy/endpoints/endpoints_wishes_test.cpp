// A retry and a hedge round a set of endpoints: whose wish holds for whom, and what a lost race teaches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/endpoints/kernel_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using testing::has_value;
using ::testing::Not;
using ::testing::SizeIs;
using answer_or_error = std::expected<int, error>;

error asks_for(duration wish) {
    error e{make_error_code(std::errc::connection_refused)};
    if (wish > duration::zero()) e.with_retry_after(wish);
    return e;
}

class endpoints_wishes : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    endpoints shop{set_of(3, [](auto& o) { o.consecutive_failures = 0, o.latency_memory = 100ms; })};
    std::vector<std::string> asked;
    std::map<std::string, duration> wishes;  // of those that fail; nothing: no wish

    /// One call, by whatever is at each endpoint.
    template <class Pipeline>
    answer_or_error call(Pipeline& guarded, const call_options& said = {}) {
        asked.clear();
        return on.play(guarded, said, [this](attempt& a) -> answer_or_error {
            asked.emplace_back(a.target());
            const auto found = wishes.find(asked.back());
            if (found == wishes.end()) return 7;
            return std::unexpected{asks_for(found->second)};
        });
    }
    /// Calls until one has met that endpoint first; gives how long that one took.
    template <class Pipeline>
    duration one_that_meets(std::string_view first, Pipeline& guarded) {
        for (int i = 0; i < 200; ++i) {
            const instant began = on.time.present();
            last = call(guarded);
            if (asked.front() == first) return on.time.present() - began;
        }
        ADD_FAILURE() << "nobody has asked " << first;
        return {};
    }
    answer_or_error last;
};

INSTANTIATE_TEST_SUITE_P(drivers, endpoints_wishes, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(endpoints_wishes, a_retry_goes_elsewhere_after_its_own_backoff_and_nobody_asks_that_one_again_before_its_time) {
    wishes["a"] = 2s;
    pipeline guarded{retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(shop)};
    EXPECT_EQ(one_that_meets("a", guarded), 10ms);
    EXPECT_THAT(last, has_value(7));
    for (int i = 0; i < 100; ++i) {
        (void)call(guarded);
        EXPECT_THAT(asked, SizeIs(1)) << "nobody meets a";
    }
    wishes.clear();
    on.time.pass(2s);
    (void)one_that_meets("a", guarded);
}

TEST_P(endpoints_wishes, where_all_have_been_tried_the_wish_holds) {
    shop.replace(named(1), on.time.present());
    wishes["a"] = 2s;
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms}}, ref(shop)};
    const instant began = on.time.present();
    (void)call(guarded);
    EXPECT_GE(on.time.present() - began, 2s);
}

TEST_P(endpoints_wishes, each_of_all_may_have_one_and_the_last_holds) {
    wishes = {{"a", 2s}, {"b", 2s}, {"c", 2s}};
    pipeline guarded{retry{{.max_attempts = 4, .base_delay = 10ms, .jitter = jitter::none}}, ref(shop)};
    const instant began = on.time.present();
    (void)call(guarded);
    EXPECT_THAT(asked, SizeIs(4));
    EXPECT_GE(on.time.present() - began, 2s + 30ms);
}

TEST_P(endpoints_wishes, one_that_asked_is_left_alone_also_where_the_last_to_fail_asked_for_nothing) {
    shop.replace(named(2), on.time.present());
    wishes = {{"a", 2s}, {"b", 0s}};
    pipeline guarded{retry{{.max_attempts = 4, .base_delay = 1ms, .jitter = jitter::none}}, ref(shop)};
    for (int i = 0; i < 20; ++i) {
        on.time.pass(3s);
        const instant began = on.time.present();
        (void)call(guarded);
        const auto to_a = std::ranges::count(asked, "a");
        EXPECT_LE(to_a, 1 + (on.time.present() - began) / 2s) << i;
    }
}

TEST_P(endpoints_wishes, a_long_wish_neither_ends_the_call_nor_lasts_longer_than_an_ejection_may) {
    wishes["a"] = 24h;
    pipeline guarded{retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(shop)};
    EXPECT_EQ(one_that_meets("a", guarded), 10ms);
    EXPECT_THAT(last, has_value(7));
    wishes.clear();
    on.time.pass(shop.options().max_ejection);
    (void)one_that_meets("a", guarded);
}

TEST_P(endpoints_wishes, one_that_is_left_out_of_what_ejects_is_left_alone_too) {
    shop = endpoints{set_of(3, [](auto& o) { o.should_count = [](const observation&) { return false; }; })};
    wishes["a"] = 2s;
    pipeline guarded{retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(shop)};
    EXPECT_EQ(one_that_meets("a", guarded), 10ms);
}

TEST_P(endpoints_wishes, they_are_kept_in_a_pipeline_that_is_chosen_at_run_time) {
    wishes["a"] = 2s;
    any_pipeline<int> guarded{retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(shop)};
    EXPECT_EQ(one_that_meets("a", guarded), 10ms);
}

TEST_P(endpoints_wishes, of_twelve_of_which_one_is_well_each_is_asked_once_at_most_until_that_one_is_found) {
    shop.replace(named(12), on.time.present());
    for (char each = 'a'; each < 'l'; ++each) wishes[std::string(1, each)] = 0s;
    pipeline guarded{retry{{.max_attempts = 12, .base_delay = 1ms}}, ref(shop)};
    for (int i = 0; i < 50; ++i) {
        EXPECT_THAT(call(guarded), has_value(7));
        const std::set<std::string> different(asked.begin(), asked.end());
        EXPECT_THAT(asked, SizeIs(different.size()));
        EXPECT_EQ(asked.back(), "l");
    }
}

// ---- a hedge ----

class endpoints_and_a_hedge : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    const call_options said{.idempotent = idempotency::idempotent};
};

TEST_F(endpoints_and_a_hedge, it_goes_elsewhere_at_once_after_a_wish_and_waits_where_all_have_been_tried) {
    for (const unsigned replicas : {3U, 1U}) {
        endpoints shop{set_of(replicas)};
        pipeline guarded{hedge{{.delay = 50ms}}, ref(shop)};
        unsigned asked = 0;
        const instant began = time.present();
        const auto got = loop.run(guarded, said, [&](attempt&) -> boost::asio::awaitable<answer_or_error> {
            co_await loop.sleep(1ms);
            if (++asked == 1) co_return std::unexpected{asks_for(2s)};
            co_return 7;
        });
        EXPECT_THAT(got, has_value(7));
        EXPECT_EQ(time.present() - began, replicas == 3 ? 2ms : 2s + 2ms);
    }
}

TEST_F(endpoints_and_a_hedge, each_attempt_of_a_race_asks_another_also_after_a_retry_of_it) {
    endpoints shop{set_of(6, [](auto& o) { o.consecutive_failures = 0; })};
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 1ms}}, hedge{{.max_attempts = 3, .delay = 5ms}},
                     ref(shop)};
    for (int i = 0; i < 20; ++i) {
        std::set<std::string> asked;
        const auto got = loop.run(guarded, said, [&](attempt& a) -> boost::asio::awaitable<answer_or_error> {
            EXPECT_TRUE(asked.emplace(a.target()).second) << a.target();
            co_await loop.sleep(20ms);
            co_return std::unexpected{asks_for(0s)};
        });
        EXPECT_THAT(got, Not(has_value(7)));
        EXPECT_THAT(asked, SizeIs(6));
    }
}

TEST_F(endpoints_and_a_hedge, a_negative_wish_is_the_calls_also_where_anothers_is_its_endpoints_own) {
    endpoints shop{set_of(6, [](auto& o) { o.consecutive_failures = 0; })};
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 1ms}}, hedge{{.max_attempts = 2, .delay = 5ms}},
                     ref(shop)};
    unsigned asked = 0;
    const auto got = loop.run(guarded, said, [&](attempt&) -> boost::asio::awaitable<answer_or_error> {
        const bool is_first = ++asked == 1;
        co_await loop.sleep(20ms);
        error e = asks_for(1s);
        co_return std::unexpected{is_first ? e : e.with_retry_after(-1ms)};
    });
    EXPECT_THAT(got, Not(has_value(7)));
    EXPECT_EQ(asked, 2U);
}

TEST_F(endpoints_and_a_hedge, least_latency_learns_of_those_that_lose_and_leaves_a_slow_one_alone) {
    endpoints shop{set_of(3, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    pipeline guarded{hedge{{.delay = 10ms}}, ref(shop)};
    unsigned to_slow = 0;
    for (int i = 0; i < 300; ++i) {
        const auto got = loop.run(guarded, said, [&](attempt& a) -> boost::asio::awaitable<int> {
            const bool is_slow = a.target() == "c";
            if (is_slow && a.number() == 1) ++to_slow;
            co_await loop.sleep(is_slow ? 60ms : 2ms);
            co_return 7;
        });
        EXPECT_THAT(got, has_value(7));
        loop.run_all();
    }
    EXPECT_LE(to_slow, 3U);
    EXPECT_GE(shop.read(time.present()).each[2].latency, 5ms);
    EXPECT_EQ(shop.read(time.present()).each[2].calls, 0U) << "it has neither answered nor failed";
}

TEST_F(endpoints_and_a_hedge, the_callers_cancellation_teaches_nothing) {
    endpoints shop{set_of(2, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    pipeline guarded{hedge{{.delay = 10ms}}, ref(shop)};
    boost::asio::cancellation_signal caller;
    const auto got = loop.run(
        guarded, said,
        [&](attempt& a) -> boost::asio::awaitable<int> {
            co_await loop.sleep(a.number() == 1 ? 60ms : 20ms);
            caller.emit(boost::asio::cancellation_type::all);
            co_await loop.sleep(60ms);
            co_return 7;
        },
        caller.slot());
    EXPECT_THAT(got, Not(has_value(7)));
    loop.run_all();
    for (const auto& e : shop.read(time.present()).each) EXPECT_EQ(e.latency, duration::zero()) << e.address;
}

}  // namespace
}  // namespace cutwater
