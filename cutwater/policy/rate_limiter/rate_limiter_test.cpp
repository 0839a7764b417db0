// The rate limiter in pipelines, on both drivers.

#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater::rate_limiter_tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::others;
using testing::spoken_by;

static_assert(queueing_gate<rate_limiter>);

// ---- one table, both drivers: one call, where permits are taken or awaited already ----

struct scenario {
    std::string name;
    rate_limiter_options options;
    unsigned taken = 0;
    unsigned others = 0;
    duration one_leaves_after = forever;
    duration deadline = forever;
    duration cancels_after = forever;
    unsigned weight = 1;
    criticality importance = criticality::normal;
    duration a_critical_one_comes_after = forever;

    std::string result;
    duration elapsed{};
    std::vector<std::string> events;
};

/// Ten a second, two at once.
rate_limiter_options ten_but(auto&& change) {
    rate_limiter_options o{.name = "db", .permits = 10, .per = 1s, .burst = 2};
    change(o);
    return o;
}
const rate_limiter_options refusing = ten_but([](auto&) {});
const rate_limiter_options waiting = ten_but([](auto& o) { o.max_queue = 5, o.max_wait = 300ms; });
const rate_limiter_options patient_for_150ms = ten_but([](auto& o) { o.max_queue = 5, o.max_wait = 150ms; });
const rate_limiter_options even = ten_but([](auto& o) { o.max_queue = 5, o.burst = 1; });
const rate_limiter_options fixed{.name = "db", .window = rate_window::fixed, .permits = 10, .per = 1s, .max_queue = 5};
const rate_limiter_options sliding{
    .name = "db", .window = rate_window::sliding, .permits = 10, .per = 1s, .max_queue = 5};

std::string let_in(const std::string& waited) { return "db rate_wait_ended admitted=true waited=" + waited; }
std::string in_vain(const std::string& waited) { return "db rate_wait_ended admitted=false waited=" + waited; }
std::string queued(unsigned place, std::string_view wait) {
    return "db rate_queued expected_wait=" + std::string{wait} + " queued=" + std::to_string(place);
}
std::string refused(std::string_view wait, unsigned weight = 1) {
    return "db rate_refused per=1s permits=10 retry_after=" + std::string{wait} + " weight=" + std::to_string(weight);
}
std::string too_heavy(unsigned weight, unsigned most) {
    return "db rate_too_heavy most=" + std::to_string(most) + " weight=" + std::to_string(weight);
}

