// Fault injection in pipelines, on both drivers and both machines.

#include "cutwater/policy/fault/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::spoken_by;

static_assert(tampering_gate<fault> && !queueing_gate<fault>);

struct lost_connection : std::runtime_error {
    lost_connection() : std::runtime_error{"lost"} {}
};
enum class db_error : std::uint8_t { deadlock };

fault_options drill_with(injection what, fault_when when = {}) {
    return {.name = "drill",
            .rules = {{.name = "it", .what = std::move(what), .when = std::move(when)}},
            .max_hang = 10s,
            .armed = arming::on};
}
const fault_latency late = fault_latency::constant(300ms);
injection negative() {
    return injection::wrong_result<int>([](int v) { return -v; });
}

// ---- one table, both drivers, both machines: one call ----

const testing::mock_step<int> answers{.takes = 5ms, .value = 7};
const testing::mock_step<int> broken{.takes = 5ms, .fault = std::make_exception_ptr(std::runtime_error{"broken"})};

struct scenario {
    std::string name;
    fault_options options;
    const testing::mock_step<int>* step = &answers;
    duration deadline = forever;
    duration cancels_after = forever;

    std::string result = "7";
    std::string meaning = "success";
    duration elapsed = 5ms;
    unsigned sent = 1;
    std::vector<std::string> events{};
};

std::string event(std::string_view what, std::string_view wait = "0s") {
    return "drill fault_injected attempt=1 rule=it wait=" + std::string{wait} + " what=" + std::string{what};
}
fault_options disarmed(fault_options o) {
    o.armed = arming::off;
    return o;
}

