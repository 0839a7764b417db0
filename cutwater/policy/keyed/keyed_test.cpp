// Keyed policies in pipelines, on both drivers.

#include "cutwater/keyed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "cutwater/asio.hpp"
#include "cutwater/policy/keyed/noon_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::spoken_by;

static_assert(keeps_cells<rate_limiter>);
static_assert(quick_gate<keyed<rate_limiter>> && queueing_gate<keyed<rate_limiter>>);
static_assert(quick_gate<keyed<circuit_breaker>> && !queueing_gate<keyed<circuit_breaker>>);
static_assert(quick_gate<keyed<bulkhead>> && queueing_gate<keyed<bulkhead>>);
static_assert(keyed<bulkhead>::holds_work && !keyed<rate_limiter>::holds_work);

/// All keys begin to look in one place, and differ in their length alone.
struct weak_hash {
    fingerprint operator()(std::string_view key) const noexcept { return {.place = 0, .mark = key.size() + 2}; }
};

// ---- one table, both drivers: calls of several keys, one after the other ----

struct call_of {
    std::string key;
    std::string result;
    duration after{};
};

struct scenario {
    std::string name;
    keyed_options options;
    rate_limiter_options each{.name = "per tenant", .permits = 10, .per = 1s, .burst = 1};
    std::vector<call_of> calls;
    std::vector<std::string> events{};
};

const std::string drained = "per tenant: get: the rate limit is reached, retry after 100ms";
const std::string no_room = "per tenant: get: there is no room to remember another key";
const std::string heard_drained = "per tenant rate_refused per=1s permits=10 retry_after=100ms weight=1";

/// With one seed, so that a table can say which mark a key has.
const sip_hash hash_of_the_table{sip_hash::seed{1, 2, 3}};

std::string mark_of(std::string_view key) { return mark_text(slot_mark(hash_of_the_table(key))); }

/// A key for each of so many, and so many more that the first of them have no room.
std::vector<call_of> first_of(unsigned keys, std::vector<call_of> then) {
    std::vector<call_of> calls;
    for (unsigned i = 1; i <= keys; ++i) calls.push_back({.key = std::string(i, 'k'), .result = "7"});
    calls.insert(calls.end(), then.begin(), then.end());
    return calls;
}

