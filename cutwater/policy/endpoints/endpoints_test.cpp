// A set of endpoints in pipelines, on both drivers.

#include "cutwater/policy/endpoints/endpoints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/endpoints/kernel_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/script.hpp"
#include "cutwater/testing/virtual_threads.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::spoken_by;

static_assert(quick_gate<endpoints>);
static_assert(!queueing_gate<endpoints>);

class endpoints_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    endpoints shop = of(3);

    static endpoints of(unsigned how_many, auto&& change) {
        return endpoints{set_of(how_many, [&](auto& o) {
            o.name = "shop";
            change(o);
        })};
    }
    static endpoints of(unsigned how_many) {
        return of(how_many, [](auto&) {});
    }
    [[nodiscard]] unsigned in_flight() const {
        unsigned sum = 0;
        for (const auto& e : shop.read(on.time.present()).each) sum += e.in_flight;
        return sum;
    }
    [[nodiscard]] std::uint64_t counted() const {
        std::uint64_t sum = 0;
        for (const auto& e : shop.read(on.time.present()).each) sum += e.calls;
        return sum;
    }
    /// Whoever has more in flight than the last time.
    std::string who_is_asked() {
        const auto seen = shop.read(on.time.present());
        std::string found;
        for (const auto& e : seen.each)
            if (e.in_flight > std::exchange(before_[e.address], e.in_flight)) found += e.address;
        return found;
    }
    void fail(unsigned calls) {
        on.dependency.fails(std::errc::connection_reset);
        pipeline guarded{observe{on.heard}, ref(shop)};
        for (unsigned i = 0; i < calls; ++i) (void)on.play(guarded);
    }

    std::map<std::string, unsigned> before_;
};

INSTANTIATE_TEST_SUITE_P(drivers, endpoints_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

// ---- where an attempt goes ----

TEST_P(endpoints_policy, the_callable_sees_where_it_is_to_go) {
    pipeline guarded{ref(shop)};
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto asked = [&](attempt& a) {
            seen.insert(std::string{a.target()});
            EXPECT_EQ(in_flight(), 1U);
            return 7;
        };
        EXPECT_THAT(on.play(guarded, {.target = "shop"}, asked), has_value(7));
        EXPECT_EQ(in_flight(), 0U);
    }
    EXPECT_THAT(seen, ElementsAre("a", "b", "c"));
    EXPECT_EQ(counted(), 100U);
}

TEST_P(endpoints_policy, where_no_gate_chooses_the_target_is_what_the_caller_says) {
    pipeline guarded{retry{}};
    std::string seen;
    const auto asked = [&](attempt& a) { return seen = a.target(), 7; };
    EXPECT_TRUE(on.play(guarded, {.target = "shop"}, asked));
    EXPECT_EQ(seen, "shop");
    EXPECT_TRUE(on.play(guarded, {}, asked));
    EXPECT_EQ(seen, "");
}

TEST_P(endpoints_policy, T33_a_retry_goes_elsewhere) {
    shop = of(3, [](auto& o) { o.consecutive_failures = 0; });
    pipeline guarded{retry{{.max_attempts = 3}}, ref(shop)};
    for (int i = 0; i < 50; ++i) {
        std::vector<std::string> seen;
        const auto asked = [&](attempt& a) -> std::expected<int, std::errc> {
            seen.emplace_back(a.target());
            return std::unexpected{std::errc::connection_reset};
        };
        EXPECT_FALSE(on.play(guarded, {}, asked));
        EXPECT_THAT(seen, ::testing::UnorderedElementsAre("a", "b", "c"));
    }
}

TEST_P(endpoints_policy, a_retry_goes_on_where_all_have_been_tried) {
    pipeline guarded{retry{{.max_attempts = 10}}, ref(shop)};
    on.dependency.fails(std::errc::connection_reset);
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.dependency.calls(), 10U);
}

