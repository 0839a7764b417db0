// The bulkhead in pipelines, on both drivers.

#include "cutwater/policy/bulkhead/bulkhead.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/permit_scenario.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::others;
using testing::spoken_by;

static_assert(queueing_gate<bulkhead> && quick_gate<bulkhead>);

// ---- one table, both drivers: one call, where others are inside or wait already ----

using scenario = testing::permit_scenario<bulkhead>;

const bulkhead_options narrow{.name = "db", .max_concurrent = 1, .max_queue = 1, .max_wait = 200ms};
const std::string queued = "db bulkhead_queued longest_wait=200ms queued=1";
std::string let_in(const std::string& waited) { return "db bulkhead_wait_ended admitted=true waited=" + waited; }
std::string in_vain(const std::string& waited) { return "db bulkhead_wait_ended admitted=false waited=" + waited; }

const std::vector<scenario> scenarios{
    {.name = "there_is_room", .options = narrow, .result = "7", .elapsed = 5ms, .events = {}},
    {.name = "it_is_full",
     .options = {.name = "db", .max_concurrent = 2},
     .others = 2,
     .result = "db: get: the bulkhead is full",
     .elapsed = 0ms,
     .events = {"db bulkhead_refused max_concurrent=2 queued=0"}},
    {.name = "it_waits_until_one_goes",
     .options = narrow,
     .others = 1,
     .one_goes_after = 50ms,
     .result = "7",
     .elapsed = 55ms,
     .events = {queued, let_in("50ms")}},
    {.name = "it_waits_in_vain",
     .options = narrow,
     .others = 1,
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {queued, in_vain("200ms")}},
    {.name = "one_goes_at_the_last_instant",
     .options = narrow,
     .others = 1,
     .one_goes_after = 200ms,
     .result = "7",
     .elapsed = 205ms,
     .events = {queued, let_in("200ms")}},
    {.name = "one_goes_too_late",
     .options = narrow,
     .others = 1,
     .one_goes_after = 201ms,
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {queued, in_vain("200ms")}},
    {.name = "the_queue_is_full",
     .options = narrow,
     .others = 2,
     .result = "db: get: the bulkhead is full",
     .elapsed = 0ms,
     .events = {"db bulkhead_refused max_concurrent=1 queued=1"}},
    {.name = "nobody_overtakes_who_waits",
     .options = {.name = "db", .max_concurrent = 1, .max_queue = 2, .max_wait = 200ms},
     .others = 2,
     .one_goes_after = 50ms,
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {"db bulkhead_queued longest_wait=200ms queued=2", in_vain("200ms")}},
    {.name = "T46_it_waits_no_longer_than_its_deadline",
     .options = narrow,
     .others = 1,
     .deadline = 80ms,
     .result = "db: get: no permit or place became free in time",
     .elapsed = 80ms,
     .events = {"db bulkhead_queued longest_wait=80ms queued=1", in_vain("80ms")}},
    {.name = "T46_who_is_let_in_at_its_deadline_sends_nothing",
     .options = narrow,
     .others = 1,
     .one_goes_after = 80ms,
     .deadline = 80ms,
     .result = "db: get: no permit or place became free in time",
     .elapsed = 80ms,
     .events = {"db bulkhead_queued longest_wait=80ms queued=1", in_vain("80ms")}},
    {.name = "T43_it_stops_waiting_when_its_caller_cancels",
     .options = narrow,
     .others = 1,
     .cancels_after = 30ms,
     .result = "db: get: the caller cancelled the call",
     .elapsed = 30ms,
     .events = {queued, in_vain("30ms")}},
    {.name = "T80_the_longest_wait_there_is",
     .options = {.name = "db", .max_concurrent = 1, .max_queue = 1, .max_wait = 24h},
     .others = 1,
     .one_goes_after = 23h,
     .result = "7",
     .elapsed = 23h + 5ms,
     .events = {"db bulkhead_queued longest_wait=24h queued=1", let_in("23h")}},
    {.name = "T85_what_matters_more_takes_a_place_in_a_full_queue",
     .options = narrow,
     .others = 2,
     .one_goes_after = 50ms,
     .importance = criticality::critical,
     .result = "7",
     .elapsed = 55ms,
     .events = {queued, let_in("50ms")}},
    {.name = "T85_what_matters_more_is_let_in_first",
     .options = {.name = "db", .max_concurrent = 1, .max_queue = 3, .max_wait = 200ms},
     .others = 3,
     .one_goes_after = 50ms,
     .importance = criticality::critical,
     .result = "7",
     .elapsed = 55ms,
     .events = {"db bulkhead_queued longest_wait=200ms queued=3", let_in("50ms")}},
    {.name = "T85_what_matters_less_makes_room",
     .options = narrow,
     .others = 1,
     .importance = criticality::sheddable,
     .a_critical_one_comes_after = 20ms,
     .result = "db: get: another call took its place in the queue",
     .elapsed = 20ms,
     .events = {queued, in_vain("20ms")}},
    {.name = "T85_what_matters_less_finds_the_queue_full",
     .options = narrow,
     .others = 2,
     .importance = criticality::best_effort,
     .result = "db: get: the bulkhead is full",
     .elapsed = 0ms,
     .events = {"db bulkhead_refused max_concurrent=1 queued=1"}},
};