const std::vector<scenario> scenarios{
    {.name = "no_rules", .options = {.name = "drill", .armed = arming::on}},
    {.name = "disarmed", .options = disarmed(drill_with(injection::hang()))},
    {.name = "a_rule_that_does_not_fire", .options = drill_with(injection::hang(), fault_when::every(2))},
    {.name = "an_error_that_the_rules_call_transient",
     .options = drill_with(injection::failure(std::errc::connection_reset)),
     .result = "drill: get: injected: Connection reset by peer",
     .meaning = "transient",
     .elapsed = 0ms,
     .sent = 0,
     .events = {event("error")}},
    {.name = "an_error_that_they_call_permanent",
     .options = drill_with(injection::failure(std::errc::permission_denied)),
     .result = "drill: get: injected: Permission denied",
     .meaning = "permanent",
     .elapsed = 0ms,
     .sent = 0,
     .events = {event("error")}},
    {.name = "an_exception_that_a_rule_of_the_users_names",
     .options = drill_with(injection::thrown(lost_connection{})),
     .result = "drill: get: injected: lost",
     .meaning = "transient",
     .elapsed = 0ms,
     .sent = 0,
     .events = {event("error")}},
    {.name = "a_bug_that_is_thrown_is_ignored",
     .options = drill_with(injection::thrown(std::logic_error{"bug"})),
     .result = "drill: get: injected: bug",
     .meaning = "ignored",
     .elapsed = 0ms,
     .sent = 0,
     .events = {event("error")}},
    {.name = "an_error_that_comes_late",
     .options = drill_with(injection::failure(std::errc::connection_reset).after(late)),
     .result = "drill: get: injected: Connection reset by peer",
     .meaning = "transient",
     .elapsed = 300ms,
     .sent = 0,
     .events = {event("error", "300ms")}},
    {.name = "S93_latency_comes_before_the_dependencys_own",
     .options = drill_with(injection::latency(late)),
     .elapsed = 305ms,
     .events = {event("latency", "300ms")}},
    {.name = "latency_beyond_a_timeout_is_the_timeouts",
     .options = drill_with(injection::latency(fault_latency::constant(2s))),
     .result = "attempt: get: injected: latency, cut short by the deadline (limit 1s)",
     .meaning = "transient",
     .elapsed = 1s,
     .sent = 0,
     .events = {event("latency", "2s")}},
    {.name = "latency_that_ends_with_the_deadline_is_the_timeouts",
     .options = drill_with(injection::latency(fault_latency::constant(1s))),
     .result = "attempt: get: injected: latency, cut short by the deadline (limit 1s)",
     .meaning = "transient",
     .elapsed = 1s,
     .sent = 0,
     .events = {event("latency", "1s")}},
    {.name = "S93_a_hang_lasts_until_the_attempts_deadline",
     .options = drill_with(injection::hang()),
     .result = "attempt: get: injected: hang, cut short by the deadline (limit 1s)",
     .meaning = "transient",
     .elapsed = 1s,
     .sent = 0,
     .events = {event("hang", "10s")}},
    {.name = "a_hang_until_the_callers_own_deadline_says_nothing_about_the_dependency",
     .options = drill_with(injection::hang()),
     .deadline = 500ms,
     .result = "get: injected: hang, cut short by the deadline",
     .meaning = "ignored",
     .elapsed = 500ms,
     .sent = 0,
     .events = {event("hang", "10s")}},
    {.name = "a_hang_ends_when_the_caller_cancels",
     .options = drill_with(injection::hang()),
     .cancels_after = 400ms,
     .result = "drill: get: the caller cancelled the call",
     .meaning = "cancelled",
     .elapsed = 400ms,
     .sent = 0,
     .events = {event("hang", "10s")}},
    {.name = "latency_ends_when_the_caller_cancels",
     .options = drill_with(injection::latency(late)),
     .cancels_after = 100ms,
     .result = "drill: get: the caller cancelled the call",
     .meaning = "cancelled",
     .elapsed = 100ms,
     .sent = 0,
     .events = {event("latency", "300ms")}},
    {.name = "a_refusal_is_as_that_of_a_policy",
     .options = drill_with(injection::refused(errc::rate_limited, 2s)),
     .result = "drill: get: the rate limit is reached, retry after 2s",
     .meaning = "refused",
     .elapsed = 0ms,
     .sent = 0,
     .events = {event("refusal")}},
    {.name = "a_wrong_result_is_judged_anew",
     .options = drill_with(negative()),
     .result = "-7",
     .meaning = "permanent",
     .events = {event("wrong_result")}},
    {.name = "a_wrong_result_may_be_late",
     .options = drill_with(negative().after(late)),
     .result = "-7",
     .meaning = "permanent",
     .elapsed = 305ms,
     .events = {event("wrong_result", "300ms")}},
    {.name = "where_nothing_came_back_nothing_is_changed",
     .options = drill_with(negative()),
     .step = &broken,
     .result = "get: broken",
     .meaning = "permanent"},
    {.name = "what_changes_another_type_says_so",
     .options = drill_with(injection::wrong_result<std::string>([](std::string s) { return s; })),
     .result = "drill: get: cutwater::fault: the rule it changes values of another type than the call gives; write "
               "cw::injection::wrong_result<T> for its T, or name the operation that the rule is for",
     .meaning = "ignored"},
    {.name = "what_throws_while_it_changes_a_value_fails_the_call",
     .options = drill_with(injection::wrong_result<int>([](int) -> int { throw std::runtime_error{"oops"}; })),
     .result = "drill: get: oops",
     .meaning = "ignored"},
};

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

class fault_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

const auto rules = [] {
    return classify{transient(exception<lost_connection>()), permanent(value([](int v) { return v < 0; }))};
};

std::string meaning_told(const testing::event_recorder& heard) {
    const testing::recorded_event end = heard.all().back();
    return end.name == "call_refused" ? "refused" : end.field("meaning");
}

void holds(const std::tuple<testing::driver, scenario>& given, auto&& compose) {
    const auto& [played_by, s] = given;
    testing::stage<int> on{played_by};
    on.dependency.then(*s.step);
    fault drill{s.options};
    if (s.cancels_after != forever) on.cancels_after(s.cancels_after);
    auto guarded = compose(on, drill);
    const auto result = on.play(guarded, {.operation = "get", .deadline = on.deadline_in(s.deadline)});
    EXPECT_EQ(testing::text_of(result), s.result);
    EXPECT_EQ(meaning_told(on.heard), s.meaning);
    EXPECT_EQ(on.time.elapsed(), s.elapsed);
    EXPECT_EQ(on.dependency.calls(), s.sent);
    EXPECT_EQ(on.heard.lines_of("drill"), s.events);
    EXPECT_EQ(drill.held(), 0U);
}