const std::vector<scenario> scenarios{
    {.name = "each_key_has_a_limit_of_its_own",
     .options = {},
     .calls = {{"acme", "7"}, {"acme", drained}, {"ajax", "7"}, {"acme", "7", 100ms}, {"ajax", "7"}},
     .events = {heard_drained}},
    {.name = "calls_without_a_key_share_one",
     .options = {},
     .calls = {{"", "7"}, {"", drained}, {"acme", "7"}},
     .events = {heard_drained}},
    {.name = "calls_without_a_key_pass_where_the_options_say_so",
     .options = {.without_key = unkeyed::passes},
     .calls = {{"", "7"}, {"", "7"}, {"acme", "7"}, {"acme", drained}},
     .events = {heard_drained}},
    {.name = "calls_without_a_key_are_refused_where_the_options_say_so",
     .options = {.without_key = unkeyed::refused},
     .calls = {{"", "per tenant: get: the call was refused"}, {"acme", "7"}, {"acme", drained}},
     .events = {"per tenant key_missing by=tenant", heard_drained}},
    {.name = "calls_without_a_key_have_their_place_however_full_it_is",
     .options = {.max_keys = 1},
     .calls = first_of(64, {{std::string(65, 'k'), no_room}, {"", "7"}, {"", drained}, {"", "7", 100ms}}),
     .events = {"per tenant keys_full admitted=false keys=64", heard_drained}},
    {.name = "so_they_have_where_each_key_has_a_whole_limit",
     .options = {.max_keys = 1},
     .each = {.name = "per tenant", .window = rate_window::sliding, .permits = 1, .per = 100ms},
     .calls = {{"k", "7"}, {"kk", no_room}, {"", "7"}, {"", drained}, {"kk", no_room}},
     .events = {"per tenant keys_full admitted=false keys=1",
                "per tenant rate_refused per=100ms permits=1 retry_after=100ms weight=1",
                "per tenant keys_full admitted=false keys=1"}},
    {.name = "each_event_about_a_key_says_whose_it_is_where_the_options_say_so",
     .options = {.max_keys = 1, .tell_keys = true},
     .each = {.name = "per tenant", .window = rate_window::sliding, .permits = 1, .per = 100ms},
     .calls = {{"k", "7"}, {"k", drained}, {"kk", no_room}},
     .events = {"per tenant rate_refused per=100ms permits=1 retry_after=100ms weight=1",
                "per tenant key_told about=rate_refused key=" + mark_of("k"),
                "per tenant keys_full admitted=false keys=1",
                "per tenant key_told about=keys_full key=" + mark_of("kk")}},
    {.name = "a_key_is_a_key_however_long_and_whatever_is_in_it",
     .options = {},
     .calls = {{std::string(100'000, 'x'), "7"},
               {std::string(100'000, 'x') + "y", "7"},
               {std::string(100'000, 'x'), drained},
               {std::string{"a\0b", 3}, "7"},
               {std::string{"a\0c", 3}, "7"}},
     .events = {heard_drained}},
    {.name = "T79_a_new_key_is_refused_where_every_other_is_drained_and_those_go_on",
     .options = {.max_keys = 1},
     .calls = first_of(64, {{std::string(65, 'k'), no_room},
                            {"k", drained},
                            {std::string(65, 'k'), "7", 100ms},
                            {"kk", "7"},
                            {"kk", drained}}),
     .events = {"per tenant keys_full admitted=false keys=64", heard_drained, heard_drained}},
    {.name = "T79_or_passes_unguarded_where_the_options_say_so",
     .options = {.max_keys = 1, .when_full = unkeyed::passes},
     .calls = first_of(64, {{std::string(65, 'k'), "7"}, {std::string(65, 'k'), "7"}, {"k", drained}}),
     .events = {"per tenant keys_full admitted=true keys=64", "per tenant keys_full admitted=true keys=64",
                heard_drained}},
    {.name = "a_limit_that_queues_waits_in_each_keys_own_line",
     .options = {},
     .each = {.name = "per tenant", .permits = 10, .per = 1s, .burst = 1, .max_queue = 1},
     .calls = {{"acme", "7"}, {"acme", "7"}, {"ajax", "7"}},
     .events = {"per tenant rate_queued expected_wait=100ms queued=1",
                "per tenant rate_wait_ended admitted=true waited=100ms"}},
    {.name = "T79_whole_limits_are_refused_at_max_keys_exactly",
     .options = {.max_keys = 2},
     .each = {.name = "per tenant", .window = rate_window::sliding, .permits = 1, .per = 100ms},
     .calls = {{"k", "7"}, {"kk", "7"}, {"kkk", no_room}, {"kkk", "7", 100ms}},
     .events = {"per tenant keys_full admitted=false keys=2"}},
};

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

class keyed_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(keyed_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    on.dependency.returns(7);
    keyed<rate_limiter> per_tenant{s.each, s.options, hash_of_the_table};
    const std::size_t bytes = per_tenant.bytes();
    pipeline guarded{observe{on.heard}, ref(per_tenant)};
    for (const call_of& c : s.calls) {
        on.time.pass(c.after);
        const auto result = on.play(guarded, {.operation = "get", .tenant = c.key});
        EXPECT_EQ(testing::text_of(result), c.result) << c.key.substr(0, 80);
    }
    EXPECT_EQ(on.heard.lines_of("per tenant"), s.events);
    if (rate_cells::suit(s.each)) {
        EXPECT_EQ(per_tenant.bytes(), bytes) << "all that it ever takes is taken from the start";
    }
}

INSTANTIATE_TEST_SUITE_P(table, keyed_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class keyed_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    [[nodiscard]] instant now() const { return on.time.present(); }
};

INSTANTIATE_TEST_SUITE_P(drivers, keyed_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(keyed_policy, one_failing_host_opens_its_own_circuit) {
    keyed<circuit_breaker> each_host{
        {.name = "host", .window = breaker_window::consecutive, .consecutive_failures = 2, .open_for = 10s},
        {.by = by_target}};
    pipeline guarded{ref(each_host)};
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7);
    EXPECT_FALSE(on.play(guarded, {.target = "sick"}));
    EXPECT_FALSE(on.play(guarded, {.target = "sick"}));
    EXPECT_THAT(on.play(guarded, {.target = "sick"}), fails_with(errc::circuit_open));
    EXPECT_THAT(on.play(guarded, {.target = "well"}), has_value(7));
    EXPECT_TRUE(each_host.find("sick")->is_open(now()));
    EXPECT_FALSE(each_host.find("unheard of"));
}

TEST_P(keyed_policy, whose_circuit_opened_is_told_where_the_options_say_so) {
    keyed<circuit_breaker> each_host{
        {.name = "host", .window = breaker_window::consecutive, .consecutive_failures = 1, .open_for = 10s},
        {.by = by_target, .tell_keys = true}};
    pipeline guarded{observe{on.heard}, ref(each_host)};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_FALSE(on.play(guarded, {.target = "sick"}));
    EXPECT_FALSE(on.play(guarded, {.target = "sick"}));
    EXPECT_THAT(on.play(guarded, {.target = "well"}), has_value(7));
    const std::string sick = " key=" + mark_text(each_host.mark_of("sick"));
    EXPECT_THAT(on.heard.lines_of("host"),
                ElementsAre(HasSubstr("circuit_opened"), "host key_told about=circuit_opened" + sick,
                            HasSubstr("circuit_refused"), "host key_told about=circuit_refused" + sick));
}

TEST_P(keyed_policy, whose_wait_began_and_ended_is_told_as_well) {
    keyed<bulkhead> each{{.name = "each", .max_concurrent = 1, .max_queue = 1, .max_wait = 10ms}, {.tell_keys = true}};
    const auto held = each.get("acme", now());
    blocking_parking nowhere;
    bulkhead::ticket inside;
    call_context by_hand{nothing_said, on.time, nowhere};
    ASSERT_TRUE(held->try_admit(inside, by_hand, by_hand.now));
    pipeline guarded{observe{on.heard}, ref(each)};
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), fails_with(errc::wait_timed_out));
    const std::string acme = " key=" + mark_text(each.mark_of("acme"));
    EXPECT_THAT(on.heard.lines_of("each"),
                ElementsAre(HasSubstr("bulkhead_queued"), "each key_told about=bulkhead_queued" + acme,
                            HasSubstr("bulkhead_wait_ended"), "each key_told about=bulkhead_wait_ended" + acme));
    held->abandon(inside);
}

TEST_P(keyed_policy, what_was_not_sent_of_a_call_without_a_key_is_given_back) {
    keyed<rate_limiter> each{{.permits = 1, .per = 1h, .burst = 1}};
    pipeline guarded{ref(each), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 10; ++i) EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(each.read("", now()).remaining, 1U);
}

TEST_P(keyed_policy, a_call_without_a_key_may_be_refused_by_a_guard_that_fails_closed) {
    keyed<bulkhead> each{{.max_concurrent = 1, .max_queue = 1}, {.without_key = unkeyed::refused}};
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded), ::testing::AllOf(fails_with(errc::refused), fails_with(condition::never_sent)));
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), has_value(7));
}