const std::vector<scenario> scenarios{
    {.name = "there_is_a_permit", .options = refusing, .taken = 1, .result = "7", .elapsed = 5ms, .events = {}},
    {.name = "there_is_none",
     .options = refusing,
     .taken = 2,
     .result = "db: get: the rate limit is reached, retry after 100ms",
     .elapsed = 0ms,
     .events = {refused("100ms")}},
    {.name = "it_weighs_more_than_is_left",
     .options = refusing,
     .taken = 1,
     .weight = 2,
     .result = "db: get: the rate limit is reached, retry after 100ms",
     .elapsed = 0ms,
     .events = {refused("100ms", 2)}},
    {.name = "T78_it_weighs_more_than_there_ever_is",
     .options = waiting,
     .weight = 3,
     .result = "db: get: the rate limit is reached",
     .elapsed = 0ms,
     .events = {too_heavy(3, 2)}},
    {.name = "it_weighs_nothing",
     .options = refusing,
     .taken = 2,
     .weight = 0,
     .result = "7",
     .elapsed = 5ms,
     .events = {}},
    {.name = "it_waits_for_its_permit",
     .options = waiting,
     .taken = 2,
     .result = "7",
     .elapsed = 105ms,
     .events = {queued(1, "100ms"), let_in("100ms")}},
    {.name = "T43_who_stands_before_it_and_does_not_look_keeps_it_no_longer_than_if_it_did",
     .options = waiting,
     .taken = 2,
     .others = 1,
     .result = "7",
     .elapsed = 205ms,
     .events = {queued(2, "200ms"), let_in("200ms")}},
    {.name = "nobody_overtakes_who_waits_and_does_not_look",
     .options = even,
     .taken = 1,
     .others = 1,
     .result = "7",
     .elapsed = 305ms,
     .events = {queued(2, "200ms"), let_in("300ms")}},
    {.name = "T43_who_leaves_makes_room_for_who_stands_behind",
     .options = waiting,
     .taken = 2,
     .others = 1,
     .one_leaves_after = 50ms,
     .result = "7",
     .elapsed = 105ms,
     .events = {queued(2, "200ms"), let_in("100ms")}},
    {.name = "T43_one_leaves_when_the_permit_is_there_already",
     .options = waiting,
     .taken = 2,
     .others = 1,
     .one_leaves_after = 150ms,
     .result = "7",
     .elapsed = 155ms,
     .events = {queued(2, "200ms"), let_in("150ms")}},
    {.name = "T77_a_wait_that_would_be_too_long_is_refused_at_once",
     .options = waiting,
     .taken = 2,
     .others = 3,
     .result = "db: get: the rate limit is reached, retry after 400ms",
     .elapsed = 0ms,
     .events = {refused("400ms")}},
    {.name = "T77_so_is_one_beyond_the_deadline",
     .options = waiting,
     .taken = 2,
     .deadline = 99ms,
     .result = "db: get: the rate limit is reached, retry after 100ms",
     .elapsed = 0ms,
     .events = {refused("100ms")}},
    {.name = "T77_so_is_one_that_ends_at_the_deadline_when_nothing_is_sent_any_more",
     .options = waiting,
     .taken = 2,
     .deadline = 100ms,
     .result = "db: get: the rate limit is reached, retry after 100ms",
     .elapsed = 0ms,
     .events = {refused("100ms")}},
    {.name = "who_waits_until_its_deadline_waits_in_vain",
     .options = waiting,
     .taken = 2,
     .deadline = 150ms,
     .a_critical_one_comes_after = 50ms,
     .result = "db: get: no permit or place became free in time",
     .elapsed = 150ms,
     .events = {queued(1, "100ms"), in_vain("150ms")}},
    {.name = "the_queue_is_full",
     .options = ten_but([](auto& o) { o.max_queue = 1; }),
     .taken = 2,
     .others = 1,
     .result = "db: get: the rate limit is reached, retry after 200ms",
     .elapsed = 0ms,
     .events = {refused("200ms")}},
    {.name = "T85_what_matters_more_goes_first",
     .options = waiting,
     .taken = 2,
     .others = 2,
     .importance = criticality::critical,
     .result = "7",
     .elapsed = 105ms,
     .events = {queued(3, "100ms"), let_in("100ms")}},
    {.name = "T85_what_matters_less_stands_behind",
     .options = waiting,
     .taken = 2,
     .a_critical_one_comes_after = 50ms,
     .result = "7",
     .elapsed = 205ms,
     .events = {queued(1, "100ms"), let_in("200ms")}},
    {.name = "T85_what_matters_less_waits_in_vain_behind_what_came_later",
     .options = patient_for_150ms,
     .taken = 2,
     .a_critical_one_comes_after = 50ms,
     .result = "db: get: no permit or place became free in time (limit 150ms)",
     .elapsed = 150ms,
     .events = {queued(1, "100ms"), in_vain("150ms")}},
    {.name = "T85_what_matters_less_makes_room",
     .options = ten_but([](auto& o) { o.max_queue = 1; }),
     .taken = 2,
     .a_critical_one_comes_after = 20ms,
     .result = "db: get: another call took its place in the queue",
     .elapsed = 20ms,
     .events = {queued(1, "100ms"), in_vain("20ms")}},
    {.name = "T43_it_stops_waiting_when_its_caller_cancels",
     .options = waiting,
     .taken = 2,
     .cancels_after = 30ms,
     .result = "db: get: the caller cancelled the call",
     .elapsed = 30ms,
     .events = {queued(1, "100ms"), in_vain("30ms")}},
    {.name = "a_sliding_window_waits_for_the_first_to_come_back",
     .options = sliding,
     .taken = 10,
     .result = "7",
     .elapsed = 1005ms,
     .events = {queued(1, "1s"), let_in("1s")}},
    {.name = "a_fixed_window_is_refused_what_it_never_has",
     .options = fixed,
     .weight = 11,
     .result = "db: get: the rate limit is reached",
     .elapsed = 0ms,
     .events = {too_heavy(11, 10)}},
};

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