TEST_P(fault_scenarios, are_as_the_table_says_in_a_pipeline) {
    holds(GetParam(), [](auto& on, fault& drill) {
        return pipeline{observe{on.heard}, timeout{{.name = "attempt", .after = 1s}}, ref(drill), rules()};
    });
}

TEST_P(fault_scenarios, are_as_the_table_says_where_the_layers_are_chosen_at_run_time) {
    holds(GetParam(), [](auto& on, fault& drill) {
        return any_pipeline<int>{observe{on.heard}, timeout{{.name = "attempt", .after = 1s}}, ref(drill), rules()};
    });
}

INSTANTIATE_TEST_SUITE_P(table, fault_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class fault_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};

    [[nodiscard]] static retry_options quick(unsigned attempts) {
        return {.max_attempts = attempts, .base_delay = 100ms, .max_delay = 100ms, .jitter = jitter::none};
    }
};

INSTANTIATE_TEST_SUITE_P(drivers, fault_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(fault_policy, S37_T95_a_retry_is_proven_with_two_failures) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::failure(std::errc::connection_reset), fault_when::first(2))};
    pipeline guarded{observe{on.heard}, retry{quick(3)}, ref(drill)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 200ms);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_THAT(on.heard.lines_of("drill"), ElementsAre("drill fault_injected attempt=1 rule=it wait=0s what=error",
                                                        "drill fault_injected attempt=2 rule=it wait=0s what=error"));
}

TEST_P(fault_policy, S37_a_retry_that_gives_up_says_that_it_was_injected) {
    fault drill{drill_with(injection::failure(std::errc::connection_reset))};
    pipeline guarded{retry{quick(3)}, ref(drill)};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(testing::text_of(result), "drill: get: injected: Connection reset by peer, after 3 attempts");
    ASSERT_EQ(result.error().history().size(), 3U);
    for (const attempt_record& each : result.error().history())
        EXPECT_EQ(each.text, "injected: Connection reset by peer");
}

TEST_P(fault_policy, S37_what_is_permanent_is_not_tried_again) {
    fault drill{drill_with(injection::failure(std::errc::permission_denied))};
    pipeline guarded{retry{quick(3)}, ref(drill)};
    EXPECT_THAT(on.play(guarded), fails_with(std::errc::permission_denied));
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"it", 1, 1}));
}

TEST_P(fault_policy, S37_the_dependencys_wish_may_be_injected_too) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::failure(error{make_error_code(std::errc::connection_reset)}.with_retry_after(3s)),
                           fault_when::first(1))};
    pipeline guarded{retry{quick(2)}, ref(drill)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_GE(on.time.elapsed(), 3s);
}

TEST_P(fault_policy, S36_a_breaker_opens_probes_and_closes_by_injected_failures) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::failure(std::errc::connection_reset), fault_when::first(3))};
    circuit_breaker health{{.window = breaker_window::consecutive,
                            .consecutive_failures = 2,
                            .open_for = 5s,
                            .probes = 1,
                            .probe_successes = 1}};
    pipeline guarded{ref(health), ref(drill)};
    const auto state = [&] { return health.state(on.time.present()); };
    (void)on.play(guarded);
    EXPECT_EQ(state(), circuit_state::closed);
    (void)on.play(guarded);
    EXPECT_EQ(state(), circuit_state::open);
    EXPECT_THAT(on.play(guarded), fails_with(errc::circuit_open));
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"it", 2, 2})) << "what is refused is no attempt";
    on.time.pass(6s);
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(std::errc::connection_reset), spoken_by("drill"))) << "a probe";
    EXPECT_EQ(state(), circuit_state::open);
    on.time.pass(1h);
    for (int i = 0; i < 10 && state() != circuit_state::closed; ++i) EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(state(), circuit_state::closed);
}