TEST_P(endpoints_policy, the_wish_of_one_holds_up_no_call_that_may_ask_another_whichever_answered_last) {
    for (int i = 0; i < 20; ++i) {
        endpoints two = of(2);
        testing::stage<int> now{GetParam()};
        pipeline guarded{retry{{.max_attempts = 4, .base_delay = 1ms, .max_delay = 1ms}}, ref(two)};
        const auto asked = [&](attempt& a) -> result<int> {
            error failure{std::make_error_code(std::errc::connection_refused)};
            if (a.target() == "a") failure.with_retry_after(20s);
            return std::unexpected{std::move(failure)};
        };
        const instant before = now.time.present();
        EXPECT_FALSE(now.play(guarded, {}, asked));
        EXPECT_LT(between(before, now.time.present()), duration{1s});
    }
}

TEST_P(endpoints_policy, each_call_begins_with_nothing_tried) {
    shop = of(1);
    pipeline guarded{ref(shop)};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7);
    EXPECT_FALSE(on.play(guarded));
    EXPECT_TRUE(on.play(guarded));
}

TEST_P(endpoints_policy, T33_a_hedge_goes_elsewhere_and_so_does_what_is_tried_after_it) {
    shop = of(4);
    testing::virtual_threads threads{on.time};
    testing::virtual_asio loop{on.time};
    const call_options said{.idempotent = idempotency::idempotent};
    for (int i = 0; i < 20; ++i) {
        testing::mock_dependency<int> dependency{on.time};
        std::vector<std::string> asked;
        dependency.on_call([&](unsigned) { asked.push_back(who_is_asked()); });
        // slow, and a hedge beside it that fails; then both again
        dependency.fails(std::errc::connection_reset, 80ms).fails(std::errc::connection_reset, 10ms);
        dependency.fails(std::errc::connection_reset, 80ms).returns(7, 10ms);
        pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms}}, hedge{{.delay = 50ms}}, ref(shop),
                         ref(threads)};
        const auto got = GetParam() == testing::driver::blocking
                             ? on.time.run(guarded, said, threads.blocking(dependency))
                             : loop.run(guarded, said, loop.coroutine(dependency));
        EXPECT_THAT(got, has_value(7));
        EXPECT_THAT(asked, ::testing::UnorderedElementsAre("a", "b", "c", "d"));
        loop.run_all();
        while (on.time.advance_to_next()) {}
        loop.run_all();
        EXPECT_EQ(in_flight(), 0U) << "what has lost is free when it has ended";
        (void)who_is_asked();
    }
}

TEST_P(endpoints_policy, runs_in_a_pipeline_that_is_chosen_at_run_time) {
    any_pipeline<int> guarded{retry{{.max_attempts = 3}}, ref(shop), timeout{1s}};
    std::set<std::string> seen;
    const auto asked = [&](attempt& a) -> std::expected<int, std::errc> {
        seen.insert(std::string{a.target()});
        return std::unexpected{std::errc::connection_reset};
    };
    EXPECT_FALSE(on.play(guarded, {}, asked));
    EXPECT_THAT(seen, SizeIs(3));
}