TEST_P(keyed_policy, T79_an_open_circuit_is_not_forgotten_whatever_keys_come) {
    keyed<circuit_breaker> each_host{{.name = "host", .open_for = 10s}, {.by = by_target, .max_keys = 3}};
    (void)each_host.get("sick", now())->open(now());
    pipeline guarded{ref(each_host)};
    on.dependency.returns(7);
    unsigned answered = 0;
    for (int i = 0; i < 200; ++i, on.time.pass(1s)) {
        answered += on.play(guarded, {.target = std::to_string(i)}) ? 1U : 0U;
        if (i < 10) {
            EXPECT_THAT(on.play(guarded, {.target = "sick"}), spoken_by("host")) << i;
        }
        EXPECT_LE(each_host.size(), 3U);
    }
    EXPECT_GE(answered, 20U) << "a host that was called is forgotten when its window is empty";
    EXPECT_TRUE(each_host.find("sick")) << "half-open by now: it is closed by a probe, not by being forgotten";
}

TEST_P(keyed_policy, who_is_inside_or_waits_keeps_its_bulkhead) {
    keyed<bulkhead> each{{.max_concurrent = 1, .max_queue = 1, .max_wait = 1s}, {.max_keys = 1}};
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    bool asked = false;
    const auto nested = on.play(guarded, {.tenant = "acme"}, [&] {
        asked = true;
        const auto other = on.time.run(guarded, {.tenant = "ajax"}, [] { return 1; });
        EXPECT_THAT(other, fails_with(errc::too_many_keys));
        const auto own = on.time.run(guarded, {.tenant = "acme"}, [] { return 1; });
        EXPECT_THAT(own, fails_with(errc::wait_timed_out));
        return 2;
    });
    EXPECT_TRUE(asked);
    EXPECT_THAT(nested, has_value(2));
    EXPECT_THAT(on.play(guarded, {.tenant = "ajax"}), has_value(7)) << "nobody is in the other any more";
    each.visit(now(), [](std::uint64_t, const bulkhead&) { ADD_FAILURE() << "every pin was given back"; });
}