class rate_limiter_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(rate_limiter_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    on.dependency.returns(7, 5ms);
    rate_limiter db{s.options};
    {
        EXPECT_TRUE(db.try_acquire(on.time.present(), s.taken));
        others those{db, on.time};
        for (unsigned i = 0; i < s.others; ++i) those.come();
        if (s.one_leaves_after != forever) those.leave_after(s.one_leaves_after);
        if (s.a_critical_one_comes_after != forever)
            those.come_after(s.a_critical_one_comes_after, criticality::critical);
        if (s.cancels_after != forever) on.cancels_after(s.cancels_after);
        pipeline guarded{observe{on.heard}, ref(db)};
        const auto result = on.play(guarded, {.operation = "get",
                                              .deadline = on.deadline_in(s.deadline),
                                              .weight = s.weight,
                                              .importance = s.importance});
        EXPECT_EQ(testing::text_of(result), s.result);
        EXPECT_EQ(on.dependency.calls(), result ? 1U : 0U) << "what did not get in is not run, then or later";
    }
    EXPECT_EQ(on.heard.lines_of("db"), s.events);
    EXPECT_EQ(on.time.elapsed(), s.elapsed);
    EXPECT_EQ(db.queued(), 0U);
}

INSTANTIATE_TEST_SUITE_P(table, rate_limiter_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class rate_limiter_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    rate_limiter db{refusing};
    [[nodiscard]] std::uint64_t left() const { return db.read(on.time.present()).remaining; }
};