TEST(endpoints_policy, where_it_cannot_stand_it_is_refused_at_run_time_too) {
    endpoints shop{set_of(2)};
    endpoints other{set_of(2)};
    const auto refused = [&](auto&& then) -> std::string {
        try {
            any_pipeline<int> made{ref(shop)};
            made.add(std::forward<decltype(then)>(then));
        } catch (const std::logic_error& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_THAT(refused(ref(other)), HasSubstr("two layers choose where an attempt goes (endpoints)"));
    EXPECT_THAT(refused(hedge{}), HasSubstr("stands outside of a hedge; all its attempts would go to the same place"));
    EXPECT_EQ(refused(retry{}), "") << "all attempts of a call at one place may be what is wanted";
}

// ---- how it ends ----

TEST_P(endpoints_policy, failures_in_a_row_eject_and_all_of_it_is_told) {
    shop = of(2);
    fail(10);
    const auto told = on.heard.last("endpoint_ejected");
    EXPECT_THAT(told.line(), AllOf(HasSubstr("shop endpoint_ejected cause=consecutive_failures ejected=1 endpoint="),
                                   HasSubstr("how_long=30s in_a_row=1 of=2")));
    EXPECT_EQ(on.heard.count("endpoint_ejected"), 1U) << "one of two";
    on.time.pass(30s);
    fail(1);
    EXPECT_THAT(on.heard.last("endpoint_returned").line(),
                AllOf(HasSubstr("endpoint=" + told.field("endpoint")), HasSubstr("ramp=10s")));
}

TEST_P(endpoints_policy, T32_a_panic_is_told_and_read) {
    shop = of(3, [](auto& o) { o.max_ejected = 1, o.base_ejection = o.max_ejection = 1h; });
    fail(10);
    for (int i = 0; i < 90; ++i) on.time.pass(10s), fail(1);
    EXPECT_EQ(on.heard.count("endpoint_ejected"), 3U);
    EXPECT_EQ(on.heard.count("endpoints_panic_began"), 1U);
    EXPECT_THAT(on.heard.last("endpoints_panic_began").line(), HasSubstr("ejected=2 of=3"));
    EXPECT_TRUE(shop.read(on.time.present()).panics);
    EXPECT_EQ(on.dependency.calls(), 100U) << "all are used";
    on.time.pass(1h);
    fail(1);
    EXPECT_EQ(on.heard.count("endpoints_panic_ended"), 1U);
    EXPECT_FALSE(shop.read(on.time.present()).panics);
}

TEST_P(endpoints_policy, nobody_healthy_and_no_panic_refuses_and_says_when_to_come_back) {
    shop = of(2, [](auto& o) { o.max_ejected = 1, o.when_few = few_healthy::refuse; });
    fail(20);
    on.time.pass(10s);
    pipeline guarded{observe{on.heard}, ref(shop)};
    const auto got = on.play(guarded);
    EXPECT_THAT(got, AllOf(fails_with(errc::no_endpoint), fails_with(condition::refused),
                           fails_with(condition::never_sent), spoken_by("shop")));
    EXPECT_EQ(got.error().retry_after(), duration{20s});
    EXPECT_THAT(on.heard.last("endpoint_refused").line(), HasSubstr("ejected=2 of=2 retry_after=20s"));
    EXPECT_EQ(on.dependency.calls(), 10U);
}

TEST_P(endpoints_policy, a_retry_may_wait_until_somebody_is_back) {
    shop = of(1, [](auto& o) { o.max_ejected = 1, o.when_few = few_healthy::refuse, o.healthy_enough = 0; });
    fail(5);
    pipeline guarded{retry{{.max_attempts = 2, .max_retry_after = 1min, .refusals = on_refusal::wait_for_hint}},
                     ref(shop)};
    const instant began = on.time.present();
    EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
    EXPECT_GE(on.time.present() - began, 30s);
}

TEST_P(endpoints_policy, T30_overload_answers_count_for_nothing_where_it_is_told_so) {
    const auto overload = [](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value() || *out.result() < 400) return {};
        return judgement{.meaning = verdict::transient, .reason = name{"HTTP " + std::to_string(*out.result())}};
    };
    shop = of(3, [](auto& o) {
        o.should_count = [](const observation& seen) { return seen.judged.reason != name{"HTTP 429"}; };
    });
    pipeline guarded{observe{on.heard}, ref(shop), classify{overload}};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded, {}, [] { return 429; }));
    EXPECT_EQ(counted(), 0U);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded, {}, [] { return 503; }));
    EXPECT_EQ(on.heard.count("endpoint_ejected"), 1U);
}

TEST_P(endpoints_policy, T33_who_answers_at_once_that_it_cannot_is_left_out) {
    const auto broken = [](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value() || *out.result() != 500) return {};
        return judgement{.meaning = verdict::permanent, .reason = name{"HTTP 500"}};
    };
    shop = of(3);
    const std::string first{shop.read(on.time.present()).each[0].address};
    unsigned failed = 0;
    pipeline guarded{observe{on.heard}, ref(shop), classify{broken}};
    for (int i = 0; i < 100; ++i) {
        const auto got = on.play(guarded, {}, [&](attempt& a) { return a.target() == first ? 500 : 200; });
        failed += got && *got == 500 ? 1U : 0U;
    }
    EXPECT_GE(failed, 1U);
    EXPECT_LE(failed, 10U) << "the picker leaves it alone, and does not take it for the quickest";
}

