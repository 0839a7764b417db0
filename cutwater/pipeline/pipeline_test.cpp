#include "cutwater/pipeline/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(pipeline, the_same_gate_is_refused_a_second_place) {
    bulkhead narrow{{.max_concurrent = 1}};
    bulkhead like_it{{.max_concurrent = 1}};
    EXPECT_THROW((pipeline{ref(narrow), timeout{1s}, ref(narrow)}), std::logic_error);
    EXPECT_NO_THROW((pipeline{ref(narrow), timeout{1s}, ref(like_it)}));
    any_pipeline<int> chosen{ref(narrow)};
    EXPECT_THROW(chosen.add(ref(narrow)), std::logic_error);
    EXPECT_EQ(chosen.add(ref(like_it)).run([] { return 7; }), 7);
}

TEST(pipeline, a_total_timeout_and_attempt_timeouts_tell_themselves_apart) {
    testing::virtual_time time;
    testing::mock_dependency<int> slow{time};
    slow.hangs();
    pipeline guarded{timeout{{.name = "total", .after = 100ms}},
                     retry{{.max_attempts = 10, .base_delay = 10ms, .jitter = jitter::none}},
                     timeout{{.name = "attempt", .after = 40ms}}};
    const auto result = time.run(guarded, {.operation = "get"}, slow.blocking());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), errc::timed_out);
    EXPECT_EQ(result.error().layer(), name{"attempt"});
    EXPECT_EQ(time.elapsed(), 90ms) << "the delay of 20ms would reach the deadline: it is not begun";
    EXPECT_EQ(slow.calls(), 2U);
}

TEST(pipeline, the_coroutine_driver_does_the_same) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::mock_dependency<int> slow{time};
    slow.hangs();
    pipeline guarded{timeout{{.name = "total", .after = 100ms}},
                     retry{{.max_attempts = 10, .base_delay = 10ms, .jitter = jitter::none}},
                     timeout{{.name = "attempt", .after = 40ms}}};
    const auto result = loop.run(guarded, {.operation = "get"}, loop.coroutine(slow));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), errc::timed_out);
    EXPECT_EQ(result.error().layer(), name{"attempt"});
    EXPECT_EQ(time.elapsed(), 90ms);
    EXPECT_EQ(slow.calls(), 2U);
}

TEST(pipeline, events_come_in_order_and_name_their_layer) {
    testing::virtual_time time;
    testing::event_recorder heard;
    testing::mock_dependency<int> flaky{time};
    flaky.fails(std::errc::connection_reset).returns(7);
    pipeline guarded{observe{heard}, retry{{.base_delay = 10ms, .jitter = jitter::none}}};
    const auto result = time.run(guarded, flaky.blocking());
    EXPECT_EQ(*result, 7);
    EXPECT_THAT(heard.names(), ElementsAre("call_started", "retry_scheduled", "retry_rescued", "call_completed"));
    EXPECT_EQ(heard.last("retry_scheduled").field("delay"), "10ms");
    EXPECT_THAT(time.sleeps(), ElementsAre(10ms));
}

}  // namespace
}  // namespace cutwater