INSTANTIATE_TEST_SUITE_P(drivers, rate_limiter_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

TEST_P(rate_limiter_policy, T17_what_a_later_gate_refuses_costs_nothing) {
    pipeline guarded{ref(db), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 10; ++i) EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(left(), 2U);
}

TEST_P(rate_limiter_policy, what_was_cancelled_before_it_was_sent_costs_nothing) {
    bulkhead full{{.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
    blocking_parking nowhere;
    call_context inside{nothing_said, on.time, nowhere};
    ASSERT_TRUE(std::holds_alternative<bulkhead::ticket>(full.admit(inside, inside.now)));
    rate_limiter daily{{.permits = 2, .per = 24h, .burst = 2}};
    pipeline guarded{ref(daily), ref(full)};
    on.cancels_after(30ms);
    EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
    EXPECT_EQ(daily.read(on.time.present()).reset, 0s) << "less the 30 ms that came back by themselves";
}

TEST_P(rate_limiter_policy, what_was_cancelled_while_it_ran_is_paid_for) {
    on.dependency.hangs();
    rate_limiter daily{{.permits = 2, .per = 24h, .burst = 2}};
    pipeline guarded{timeout{1s}, ref(daily)};
    on.cancels_after(30ms);
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(daily.read(on.time.present()).remaining, 1U);
}

TEST_P(rate_limiter_policy, S26_limits_can_be_chained_and_what_one_refuses_costs_nothing_in_the_other) {
    rate_limiter hourly{{.name = "hourly", .permits = 3, .per = 1h, .burst = 3}};
    pipeline guarded{ref(hourly), ref(db)};
    on.dependency.returns(7);
    unsigned answered = 0;
    for (int i = 0; i < 50; ++i, on.time.pass(10ms)) answered += on.play(guarded) ? 1U : 0U;
    EXPECT_EQ(answered, 3U) << "all that the hour has, however often the second refused";
    EXPECT_THAT(on.play(guarded), spoken_by("hourly"));
}

TEST_P(rate_limiter_policy, what_was_sent_is_paid_for_also_where_the_dependency_refused) {
    pipeline guarded{ref(db)};
    const auto refused_below = []() -> std::expected<int, error> { return std::unexpected{error{errc::circuit_open}}; };
    EXPECT_THAT(on.play(guarded, {}, refused_below), fails_with(errc::circuit_open));
    EXPECT_EQ(left(), 1U);
}

TEST_P(rate_limiter_policy, what_comes_back_by_itself_before_the_refusal_is_told_comes_back_once) {
    struct slow_listener final : listener {
        explicit slow_listener(testing::virtual_time& t) : time{t} {}
        void on_event(const event& e) override {
            if (e.kind().name == "circuit_refused") time.pass(50ms);
        }
        testing::virtual_time& time;
    } log{on.time};
    rate_limiter fast{{.permits = 100, .per = 1s, .burst = 10}};
    EXPECT_TRUE(fast.try_acquire(on.time.present(), 5));
    pipeline guarded{observe{log}, ref(fast), circuit_breaker{{.mode = breaker_mode::forced_open}}};
    EXPECT_FALSE(on.play(guarded, {.weight = 5}));
    EXPECT_EQ(fast.read(on.time.present()).remaining, 5U)
        << "50 ms brought five, and the refused call's are those five";
}

TEST_P(rate_limiter_policy, what_was_sent_is_paid_for_whatever_came_of_it) {
    pipeline guarded{ref(db)};
    EXPECT_FALSE(on.play(guarded, {}, []() -> int { throw std::runtime_error{"broken"}; }));
    EXPECT_EQ(left(), 1U);
    EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
    EXPECT_EQ(left(), 0U);
}

TEST_P(rate_limiter_policy, attempts_that_were_sent_are_paid_for_where_the_last_one_is_refused) {
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    on.dependency.fails(std::errc::connection_reset);
    pipeline guarded{ref(db), retry{{.max_attempts = 3, .base_delay = 1ms}}, ref(health)};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(left(), 1U);
}

TEST_P(rate_limiter_policy, each_attempt_pays_where_it_is_inside_of_the_retry) {
    on.dependency.fails(std::errc::connection_reset);
    pipeline guarded{retry{{.max_attempts = 5, .base_delay = 1ms, .max_delay = 1ms}}, ref(db)};
    EXPECT_THAT(on.play(guarded), fails_with(condition::refused)) << "the third finds no permit";
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(rate_limiter_policy, T25_T30_its_refusals_say_nothing_about_the_dependency) {
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    EXPECT_TRUE(db.try_acquire(on.time.present(), 2));
    pipeline guarded{ref(health), ref(db)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::rate_limited), fails_with(condition::refused),
                                        fails_with(condition::never_sent)));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed);
}

TEST_P(rate_limiter_policy, reads_the_clock_once_an_attempt) {
    on.dependency.returns(7);
    rate_limiter wide{{.permits = 1'000'000, .burst = 1000}};
    pipeline guarded{ref(wide)};
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 100U);
}

// ---- many at once ----

TEST(rate_limiter_policy, calls_are_let_in_in_their_order_each_when_its_permit_comes) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    rate_limiter db{{.permits = 10, .per = 1s, .burst = 2, .max_queue = 100, .max_wait = 1min}};
    pipeline guarded{ref(db)};
    std::vector<int> order;
    std::vector<duration> at;
    const auto call = [&](int number) -> boost::asio::awaitable<void> {
        EXPECT_TRUE(co_await guarded.async_run([&, number]() -> boost::asio::awaitable<void> {
            order.push_back(number);
            at.push_back(time.elapsed());
            co_return;
        }));
    };
    for (int i = 0; i < 6; ++i) boost::asio::co_spawn(loop.context(), call(i), boost::asio::detached);
    loop.run_all();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(at, ElementsAre(0ms, 0ms, 100ms, 200ms, 300ms, 400ms));
}