TEST_P(fault_policy, S36_a_breaker_does_not_count_an_injected_refusal) {
    fault drill{drill_with(injection::refused())};
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{ref(health), ref(drill)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(condition::refused), spoken_by("drill")));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed);
}

TEST_P(fault_policy, S36_a_breaker_counts_a_hang_that_a_timeout_ends) {
    fault drill{drill_with(injection::hang())};
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{ref(health), timeout{500ms}, ref(drill)};
    EXPECT_THAT(on.play(guarded), fails_with(errc::timed_out));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::open);
}

TEST_P(fault_policy, S36_a_breaker_counts_a_wrong_result_that_the_rules_judge) {
    on.dependency.returns(7);
    fault drill{drill_with(negative())};
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{ref(health), ref(drill), rules()};
    EXPECT_THAT(on.play(guarded), has_value(-7));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::open);
}

TEST_P(fault_policy, T71_inside_of_a_retry_every_attempt_is_hit_at_the_rate_and_told_of) {
    on.dependency.returns(7);
    fault_options half = drill_with(injection::failure(std::errc::connection_reset), fault_when::share(0.5));
    half.seed = 7;
    fault drill{half};
    pipeline guarded{observe{on.heard}, retry{quick(4)}, ref(drill)};
    unsigned failed = 0;
    for (int i = 0; i < 400; ++i) failed += on.play(guarded).has_value() ? 0U : 1U;
    const fault_reading seen = drill.read().at(0);
    EXPECT_EQ(seen.seen, on.dependency.calls() + seen.injected);
    EXPECT_EQ(seen.injected, on.heard.count("fault_injected"));
    EXPECT_NEAR(static_cast<double>(seen.injected) / static_cast<double>(seen.seen), 0.5, 0.08);
    EXPECT_LT(failed, 60U) << "which is what the callers see of it: one in sixteen";
}

TEST_P(fault_policy, inside_of_endpoints_a_rule_for_a_target_hits_what_goes_there) {
    fault drill{
        {.name = "drill",
         .rules = {{.name = "a is down", .what = injection::failure(std::errc::connection_reset), .target = "a"},
                   {.name = "shop is down", .what = injection::refused(), .target = "shop"}},
         .armed = arming::on}};
    endpoints shop{{.each = {{.address = "a"}, {.address = "b"}}, .consecutive_failures = 0}};
    pipeline guarded{ref(shop), ref(drill)};
    for (int i = 0; i < 50; ++i) {
        std::string went;
        const auto got = on.play(guarded, {.target = "shop"}, [&](attempt& a) { return went = a.target(), 7; });
        EXPECT_EQ(went, got ? "b" : "");
    }
    const auto seen = drill.read();
    EXPECT_GE(seen[0].injected, 1U);
    EXPECT_EQ(seen[0].injected, seen[0].seen);
    EXPECT_EQ(seen[1].seen, 0U) << "endpoints have chosen";
}

TEST_P(fault_policy, T96_a_drill_is_the_same_each_time_whatever_the_jitter) {
    on.dependency.returns(7);
    fault_options options = drill_with(injection::failure(std::errc::connection_reset), fault_when::share(0.3));
    options.seed = 11;
    fault drill{options};
    const auto play_all = [&](retry_options o) {
        o.max_attempts = 1;
        pipeline guarded{retry{o}, ref(drill)};
        std::string line;
        for (int i = 0; i < 40; ++i) {
            if (i % 3 == 0) (void)on.time.random()();  // others draw, too
            line += on.play(guarded).has_value() ? '.' : 'x';
        }
        return line;
    };
    const std::string first = play_all({});
    drill.disarm();
    drill.arm();  // anew
    EXPECT_EQ(play_all({.jitter = jitter::full}), first);
    EXPECT_NE(play_all({}), first) << "which goes on";
}

