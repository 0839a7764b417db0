// Attempts beside each other, and calls that are destroyed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/drive/asio/destruction_test.hpp"
#include "cutwater/observe/trace/spans_test.hpp"
#include "cutwater/observe/trace/traced.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::events_of;
using ::testing::IsEmpty;
using testing::names_of;
using ::testing::SizeIs;
using testing::span_named;
using testing::text_of;
using ::testing::UnorderedElementsAre;

const call_options idempotent_get{.operation = "get", .idempotent = idempotency::idempotent};

class hedged_and_traced : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::mock_dependency<int> stock{time};
    span_recorder seen;
    tracer all{seen, {}, time};
};

TEST_F(hedged_and_traced, attempts_are_siblings_and_what_lost_says_so) {
    stock.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{traced{all}, hedge{{.delay = 50ms}}, traced_attempt{all}, timeout{1min}};
    EXPECT_EQ(loop.run(guarded, idempotent_get, loop.coroutine(stock)), 2);
    loop.run_all();
    const auto spans = seen.all();
    ASSERT_THAT(names_of(spans), UnorderedElementsAre("get attempt", "get attempt", "get"));
    const auto with = [&](std::string_view key, const std::string& value) {
        return *std::ranges::find_if(spans, [&](const trace_span& each) { return text_of(each, key) == value; });
    };
    const trace_span call = *std::ranges::find(spans, "get", &trace_span::name);
    const trace_span won = with("cutwater.attempt.number", "2");
    const trace_span lost = with("cutwater.attempt.number", "1");
    EXPECT_EQ(won.parent, call.context.span);
    EXPECT_EQ(lost.parent, call.context.span);
    EXPECT_EQ(text_of(won, "cutwater.attempt.lost"), "none");
    EXPECT_EQ(text_of(lost, "cutwater.attempt.lost"), "true");
    EXPECT_EQ(text_of(lost, "cutwater.verdict"), "cancelled");
    EXPECT_EQ(lost.status, span_status::unset);
    EXPECT_THAT(events_of(call), ElementsAre("cutwater.hedge_begun", "cutwater.hedge_ended"));
    EXPECT_EQ(text_of(call, "cutwater.call.callee_time"), "0.07") << "together, not one after the other";
    EXPECT_EQ(text_of(call, "cutwater.call.caller_time"), "0");
}

TEST_F(hedged_and_traced, what_lost_may_tell_something_when_the_call_and_its_pipeline_are_gone) {
    stock.returns(1, 10s).returns(2, 20ms);
    bulkhead db{{.name = "db", .max_concurrent = 1, .max_queue = 9, .max_wait = 1h}};
    const auto held = [&] {
        pipeline guarded{traced{all}, hedge{{.delay = 50ms}}, ref(db), traced_attempt{all}};
        return loop.run(guarded,
                        {.operation = "get", .deadline = time.in(200ms), .idempotent = idempotency::idempotent},
                        [&](attempt&) -> boost::asio::awaitable<int> {
                            co_await loop.sleep(1h);
                            co_return 1;
                        });
    }();
    EXPECT_FALSE(held);
    loop.run_all();
    EXPECT_THAT(names_of(seen.all()), Contains("get"));
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_F(hedged_and_traced, the_trace_of_the_caller_may_be_gone_when_what_lost_goes_on) {
    std::optional<trace_context> told;
    std::optional<trace_context> parent = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    pipeline guarded{hedge{{.delay = 50ms}}};
    unsigned begun = 0;
    const auto asks = [&](attempt& a) -> boost::asio::awaitable<int> {
        if (++begun == 2) co_return 2;
        try {
            co_await loop.sleep(1h);
        } catch (...) {  // cancelled: the call has its outcome
            told = *a.trace();
        }
        co_return 1;
    };
    {
        const trace_context here = *parent;
        call_options said = idempotent_get;
        said.trace = &here;
        EXPECT_EQ(loop.run(guarded, said, asks), 2);
    }
    loop.run_all();
    EXPECT_EQ(told, parent);
}

TEST(traced_destruction, of_calls_at_every_suspension_leaves_nothing_and_says_so) {
    span_recorder seen;
    tracer all{seen};
    const int steps = destruction::destroyed_at_every_step([&](destruction::world& w) {
        auto guarded = destruction::keep(
            pipeline{traced{all}, retry{{.max_attempts = 3, .base_delay = 10ms, .jitter = jitter::none}}, ref(w.narrow),
                     traced_attempt{all}, timeout{100ms}});
        w.awaits(*guarded, w.fails_after(20ms));
        w.completes(*guarded, w.sleeps(1h));
        return guarded;
    });
    EXPECT_GT(steps, 10);
    EXPECT_GT(all.abandoned(), 0U);
    EXPECT_EQ(all.lost(), 0U);
}

TEST(traced_destruction, of_a_hedge_at_every_suspension) {
    span_recorder seen;
    tracer failures{seen, {.share = 0, .keep = kept_spans::failures_too}};
    const int steps = destruction::destroyed_at_every_step([&](destruction::world& w) {
        auto guarded = destruction::keep(pipeline{traced{failures},
                                                  hedge{{.delay = 10ms, .unstated_means = idempotency::idempotent}},
                                                  traced_attempt{failures}, ref(w.wide)});
        w.awaits(*guarded, w.sleeps(50ms));
        w.completes(*guarded, w.fails_after(50ms));
        return guarded;
    });
    EXPECT_GT(steps, 10);
    EXPECT_EQ(failures.lost(), 0U);
}

}  // namespace
}  // namespace cutwater
