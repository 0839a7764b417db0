// The throttle in pipelines, on both drivers.

#include "cutwater/policy/throttle/throttle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/throttle/kernel_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::spoken_by;

static_assert(quick_gate<throttle>);
static_assert(!queueing_gate<throttle>);

// ---- one table, both drivers: one call, where others have been made already ----

const testing::mock_step<int> answers{.takes = 5ms, .value = 7};
const testing::mock_step<int> lost{.takes = 5ms, .code = make_error_code(std::errc::connection_reset)};
const testing::mock_step<int> broken{.takes = 5ms, .fault = std::make_exception_ptr(std::runtime_error{"broken"})};
const testing::mock_step<int> bug{.takes = 5ms, .fault = std::make_exception_ptr(std::logic_error{"bug"})};
const testing::mock_step<int> hangs{.takes = forever, .code = make_error_code(std::errc::timed_out)};

struct scenario {
    std::string name;
    throttle_options options{};
    unsigned accepted = 0;
    unsigned failed = 0;
    duration then_silence{};
    const testing::mock_step<int>* step = &answers;
    duration deadline = forever;
    duration cancels_after = forever;

    std::string result = "7";
    throttle_counts counts{};
    std::vector<std::string> events{};
};

throttle_options usual_but(auto&& change) {
    throttle_options o{.name = "db"};
    change(o);
    return o;
}
const throttle_options usual = usual_but([](auto&) {});

const std::string throttled = "db: get: not sent, because the dependency has been refusing";

std::string rejected(unsigned requests, unsigned accepts, std::string_view probability) {
    return "db throttle_rejected accepts=" + std::to_string(accepts) +
           " importance=default probability=" + std::string{probability} + " requests=" + std::to_string(requests);
}

// The first of the chances of virtual time is 0.81.
const std::vector<scenario> scenarios{
    {.name = "nothing_is_known", .options = usual, .counts = {1, 1}},
    {.name = "all_have_been_accepted", .options = usual, .accepted = 100, .counts = {101, 101}},
    {.name = "half_have_been_accepted", .options = usual, .accepted = 50, .failed = 50, .counts = {101, 51}},
    {.name = "none_has_been_accepted",
     .options = usual,
     .failed = 20,
     .result = throttled,
     .counts = {21, 0},
     .events = {rejected(20, 0, "0.9")}},
    {.name = "chance_lets_it_through",
     .options = usual_but([](auto& o) { o.max_rejection = 0.8; }),
     .failed = 20,
     .counts = {21, 1}},
    {.name = "there_were_too_few_to_judge", .options = usual, .failed = 8, .counts = {9, 1}},
    {.name = "the_window_has_passed",
     .options = usual,
     .failed = 20,
     .then_silence = 30s,
     .counts = {1, 1},
     .events = {"db throttle_ended accepts=0 importance=default requests=0"}},
    {.name = "its_failure_begins_it",
     .options = usual,
     .failed = 9,
     .step = &lost,
     .result = "get: Connection reset by peer",
     .counts = {10, 0},
     .events = {"db throttle_began accepts=0 importance=default probability=0.9 requests=10"}},
    {.name = "T39_what_hangs_until_a_timeout_of_ours_is_not_accepted",
     .options = usual,
     .accepted = 1,
     .step = &hangs,
     .result = "attempt: get: the time limit was reached (limit 1s)",
     .counts = {2, 1}},
    {.name = "what_will_not_pass_is_an_answer_all_the_same",
     .options = usual,
     .accepted = 1,
     .step = &broken,
     .result = "get: broken",
     .counts = {2, 2}},
    {.name = "what_counts_can_be_said_of_those_that_pass",
     .options = usual_but([](auto& o) { o.should_count = [](const observation&) { return false; }; }),
     .step = &lost,
     .result = "get: Connection reset by peer",
     .counts = {1, 1}},
    {.name = "what_counts_can_be_said_of_those_that_do_not",
     .options = usual_but([](auto& o) { o.should_count = [](const observation&) { return true; }; }),
     .step = &broken,
     .result = "get: broken",
     .counts = {1, 0}},
    {.name = "what_counts_is_not_asked_of_successes",
     .options = usual_but([](auto& o) { o.should_count = [](const observation&) { return true; }; }),
     .counts = {1, 1}},
    {.name = "a_bug_is_neutral",
     .options = usual_but([](auto& o) { o.should_count = [](const observation&) { return true; }; }),
     .accepted = 1,
     .step = &bug,
     .result = "get: bug",
     .counts = {1, 1}},
    {.name = "T37_a_cancellation_is_neutral",
     .options = usual,
     .accepted = 1,
     .step = &hangs,
     .cancels_after = 30ms,
     .result = "get: the caller cancelled the call",
     .counts = {1, 1}},
    {.name = "T39_the_callers_own_deadline_is_neutral",
     .options = usual,
     .accepted = 1,
     .step = &hangs,
     .deadline = 30ms,
     .result = "get: the caller's deadline has passed",
     .counts = {1, 1}},
};

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