TEST(rate_limiter_policy, who_waits_is_let_in_by_a_permit_that_was_not_used) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    rate_limiter slow{{.permits = 1, .per = 10s, .burst = 1, .max_queue = 5, .max_wait = 1min}};
    bulkhead full{{.max_concurrent = 1, .max_queue = 1, .max_wait = 100ms}};
    blocking_parking nowhere;
    call_context inside{nothing_said, time, nowhere};
    ASSERT_TRUE(std::holds_alternative<bulkhead::ticket>(full.admit(inside, inside.now)));
    pipeline refused_later{ref(slow), ref(full)};
    pipeline patient{ref(slow)};
    const auto nothing = []() -> boost::asio::awaitable<void> { co_return; };
    const auto call = [&](auto& guarded, errc refusal) -> boost::asio::awaitable<void> {
        const auto result = co_await guarded.async_run(nothing);
        EXPECT_EQ(result ? errc{} : errc{result.error().code().value()}, refusal);
        EXPECT_EQ(time.elapsed(), 100ms);
    };
    boost::asio::co_spawn(loop.context(), call(refused_later, errc::wait_timed_out), boost::asio::detached);
    boost::asio::co_spawn(loop.context(), call(patient, errc{}), boost::asio::detached);
    loop.run_all();
    EXPECT_EQ(slow.queued(), 0U);
    EXPECT_EQ(slow.read(time.present()).remaining, 0U);
}

TEST(rate_limiter_policy, T19_T43_coroutines_destroyed_in_the_queue_leave_nothing_behind) {
    testing::virtual_time time;
    rate_limiter db{waiting};
    EXPECT_TRUE(db.try_acquire(time.present(), 2));
    pipeline guarded{ref(db)};
    {
        testing::virtual_asio loop{time};
        testing::mock_dependency<int> hanging{time};
        const auto call = [&]() -> boost::asio::awaitable<void> {
            (void)co_await guarded.async_run(loop.coroutine(hanging));
        };
        for (int i = 0; i < 2; ++i) boost::asio::co_spawn(loop.context(), call(), boost::asio::detached);
        loop.context().poll();
        EXPECT_EQ(db.queued(), 2U);
    }
    EXPECT_EQ(db.queued(), 0U);
    EXPECT_EQ(db.read(time.present()).retry_after, 100ms);
}

// ---- by hand ----

constexpr instant noon{12h};

TEST(rate_limiter_by_hand, S112_takes_without_waiting) {
    rate_limiter db{refusing};
    EXPECT_TRUE(db.try_acquire(noon));
    EXPECT_FALSE(db.try_acquire(noon, 2));
    EXPECT_TRUE(db.try_acquire(noon));
    EXPECT_FALSE(db.try_acquire(noon));
    EXPECT_EQ(db.read(noon), (rate_reading{.limit = 2, .remaining = 0, .reset = 200ms, .retry_after = 100ms}));
    EXPECT_TRUE(db.try_acquire(noon + 100ms)) << "they come back one by one";
}

TEST(rate_limiter_by_hand, permits_of_the_future_can_be_reserved_and_given_back) {
    rate_limiter db{waiting};
    EXPECT_TRUE(db.try_acquire(noon, 2));
    auto first = db.reserve(noon);
    auto second = db.reserve(noon);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->at(), noon + 100ms);
    EXPECT_EQ(second->at(), noon + 200ms);
    EXPECT_FALSE(db.reserve(noon, 299ms)) << "it would be in 300 ms";
    EXPECT_FALSE(db.reserve(noon, forever, 3)) << "there are never three";
    rate_limiter::reservation moved = std::move(*second);
    moved.cancel(noon);
    moved.cancel(noon);
    EXPECT_EQ(db.reserve(noon)->at(), noon + 200ms) << "once";
    EXPECT_EQ(db.reserve(noon)->at(), noon + 300ms);
    EXPECT_FALSE(db.reserve(noon)) << "no farther ahead than max_wait";
}