class bulkhead_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(bulkhead_scenarios, are_as_the_table_says) { testing::expect_scenario(GetParam()); }

INSTANTIATE_TEST_SUITE_P(table, bulkhead_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class bulkhead_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    bulkhead db{narrow};
    others<bulkhead> those{db, on.time};
};

INSTANTIATE_TEST_SUITE_P(drivers, bulkhead_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(bulkhead_policy, S109_holds_its_permit_while_the_call_runs) {
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded, {}, [&] { return static_cast<int>(db.in_use()); }), has_value(1));
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(bulkhead_policy, T40_whatever_a_call_ends_with_its_permit_comes_back) {
    pipeline guarded{ref(db)};
    EXPECT_FALSE(on.play(guarded, {}, []() -> int { throw std::runtime_error{"broken"}; }));
    EXPECT_FALSE(on.play(guarded, {}, []() -> int { throw 7; }));
    EXPECT_FALSE(on.play(
        guarded, {}, []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::connection_reset}; }));
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(bulkhead_policy, T17_a_permit_comes_back_where_a_later_gate_refuses) {
    pipeline guarded{ref(db), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(bulkhead_policy, T25_its_refusals_say_nothing_about_the_dependency) {
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    those.come();
    pipeline guarded{ref(health), ref(db)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::wait_timed_out), fails_with(condition::refused)));
    those.come();
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::bulkhead_full), fails_with(condition::refused)));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed);
}

TEST_P(bulkhead_policy, S26_one_that_is_full_leaves_the_others_alone) {
    bulkhead inventory{{.name = "inventory", .max_concurrent = 1}};
    those.come();
    pipeline payments{ref(db)};
    pipeline stock{ref(inventory)};
    EXPECT_FALSE(on.play(payments));
    EXPECT_THAT(on.play(stock, {}, [] { return 7; }), has_value(7));
}

TEST_P(bulkhead_policy, a_call_that_enters_it_twice_waits_for_itself_no_longer_than_it_may) {
    testing::stage<int> within{GetParam()};
    pipeline guarded{ref(db)};
    const auto outer = on.play(guarded, {}, [&] {
        EXPECT_THAT(within.play(guarded), fails_with(errc::wait_timed_out));
        return 7;
    });
    EXPECT_THAT(outer, has_value(7));
    EXPECT_EQ(within.time.elapsed(), 200ms);
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(bulkhead_policy, a_higher_limit_lets_in_those_who_wait) {
    those.come();
    on.dependency.returns(7);
    on.time.after(50ms, [&] { db.resize(2); });
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 50ms);
    EXPECT_EQ(db.limit(), 2U);
}

TEST_P(bulkhead_policy, a_lower_limit_lets_those_inside_finish) {
    db.resize(3);
    for (int i = 0; i < 3; ++i) those.come();
    db.resize(1);
    EXPECT_EQ(db.in_use(), 3U);
    those.go();
    those.go();
    pipeline guarded{ref(db)};
    EXPECT_FALSE(on.play(guarded)) << "one is still inside";
    those.go();
    EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
}

/// An attempt that its call has given up on, and that still runs: what a driver says of it, a frame says here.
class orphaning final : public orphan_work {
public:
    [[nodiscard]] name layer_name() const { return "orphaning"; }
    [[nodiscard]] int before(call_context&) const { return 0; }
    void after(int, const observation&, call_context& call) {
        call.leave_behind(std::shared_ptr<orphan_work>{std::shared_ptr<void>{}, this});  // the test's, not the call's
    }
    [[nodiscard]] bool is_done() const override { return false; }
    void keep(std::move_only_function<void()> release) override { releases_.push_back(std::move(release)); }
    void ends() {
        for (auto& release : std::exchange(releases_, {})) release();
    }
    void is_dropped() { releases_.clear(); }

private:
    std::vector<std::move_only_function<void()>> releases_;
};