class throttle_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(throttle_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    on.dependency.then(*s.step);
    throttle db{s.options};
    for (unsigned i = 0; i < s.accepted; ++i) db.record_accepted(on.time.present());
    for (unsigned i = 0; i < s.failed; ++i) db.record_failed(on.time.present());
    on.time.pass(s.then_silence);
    if (s.cancels_after != forever) on.cancels_after(s.cancels_after);
    pipeline guarded{observe{on.heard}, ref(db), timeout{{.name = "attempt", .after = 1s}}};
    const auto result = on.play(guarded, {.operation = "get", .deadline = on.deadline_in(s.deadline)});
    EXPECT_EQ(testing::text_of(result), s.result);
    EXPECT_EQ(on.dependency.calls(), s.result == throttled ? 0U : 1U);
    EXPECT_EQ(db.read(on.time.present()).counts, s.counts);
    EXPECT_EQ(on.heard.lines_of("db"), s.events);
}

INSTANTIATE_TEST_SUITE_P(table, throttle_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class throttle_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    throttle db{usual};

    void has_failed(unsigned calls, criticality importance = criticality::normal) {
        for (unsigned i = 0; i < calls; ++i) db.record_failed(on.time.present(), importance);
    }
    [[nodiscard]] throttle_counts counted(criticality importance = criticality::normal) const {
        return db.read(on.time.present(), importance).counts;
    }
};

INSTANTIATE_TEST_SUITE_P(drivers, throttle_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(throttle_policy, T25_T30_its_rejections_say_nothing_about_the_dependency) {
    has_failed(20);
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{ref(health), ref(db)};
    EXPECT_THAT(on.play(guarded),
                AllOf(fails_with(errc::throttled), fails_with(condition::refused), fails_with(condition::never_sent)));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed);
}

TEST_P(throttle_policy, nobody_knows_when_it_ends_so_no_hint_is_given) {
    has_failed(20);
    pipeline guarded{retry{{.refusals = on_refusal::wait_for_hint}}, ref(db)};
    const auto result = on.play(guarded);
    EXPECT_THAT(result, fails_with(errc::throttled));
    EXPECT_EQ(result.error().retry_after(), std::nullopt);
    EXPECT_EQ(on.time.elapsed(), 0s);
}

TEST_P(throttle_policy, T17_T25_what_a_gate_further_in_refuses_counts_for_nothing) {
    pipeline guarded{ref(db), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 10; ++i) EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(counted(), throttle_counts{});
}

TEST_P(throttle_policy, a_call_in_flight_is_nothing_yet) {
    on.dependency.returns(7, 50ms).on_call([&](unsigned) { EXPECT_EQ(counted(), throttle_counts{}); });
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(counted(), (throttle_counts{1, 1}));
}

TEST_P(throttle_policy, inside_of_a_retry_it_sees_every_attempt) {
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7);
    pipeline guarded{retry{{.max_attempts = 3}}, ref(db)};
    EXPECT_THAT(on.play(guarded), has_value(7));
    EXPECT_EQ(counted(), (throttle_counts{3, 1}));
}