TEST(rate_limiter_by_hand, T80_a_reservation_behind_which_others_stand_gives_back_nothing_that_is_not_there) {
    rate_limiter db{waiting};
    EXPECT_TRUE(db.try_acquire(noon, 2));
    auto first = db.reserve(noon);
    auto second = db.reserve(noon);
    ASSERT_TRUE(first && second);
    first->cancel(noon);
    EXPECT_EQ(db.reserve(noon)->at(), noon + 300ms);
}

TEST(rate_limiter_by_hand, T80_what_looks_like_the_latest_after_others_were_given_back_is_not_undone) {
    rate_limiter db{ten_but([](auto& o) { o.burst = 5; })};
    auto first = db.reserve(noon);
    auto second = db.reserve(noon);
    ASSERT_TRUE(first && second);
    first->cancel(noon);
    EXPECT_TRUE(db.try_acquire(noon + 50ms)) << "the state is now as it was after the second";
    second->cancel(noon + 60ms);
    EXPECT_GE(db.read(noon + 60ms).reset, 90ms) << "what was taken at 50 ms is back at 150 ms and not before";
}

TEST(rate_limiter_by_hand, what_was_given_back_in_vain_spoils_no_other_reservation) {
    rate_limiter db{waiting};
    EXPECT_TRUE(db.try_acquire(noon, 2));
    auto first = db.reserve(noon);
    auto second = db.reserve(noon);
    ASSERT_TRUE(first && second);
    first->cancel(noon);  // one stands behind it: nothing comes back
    second->cancel(noon);
    EXPECT_EQ(db.read(noon).retry_after, 200ms) << "the second came back whole";
}

TEST(rate_limiter_by_hand, nobody_reserves_past_those_who_wait) {
    testing::virtual_time time;
    rate_limiter db{waiting};
    others those{db, time};
    EXPECT_TRUE(db.try_acquire(time.present(), 2));
    those.come();
    EXPECT_FALSE(db.reserve(time.present()));
    EXPECT_EQ(db.read(time.in(1s)).remaining, 0U) << "there is nothing for whoever comes now";
    EXPECT_EQ(db.read(time.present()).retry_after, 200ms);
    EXPECT_FALSE(db.try_acquire(time.in(100ms))) << "nor takes";
    EXPECT_EQ(those.woken(), 1U) << "but whoever tries lets in the first";
}

TEST(rate_limiter_by_hand, one_who_waits_and_never_looks_holds_nobody_up_for_longer_than_its_wait) {
    testing::virtual_time time;
    for (const auto& options : {waiting, sliding}) {
        rate_limiter db{options};
        EXPECT_TRUE(db.try_acquire(time.present(), options.most_at_once()));
        others those{db, time};
        those.come();
        EXPECT_TRUE(db.try_acquire(time.in(2s)));
        EXPECT_EQ(db.queued(), 0U);
    }
}

TEST(rate_limiter_by_hand, windows_have_the_permits_of_now_and_no_others) {
    for (const auto& options : {fixed, sliding}) {
        rate_limiter db{options};
        auto all = db.reserve(noon, forever, 10);
        ASSERT_TRUE(all);
        EXPECT_EQ(all->at(), noon);
        EXPECT_FALSE(db.reserve(noon));
        all->cancel(noon + 1ms);
        EXPECT_TRUE(db.try_acquire(noon + 1ms, 10));
    }
}

TEST(rate_limiter_by_hand, S12_works_alone) {
    rate_limiter db{refusing};
    EXPECT_EQ(db([] { return 7; }), 7);
}

// ---- options ----

std::string refused_with(const rate_limiter_options& options) { return testing::refused_with<rate_limiter>(options); }