TEST_P(fault_policy, an_error_of_the_users_own_type_is_known_by_it) {
    on.dependency.returns(7);
    fault drill{
        drill_with(injection::failure(error::from_original(make_error_code(std::errc::io_error), db_error::deadlock)),
                   fault_when::first(1))};
    pipeline guarded{retry{quick(2)}, ref(drill), classify{transient(returned<db_error>())}};
    EXPECT_THAT(on.play(guarded), has_value(7));
}

TEST_P(fault_policy, an_injected_exception_is_what_is_thrown_at_the_edge) {
    fault drill{drill_with(injection::thrown(lost_connection{}))};
    pipeline guarded{ref(drill)};
    const auto result = on.play(guarded);
    ASSERT_FALSE(result.has_value());
    EXPECT_THROW(result.error().raise(), lost_connection);
}

TEST_P(fault_policy, a_hang_that_nothing_ends_fails_after_the_longest_hang) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{ref(drill)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(condition::timeout), spoken_by("drill")));
    EXPECT_EQ(on.time.elapsed(), 10s);
}

TEST_P(fault_policy, what_would_have_been_sent_is_not_given_back_by_a_rate_limiter) {
    fault drill{drill_with(injection::failure(std::errc::connection_reset))};
    rate_limiter once{{.permits = 1, .per = 1min, .burst = 1}};
    pipeline guarded{ref(once), ref(drill)};
    EXPECT_THAT(on.play(guarded), fails_with(std::errc::connection_reset));
    EXPECT_THAT(on.play(guarded), fails_with(errc::rate_limited));
}

TEST_P(fault_policy, disarming_frees_what_is_held_and_it_goes_on_to_the_dependency) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::hang())};
    pipeline guarded{timeout{9s}, ref(drill)};
    on.time.after(2s, [&] {
        EXPECT_EQ(drill.held(), 1U);
        drill.disarm();
        EXPECT_EQ(drill.held(), 0U);
    });
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 2s);
}

/// Ends a drill as soon as it hears of a fault.
class stops_at_once final : public listener {
public:
    explicit stops_at_once(fault& drill) : drill_{drill} {}
    void on_event(const cutwater::event& e) override {
        if (e.kind().name == "fault_injected") drill_.disarm();
    }

private:
    fault& drill_;
};

TEST_P(fault_policy, what_is_disarmed_before_it_is_held_is_not_held) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::hang())};
    stops_at_once watcher{drill};
    pipeline guarded{observe{watcher}, ref(drill)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 0s);
    EXPECT_EQ(drill.held(), 0U);
}

TEST_P(fault_policy, armed_and_disarmed_while_it_runs) {
    on.dependency.returns(7);
    fault drill{disarmed(drill_with(injection::failure(std::errc::connection_reset)))};
    pipeline guarded{ref(drill)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    drill.arm();
    EXPECT_THAT(on.play(guarded), spoken_by("drill"));
    drill.arm();  // changes nothing
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"it", 1, 1}));
    drill.disarm();
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"it", 1, 1})) << "what was counted can still be read";
}

TEST_P(fault_policy, rules_are_replaced_while_it_runs) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::failure(std::errc::connection_reset))};
    pipeline guarded{ref(drill)};
    (void)on.play(guarded);
    drill.replace_rules({{.name = "other", .what = injection::refused(errc::load_shed)}});
    EXPECT_THAT(on.play(guarded), fails_with(errc::load_shed));
    EXPECT_THAT(drill.read(), ElementsAre(fault_reading{"other", 1, 1}));
    EXPECT_THROW(drill.replace_rules({{.name = "bad", .what = injection::hang(), .when = fault_when::share(2.0)}}),
                 invalid_options);
    EXPECT_THAT(on.play(guarded), fails_with(errc::load_shed)) << "as before";
    drill.replace_rules({});
    EXPECT_THAT(on.play(guarded), has_value(7));
}

TEST_P(fault_policy, an_attempt_has_its_fault_by_the_rules_that_it_began_under) {
    on.dependency.returns(7);
    fault drill{drill_with(injection::failure(std::errc::connection_reset).after(late))};
    pipeline guarded{ref(drill)};
    on.time.after(100ms, [&] { drill.replace_rules({}); });
    EXPECT_THAT(on.play(guarded), fails_with(std::errc::connection_reset));
    EXPECT_EQ(on.time.elapsed(), 300ms);
}