TEST_P(keyed_policy, T43_whoever_cancels_while_it_waits_leaves_the_line_and_the_policy) {
    keyed<rate_limiter> each{{.permits = 1, .per = 1s, .burst = 1, .max_queue = 1, .max_wait = 10s}, {.max_keys = 1}};
    EXPECT_TRUE(each.try_acquire("acme", now()));
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    on.cancels_after(30ms);
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), fails_with(errc::cancelled));
    on.time.pass(1s);
    EXPECT_TRUE(each.try_acquire("ajax", now())) << "acme's was given back by whoever waited";
}

TEST_P(keyed_policy, T17_what_a_later_gate_refuses_costs_its_key_nothing) {
    keyed<rate_limiter> each{{.permits = 1, .per = 1h, .burst = 1}};
    pipeline guarded{ref(each), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 10; ++i) EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), spoken_by("refusing"));
    EXPECT_EQ(each.read("acme", now()).remaining, 1U);
    EXPECT_EQ(each.read("ajax", now()).remaining, 1U);
}

TEST_P(keyed_policy, what_was_sent_is_paid_for_by_its_key) {
    keyed<rate_limiter> each{{.permits = 1, .per = 1h, .burst = 3}};
    pipeline guarded{ref(each)};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_FALSE(on.play(guarded, {.tenant = "acme"}));
    EXPECT_THAT(on.play(guarded, {.weight = 2, .tenant = "acme"}), has_value(7));
    EXPECT_EQ(each.read("acme", now()).remaining, 0U);
    EXPECT_EQ(each.read("ajax", now()).remaining, 3U);
}

TEST_P(keyed_policy, a_key_is_what_a_function_says_and_what_it_throws_fails_the_call) {
    bool broken = false;
    keyed<rate_limiter> each{{.name = "each", .permits = 1, .per = 1h, .burst = 1},
                             {.by = [&](const call_context& call) -> std::string_view {
                                 if (broken) throw std::runtime_error{"no route"};
                                 return call.said().id.substr(0, 2);
                             }}};
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, {.id = "eu-1"}), has_value(7));
    EXPECT_THAT(on.play(guarded, {.id = "eu-2"}), fails_with(errc::rate_limited));
    EXPECT_THAT(on.play(guarded, {.id = "us-1"}), has_value(7));
    broken = true;
    EXPECT_THAT(on.play(guarded, {.id = "us-2"}),
                ::testing::AllOf(fails_with(errc::callback_failed), spoken_by("each")));
}

TEST_P(keyed_policy, a_function_may_change_its_mind_while_a_call_is_on_its_way) {
    std::vector<std::string_view> answers{"acme", "acme", ""};  // when it would pass, be admitted, and wait
    std::size_t asked = 0;
    keyed<bulkhead> each{
        {.name = "each", .max_concurrent = 1, .max_queue = 1},
        {.by = [&](const call_context&) { return answers.at(asked++); }, .without_key = unkeyed::passes}};
    const auto held = each.get("acme", on.time.present());
    ASSERT_TRUE(held);
    blocking_parking nowhere;
    bulkhead::ticket inside;
    call_context by_hand{nothing_said, on.time, nowhere};
    ASSERT_TRUE(held->try_admit(inside, by_hand, by_hand.now));
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded), has_value(7)) << "without a key it passes";
    EXPECT_EQ(asked, 3U);
    answers = {"acme", "acme", "ajax"};
    asked = 0;
    EXPECT_THAT(on.play(guarded), has_value(7)) << "there is nobody in the other one's";
    EXPECT_EQ(held->queued(), 0U);
    held->abandon(inside);
}

