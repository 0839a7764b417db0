// The load shedder in pipelines, on both drivers.

#include "cutwater/policy/load_shedder/load_shedder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <list>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;

static_assert(gate<load_shedder> && !queueing_gate<load_shedder>);

/// A shedder that goes by a signal, and one window after the other.
class load_shedder_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    load_shedder_policy() { on.dependency.returns(7); }

    /// A window in which so many come of each level; gives how many were let in, by level.
    std::array<unsigned, criticality_levels> window_of(unsigned of_each) {
        std::array<unsigned, criticality_levels> in{};
        for (unsigned i = 0; i < of_each; ++i)
            for (std::size_t level = 0; level < criticality_levels; ++level)
                if (on.play(guarded, {.operation = "get", .importance = static_cast<criticality>(level)}))
                    ++in.at(level);
        on.time.pass(100ms);
        return in;
    }

    testing::stage<int> on{GetParam()};
    double load = 0.5;
    load_shedder door{{.name = "door", .signals = {[this] { return load; }}, .retry_after = 3s}};
    pipeline<observe, reference<load_shedder>> guarded{observe{on.heard}, ref(door)};
};

INSTANTIATE_TEST_SUITE_P(drivers, load_shedder_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

TEST_P(load_shedder_policy, lets_everybody_in_while_there_is_no_overload) {
    for (int i = 0; i < 10; ++i) EXPECT_THAT(window_of(10), ElementsAre(10, 10, 10, 10));
    EXPECT_FALSE(door.sheds());
    EXPECT_EQ(door.load(), 0.5);
}

TEST_P(load_shedder_policy, T85_what_matters_less_is_shed_first) {
    (void)window_of(100);
    load = 2;  // 400 came and ended: 360 are let in from now on
    EXPECT_THAT(window_of(100), ElementsAre(100, 100, 100, ::testing::Lt(90U)));
    for (int i = 0; i < 30; ++i) (void)window_of(100);
    const auto in = window_of(100);
    EXPECT_EQ(in[3], 0U);
    EXPECT_GE(in[0], in[1]);
    EXPECT_TRUE(door.sheds());
}

TEST_P(load_shedder_policy, its_refusal_says_when_to_ask_again_and_nothing_about_the_dependency) {
    load = 2;
    for (int i = 0; i < 30; ++i) (void)window_of(20);
    const unsigned called = on.dependency.calls();
    circuit_breaker breaker{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline both{ref(breaker), ref(door)};
    const auto refused = on.play(both, {.operation = "get", .importance = criticality::best_effort});
    EXPECT_THAT(refused, fails_with(errc::load_shed));
    EXPECT_EQ(refused.error().code(), condition::refused);
    EXPECT_EQ(refused.error().retry_after(), 3s);
    EXPECT_EQ(refused.error().message(), "door: get: shed, so that what matters more is served, retry after 3s");
    EXPECT_EQ(on.dependency.calls(), called);
    EXPECT_EQ(breaker.state(on.time.present()), circuit_state::closed);
}

TEST_P(load_shedder_policy, it_is_told_when_it_begins_and_ends) {
    load = 2;
    for (int i = 0; i < 20; ++i) (void)window_of(20);
    load = 0.5;
    for (int i = 0; i < 80; ++i) (void)window_of(20);
    EXPECT_EQ(on.heard.count("shedding_began"), 1U);
    EXPECT_EQ(on.heard.count("shedding_ended"), 1U);
    EXPECT_GT(on.heard.count("load_shed"), 100U);
    EXPECT_THAT(on.heard.last("shedding_ended").line(), HasSubstr("load=0.5"));
    EXPECT_THAT(window_of(20), ElementsAre(20, 20, 20, 20));
}

TEST_P(load_shedder_policy, whatever_a_call_ends_with_it_is_no_longer_inside) {
    on.dependency.throws(std::runtime_error{"broken"});
    EXPECT_TRUE(on.play(guarded));
    EXPECT_FALSE(on.play(guarded));
    bulkhead full{{.max_concurrent = 1}};
    pipeline refusing{ref(door), ref(full)};
    EXPECT_FALSE(on.play(refusing, nothing_said, [&](attempt&) -> int {
        EXPECT_EQ(door.in_use(), 1U);
        throw std::runtime_error{"x"};
    }));
    EXPECT_EQ(door.in_use(), 0U);
}

TEST_P(load_shedder_policy, what_a_signal_throws_fails_the_call_and_the_next_window_asks_again) {
    bool broken = false;
    load_shedder touchy{
        {.signals = {[&]() -> double { return broken ? throw std::runtime_error{"no such file"} : 0.5; }}}};
    pipeline through{ref(touchy)};
    EXPECT_THAT(on.play(through), has_value(7));
    broken = true;
    on.time.pass(1s);
    EXPECT_THAT(on.play(through), fails_with(errc::callback_failed));
    broken = false;
    EXPECT_THAT(on.play(through), has_value(7)) << "the window is closed";
    on.time.pass(1s);
    EXPECT_THAT(on.play(through), has_value(7));
    EXPECT_EQ(touchy.load(), 0.5);
}

TEST_P(load_shedder_policy, a_signal_that_breaks_is_where_it_was) {
    enum { tells, throws, says_nan } state = tells;
    load_shedder touchy{{.signals = {[&]() -> double {
                             if (state == throws) throw std::runtime_error{"no such file"};
                             return state == tells ? load : std::nan("");
                         }}}};
    pipeline through{observe{on.heard}, ref(touchy)};
    const auto served_in_a_window = [&] {
        unsigned served = 0;
        for (int i = 0; i < 50; ++i) served += on.play(through) ? 1U : 0U;
        on.time.pass(100ms);
        return served;
    };
    load = 2;
    for (int i = 0; i < 30; ++i) (void)served_in_a_window();
    for (const auto broken : {throws, says_nan}) {
        state = broken;
        for (int i = 0; i < 30; ++i) EXPECT_LT(served_in_a_window(), 40U);
        EXPECT_EQ(touchy.load(), 2);
        EXPECT_TRUE(touchy.sheds());
    }
    EXPECT_EQ(on.heard.count("shedding_ended"), 0U);
    state = tells;
    load = 0.5;
    for (int i = 0; i < 100; ++i) (void)served_in_a_window();
    EXPECT_EQ(on.heard.count("shedding_ended"), 1U);
    EXPECT_EQ(served_in_a_window(), 50U);
}

TEST_P(load_shedder_policy, one_that_says_nan_fails_no_call) {
    load_shedder vague{{.signals = {[] { return std::nan(""); }, [this] { return load; }}}};
    pipeline through{ref(vague)};
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(on.play(through), has_value(7));
        on.time.pass(100ms);
    }
    EXPECT_EQ(vague.load(), 0.5) << "the other one says so";
}

TEST_P(load_shedder_policy, what_changes_is_told_though_a_signal_throws) {
    bool broken = false;
    load_shedder touchy{
        {.signals = {[this] { return load; }, [&]() -> double { return broken ? throw std::runtime_error{"x"} : 0; }}}};
    pipeline through{observe{on.heard}, ref(touchy)};
    (void)on.play(through);
    broken = true;
    load = 2;
    on.time.pass(100ms);
    EXPECT_THAT(on.play(through), fails_with(errc::callback_failed));
    EXPECT_TRUE(touchy.sheds());
    EXPECT_EQ(on.heard.count("shedding_began"), 1U);
}

TEST_P(load_shedder_policy, the_highest_of_several_signals_counts) {
    load_shedder several{
        {.target_concurrent = 100, .signals = {[] { return 0.2; }, [] { return 0.7; }, [] { return 0.3; }}}};
    pipeline through{ref(several)};
    (void)on.play(through);
    EXPECT_EQ(several.load(), 0.7);
    load_shedder narrow{{.target_concurrent = 2, .signals = {[] { return 0.2; }}}};
    blocking_parking nowhere;
    call_context call{nothing_said, on.time, nowhere};
    auto answer = narrow.admit(call, call.now);
    const permit<load_shedder> inside{narrow, std::get<load_shedder::ticket>(answer)};
    pipeline beside{ref(narrow)};
    on.time.pass(100ms);
    (void)on.play(beside);
    EXPECT_EQ(narrow.load(), 0.5) << "one of two is inside, which is more than the signal says";
}

TEST_P(load_shedder_policy, a_signal_is_asked_once_in_a_window) {
    unsigned asked = 0;
    load_shedder counting{{.signals = {[&] { return ++asked, 0.5; }}}};
    pipeline through{ref(counting)};
    for (int i = 0; i < 50; ++i) {
        (void)on.play(through);
        on.time.pass(10ms);
    }
    EXPECT_EQ(asked, 5U);
}

TEST_P(load_shedder_policy, calls_inside_are_a_load) {
    load_shedder narrow{{.target_concurrent = 2}};
    pipeline through{ref(narrow)};
    (void)on.play(through);
    std::list<permit<load_shedder>> inside;
    blocking_parking nowhere;
    for (int i = 0; i < 3; ++i) {
        call_context call{nothing_said, on.time, nowhere};
        auto answer = narrow.admit(call, call.now);
        inside.emplace_back(narrow, std::get<load_shedder::ticket>(answer));
    }
    on.time.pass(100ms);
    (void)on.play(through);
    EXPECT_EQ(narrow.load(), 1.5);
    EXPECT_TRUE(narrow.sheds());
}

/// A shedder that goes by delays, and who is inside of it.
class load_shedder_delays : public ::testing::Test {
protected:
    load_shedder_delays() { pass(); }
    void pass() {
        time.pass(100ms);
        (void)time.run(guarded, [] { return 7; });
    }
    [[nodiscard]] permit<load_shedder> enter() {
        call_context call{nothing_said, time, nowhere};
        auto answer = slow.admit(call, call.now);
        return {slow, std::get<load_shedder::ticket>(answer)};
    }

    testing::virtual_time time;
    blocking_parking nowhere;
    load_shedder slow{{.target_concurrent = 10, .max_delay = 20ms}};
    pipeline<reference<load_shedder>> guarded{ref(slow)};
};

TEST_F(load_shedder_delays, the_least_of_a_window_is_a_load) {
    slow.note_delay(200ms);
    slow.note_delay(30ms);
    slow.note_delay(100ms);
    pass();
    EXPECT_EQ(slow.load(), 1.5);
    pass();
    EXPECT_EQ(slow.load(), 0) << "nothing was told, and nobody is there to wait";
}

TEST_F(load_shedder_delays, one_that_matters_more_and_goes_first_does_not_hide_the_rest) {
    slow.note_delay(1ms, criticality::critical);
    slow.note_delay(60ms, criticality::best_effort);
    slow.note_delay(40ms, criticality::best_effort);
    pass();
    EXPECT_EQ(slow.load(), 2);
    slow.note_delay(60ms, criticality::critical);
    slow.note_delay(1ms, criticality::best_effort);
    pass();
    EXPECT_EQ(slow.load(), 3) << "nor the other way round";
}

TEST_F(load_shedder_delays, a_service_that_begins_nothing_any_more_is_no_idle_one) {
    slow.note_delay(5s);
    {
        const auto stuck = enter();
        for (int i = 0; i < 100; ++i) {
            pass();
            ASSERT_EQ(slow.load(), 250) << i;
            ASSERT_TRUE(slow.sheds());
        }
        slow.note_delay(10ms);
        pass();
        EXPECT_EQ(slow.load(), 0.5) << "it goes on";
        slow.note_delay(5s);
        pass();
    }
    pass();
    EXPECT_EQ(slow.load(), 0) << "nobody is inside any more";
}

TEST_F(load_shedder_delays, the_higher_one_counts_beside_those_who_are_inside) {
    std::list<permit<load_shedder>> inside;
    for (int i = 0; i < 5; ++i) inside.push_back(enter());
    slow.note_delay(2ms);
    pass();
    EXPECT_EQ(slow.load(), 0.5) << "five of ten, and a tenth of the delay";
    slow.note_delay(18ms);
    pass();
    EXPECT_EQ(slow.load(), 0.9);
}

TEST(load_shedder_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(
        testing::refused_with<load_shedder>(load_shedder_options{.name = "door", .window = 0ms, .drain = 1}),
        "load_shedder \"door\": window is 0s, allowed is from 1ms to 1min\n"
        "load_shedder \"door\": drain is 1, allowed is from 0 to 0.9\n"
        "load_shedder \"door\": target_concurrent is 0, allowed is more than 0 where there is neither max_delay nor "
        "a signal: it would never shed");
    EXPECT_EQ(testing::refused_with<load_shedder>(load_shedder_options{.max_delay = 1ms}), "");
}

TEST(load_shedder_options, T57_functions_that_are_none_are_refused) {
    EXPECT_EQ(testing::refused_with<load_shedder>(load_shedder_options{
                  .name = "door", .signals = {[] { return 0.5; }, load_signal{}}, .tenant_hash = nullptr}),
              "load_shedder \"door\": signals[1] is none, allowed is a function\n"
              "load_shedder \"door\": tenant_hash is none, allowed is a function");
}

TEST(load_shedder_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{load_shedder{{.name = "door", .target_concurrent = 100}}};
    EXPECT_EQ(guarded.describe(),
              "load_shedder \"door\" {target_concurrent = 100, max_delay = 0s, window = 100ms, resume_below = 0.9,\n"
              "    step_up = 0.05, drain = 0.1, retry_after = 1s}\n└─ call\n");
    pipeline by_signals{load_shedder{{.name = "door",
                                      .signals = {[] { return 0.5; }, [] { return 0.6; }},
                                      .tenant_hash = [](std::string_view) -> std::uint64_t { return 1; }}}};
    EXPECT_THAT(by_signals.describe(), HasSubstr("signals = 2, "));
    EXPECT_THAT(by_signals.describe(), HasSubstr("tenant_hash = set}"));
}

TEST(load_shedder_tenants, are_told_apart_by_a_hash_that_can_be_given) {
    testing::virtual_time time;
    double load = 2;
    load_shedder door{
        {.signals = {[&] { return load; }}, .tenant_hash = [](std::string_view) -> std::uint64_t { return 1; }}};
    pipeline guarded{ref(door)};
    unsigned quiet = 0;
    for (int window = 0; window < 50; ++window) {
        for (int i = 0; i < 100; ++i) (void)time.run(guarded, {.tenant = "noisy"}, [] { return 7; });
        quiet += time.run(guarded, {.tenant = "quiet"}, [] { return 7; }) ? 1U : 0U;
        time.pass(100ms);
    }
    EXPECT_LT(quiet, 45U) << "all hash alike, and share their fate";
}

/// Two values that fall together where there is no seed: the second one, times the constant of Fibonacci hashing, is 5.
std::uint64_t colliding_hash(std::string_view tenant) {
    constexpr std::uint64_t inverse_of_golden = 0xf1de83e19937733dU;
    static_assert(inverse_of_golden * 0x9e3779b97f4a7c15U == 1);
    return tenant == "quiet" ? 5 * inverse_of_golden : 0;
}

TEST(load_shedder_tenants, those_that_fall_together_in_one_instance_do_not_in_another) {
    unsigned told_apart = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        testing::virtual_time time{seed};
        load_shedder door{{.signals = {[] { return 2.0; }}, .tenant_hash = colliding_hash}};
        pipeline guarded{ref(door)};
        unsigned quiet = 0;
        for (int window = 0; window < 20; ++window) {
            for (int i = 0; i < 100; ++i) (void)time.run(guarded, {.tenant = "noisy"}, [] { return 7; });
            quiet += time.run(guarded, {.tenant = "quiet"}, [] { return 7; }) ? 1U : 0U;
            time.pass(100ms);
        }
        told_apart += quiet == 20 ? 1U : 0U;
    }
    EXPECT_GE(told_apart, 8U) << "two of ten fall together by chance, at most";
}

TEST(load_shedder_tenants, what_their_hash_throws_fails_the_call) {
    testing::virtual_time time;
    load_shedder door{{.target_concurrent = 1,
                       .tenant_hash = [](std::string_view) -> std::uint64_t { throw std::runtime_error{"no key"}; }}};
    pipeline guarded{ref(door)};
    EXPECT_THAT(time.run(guarded, {.tenant = "acme"}, [] { return 7; }), fails_with(errc::callback_failed));
    EXPECT_EQ(door.in_use(), 0U);
    EXPECT_THAT(time.run(guarded, {}, [] { return 7; }), has_value(7)) << "one without a tenant is not hashed";
}

TEST(load_shedder_policy, S12_works_alone) {
    load_shedder door{{.target_concurrent = 1}};
    EXPECT_EQ(*door([] { return 7; }), 7);
}

}  // namespace
}  // namespace cutwater