TEST_P(bulkhead_policy, T48_a_permit_is_bound_to_the_work_not_to_who_waits_for_it) {
    orphaning work;
    pipeline guarded{ref(db), ref(work)};
    pipeline next{ref(db)};
    EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
    EXPECT_EQ(db.in_use(), 1U) << "the call is over, the work is not";
    EXPECT_THAT(on.play(next), fails_with(errc::wait_timed_out));
    work.ends();
    EXPECT_EQ(db.in_use(), 0U);
    EXPECT_THAT(on.play(next, {}, [] { return 7; }), has_value(7));
}

TEST_P(bulkhead_policy, T48_the_permit_of_work_that_is_dropped_comes_back) {
    orphaning work;
    pipeline guarded{ref(db), ref(work)};
    EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
    work.is_dropped();
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(bulkhead_policy, reads_no_clock_where_it_need_not_wait) {
    on.dependency.returns(7);
    pipeline guarded{ref(db)};
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 0U);
}

/// A call that asks for a place by hand.
struct asking final : parking, waker {
    explicit asking(testing::stage<int>& on, instant deadline = never) : said{.deadline = deadline}, time{on.time} {
        call.audience = &on.heard;
    }
    asking(const asking&) = delete;
    asking& operator=(const asking&) = delete;
    ~asking() = default;
    waker& prepare() override { return *this; }
    void wake() noexcept override {}

    call_options said;
    testing::virtual_time& time;
    call_context call{said, time, *this};
    waiter place{*this};
};

TEST_P(bulkhead_policy, a_wait_that_cannot_succeed_is_not_begun_and_is_told) {
    those.come();
    asking late{on, on.time.present()};
    const auto answer = db.enqueue(late.place, late.call, late.call.now);
    ASSERT_TRUE(std::holds_alternative<refusal>(answer));
    EXPECT_EQ(std::get<refusal>(answer).reason, errc::wait_timed_out);
    EXPECT_EQ(std::get<refusal>(answer).limit, std::nullopt) << "it was the deadline, not max_wait";
    EXPECT_EQ(db.queued(), 0U);
    EXPECT_THAT(on.heard.lines(), ElementsAre(in_vain("0s")));
}

TEST_P(bulkhead_policy, who_is_woken_for_nothing_goes_on_waiting) {
    those.come();
    asking early{on};
    ASSERT_TRUE(std::holds_alternative<wait_until>(db.enqueue(early.place, early.call, early.call.now)));
    const auto answer = db.resume(early.place, early.call, early.call.now);
    ASSERT_TRUE(std::holds_alternative<wait_until>(answer));
    EXPECT_EQ(std::get<wait_until>(answer).until, on.time.in(200ms));
    EXPECT_EQ(db.queued(), 1U);
    db.leave(early.place);
}

// ---- many at once ----

TEST(bulkhead_policy, calls_are_let_in_in_the_order_in_which_they_came) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    bulkhead db{{.max_concurrent = 2, .max_queue = 10, .max_wait = 1min}};
    pipeline guarded{ref(db)};
    std::vector<int> order;
    unsigned inside = 0;
    const auto call = [&](int number) -> boost::asio::awaitable<void> {
        const auto result = co_await guarded.async_run([&, number]() -> boost::asio::awaitable<void> {
            order.push_back(number);
            EXPECT_LE(++inside, 2U);
            co_await loop.sleep(10ms);
            --inside;
        });
        EXPECT_TRUE(result);
    };
    for (int i = 0; i < 8; ++i) boost::asio::co_spawn(loop.context(), call(i), boost::asio::detached);
    loop.run_all();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
    EXPECT_EQ(time.elapsed(), 40ms);
}

TEST(bulkhead_policy, T19_T43_coroutines_destroyed_inside_or_in_the_queue_leave_nothing_behind) {
    testing::virtual_time time;
    bulkhead db{narrow};
    pipeline guarded{ref(db)};
    testing::mock_dependency<int> hanging{time};
    hanging.hangs();
    {
        testing::virtual_asio loop{time};
        const auto call = [&]() -> boost::asio::awaitable<void> {
            (void)co_await guarded.async_run(loop.coroutine(hanging));
        };
        for (int i = 0; i < 2; ++i) boost::asio::co_spawn(loop.context(), call(), boost::asio::detached);
        loop.context().poll();
        EXPECT_EQ(db.in_use(), 1U);
        EXPECT_EQ(db.queued(), 1U);
    }
    EXPECT_EQ(db.in_use(), 0U);
    EXPECT_EQ(db.queued(), 0U);
}