TEST(rate_limiter_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(refused_with({.name = "db", .permits = 0, .per = 0s, .burst = 0, .max_queue = 1'000'001, .max_wait = 0s}),
              "rate_limiter \"db\": permits is 0, allowed is from 1 to 1000000000\n"
              "rate_limiter \"db\": per is 0s, allowed is from 1us to 8784h\n"
              "rate_limiter \"db\": burst is 0, allowed is from 1 to 1000000000\n"
              "rate_limiter \"db\": max_queue is 1000001, allowed is from 0 to 1000000\n"
              "rate_limiter \"db\": max_wait is 0s, allowed is more than 0s and at most 24h");
    EXPECT_THAT(refused_with({.per = forever}), HasSubstr("per is none"));
    EXPECT_THAT(refused_with({.window = static_cast<rate_window>(9)}), HasSubstr("window is unknown"));
}

TEST(rate_limiter_options, what_no_single_one_can_know_is_checked_too) {
    EXPECT_THAT(refused_with({.permits = 1, .per = 24h, .burst = 4000}), HasSubstr("burst is 4000"));
    EXPECT_THAT(refused_with({.window = rate_window::sliding, .permits = 1'000'001}), HasSubstr("permits is 1000001"));
    EXPECT_THAT(refused_with({.window = rate_window::fixed, .permits = 1'000'001}), HasSubstr("permits is 1000001"));
}

TEST(rate_limiter_options, a_burst_where_the_window_has_none_is_refused_and_not_left_unread) {
    EXPECT_EQ(
        refused_with({.name = "db", .window = rate_window::fixed, .burst = 5}),
        "rate_limiter \"db\": burst is 5, allowed is none where the window is fixed (leave it out: all permits may be "
        "taken at once)");
    EXPECT_THAT(refused_with({.window = rate_window::sliding, .burst = 1}), HasSubstr("burst is 1"));
    EXPECT_EQ(refused_with({.window = rate_window::sliding}), "");
}

TEST(rate_limiter_options, the_ends_of_their_ranges_are_taken) {
    EXPECT_EQ(refused_with({.permits = 1'000'000'000, .per = 1us, .burst = 1'000'000'000}), "");
    EXPECT_EQ(refused_with({.permits = 1, .per = 24h * 366, .burst = 9, .max_queue = 1'000'000, .max_wait = 24h}), "");
    EXPECT_EQ(refused_with({.window = rate_window::sliding, .permits = 1'000'000, .per = 1us}), "");
}

TEST(rate_limiter_options, T57_those_in_force_can_be_read) {
    EXPECT_EQ(pipeline{rate_limiter{refusing}}.describe(),
              "rate_limiter \"db\" {window = rolling, permits = 10, per = 1s, burst = 2, max_queue = 0,\n"
              "    max_wait = 1s}\n"
              "└─ call\n");
    EXPECT_THAT(pipeline{rate_limiter{sliding}}.describe(), ::testing::Not(HasSubstr("burst")));
}

// ---- the script, and each step of it spoilt ----

TEST(rate_limiter_script, whatever_goes_wrong_at_a_step_the_limit_is_kept_and_the_queue_left) {
    const std::vector<testing::mock_step<int>> story{
        {.takes = 20ms, .code = make_error_code(std::errc::connection_reset)}, {.takes = 10ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            rate_limiter gate{ten_but([](auto& o) { o.burst = 1, o.max_queue = 5; })};
            EXPECT_TRUE(gate.try_acquire(time.present()));
            testing::mock_dependency<int> dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{retry{{.base_delay = 5ms}}, ref(gate), timeout{100ms}};
            const call_options said{.stop = caller.get_token()};
            const result<int> got = blocking ? time.run(guarded, said, dependency.blocking())
                                             : loop.run(guarded, said, loop.coroutine(dependency));
            EXPECT_EQ(gate.queued(), 0U);
            EXPECT_LE(dependency.calls(), static_cast<unsigned>(time.elapsed() / 100ms)) << "one in each 100 ms";
            if (v.how == testing::spoilt::is_cancelled) {
                EXPECT_EQ(got.error().code(), errc::cancelled);
            }
        }
    });
}

}  // namespace
}  // namespace cutwater::rate_limiter_tests