TEST_P(endpoints_policy, T39_a_timeout_of_ours_is_a_failure) {
    shop = of(1);
    on.dependency.hangs();
    pipeline guarded{ref(shop), timeout{100ms}};
    EXPECT_THAT(on.play(guarded), fails_with(errc::timed_out));
    EXPECT_EQ(shop.read(on.time.present()).each[0].success_rate, 0.0);
    EXPECT_EQ(counted(), 1U);
}

TEST_P(endpoints_policy, T39_the_callers_own_deadline_counts_for_nothing) {
    on.dependency.hangs();
    pipeline guarded{ref(shop)};
    EXPECT_THAT(on.play(guarded, {.deadline = on.deadline_in(100ms)}), fails_with(errc::deadline_exceeded));
    EXPECT_EQ(counted(), 0U);
    EXPECT_EQ(in_flight(), 0U);
}

TEST_P(endpoints_policy, T37_a_cancellation_counts_for_nothing) {
    on.dependency.hangs();
    pipeline guarded{ref(shop)};
    on.cancels_after(100ms);
    EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
    EXPECT_EQ(counted(), 0U);
    EXPECT_EQ(in_flight(), 0U);
}

TEST_P(endpoints_policy, T17_T25_what_a_gate_further_in_refuses_counts_for_nothing) {
    pipeline guarded{ref(shop), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 20; ++i) EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(counted(), 0U);
    EXPECT_EQ(in_flight(), 0U);
}

TEST_P(endpoints_policy, a_failure_that_nothing_helps_is_a_failure_and_a_bug_is_neutral) {
    on.dependency.throws(std::runtime_error{"no such item"}).throws(std::logic_error{"bug"});
    pipeline guarded{ref(shop)};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(counted(), 1U);
    EXPECT_EQ(std::ranges::count(shop.read(on.time.present()).each, 0.0, &endpoint_reading::success_rate), 1);
}

TEST_P(endpoints_policy, T4_what_counts_may_throw_and_then_its_call_fails_and_its_place_is_free) {
    shop = of(
        3, [](auto& o) { o.should_count = [](const observation&) -> bool { throw std::runtime_error{"no idea"}; }; });
    on.dependency.fails(std::errc::connection_reset);
    pipeline guarded{ref(shop)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::callback_failed), spoken_by("shop")));
    EXPECT_EQ(in_flight(), 0U);
    EXPECT_EQ(counted(), 0U);
}

TEST_P(endpoints_policy, reads_the_clock_twice_a_call) {
    on.dependency.returns(7);
    pipeline guarded{ref(shop)};
    EXPECT_TRUE(on.play(guarded));
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 200U);
}

TEST_P(endpoints_policy, what_is_slow_shows_in_its_latency) {
    shop = of(1);
    on.dependency.returns(7, 30ms);
    pipeline guarded{ref(shop)};
    EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(shop.read(on.time.present()).each[0].latency, 30ms);
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
    void ends() { releases_.clear(); }

private:
    std::vector<std::move_only_function<void()>> releases_;
};

TEST_P(endpoints_policy, T48_an_endpoint_is_busy_until_the_work_ends_and_the_failure_counts_at_once) {
    orphaning work;
    pipeline guarded{ref(shop), ref(work)};
    on.dependency.fails(std::errc::timed_out);
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(counted(), 1U);
    EXPECT_EQ(in_flight(), 1U);
    work.ends();
    EXPECT_EQ(counted(), 1U);
    EXPECT_EQ(in_flight(), 0U);
}

// ---- another set ----

TEST_P(endpoints_policy, a_set_can_be_replaced_while_calls_are_under_way) {
    shop = of(1);
    pipeline guarded{ref(shop)};
    const auto asked = [&](attempt& a) {
        for (int i = 0; i < 3; ++i)
            shop.replace({{.address = "somebody with a name that is not short " + std::to_string(i)}},
                         on.time.present());
        return a.target() == "a" ? 7 : 8;
    };
    EXPECT_THAT(on.play(guarded, {}, asked), has_value(7)) << "its address is there until it has ended";
    EXPECT_EQ(counted(), 0U) << "who has gone counts for nothing";
    std::string seen;
    EXPECT_TRUE(on.play(guarded, {}, [&](attempt& a) { return seen = a.target(), 7; }));
    EXPECT_EQ(seen, "somebody with a name that is not short 2");
}

