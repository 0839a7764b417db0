#include "cutwater/pipeline/observe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/pipeline/own_policies_test.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::event_from;
using testing::event_named;
using testing::event_with;
using testing::fails_with;
using ::testing::Field;
using testing::has_value;
using ::testing::IsEmpty;

static_assert(std::is_constructible_v<observe, testing::event_recorder&>);

TEST(observe, tells_when_a_call_starts_and_completes) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard}, own::persistence{3, 10ms});
        on.dependency.fails(std::errc::connection_reset, 5ms).returns(7, 5ms);
        (void)on.play(guarded, {.operation = "get", .id = "c-1"});
        EXPECT_THAT(on.heard.all(),
                    ElementsAre(event_named("call_started"),
                                AllOf(event_named("call_completed"), event_with("attempts", "2"),
                                      event_with("elapsed", "20ms"), event_with("meaning", "success"))));
        EXPECT_THAT(on.heard.all(),
                    Each(AllOf(event_from("observe"), Field(&testing::recorded_event::operation, "get"))));
    });
}

TEST(observe, tells_of_a_call_that_comes_too_late_and_is_shown_to_nobody_else) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard}, own::persistence{3, 10ms});
        EXPECT_FALSE(on.play(guarded, {.operation = "get", .deadline = on.time.in(-1s)}));
        EXPECT_THAT(on.heard.all(),
                    ElementsAre(event_named("call_started"),
                                AllOf(event_named("call_failed"), event_with("meaning", "ignored"),
                                      event_with("error_message", "the caller's deadline has passed"))));
        EXPECT_EQ(on.dependency.calls(), 0U);
    });
}

TEST(observe, tells_of_a_call_that_was_cancelled_before_it_began) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard}, own::persistence{3, 10ms});
        std::stop_source caller;
        caller.request_stop();
        on.cancels();
        EXPECT_FALSE(on.play(guarded, {.operation = "get", .stop = caller.get_token()}, [] { return 7; }));
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed"));
        EXPECT_EQ(on.heard.last("call_failed").field("meaning"), "cancelled");
    });
}

TEST(observe, tells_how_long_a_call_took_that_was_cancelled_while_it_waited) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard}, own::persistence{3, 100ms});
        on.dependency.fails(std::errc::connection_reset, 5ms);
        on.cancels_after(40ms);
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.last("call_failed"),
                    AllOf(event_with("elapsed", "40ms"), event_with("meaning", "cancelled")));
        EXPECT_EQ(on.heard.last("call_failed").at, add(testing::virtual_time::start, 40ms));
    });
}

TEST(observe, tells_when_a_call_fails_of_what_and_in_which_words) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard});
        on.dependency.throws(std::runtime_error{"no such sku"}, 5ms);
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.last("call_failed"),
                    AllOf(event_with("attempts", "1"), event_with("elapsed", "5ms"), event_with("meaning", "permanent"),
                          event_with("error_type", "std::runtime_error"), event_with("error_message", "no such sku")));
    });
}

TEST(observe, tells_of_a_value_that_was_judged_a_failure) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(observe{on.heard}, classify{permanent(value([](int i) { return i == 7; }))});
        on.dependency.returns(7);
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.last("call_completed"), event_with("meaning", "permanent"));
    });
}

TEST(observe, hears_the_layers_inside_and_not_those_outside) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(timeout{{.name = "outside", .after = 50ms}}, observe{on.heard},
                               timeout{{.name = "inside", .after = 30ms}});
        on.dependency.hangs();
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "timed_out", "call_failed"));
        on.heard.clear();
        (void)on.play(guarded, {.deadline = on.time.in(10ms)});
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed"));
    });
}

TEST(observe, one_inside_another_takes_over_until_it_is_left) {
    own::everywhere([](auto& on, auto compose) {
        testing::event_recorder inner;
        auto guarded = compose(observe{on.heard}, own::persistence{2, 1ms}, observe{inner}, timeout{30ms});
        on.dependency.hangs();
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed"));
        EXPECT_THAT(inner.names(), ElementsAre("call_started", "timed_out", "call_failed", "call_started", "timed_out",
                                               "call_failed"));
    });
}

TEST(observe, hears_of_a_call_that_was_refused) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(observe{on.heard}, own::door{"door", book, 0});
        on.dependency.returns(7);
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_refused"));
        EXPECT_EQ(on.heard.last("call_refused").level, severity::warning) << "in an overload most calls may end so";
        EXPECT_THAT(on.heard.last("call_refused"), event_with("error_type", "cutwater:refused"));
    });
}

TEST(observe, nobody_is_told_anything_where_nobody_listens) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(timeout{30ms});
        on.dependency.hangs();
        (void)on.play(guarded);
        EXPECT_THAT(on.heard.all(), IsEmpty());
    });
}

}  // namespace
}  // namespace cutwater