TEST_P(throttle_policy, a_retry_ends_with_its_rejection) {
    has_failed(9);
    on.dependency.fails(std::errc::connection_reset);
    pipeline guarded{retry{{.max_attempts = 5}}, ref(db)};
    EXPECT_THAT(on.play(guarded), fails_with(condition::refused));
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(counted(), (throttle_counts{11, 0}));
}

TEST_P(throttle_policy, T85_what_matters_more_is_judged_by_its_own) {
    db = throttle{usual_but([](auto& o) { o.windows = throttle_windows::by_criticality; })};
    has_failed(20, criticality::best_effort);
    pipeline guarded{observe{on.heard}, ref(db)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, {.importance = criticality::best_effort}), fails_with(errc::throttled));
    EXPECT_EQ(on.heard.all().at(1).line(),
              "db throttle_rejected accepts=0 importance=best_effort probability=0.9 requests=20");
    for (const auto importance : {criticality::critical, criticality::normal, criticality::sheddable})
        EXPECT_THAT(on.play(guarded, {.importance = importance}), has_value(7)) << to_text(importance);
    EXPECT_EQ(counted(criticality::best_effort), (throttle_counts{21, 0}));
    EXPECT_EQ(counted(criticality::critical), (throttle_counts{1, 1}));
}

TEST_P(throttle_policy, a_rejection_tells_what_its_probability_was_computed_from) {
    db = throttle{usual_but([](auto& o) { o.max_rejection = 0.99; })};
    has_failed(199);
    pipeline guarded{observe{on.heard}, ref(db)};
    EXPECT_THAT(on.play(guarded), fails_with(errc::throttled));
    EXPECT_THAT(on.play(guarded), fails_with(errc::throttled));
    EXPECT_EQ(on.heard.all().at(1).line(), rejected(199, 0, "0.99"));
    EXPECT_EQ(on.heard.all().at(4).line(), rejected(199, 0, "0.99")) << "and not by what has been counted since";
    EXPECT_EQ(counted(), (throttle_counts{201, 0}));
}

TEST_P(throttle_policy, in_one_window_all_are_judged_together) {
    has_failed(20, criticality::best_effort);
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded, {.importance = criticality::critical}), fails_with(errc::throttled));
    EXPECT_EQ(counted(criticality::sheddable), (throttle_counts{21, 0}));
}

TEST_P(throttle_policy, reads_the_clock_once_a_call_that_is_accepted_and_once_for_one_that_is_rejected) {
    on.dependency.returns(7);
    pipeline guarded{ref(db)};
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 100U);
    has_failed(1000);
    on.time.reset_reads();
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 1U);
}

TEST_P(throttle_policy, T4_what_counts_may_throw_and_then_its_call_fails_and_counts_for_nothing) {
    db = throttle{usual_but(
        [](auto& o) { o.should_count = [](const observation&) -> bool { throw std::runtime_error{"no idea"}; }; })};
    on.dependency.fails(std::errc::connection_reset);
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::callback_failed), spoken_by("db")));
    EXPECT_EQ(counted(), throttle_counts{});
}

TEST_P(throttle_policy, only_overload_counts_where_it_is_told_so) {
    db = throttle{usual_but([](auto& o) {
        o.should_count = [](const observation& seen) { return seen.judged.reason == name{"HTTP 429"}; };
    })};
    const auto rule = [](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value() || *out.result() < 400) return {};
        return judgement{.meaning = verdict::transient, .reason = name{"HTTP " + std::to_string(*out.result())}};
    };
    on.dependency.returns(200).returns(503).returns(429);
    pipeline guarded{ref(db), classify{rule}};
    for (const int status : {200, 503, 429}) EXPECT_THAT(on.play(guarded), has_value(status));
    EXPECT_EQ(counted(), (throttle_counts{3, 2}));
}