TEST_P(endpoints_policy, what_a_replacement_brings_is_told_by_the_next_call) {
    shop = of(20);
    fail(200);
    EXPECT_EQ(on.heard.count("endpoint_ejected"), 2U);
    std::vector<endpoint> fewer;
    for (const auto& e : shop.read(on.time.present()).each)
        if (fewer.size() < 10 || e.state == endpoint_state::ejected) fewer.push_back({.address = e.address});
    shop.replace(fewer, on.time.present());
    EXPECT_EQ(on.heard.count("endpoint_returned"), 0U);
    fail(1);
    EXPECT_EQ(on.heard.count("endpoint_returned"), 1U);
}

TEST_P(endpoints_policy, nobody_to_be_sent_to_is_a_refusal_without_a_hint) {
    shop.replace({}, on.time.present());
    pipeline guarded{ref(shop)};
    const auto got = on.play(guarded);
    EXPECT_THAT(got, fails_with(errc::no_endpoint));
    EXPECT_EQ(got.error().retry_after(), std::nullopt);
}

TEST_P(endpoints_policy, a_set_can_be_replaced_by_many_and_each_that_stays_is_the_same) {
    constexpr int many = 20'000;
    endpoint_list next{{.address = "b"}};
    for (int i = 1; i < many; ++i) next.push_back({.address = std::to_string(i)});
    next.push_back({.address = "a", .weight = 2});
    on.dependency.returns(7, 30ms);
    pipeline guarded{ref(shop)};
    for (int i = 0; i < 20; ++i) (void)on.play(guarded);
    const auto before = shop.read(on.time.present()).each;
    shop.replace(next, on.time.present());
    const auto after = shop.read(on.time.present()).each;
    ASSERT_THAT(after, SizeIs(many + 1));
    EXPECT_EQ(after.front(), before[1]);
    EXPECT_EQ(after.back().calls, before[0].calls);
    EXPECT_EQ(after.back().weight, 2);
    std::ranges::reverse(next);
    shop.replace(next, on.time.present());
    EXPECT_EQ(shop.read(on.time.present()).each.back(), before[1]);
}

TEST_P(endpoints_policy, a_set_that_makes_no_sense_changes_nothing) {
    EXPECT_THROW(shop.replace({{.address = "x"}, {.address = "x"}}, on.time.present()), invalid_options);
    EXPECT_THAT(shop.read(on.time.present()).each, SizeIs(3));
}

TEST(endpoints_policy, T19_T40_coroutines_destroyed_in_flight_count_for_nothing) {
    testing::virtual_time time;
    endpoints shop{set_of(3)};
    pipeline guarded{ref(shop)};
    testing::mock_dependency<int> hanging{time};
    hanging.hangs();
    {
        testing::virtual_asio loop{time};
        const auto call = [&]() -> boost::asio::awaitable<void> {
            (void)co_await guarded.async_run(loop.coroutine(hanging));
        };
        for (int i = 0; i < 30; ++i) boost::asio::co_spawn(loop.context(), call(), boost::asio::detached);
        loop.context().poll();
        for (const auto& e : shop.read(time.present()).each) EXPECT_NEAR(e.in_flight, 10, 2);
    }
    for (const auto& e : shop.read(time.present()).each) {
        EXPECT_EQ(e.in_flight, 0U);
        EXPECT_EQ(e.calls, 0U);
    }
}

TEST(endpoints_policy, S12_works_alone_and_can_be_moved) {
    endpoints shop{set_of(1)};
    endpoints moved{std::move(shop)};
    EXPECT_EQ(moved([](attempt& a) { return std::string{a.target()}; }), "a");
}

// ---- options ----

std::string refused_with(const endpoints_options& options) { return testing::refused_with<endpoints>(options); }

