// The timeout in pipelines, on both drivers.

#include "cutwater/policy/timeout/timeout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::spoilt;
using mock = testing::mock_dependency<int>;
using answer = std::expected<int, std::error_code>;

std::unexpected<std::error_code> fails(std::errc code) { return std::unexpected{std::make_error_code(code)}; }

// ---- one table, both drivers ----

struct scenario {
    std::string name;
    std::vector<timeout_options> limits;  // outermost first
    std::function<void(mock&)> dependency;
    duration deadline = forever;

    std::string result;
    duration elapsed{};
    unsigned calls = 1;
    std::vector<std::string> events;
};

const std::vector<scenario> scenarios{
    {.name = "in_time",
     .limits = {{.after = 500ms}},
     .dependency = [](mock& m) { m.returns(7, 499ms); },
     .result = "7",
     .elapsed = 499ms,
     .events = {}},
    {.name = "too_late",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .result = "attempt: get: call 42: the time limit was reached (limit 500ms)",
     .elapsed = 500ms,
     .events = {"attempt timed_out limit=500ms"}},
    {.name = "a_failure_in_time_is_itself",
     .limits = {{.after = 500ms}},
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset, 499ms); },
     .result = "get: call 42: Connection reset by peer",
     .elapsed = 499ms,
     .events = {}},
    {.name = "the_dependencys_own_timeout_is_not_ours",
     .limits = {{.after = 500ms}},
     .dependency = [](mock& m) { m.fails(std::errc::timed_out, 100ms); },
     .result = "get: call 42: Connection timed out",
     .elapsed = 100ms,
     .events = {}},
    {.name = "of_two_the_inner_one_where_it_is_tighter",
     .limits = {{.name = "total", .after = 2s}, {.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .result = "attempt: get: call 42: the time limit was reached (limit 500ms)",
     .elapsed = 500ms,
     .events = {"attempt timed_out limit=500ms"}},
    {.name = "of_two_the_outer_one_where_it_is_tighter",
     .limits = {{.name = "total", .after = 300ms}, {.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .result = "total: get: call 42: the time limit was reached (limit 300ms)",
     .elapsed = 300ms,
     .events = {"total timed_out limit=300ms"}},
    {.name = "of_two_equal_ones_the_outer",
     .limits = {{.name = "total", .after = 500ms}, {.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .result = "total: get: call 42: the time limit was reached (limit 500ms)",
     .elapsed = 500ms,
     .events = {"total timed_out limit=500ms"}},
    {.name = "of_three_the_innermost_that_tightened",
     .limits = {{.name = "total", .after = 2s}, {.name = "step", .after = 300ms}, {.name = "attempt", .after = 1s}},
     .dependency = [](mock& m) { m.hangs(); },
     .result = "step: get: call 42: the time limit was reached (limit 300ms)",
     .elapsed = 300ms,
     .events = {"step timed_out limit=300ms"}},
    {.name = "T39_the_callers_deadline_where_it_is_tighter",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 200ms,
     .result = "get: call 42: the caller's deadline has passed",
     .elapsed = 200ms,
     .events = {}},
    {.name = "T39_our_limit_where_it_is_tighter",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 501ms,
     .result = "attempt: get: call 42: the time limit was reached (limit 500ms)",
     .elapsed = 500ms,
     .events = {"attempt timed_out limit=500ms"}},
    {.name = "T39_the_callers_deadline_where_it_is_equal",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 500ms,
     .result = "get: call 42: the caller's deadline has passed",
     .elapsed = 500ms,
     .events = {}},
    {.name = "nothing_is_sent_where_nothing_is_left",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.returns(7); },
     .deadline = 0s,
     .result = "get: call 42: the caller's deadline has passed",
     .elapsed = 0s,
     .calls = 0,
     .events = {}},
    {.name = "nor_where_less_than_nothing_is_left",
     .limits = {{.name = "attempt", .after = 500ms}},
     .dependency = [](mock& m) { m.returns(7); },
     .deadline = -1h,
     .result = "get: call 42: the caller's deadline has passed",
     .elapsed = 0s,
     .calls = 0,
     .events = {}},
    {.name = "the_longest_limit_there_is",
     .limits = {{.name = "attempt", .after = 24h * 365}},
     .dependency = [](mock& m) { m.returns(7, 24h * 364); },
     .result = "7",
     .elapsed = 24h * 364,
     .events = {}},
};

std::ostream& operator<<(std::ostream& out, const scenario& s) { return out << s.name; }

class timeout_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

std::vector<std::string> events_of_limits(const testing::event_recorder& heard) {
    std::vector<std::string> lines;
    for (const auto& e : heard.all())
        if (e.name == "timed_out") lines.push_back(e.line());
    return lines;
}

TEST_P(timeout_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    s.dependency(on.dependency);
    any_pipeline<int> guarded{observe{on.heard}};
    for (const timeout_options& limit : s.limits) guarded.add(timeout{limit});
    const instant deadline = s.deadline == forever ? never : on.time.in(s.deadline);
    const auto result = on.play(guarded, {.operation = "get", .deadline = deadline, .id = "42"});
    EXPECT_EQ(result ? std::to_string(*result) : result.error().message(), s.result);
    EXPECT_EQ(to_text(on.time.elapsed()), to_text(s.elapsed));
    EXPECT_EQ(on.dependency.calls(), s.calls);
    EXPECT_EQ(events_of_limits(on.heard), s.events);
}

INSTANTIATE_TEST_SUITE_P(table, timeout_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class timeout_policy : public ::testing::TestWithParam<testing::driver> {
public:
    testing::stage<int> on{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(drivers, timeout_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(timeout_policy, the_error_has_everything_that_tells_it_from_others) {
    on.dependency.hangs();
    pipeline guarded{timeout{{.name = "attempt", .after = 250ms}}};
    const auto result = on.play(guarded, {.operation = "get_stock", .id = "order-17"});
    ASSERT_FALSE(result);
    const error& e = result.error();
    EXPECT_EQ(e.code(), errc::timed_out);
    EXPECT_EQ(e.code(), condition::timeout);
    EXPECT_EQ(e.code(), std::errc::timed_out);
    EXPECT_EQ(e.layer(), name{"attempt"});
    EXPECT_EQ(e.operation(), name{"get_stock"});
    EXPECT_EQ(e.limit(), 250ms);
    EXPECT_EQ(e.call_id(), "order-17");
}

/// Remembers the verdict of whatever passes.
class spy {
public:
    explicit spy(std::vector<verdict>& seen) : seen_{&seen} {}
    [[nodiscard]] name layer_name() const { return "spy"; }
    [[nodiscard]] int before(call_context&) const { return 0; }
    void after(int, const observation& o, call_context&) const { seen_->push_back(o.meaning()); }

private:
    std::vector<verdict>* seen_;
};

TEST_P(timeout_policy, T39_who_ended_an_attempt_decides_what_it_says_of_the_dependency) {
    std::vector<verdict> seen;
    on.dependency.hangs();
    any_pipeline<int> guarded{spy{seen}, timeout{{.name = "attempt", .after = 500ms}}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::timed_out);
    EXPECT_EQ(on.play(guarded, {.deadline = on.time.in(100ms)}).error().code(), errc::deadline_exceeded);
    const answer late = fails(std::errc::timed_out);
    const auto stopped = on.play(guarded, {}, [&] { return on.cancels(), late; });
    EXPECT_EQ(stopped.error().code(), errc::cancelled);
    EXPECT_THAT(seen, ElementsAre(verdict::transient, verdict::ignored, verdict::cancelled));
}

TEST_P(timeout_policy, T42_a_value_that_comes_late_is_the_value) {
    any_pipeline<int> guarded{observe{on.heard}, timeout{500ms}};
    const auto result = on.play(guarded, {}, [&] { return on.time.pass(2s), 7; });
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result, 7);
    EXPECT_THAT(events_of_limits(on.heard), IsEmpty());
}

TEST_P(timeout_policy, T42_a_failure_that_comes_late_and_is_about_something_else_is_itself) {
    any_pipeline<int> guarded{timeout{500ms}};
    const answer reset = fails(std::errc::connection_reset);
    const auto result = on.play(guarded, {}, [&] { return on.time.pass(2s), reset; });
    EXPECT_EQ(result.error().code(), std::errc::connection_reset);
}

TEST_P(timeout_policy, T37_a_cancelled_call_is_no_timeout) {
    on.dependency.hangs();
    on.cancels_after(100ms);
    any_pipeline<int> guarded{observe{on.heard}, timeout{500ms}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(result.error().code(), errc::cancelled);
    EXPECT_THAT(events_of_limits(on.heard), IsEmpty());
    EXPECT_THAT(result.error().limit(), std::nullopt);
}

TEST_P(timeout_policy, the_callable_sees_the_tightest_deadline_around_it) {
    std::vector<duration> left;
    pipeline guarded{
        timeout{{.name = "total", .after = 1s}},
        retry{{.max_attempts = 9, .base_delay = 100ms, .growth = backoff::constant, .jitter = jitter::none}},
        timeout{{.name = "attempt", .after = 400ms}}};
    (void)on.play(guarded, {}, [&](attempt& a) -> answer {
        left.push_back(a.remaining());
        on.time.pass(200ms);
        return fails(std::errc::connection_reset);
    });
    EXPECT_THAT(left, ElementsAre(400ms, 400ms, 400ms, 100ms));
}

TEST_P(timeout_policy, T52_a_total_round_retries_is_a_hard_bound) {
    on.dependency.hangs();
    pipeline guarded{timeout{{.name = "total", .after = 5s}},
                     retry{{.max_attempts = 5, .base_delay = 100ms, .jitter = jitter::none}},
                     timeout{{.name = "attempt", .after = 4s}}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(on.time.elapsed(), 5s) << "and not five times four";
    EXPECT_EQ(result.error().layer(), name{"total"});
    EXPECT_EQ(result.error().history().size(), 2U);
}

/// Lets a call in after a while.
class door {
public:
    struct ticket {};
    explicit door(duration opens_after) : opens_after_{opens_after} {}
    [[nodiscard]] name layer_name() const { return "door"; }
    admission<ticket> admit(call_context&, moment&) { return wait_until{}; }
    admission<ticket> enqueue(waiter&, call_context&, moment& now) { return wait_until{add(now, opens_after_)}; }
    admission<ticket> resume(waiter&, call_context&, moment&) { return ticket{}; }
    void leave(waiter&) noexcept {}
    void settle(ticket&, const observation&, call_context&, moment&) {}
    void abandon(ticket&) noexcept {}

private:
    duration opens_after_;
};

TEST_P(timeout_policy, T47_the_time_in_a_queue_inside_counts_and_in_a_queue_outside_does_not) {
    std::vector<duration> left;
    const auto looks = [&](attempt& a) { return left.push_back(a.remaining()), 7; };
    any_pipeline<int> inside{timeout{1s}, door{300ms}};
    any_pipeline<int> outside{door{300ms}, timeout{1s}};
    (void)on.play(inside, {}, looks);
    (void)on.play(outside, {}, looks);
    EXPECT_THAT(left, ElementsAre(700ms, 1s));
}

TEST_P(timeout_policy, one_policy_serves_many_calls) {
    on.dependency.hangs();
    any_pipeline<int> guarded{timeout{100ms}};
    for (int call = 1; call <= 3; ++call) {
        EXPECT_EQ(on.play(guarded).error().code(), errc::timed_out);
        EXPECT_EQ(on.time.elapsed(), call * 100ms);
    }
}

TEST_P(timeout_policy, a_call_that_gives_nothing_is_bounded_too) {
    any_pipeline<void> guarded{timeout{100ms}};
    EXPECT_TRUE(on.play(guarded, {}, [] {}));
}

/// Whoever bounds a call: the innermost limit that is tighter than everything round it, or the caller.
struct bound {
    duration left = forever;
    int limit = -1;  // none: the caller's
};

bound tightest(duration deadline, const std::vector<duration>& limits) {
    bound found{.left = deadline};
    for (std::size_t i = 0; i < limits.size(); ++i)
        if (limits[i] < found.left) found = {.left = limits[i], .limit = static_cast<int>(i)};
    return found;
}

std::string expected_of(const bound& b, duration takes) {
    if (takes < b.left) return "7";
    if (b.limit < 0) return "the caller's deadline has passed";
    return std::to_string(b.limit) + ": the time limit was reached (limit " + to_text(b.left) + ")";
}

void nested_limits_are_right(testing::driver played_by) {
    const auto some_time = [] { return duration{*rc::gen::inRange<duration::rep>(1, 1'000'000'000)}; };
    testing::stage<int> on{played_by};
    const duration takes = some_time();
    on.dependency.returns(7, takes);
    std::vector<duration> limits(*rc::gen::inRange<std::size_t>(0, 5));
    std::ranges::generate(limits, some_time);
    const duration deadline = *rc::gen::element(forever, some_time());
    const bound b = tightest(deadline, limits);
    RC_PRE(takes != b.left);
    any_pipeline<int> guarded{observe{on.heard}};
    for (std::size_t i = 0; i < limits.size(); ++i)
        guarded.add(timeout{{.name = std::to_string(i), .after = limits[i]}});
    const auto result = on.play(guarded, {.deadline = deadline == forever ? never : on.time.in(deadline)});
    RC_ASSERT((result ? std::to_string(*result) : result.error().message()) == expected_of(b, takes));
    RC_ASSERT(on.time.elapsed() == std::min(takes, b.left));
    RC_ASSERT(on.heard.count("timed_out") == (!result && b.limit >= 0 ? 1U : 0U));
}

RC_GTEST_PROP(timeout_property, nested_limits_are_right_when_blocking, ()) {
    nested_limits_are_right(testing::driver::blocking);
}
RC_GTEST_PROP(timeout_property, nested_limits_are_right_in_coroutines, ()) {
    nested_limits_are_right(testing::driver::coroutine);
}

// ---- options and cost ----

TEST(timeout_options, T57_whatever_is_out_of_range_is_refused_by_name_value_and_range) {
    const auto refused = [](duration after) {
        return testing::refused_with<timeout>(timeout_options{.name = "attempt", .after = after});
    };
    const std::string range = ", allowed is more than 0s and at most 8760h";
    EXPECT_EQ(refused(0s), "timeout \"attempt\": after is 0s" + range);
    EXPECT_EQ(refused(-1ms), "timeout \"attempt\": after is -1ms" + range);
    EXPECT_EQ(refused(24h * 365 + 1ns), "timeout \"attempt\": after is 31536000000000.001us" + range);
    EXPECT_EQ(refused(forever), "timeout \"attempt\": after is none" + range);
    EXPECT_EQ(refused(1ns), "");
    EXPECT_EQ(refused(24h * 365), "");
}

TEST(timeout_options, the_limit_may_stand_alone_or_be_left_out) {
    EXPECT_EQ(timeout{250ms}.limit(), 250ms);
    EXPECT_EQ(timeout{}.limit(), 1s);
}

TEST(timeout_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{timeout{{.name = "total", .after = 1500ms}}};
    EXPECT_EQ(guarded.describe(), "timeout \"total\" {after = 1.5s}\n└─ call\n");
}

TEST(timeout_alone, works_without_a_pipeline) {
    timeout patience{1h};
    EXPECT_EQ(*patience([](attempt& a) { return a.remaining() > 59min; }), true);
}

TEST(timeout_cost, a_call_through_two_limits_reads_the_clock_once) {
    testing::virtual_time time;
    pipeline guarded{timeout{2s}, timeout{1s}};
    (void)time.run(guarded, [] { return 7; });
    EXPECT_EQ(time.reads(), 1U);
}

// ---- the script, and each step of it spoilt ----

TEST(timeout_script, whatever_goes_wrong_at_a_step_the_call_ends_by_its_limit) {
    const std::vector<testing::mock_step<int>> story{{.takes = 30ms, .code = make_error_code(std::errc::io_error)},
                                                     {.takes = 50ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            mock dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{
                timeout{{.name = "total", .after = 90ms}},
                retry{{.base_delay = 5ms, .jitter = jitter::none, .should_retry = [](auto&) { return true; }}},
                timeout{{.name = "attempt", .after = 60ms}}};
            const instant began = time.present();
            const call_options said{.stop = caller.get_token()};
            const result<int> got = blocking ? time.run(guarded, said, dependency.blocking())
                                             : loop.run(guarded, said, loop.coroutine(dependency));
            EXPECT_LE(time.present() - began, 90ms);
            if (v.how == spoilt::hangs) {
                EXPECT_EQ(got.error().code(), errc::timed_out);
            }
            if (v.how == spoilt::is_cancelled) {
                EXPECT_EQ(got.error().code(), errc::cancelled);
            }
        }
    });
}

}  // namespace
}  // namespace cutwater