TEST_P(fault_policy, T17_a_permit_outside_comes_back_whatever_is_injected) {
    on.dependency.returns(7);
    bulkhead one{{.max_concurrent = 1}};
    for (const injection& what : {injection::failure(std::errc::connection_reset), injection::hang(),
                                  injection::refused(), injection::latency(late), negative()}) {
        fault drill{drill_with(what)};
        pipeline guarded{ref(one), timeout{1s}, ref(drill)};
        (void)on.play(guarded);
        EXPECT_EQ(one.in_use(), 0U) << what.text();
    }
}

TEST_P(fault_policy, calls_that_give_nothing_and_calls_that_give_what_cannot_be_copied_are_hit_too) {
    fault drill{drill_with(injection::failure(std::errc::connection_reset), fault_when::every(2))};
    pipeline guarded{ref(drill)};
    EXPECT_TRUE(on.play(guarded, {}, [] {}).has_value());
    EXPECT_FALSE(on.play(guarded, {}, [] {}).has_value());
    drill.replace_rules({{.name = "it", .what = injection::wrong_result<std::unique_ptr<int>>([](std::unique_ptr<int>) {
                                            return std::make_unique<int>(8);
                                        })}});
    const auto changed = on.play(guarded, {}, [] { return std::make_unique<int>(7); });
    ASSERT_TRUE(changed.has_value());
    EXPECT_EQ(**changed, 8);
}

TEST_P(fault_policy, a_window_is_of_the_calls_own_time) {
    on.dependency.returns(7);
    fault_options o = drill_with(injection::failure(std::errc::connection_reset));
    o.rules[0].from = on.time.in(1min);
    o.rules[0].until = on.time.in(2min);
    fault drill{o};
    pipeline guarded{ref(drill)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    on.time.pass(1min);
    EXPECT_THAT(on.play(guarded), spoken_by("drill"));
    on.time.pass(1min);
    EXPECT_THAT(on.play(guarded), has_value(7));
}

TEST(fault, works_alone) {
    fault drill{drill_with(injection::failure(std::errc::connection_reset))};
    EXPECT_THAT(drill([] { return 7; }), spoken_by("drill"));
}

TEST(fault, T71_outside_of_a_loop_that_is_chosen_at_run_time_it_is_refused) {
    fault drill;
    const auto refused = [](auto&& layer) -> std::string {
        fault outside;
        any_pipeline<int> guarded{timeout{1s}, ref(outside), timeout{500ms}};
        try {
            guarded.add(std::forward<decltype(layer)>(layer));
        } catch (const std::logic_error& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_THAT(refused(retry{}), HasSubstr("a layer for each attempt (a fault) stands outside of a retry or hedge"));
    EXPECT_THAT(refused(hedge{}), HasSubstr("it belongs inside"));
    EXPECT_EQ(refused(bulkhead{}), "") << "one that is held takes no permit then, which may be what is wanted";
    EXPECT_EQ(refused(circuit_breaker{}), "");
    EXPECT_NO_THROW((any_pipeline<int>{retry{}, hedge{}, ref(drill), timeout{500ms}}));
}

TEST(fault, describes_what_is_in_force) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{ref(drill)};
    EXPECT_THAT(guarded.describe(), HasSubstr("armed = on"));
    drill.disarm();
    drill.replace_rules({});
    EXPECT_THAT(guarded.describe(), AllOf(HasSubstr("armed = off"), HasSubstr("rules = none")));
}

TEST(fault, options_out_of_range_are_refused_when_it_is_made) {
    EXPECT_THROW(fault({.name = ""}), invalid_options);
    EXPECT_THROW(fault({.max_hang = 0s}), invalid_options);
    EXPECT_THROW(fault({.rules = {{.name = "", .what = injection::hang()}}}), invalid_options);
}

}  // namespace
}  // namespace cutwater