TEST_P(throttle_policy, T84_sheds_what_an_overloaded_dependency_cannot_do_and_is_over_when_that_is_well) {
    // Twenty a second come, and five are accepted.
    unsigned in_this_second = 0;
    bool overloaded = true;
    const auto asked = [&]() -> std::expected<int, std::errc> {
        if (overloaded && ++in_this_second > 5) return std::unexpected{std::errc::connection_refused};
        return 7;
    };
    pipeline guarded{observe{on.heard}, ref(db)};
    const auto pass_a_second = [&] {
        unsigned sent = 0;
        in_this_second = 0;
        for (int i = 0; i < 20; ++i, on.time.pass(50ms))
            if (const auto got = on.play(guarded, {}, asked); got || got.error().code() != errc::throttled) ++sent;
        return sent;
    };
    for (int second = 0; second < 60; ++second) (void)pass_a_second();
    unsigned sent = 0;
    for (int second = 0; second < 60; ++second) sent += pass_a_second();
    EXPECT_NEAR(sent / 60.0, 10.0, 1.0) << "twice what it accepts";
    overloaded = false;
    for (int second = 0; second < 60; ++second) (void)pass_a_second();
    EXPECT_EQ(pass_a_second(), 20U);
    EXPECT_EQ(on.heard.count("throttle_began"), 1U) << "told once, and not whenever chance made it zero for a moment";
    EXPECT_EQ(on.heard.count("throttle_ended"), 1U);
}

// ---- many at once ----

TEST(throttle_policy, T19_T40_coroutines_destroyed_in_flight_count_for_nothing) {
    testing::virtual_time time;
    throttle db{usual};
    pipeline guarded{ref(db)};
    testing::mock_dependency<int> hanging{time};
    hanging.hangs();
    {
        testing::virtual_asio loop{time};
        const auto call = [&]() -> boost::asio::awaitable<void> {
            (void)co_await guarded.async_run(loop.coroutine(hanging));
        };
        for (int i = 0; i < 20; ++i) boost::asio::co_spawn(loop.context(), call(), boost::asio::detached);
        loop.context().poll();
        EXPECT_EQ(hanging.calls(), 20U);
    }
    EXPECT_EQ(db.read(time.present()).counts, throttle_counts{});
}

// ---- by hand ----

constexpr instant noon{12h};

TEST(throttle_by_hand, is_asked_and_told) {
    throttle db{usual};
    random_source dice{42};
    EXPECT_FALSE(db.should_reject(noon, dice));
    db.record_accepted(noon);
    for (int i = 0; i < 19; ++i) db.record_failed(noon);
    EXPECT_EQ(db.read(noon), (throttle_reading{.counts = {20, 1}, .probability = 18.0 / 21}));
    unsigned refused = 0;
    for (int i = 0; i < 1000; ++i) refused += db.should_reject(noon, dice) ? 1U : 0U;
    EXPECT_NEAR(refused, 857, 40) << "the probability is computed with the next verdict";
    EXPECT_EQ(db.read(noon).counts, (throttle_counts{20 + refused, 1}));
    db.record_accepted(noon);
    EXPECT_EQ(db.read(noon).probability, 0.9);
    EXPECT_FALSE(db.should_reject(noon + 30s, dice)) << "that was half a minute ago";
}

TEST(throttle_by_hand, uses_chance_only_where_it_has_to) {
    throttle db{usual};
    random_source dice{42};
    random_source untouched{42};
    EXPECT_FALSE(db.should_reject(noon, dice));
    EXPECT_EQ(dice(), untouched());
}

TEST(throttle_by_hand, keeps_what_matters_apart) {
    throttle db{usual_but([](auto& o) { o.windows = throttle_windows::by_criticality; })};
    random_source dice{42};
    for (int i = 0; i < 100; ++i) db.record_failed(noon, criticality::sheddable);
    db.record_accepted(noon, criticality::critical);
    EXPECT_TRUE(db.should_reject(noon, dice, criticality::sheddable));
    EXPECT_FALSE(db.should_reject(noon, dice, criticality::critical));
    EXPECT_FALSE(db.should_reject(noon, dice));
    EXPECT_EQ(db.read(noon, criticality::critical).counts, (throttle_counts{1, 1}));
    EXPECT_EQ(db.read(noon, static_cast<criticality>(9)).counts, (throttle_counts{0, 0})) << "some window";
}