TEST_P(keyed_policy, a_key_may_be_any_text_that_outlives_its_function) {
    const std::string region = "eu";
    for (const key_source& by : {key_source{[&](const call_context&) -> const std::string& { return region; }},
                                 key_source{[&](const call_context&) { return region.c_str(); }},
                                 key_source{[&](const call_context&) { return std::string_view{region}; }}}) {
        keyed<rate_limiter> each{{.permits = 1, .per = 1h, .burst = 1}, {.by = by}};
        EXPECT_TRUE(each.try_acquire("eu", on.time.present()));
        pipeline guarded{ref(each)};
        EXPECT_THAT(on.play(guarded), fails_with(errc::rate_limited));
    }
}

TEST_P(keyed_policy, each_tenant_is_throttled_by_what_became_of_its_own) {
    keyed<throttle> each{{.name = "each", .max_rejection = 0.99}, {.max_keys = 1}};
    for (int i = 0; i < 100; ++i) each.get("acme", on.time.present())->record_failed(on.time.present());
    pipeline guarded{observe{on.heard}, ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), fails_with(errc::throttled));
    EXPECT_THAT(on.play(guarded, {.tenant = "ajax"}), fails_with(errc::too_many_keys)) << "it is not forgotten";
    on.time.pass(30s);
    EXPECT_THAT(on.play(guarded, {.tenant = "ajax"}), has_value(7)) << "its window is over";
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), fails_with(errc::too_many_keys));
}

TEST_P(keyed_policy, a_policy_that_cannot_be_made_fails_the_call_and_the_next_one_tries_again) {
    int made = 0;
    auto each = keyed<bulkhead>::made_by([&] {
        if (++made == 2) throw std::runtime_error{"no memory"};
        return bulkhead{{.name = "each", .max_concurrent = 3}};
    });
    pipeline guarded{ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), fails_with(errc::callback_failed));
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), has_value(7));
    EXPECT_THAT(on.play(guarded, {.tenant = "acme"}), has_value(7));
    EXPECT_EQ(made, 3) << "the first is the one that is never called";
}

TEST_P(keyed_policy, T25_its_refusals_say_nothing_about_the_dependency) {
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    keyed<bulkhead> each{{}, {.max_keys = 1}};
    const auto held = each.get("acme", now());
    pipeline guarded{ref(health), ref(each)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, {.tenant = "ajax"}),
                ::testing::AllOf(fails_with(errc::too_many_keys), fails_with(condition::refused),
                                 fails_with(condition::never_sent)));
    EXPECT_EQ(health.state(now()), circuit_state::closed);
}

TEST_P(keyed_policy, reads_the_clock_once_a_call_and_a_clean_circuit_never) {
    on.dependency.returns(7);
    keyed<rate_limiter> limits{{.burst = 1000}};
    keyed<circuit_breaker> health{{.window = breaker_window::consecutive}};
    pipeline limited{ref(limits)};
    pipeline watched{ref(health)};
    EXPECT_TRUE(on.play(watched));  // its key is known then
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(limited));
    EXPECT_EQ(on.time.reads(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(watched));
    EXPECT_EQ(on.time.reads(), 100U);
}

// ---- over random calls: as if nothing were ever forgotten ----

RC_GTEST_PROP(keyed_property, T79_every_key_is_served_as_by_a_policy_that_is_never_forgotten, ()) {
    const circuit_breaker_options options{
        .window = *rc::gen::element(breaker_window::time, breaker_window::consecutive),
        .window_time = 1s,
        .minimum_calls = 2,
        .consecutive_failures = 2,
        .open_for = 2s,
        .open_growth = 2.0,
        .healthy_after = 3s,
        .probes = 1,
        .probe_successes = 1};
    keyed<circuit_breaker, weak_hash> each{options, {.max_keys = 3}};
    std::map<std::string, circuit_breaker> never_forgotten;
    instant now{12h};
    for (int step = 0; step < 100; ++step) {
        now = add(now, *rc::gen::element<duration>(0s, 10ms, 700ms, 2s, 5s));
        const std::string key(*rc::gen::inRange<std::size_t>(1, 7), 'k');
        circuit_breaker& expected = never_forgotten.try_emplace(key, options).first->second;
        const auto given = each.get(key, now);
        if (!given) {
            RC_ASSERT(expected.is_fresh(now));
            const auto needed =
                std::ranges::count_if(never_forgotten, [&](const auto& one) { return !one.second.is_fresh(now); });
            RC_ASSERT(needed >= 3);
            continue;
        }
        const bool fails = *rc::gen::arbitrary<bool>();
        RC_ASSERT((fails ? given->record_failure(now) : given->record_success(now)) ==
                  (fails ? expected.record_failure(now) : expected.record_success(now)));
        RC_ASSERT(given->snapshot(now) == expected.snapshot(now));
        RC_ASSERT(each.size() <= 3U);
    }
}