TEST(bulkhead_policy, T43_a_million_who_wait_leave_in_any_order) {
    testing::virtual_time time;
    bulkhead db{{.max_concurrent = 1, .max_queue = 1'000'000, .max_wait = 1h}};
    struct silent final : waker {
        void wake() noexcept override {}
    } bell;
    std::deque<waiter> places;
    struct nowhere final : parking {
        waker& prepare() override { throw std::logic_error{"unused"}; }
    } place;
    call_context call{nothing_said, time, place};
    ASSERT_TRUE(std::holds_alternative<bulkhead::ticket>(db.admit(call, call.now)));
    for (int i = 0; i < 1'000'000; ++i) (void)db.enqueue(places.emplace_back(bell), call, call.now);
    EXPECT_EQ(db.queued(), 1'000'000U);
    for (std::size_t i = 0; i < places.size(); ++i) db.leave(places[i * 600'011 % places.size()]);
    EXPECT_EQ(db.queued(), 0U);
}

TEST(bulkhead_policy, S12_works_alone) {
    bulkhead db{narrow};
    EXPECT_EQ(db([] { return 7; }), 7);
}

// ---- options ----

std::string refused_with(const bulkhead_options& options) { return testing::refused_with<bulkhead>(options); }

TEST(bulkhead_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(refused_with({.name = "db", .max_concurrent = 0, .max_queue = 1'000'001, .max_wait = 0s}),
              "bulkhead \"db\": max_concurrent is 0, allowed is from 1 to 1000000\n"
              "bulkhead \"db\": max_queue is 1000001, allowed is from 0 to 1000000\n"
              "bulkhead \"db\": max_wait is 0s, allowed is more than 0s and at most 24h");
    EXPECT_THAT(refused_with({.max_wait = forever}), HasSubstr("max_wait is none"));
    EXPECT_THAT(refused_with({.max_wait = -1ns}), HasSubstr("max_wait is -"));
    EXPECT_EQ(refused_with({.name = "db", .order = queue_order::codel, .queue_target = 50ms, .queue_interval = 50ms}),
              "bulkhead \"db\": queue_interval is 50ms, allowed is more than queue_target");
}

TEST(bulkhead_options, T57_the_options_in_force_can_be_read) {
    EXPECT_EQ(pipeline{bulkhead{narrow}}.describe(),
              "bulkhead \"db\" {max_concurrent = 1, max_queue = 1, max_wait = 200ms, order = fifo}\n└─ call\n");
}

TEST(bulkhead_options, the_ends_of_their_ranges_are_taken) {
    EXPECT_EQ(refused_with({.max_concurrent = 1, .max_queue = 0, .max_wait = 1ns}), "");
    EXPECT_EQ(refused_with({.max_concurrent = 1'000'000, .max_queue = 1'000'000, .max_wait = 24h}), "");
}

TEST(bulkhead_options, a_limit_out_of_range_is_refused_and_changes_nothing) {
    bulkhead db{narrow};
    EXPECT_THROW(db.resize(0), invalid_options);
    EXPECT_THROW(db.resize(1'000'001), invalid_options);
    EXPECT_EQ(db.limit(), 1U);
    db.resize(1'000'000);
    EXPECT_EQ(db.limit(), 1'000'000U);
}

// ---- the script, and each step of it spoilt ----

TEST(bulkhead_script, whatever_goes_wrong_at_a_step_every_permit_comes_back) {
    const std::vector<testing::mock_step<int>> story{
        {.takes = 20ms, .code = make_error_code(std::errc::connection_reset)}, {.takes = 10ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            bulkhead gate{narrow};
            others before{gate, time};
            before.come();
            before.go_after(15ms);  // so that the first attempt waits
            testing::mock_dependency<int> dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{retry{{.base_delay = 5ms}}, ref(gate), timeout{100ms}};
            const call_options said{.stop = caller.get_token()};
            const result<int> got = blocking ? time.run(guarded, said, dependency.blocking())
                                             : loop.run(guarded, said, loop.coroutine(dependency));
            EXPECT_EQ(gate.in_use(), 0U);
            EXPECT_EQ(gate.queued(), 0U);
            if (v.how == testing::spoilt::is_cancelled) {
                EXPECT_EQ(got.error().code(), errc::cancelled);
            }
        }
    });
}

}  // namespace
}  // namespace cutwater