TEST(endpoints_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(refused_with({.name = "shop",
                            .each = {{.address = "a"}, {.address = ""}, {.address = "a", .weight = 0}},
                            .zone_enough = 0,
                            .consecutive_failures = 251,
                            .ejection_jitter = 1.1,
                            .max_ejected = 1.1}),
              "endpoints \"shop\": zone_enough is 0, allowed is more than 0 and at most 1\n"
              "endpoints \"shop\": consecutive_failures is 251, allowed is from 0 to 250\n"
              "endpoints \"shop\": ejection_jitter is 1.1, allowed is from 0 to 1\n"
              "endpoints \"shop\": max_ejected is 1.1, allowed is from 0 to 1\n"
              "endpoints \"shop\": each[1].address is empty, allowed is what the callable connects to\n"
              "endpoints \"shop\": each[2].address is \"a\", allowed is each address once; give it more weight\n"
              "endpoints \"shop\": each[2].weight is 0, allowed is more than 0 and at most 1000000");
    EXPECT_THAT(refused_with({.each = {{.address = "a", .weight = std::numeric_limits<double>::quiet_NaN()}}}),
                HasSubstr("each[0].weight is nan"));
    EXPECT_THAT(refused_with({.picker = static_cast<endpoint_picker>(9), .when_few = static_cast<few_healthy>(9)}),
                AllOf(HasSubstr("picker is unknown"), HasSubstr("when_few is unknown")));
}

TEST(endpoints_options, T57_an_ejection_is_not_longer_than_the_longest) {
    EXPECT_EQ(
        refused_with({.name = "shop", .base_ejection = 10min, .max_ejection = 5min}),
        "endpoints \"shop\": base_ejection is 10min, allowed is at most max_ejection, 5min: lower it, or raise that");
    EXPECT_NO_THROW(endpoints({.base_ejection = 5min, .max_ejection = 5min}));
}

TEST(endpoints_options, T57_those_in_force_can_be_read) {
    EXPECT_EQ(pipeline{endpoints{set_of(3)}}.describe(),
              "endpoints {each = 3 endpoints, picker = least_in_flight, latency_memory = 10s, failure_penalty = 1s,\n"
              "    consecutive_failures = 5, interval = 10s, success_rate_factor = 1.9, success_rate_endpoints = 5,\n"
              "    success_rate_calls = 100, max_failure_share = 0.85, failure_share_endpoints = 5,\n"
              "    failure_share_calls = 50, base_ejection = 30s, max_ejection = 5min, ejection_jitter = 0,\n"
              "    max_ejected = 0.1, ramp = 10s, healthy_enough = 0.5, when_few = use_all}\n"
              "└─ call\n");
}

// ---- the script, and each step of it spoilt ----

TEST(endpoints_script_of_attempts,
     whatever_goes_wrong_at_a_step_nobody_is_left_in_flight_and_what_was_judged_is_counted) {
    const std::vector<testing::mock_step<int>> story{
        {.takes = 20ms, .code = make_error_code(std::errc::connection_reset)}, {.takes = 10ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            endpoints gate{set_of(3)};
            testing::mock_dependency<int> dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{retry{{.base_delay = 5ms}}, ref(gate), timeout{100ms}};
            const call_options said{.stop = caller.get_token()};
            (void)(blocking ? time.run(guarded, said, dependency.blocking())
                            : loop.run(guarded, said, loop.coroutine(dependency)));
            std::uint64_t counted = 0;
            for (const auto& e : gate.read(time.present()).each) {
                EXPECT_EQ(e.in_flight, 0U);
                counted += e.calls;
            }
            EXPECT_EQ(counted, dependency.calls() - (v.how == testing::spoilt::is_cancelled ? 1U : 0U));
        }
    });
}

TEST(endpoints_times, may_be_as_far_apart_as_they_can_be) {
    testing::virtual_time time;
    endpoints shop{{.each = {{.address = "a"}, {.address = "b"}}, .consecutive_failures = 1, .max_ejected = 1}};
    pipeline guarded{ref(shop)};
    EXPECT_TRUE(time.run(guarded, {}, [] { return 7; }));
    EXPECT_FALSE(
        time.run(guarded, {}, [] { return std::expected<int, std::errc>{std::unexpected{std::errc::io_error}}; }));
    for (const instant at : {instant::min(), instant{}, never}) EXPECT_EQ(shop.read(at).each.size(), 2U);
}

}  // namespace
}  // namespace cutwater