RC_GTEST_PROP(keyed_property, the_pipelines_and_drivers_agree, ()) {
    const auto steps = *rc::gen::container<std::vector<std::pair<unsigned, unsigned>>>(
        rc::gen::pair(rc::gen::inRange(1U, 70U), rc::gen::inRange(0U, 200U)));
    const unsigned max_queue = *rc::gen::inRange(0U, 2U);
    const auto told_by = [&](testing::driver d, auto make) {
        testing::stage<int> on{d};
        on.dependency.returns(7, 3ms);
        keyed<rate_limiter> each{{.permits = 10, .per = 1s, .burst = 1, .max_queue = max_queue, .max_wait = 50ms},
                                 {.max_keys = 2}};
        auto guarded = make(observe{on.heard}, ref(each));
        for (const auto& [key, ms] : steps) {
            on.time.pass(std::chrono::milliseconds{ms});
            const std::string tenant(key, 'k');
            (void)on.play(guarded, {.tenant = tenant});
        }
        return std::pair{on.heard.lines(), on.time.elapsed()};
    };
    constexpr auto fixed = [](auto... layers) { return pipeline{std::move(layers)...}; };
    constexpr auto chosen = [](auto... layers) { return any_pipeline<int>{std::move(layers)...}; };
    const auto expected = told_by(testing::driver::blocking, fixed);
    RC_ASSERT(told_by(testing::driver::blocking, chosen) == expected);
    RC_ASSERT(told_by(testing::driver::coroutine, fixed) == expected);
    RC_ASSERT(told_by(testing::driver::coroutine, chosen) == expected);
}

// ---- by hand, and for operators ----

TEST(keyed_by_hand, a_limit_can_be_asked_read_and_shown) {
    keyed<rate_limiter> each{{.permits = 10, .per = 1s, .burst = 5}};
    EXPECT_TRUE(each.try_acquire("acme", noon, 5));
    EXPECT_FALSE(each.try_acquire("acme", noon));
    EXPECT_EQ(each.read("acme", noon).retry_after, 100ms);
    EXPECT_EQ(each.read("ajax", noon).remaining, 5U) << "nobody of that name has come yet";
    EXPECT_EQ(each.size(), 1U);
    std::map<std::uint64_t, std::uint64_t> left;
    each.visit(noon + 200ms, [&](std::uint64_t mark, const rate_reading& seen) { left[mark] = seen.remaining; });
    EXPECT_THAT(left, ElementsAre(std::pair{each.mark_of("acme"), 2U}));
}

TEST(keyed_by_hand, so_can_one_that_queues) {
    keyed<rate_limiter> each{{.permits = 10, .per = 1s, .burst = 5, .max_queue = 1}, {.max_keys = 1}};
    EXPECT_EQ(each.read("acme", noon).remaining, 5U);
    EXPECT_TRUE(each.try_acquire("acme", noon, 5));
    EXPECT_FALSE(each.try_acquire("ajax", noon)) << "there is no room";
    EXPECT_EQ(each.read("acme", noon).remaining, 0U);
    unsigned seen = 0;
    each.visit(noon, [&](std::uint64_t mark, const rate_reading& r) {
        EXPECT_EQ(mark, each.mark_of("acme"));
        EXPECT_EQ(r.remaining, 0U);
        ++seen;
    });
    EXPECT_EQ(seen, 1U);
}