TEST(throttle_by_hand, can_be_moved) {
    throttle db{usual_but([](auto& o) { o.min_calls = 1; })};
    for (int i = 0; i < 10; ++i) db.record_failed(noon);
    throttle moved{std::move(db)};
    EXPECT_EQ(moved.read(noon).counts, (throttle_counts{10, 0}));
    moved.record_failed(noon);
    EXPECT_EQ(moved.read(noon).probability, 0.9) << "its options moved with it";
}

TEST(throttle_by_hand, S12_works_alone) {
    throttle db{usual};
    EXPECT_EQ(db([] { return 7; }), 7);
}

// ---- options ----

std::string refused_with(const throttle_options& options) { return testing::refused_with<throttle>(options); }

TEST(throttle_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(refused_with({.name = "db", .k = 0.9, .window = 29ms, .max_rejection = 1.0, .min_calls = 0}),
              "throttle \"db\": k is 0.9, allowed is from 1 to 100\n"
              "throttle \"db\": window is 29ms, allowed is from 30ms to 24h\n"
              "throttle \"db\": max_rejection is 1, allowed is from 0 to 0.99\n"
              "throttle \"db\": min_calls is 0, allowed is from 1 to 1000000000");
    EXPECT_THAT(refused_with({.k = std::numeric_limits<double>::quiet_NaN()}), HasSubstr("k is nan"));
    EXPECT_THAT(refused_with({.window = forever}), HasSubstr("window is none"));
    EXPECT_THAT(refused_with({.windows = static_cast<throttle_windows>(2)}), HasSubstr("windows is unknown"));
}

TEST(throttle_options, the_ends_of_their_ranges_are_taken) {
    EXPECT_EQ(refused_with({.k = 1.0, .window = 30ms, .max_rejection = 0.0, .min_calls = 1}), "");
    EXPECT_EQ(refused_with({.k = 100.0, .window = 24h, .max_rejection = 0.99, .min_calls = 1'000'000'000}), "");
}

TEST(throttle_options, T57_those_in_force_can_be_read) {
    EXPECT_EQ(pipeline{throttle{usual}}.describe(),
              "throttle \"db\" {k = 2, window = 30s, max_rejection = 0.9, min_calls = 10, windows = shared}\n"
              "└─ call\n");
}

// ---- the script, and each step of it spoilt ----

TEST(throttle_script, whatever_goes_wrong_at_a_step_what_was_judged_is_counted_and_nothing_else) {
    const std::vector<testing::mock_step<int>> story{
        {.takes = 20ms, .code = make_error_code(std::errc::connection_reset)}, {.takes = 10ms, .value = 7}};
    testing::for_each_variation(story, [](const testing::variation<int>& v) {
        SCOPED_TRACE(v.text());
        for (const bool blocking : {true, false}) {
            testing::virtual_time time;
            testing::virtual_asio loop{time};
            throttle gate{usual};
            testing::mock_dependency<int> dependency{time};
            std::stop_source caller;
            v.play(dependency, [&] { caller.request_stop(); });
            pipeline guarded{retry{{.base_delay = 5ms}}, ref(gate), timeout{100ms}};
            const call_options said{.stop = caller.get_token()};
            const result<int> got = blocking ? time.run(guarded, said, dependency.blocking())
                                             : loop.run(guarded, said, loop.coroutine(dependency));
            const throttle_counts counts = gate.read(time.present()).counts;
            const unsigned cut_short = v.how == testing::spoilt::is_cancelled ? 1 : 0;
            EXPECT_EQ(counts.requests, dependency.calls() - cut_short);
            const unsigned answered = v.how == testing::spoilt::throws ? 1 : 0;  // permanent: it has dealt with it
            EXPECT_EQ(counts.accepts, (got ? 1U : 0U) + answered);
        }
    });
}

}  // namespace
}  // namespace cutwater