TEST(keyed_by_hand, the_calls_without_a_key_are_a_key_beside_the_others) {
    keyed<rate_limiter> cells{{.permits = 10, .per = 1s, .burst = 5}, {.max_keys = 1}};
    keyed<bulkhead> whole{{.name = "each"}, {.max_keys = 1}};
    EXPECT_TRUE(cells.try_acquire("", noon, 5));
    EXPECT_EQ(cells.read("", noon).remaining, 0U);
    EXPECT_EQ(cells.size(), 0U);
    std::vector<std::uint64_t> seen;
    cells.visit(noon, [&](std::uint64_t mark, const rate_reading&) { seen.push_back(mark); });
    EXPECT_THAT(seen, ElementsAre(cells.mark_of("")));
    EXPECT_FALSE(whole.find(""));
    const auto one = whole.get("", noon);
    const auto other = whole.get("acme", noon);
    EXPECT_TRUE(one && other);
    EXPECT_EQ(&*whole.find(""), &*one);
    EXPECT_EQ(whole.size(), 1U);
}

TEST(keyed_by_hand, the_options_of_each_can_be_read) {
    const keyed<rate_limiter> per_tenant{{.name = "per tenant", .permits = 10, .per = 1s}};
    EXPECT_EQ(options_text(per_tenant.each_options()),
              options_text(rate_limiter_options{.name = "per tenant", .permits = 10, .per = 1s}));
    const keyed<bulkhead> share{{.max_concurrent = 3}};
    EXPECT_EQ(share.each_options().max_concurrent, 3U);
}

TEST(keyed_by_hand, a_mark_is_told_in_sixteen_digits) {
    EXPECT_EQ(mark_text(0xC0FFEE), "0000000000c0ffee");
    EXPECT_EQ(mark_text(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff");
}

TEST(keyed_by_hand, operators_see_which_circuits_are_not_as_new) {
    keyed<circuit_breaker> each{{.name = "host"}, {.by = by_target}};
    (void)each.get("sick", noon)->open(noon);
    (void)each.get("well", noon);
    std::vector<std::uint64_t> open;
    each.visit(noon, [&](std::uint64_t mark, const circuit_breaker& its) {
        if (its.is_open(noon)) open.push_back(mark);
    });
    EXPECT_THAT(open, ElementsAre(each.mark_of("sick")));
    EXPECT_EQ(each.find("sick")->layer_name().view(), "host");
}

// ---- options ----

std::string refused_with(keyed_options o) {
    try {
        const keyed<rate_limiter> made{{.name = "each"}, std::move(o)};
        return {};
    } catch (const invalid_options& e) {
        return e.what();
    }
}

TEST(keyed_options, what_is_wrong_is_named_all_at_once) {
    EXPECT_EQ(
        refused_with(
            {.by = key_source::function{}, .max_keys = 0, .without_key = unkeyed{7}, .when_full = unkeyed::shares}),
        "keyed \"each\": by is a function, allowed is by_tenant, by_target, by_operation, or a function\n"
        "keyed \"each\": max_keys is 0, allowed is from 1 to 100000000\n"
        "keyed \"each\": without_key is unknown, allowed is shares, passes or refused\n"
        "keyed \"each\": when_full is shares, allowed is passes or refused");
    EXPECT_EQ(refused_with({.by = by_operation, .max_keys = 1}), "");
}

/// What `tried` says to options.
std::string refusal_of(const auto& tried) {
    try {
        tried();
    } catch (const invalid_options& e) {
        return e.what();
    }
    return "";
}

TEST(keyed_options, those_of_the_policy_are_checked_when_the_table_is_made) {
    EXPECT_EQ(refusal_of([] { (void)keyed<rate_limiter>{{.name = "each", .permits = 0}}; }),
              "keyed \"each\": each.permits is 0, allowed is from 1 to 1000000000");
}

TEST(keyed_options, what_is_wrong_with_either_is_said_at_once) {
    EXPECT_EQ(refusal_of([] { (void)keyed<rate_limiter>{{.name = "each", .permits = 0}, {.max_keys = 0}}; }),
              "keyed \"each\": max_keys is 0, allowed is from 1 to 100000000\n"
              "keyed \"each\": each.permits is 0, allowed is from 1 to 1000000000");
    EXPECT_EQ(refusal_of([] {
                  (void)keyed<bulkhead>::made_by([] { return bulkhead{{.max_concurrent = 0}}; }, {.max_keys = 0});
              }),
              "keyed \"\": max_keys is 0, allowed is from 1 to 100000000\n"
              "keyed \"\": each.max_concurrent is 0, allowed is from 1 to 1000000");
}

TEST(keyed_options, T79_a_breaker_that_would_never_be_forgotten_is_refused_with_what_to_take_instead) {
    EXPECT_EQ(refusal_of([] {
                  (void)keyed<circuit_breaker>{{.name = "host", .window = breaker_window::count, .open_for = 0s},
                                               {.max_keys = 0}};
              }),
              "keyed \"host\": max_keys is 0, allowed is from 1 to 100000000\n"
              "keyed \"host\": each.open_for is 0s, allowed is from 1ms to 24h\n"
              "keyed \"host\": each.window is count, allowed is time or consecutive: a key with a count is never "
              "forgotten");
    EXPECT_EQ(refusal_of([] { (void)keyed<circuit_breaker>{{.name = "host", .window = breaker_window::count}}; }),
              "keyed \"host\": each.window is count, allowed is time or consecutive: a key with a count is never "
              "forgotten");
    EXPECT_NE(refusal_of([] {
                  (void)keyed<circuit_breaker>::made_by(
                      [] { return circuit_breaker{{.name = "host", .window = breaker_window::count}}; });
              }),
              "");
}

TEST(keyed_options, T57_those_in_force_can_be_read) {
    keyed<bulkhead> each{{.name = "share"}, {.by = by_target, .max_keys = 5}};
    EXPECT_EQ(
        each.described_options(),
        "{by = target, max_keys = 5, without_key = shares, when_full = refused, tell_keys = false}, each bulkhead "
        "{max_concurrent = 10, max_queue = 0, max_wait = 1s, order = fifo}");
    pipeline guarded{ref(each)};
    EXPECT_THAT(guarded.describe(), HasSubstr("keyed \"share\" {by = target"));
}

TEST(keyed_options, a_key_is_part_of_the_call) {
    keyed<rate_limiter> by_op{{.permits = 1, .per = 1h, .burst = 1}, {.by = by_operation}};
    testing::virtual_time time;
    pipeline guarded{ref(by_op)};
    EXPECT_TRUE(time.run(guarded, {.operation = "get", .tenant = "acme"}, [] { return 1; }));
    EXPECT_FALSE(time.run(guarded, {.operation = "get", .tenant = "ajax"}, [] { return 1; }));
    EXPECT_TRUE(time.run(guarded, {.operation = "put", .tenant = "acme"}, [] { return 1; }));
}

// ---- the script, and each step of it spoilt ----

TEST(keyed_script, whatever_goes_wrong_at_a_step_nobody_stays_inside) {
    const std::vector<testing::mock_step<int>> story{
        {.takes = 20ms, .code = make_error_code(std::errc::connection_reset)}, {.takes = 10ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            keyed<bulkhead> each{{.max_concurrent = 1, .max_queue = 1}, {.max_keys = 1}};
            testing::mock_dependency<int> dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{retry{{.base_delay = 5ms}}, ref(each), timeout{100ms}};
            const call_options said{.stop = caller.get_token(), .tenant = "acme"};
            (void)(blocking ? time.run(guarded, said, dependency.blocking())
                            : loop.run(guarded, said, loop.coroutine(dependency)));
            EXPECT_TRUE(each.get("ajax", time.present())) << "acme's is free to go";
        }
    });
}

// ---- memory ----

TEST(keyed_memory, T79_is_bounded_by_max_keys_whatever_keys_come) {
    keyed<rate_limiter> limits{{.permits = 1, .per = 24h, .burst = 1}, {.max_keys = 1000}};
    keyed<bulkhead> shares{{}, {.max_keys = 1000}};
    const std::size_t bytes = limits.bytes();
    for (int i = 0; i < 50'000; ++i) {
        const std::string key = std::to_string(i);
        (void)limits.try_acquire(key, noon);
        (void)shares.get(key, noon);
    }
    EXPECT_EQ(limits.bytes(), bytes);
    EXPECT_LE(bytes, 1000U * 64) << "a key's share, at its most";
    EXPECT_LE(shares.size(), 1000U);
    EXPECT_LE(shares.bytes(), 1000U * 176);
    EXPECT_GE(limits.size(), 1000U);
}

TEST(keyed_memory, a_million_limits_take_less_than_64_bytes_each) {
    const keyed<rate_limiter> limits{{}, {.max_keys = 1'000'000}};
    EXPECT_LE(limits.bytes(), 64'000'000U);
}

}  // namespace
}  // namespace cutwater
