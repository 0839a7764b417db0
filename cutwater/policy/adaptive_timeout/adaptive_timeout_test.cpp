// The adaptive timeout in pipelines, on both drivers.

#include "cutwater/policy/adaptive_timeout/adaptive_timeout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// What an estimate has counted: `2 ended 30ms, 1 cut 200ms`, to the bucket.
std::string samples_of(const adaptive_timeout& patience, instant now) {
    std::string text;
    const auto add = [&](std::uint64_t n, const char* how, std::size_t bucket) {
        if (n == 0) return;
        const duration about = latency_buckets::value_of(bucket);
        text.append(text.empty() ? "" : ", ")
            .append(std::to_string(n))
            .append(how)
            .append(std::to_string((about + 5ms) / 10ms * 10)) += "ms";
    };
    const latency_counts seen = patience.estimate()->counts(now);
    for (std::size_t i = 0; i < seen.in.size(); ++i)
        add(seen.in[i].ended, " ended ", i), add(seen.in[i].cut, " cut ", i);
    return text;
}

// ---- one table, both drivers: who ends a call, what it is told, and what the timeout learns of it ----

struct scenario {
    std::string name;
    std::function<void(mock&)> dependency;
    duration outer = forever;  ///< a timeout around it
    duration inner = forever;  ///< and one inside
    duration deadline = forever;
    duration cancels_after = forever;

    std::string result;
    std::string learnt;
    std::vector<std::string> events{};
};

const std::vector<scenario> scenarios{
    {.name = "in_time", .dependency = [](mock& m) { m.returns(7, 490ms); }, .result = "7", .learnt = "1 ended 490ms"},
    {.name = "too_late",
     .dependency = [](mock& m) { m.hangs(); },
     .result = "patience: get: call 42: the time limit was reached (limit 500ms)",
     .learnt = "1 cut 500ms",
     .events = {"patience adaptive_timed_out limit=500ms"}},
    {.name = "a_failure_that_may_pass_had_not_answered_by_then",
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset, 200ms); },
     .result = "get: call 42: Connection reset by peer",
     .learnt = "1 cut 200ms"},
    {.name = "one_for_good_has_answered",
     .dependency = [](mock& m) { m.fails(std::errc::permission_denied, 200ms); },
     .result = "get: call 42: Permission denied",
     .learnt = "1 ended 200ms"},
    {.name = "a_bug_of_ours_says_nothing",
     .dependency = [](mock& m) { m.throws(std::logic_error{"ours"}, 200ms); },
     .result = "get: call 42: ours",
     .learnt = ""},
    {.name = "T39_a_limit_around_it_that_is_tighter",
     .dependency = [](mock& m) { m.hangs(); },
     .outer = 300ms,
     .result = "outer: get: call 42: the time limit was reached (limit 300ms)",
     .learnt = "1 cut 300ms"},
    {.name = "T39_a_limit_inside_that_is_tighter",
     .dependency = [](mock& m) { m.hangs(); },
     .inner = 300ms,
     .result = "inner: get: call 42: the time limit was reached (limit 300ms)",
     .learnt = "1 cut 300ms"},
    {.name = "T39_the_callers_deadline_where_it_is_tighter",
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 200ms,
     .result = "get: call 42: the caller's deadline has passed",
     .learnt = "1 cut 200ms"},
    {.name = "T39_our_limit_where_it_is_tighter",
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 501ms,
     .result = "patience: get: call 42: the time limit was reached (limit 500ms)",
     .learnt = "1 cut 500ms",
     .events = {"patience adaptive_timed_out limit=500ms"}},
    {.name = "T37_a_cancelled_call_says_nothing",
     .dependency = [](mock& m) { m.hangs(); },
     .cancels_after = 100ms,
     .result = "get: call 42: the caller cancelled the call",
     .learnt = ""},
    {.name = "nothing_is_sent_where_nothing_is_left_and_nothing_learnt",
     .dependency = [](mock& m) { m.returns(7); },
     .deadline = 0s,
     .result = "get: call 42: the caller's deadline has passed",
     .learnt = ""},
};

std::ostream& operator<<(std::ostream& out, const scenario& s) { return out << s.name; }

class adaptive_timeout_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(adaptive_timeout_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    s.dependency(on.dependency);
    adaptive_timeout patience{{.name = "patience", .initial = 500ms}};
    any_pipeline<int> guarded{observe{on.heard}};
    if (s.outer != forever) guarded.add(timeout{{.name = "outer", .after = s.outer}});
    guarded.add(ref(patience));
    if (s.inner != forever) guarded.add(timeout{{.name = "inner", .after = s.inner}});
    if (s.cancels_after != forever) on.cancels_after(s.cancels_after);
    const auto result = on.play(guarded, {.operation = "get", .deadline = on.deadline_in(s.deadline), .id = "42"});
    EXPECT_EQ(testing::text_of(result), s.result);
    EXPECT_EQ(samples_of(patience, on.time.present()), s.learnt);
    EXPECT_EQ(on.heard.lines_of("patience"), s.events);
}

INSTANTIATE_TEST_SUITE_P(table, adaptive_timeout_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class adaptive_timeout_policy : public ::testing::TestWithParam<testing::driver> {
public:
    testing::stage<int> on{GetParam()};

    void teach(adaptive_timeout& patience, duration took, int times = 100) {
        for (int i = 0; i < times; ++i) patience.estimate()->record(took, on.time.present());
        on.time.pass(1s);  // more than the estimate remembers what it has said
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, adaptive_timeout_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

TEST_P(adaptive_timeout_policy, the_limit_follows_what_calls_take) {
    adaptive_timeout patience{{.name = "patience", .initial = 500ms, .min_samples = 20}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7, 20ms);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(on.play(guarded), 7);
    EXPECT_EQ(patience.limit(), 500ms);
    on.time.pass(1s);
    EXPECT_EQ(on.play(guarded), 7);
    EXPECT_NEAR(ms(patience.limit()), 40, 0.8);
}

TEST_P(adaptive_timeout_policy, the_error_and_the_event_name_the_limit_that_was_in_force_for_that_call) {
    adaptive_timeout patience{{.name = "patience", .initial = 500ms, .min_samples = 1}};
    pipeline guarded{observe{on.heard}, ref(patience)};
    pipeline another{ref(patience)};
    on.dependency.hangs().on_call([&](unsigned) {
        teach(patience, 20ms);
        EXPECT_EQ(on.time.run(another, [] { return 7; }), 7);
    });
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_NEAR(ms(patience.limit()), 40, 0.8) << "which is another by now";
    EXPECT_EQ(result.error().limit(), 500ms);
    EXPECT_EQ(result.error().layer(), name{"patience"});
    EXPECT_EQ(result.error().code(), condition::timeout);
    EXPECT_EQ(on.heard.last("adaptive_timed_out").field("limit"), "500ms");
}

TEST_P(adaptive_timeout_policy, the_callable_sees_the_limit_as_its_deadline_and_never_more_than_its_caller_has) {
    adaptive_timeout patience{{.initial = 500ms, .min_samples = 1}};
    pipeline guarded{ref(patience)};
    teach(patience, 100ms);
    std::vector<duration> left;
    const auto looks = [&](attempt& a) { return left.push_back(a.remaining()), 7; };
    (void)on.play(guarded, {}, looks);
    (void)on.play(guarded, {.deadline = on.time.in(50ms)}, looks);
    EXPECT_EQ(left[0], patience.limit());
    EXPECT_NEAR(ms(left[0]), 200, 4);
    EXPECT_EQ(left[1], 50ms);
}

TEST_P(adaptive_timeout_policy, a_change_by_a_quarter_is_told_and_no_less) {
    adaptive_timeout patience{{.name = "patience", .initial = 200ms, .min_samples = 1}};
    pipeline guarded{observe{on.heard}, ref(patience)};
    on.dependency.returns(7);
    const auto told_after = [&](duration took) {
        on.time.pass(10min);  // the window has forgotten
        teach(patience, took);
        (void)on.play(guarded);
        return on.heard.count("adaptive_limit_changed");
    };
    EXPECT_EQ(told_after(110ms), 0U);
    EXPECT_EQ(told_after(120ms), 0U);
    EXPECT_EQ(told_after(130ms), 1U) << "since it was told, not since the last call";
    EXPECT_EQ(told_after(110ms), 1U);
    EXPECT_EQ(told_after(100ms), 2U);
    const auto last = on.heard.last("adaptive_limit_changed");
    EXPECT_EQ(last.layer, "patience");
    EXPECT_EQ(last.field("to"), to_text(patience.limit()));
    EXPECT_EQ(last.field("percentile"), to_text(patience.read(on.time.present()).percentile->value));
}

TEST_P(adaptive_timeout_policy, T42_a_value_that_comes_late_is_the_value_and_took_as_long_as_it_did) {
    adaptive_timeout patience{{.initial = 500ms}};
    pipeline guarded{ref(patience)};
    EXPECT_EQ(on.play(guarded, {}, [&] { return on.time.pass(2s), 7; }), 7);
    EXPECT_NE(samples_of(patience, on.time.present()).find("1 ended 2000ms"), std::string::npos)
        << samples_of(patience, on.time.present());
}

TEST_P(adaptive_timeout_policy, T44_one_that_dawdles_after_it_was_cut_off_counts_with_the_limit) {
    adaptive_timeout patience{{.initial = 500ms}};
    pipeline guarded{ref(patience)};
    const std::expected<int, std::error_code> late = std::unexpected{make_error_code(std::errc::timed_out)};
    EXPECT_EQ(on.play(guarded, {}, [&] { return on.time.pass(9s), late; }).error().code(), errc::timed_out);
    EXPECT_EQ(samples_of(patience, on.time.present()), "1 cut 500ms");
    EXPECT_EQ(on.play(guarded, {.deadline = on.time.in(300ms)}, [&] { return on.time.pass(9s), late; }).error().code(),
              errc::deadline_exceeded);
    EXPECT_EQ(samples_of(patience, on.time.present()), "1 cut 300ms, 1 cut 500ms");
}

/// Refuses everything.
class wall {
public:
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "wall"; }
    admission<ticket> admit(call_context&, moment&) { return refusal{.reason = errc::circuit_open}; }
    void settle(ticket&, const observation&, call_context&, moment&) {}
    void abandon(ticket&) noexcept {}
};

TEST_P(adaptive_timeout_policy, what_a_layer_inside_refuses_says_nothing) {
    adaptive_timeout patience{{.initial = 500ms}};
    pipeline guarded{ref(patience), wall{}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::circuit_open);
    EXPECT_EQ(patience.read(on.time.present()).samples, 0U);
}

TEST_P(adaptive_timeout_policy, rules_say_what_is_ignored) {
    adaptive_timeout patience{{.initial = 500ms}};
    pipeline guarded{ref(patience), classify{ignored(code(std::errc::connection_reset))}};
    on.dependency.fails(std::errc::connection_reset, 100ms);
    (void)on.play(guarded);
    EXPECT_EQ(patience.read(on.time.present()).samples, 0U);
}

TEST_P(adaptive_timeout_policy, each_attempt_of_a_retry_around_it_is_a_sample) {
    adaptive_timeout patience{{.name = "patience", .initial = 500ms}};
    pipeline guarded{retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(patience)};
    on.dependency.hangs().returns(7, 100ms);
    on.dependency.returns(7, 100ms);
    EXPECT_EQ(on.play(guarded, {.operation = "get"}), 7);
    EXPECT_EQ(samples_of(patience, on.time.present()), "1 ended 100ms, 1 cut 500ms");
}

TEST_P(adaptive_timeout_policy, what_is_cut_off_makes_the_limit_longer_until_it_is_long_enough) {
    adaptive_timeout patience{{.initial = 100ms, .min_samples = 1}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7, 700ms);
    std::vector<std::string> went;
    for (int i = 0; i < 5; ++i) {
        went.push_back(on.play(guarded) ? "answered" : "cut");
        on.time.pass(1s);
    }
    EXPECT_THAT(went, ElementsAre("cut", "cut", "cut", "answered", "answered")) << "at 100, 200, 400, 800 ms";
}

// ---- strain ----

TEST_P(adaptive_timeout_policy, strain_shortens_the_limit_and_it_comes_back) {
    double strain = 0;
    adaptive_timeout patience{{.initial = 1010ms, .floor = 10ms, .strain = [&] { return strain; }}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7);
    std::vector<duration> limits;
    for (const double s : {0.0, 0.5, 1.0, 7.0, -1.0, 0.0}) {
        strain = s;
        on.time.pass(100ms);
        (void)on.play(guarded);
        limits.push_back(patience.limit());
    }
    EXPECT_THAT(limits, ElementsAre(1010ms, 510ms, 10ms, 10ms, 1010ms, 1010ms));
}

TEST_P(adaptive_timeout_policy, the_signal_is_asked_once_in_100ms) {
    int asked = 0;
    adaptive_timeout patience{{.strain = [&] { return ++asked, 0.0; }}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7, 1ms);
    for (int i = 0; i < 250; ++i) (void)on.play(guarded);
    EXPECT_EQ(asked, 3);
    blocking_parking place;
    call_context call{nothing_said, on.time, place};
    (void)patience.deadline_for(call, on.time.present() - 1h);
    EXPECT_EQ(asked, 4) << "also where time has jumped back";
}

TEST_P(adaptive_timeout_policy, a_signal_that_throws_fails_its_call_and_counts_as_what_it_said_last) {
    double strain = 0.5;
    adaptive_timeout patience{{.name = "patience", .initial = 1010ms, .floor = 10ms, .strain = [&] {
                                   if (strain < 0) throw std::runtime_error{"no gauge"};
                                   return strain;
                               }}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7);
    EXPECT_EQ(on.play(guarded), 7);
    strain = -1;
    on.time.pass(100ms);
    const auto failed = on.play(guarded);
    EXPECT_EQ(failed.error().code(), errc::callback_failed);
    EXPECT_EQ(failed.error().layer(), name{"patience"});
    EXPECT_EQ(on.play(guarded), 7);
    EXPECT_EQ(patience.limit(), 510ms);
    strain = std::numeric_limits<double>::quiet_NaN();
    on.time.pass(100ms);
    EXPECT_EQ(on.play(guarded), 7) << "NaN fails no call";
    EXPECT_EQ(patience.limit(), 510ms);
}

// ---- one estimate for several ----

TEST_P(adaptive_timeout_policy, an_estimate_that_is_given_is_shared) {
    const auto shared = std::make_shared<latency_estimate>(latency_estimate_options{.min_samples = 20});
    adaptive_timeout reads{{.name = "reads", .estimate = shared}};
    adaptive_timeout others{{.name = "others", .percentile = 0.5, .factor = 3, .estimate = shared}};
    pipeline guarded{ref(reads)};
    on.dependency.returns(7, 20ms);
    for (int i = 0; i < 20; ++i) (void)on.play(guarded);
    EXPECT_NEAR(ms(others.read(on.time.present()).limit), 60, 1.2);
    EXPECT_EQ(others.estimate(), shared);
}

TEST_P(adaptive_timeout_policy, a_reading_says_why) {
    adaptive_timeout patience{{.initial = 500ms, .min_samples = 4}};
    pipeline guarded{ref(patience)};
    on.dependency.returns(7, 20ms).returns(7, 20ms).returns(7, 20ms).hangs();
    for (int i = 0; i < 3; ++i) (void)on.play(guarded);
    EXPECT_EQ(patience.read(on.time.present()).percentile, std::nullopt);
    EXPECT_EQ(patience.read(on.time.present()).limit, 500ms);
    (void)on.play(guarded);
    const adaptive_timeout_reading r = patience.read(on.time.present());
    EXPECT_EQ(r.samples, 4U);
    EXPECT_EQ(r.censored_share, 0.25);
    EXPECT_TRUE(r.percentile->is_at_least);
    EXPECT_NEAR(ms(r.percentile->value), 500, 10);
    EXPECT_NEAR(ms(r.limit), 1000, 20);
    EXPECT_EQ(r.strain, 0);
}

// ---- options and cost ----

TEST(adaptive_timeout_options, T57_whatever_is_out_of_range_is_refused_by_name_value_and_range) {
    const auto refused = [](adaptive_timeout_options o) {
        o.name = "x";
        return testing::refused_with<adaptive_timeout>(std::move(o));
    };
    const std::string x = "adaptive_timeout \"x\": ";
    EXPECT_EQ(refused({.percentile = 0.4}), x + "percentile is 0.4, allowed is from 0.5 to 0.9999");
    EXPECT_EQ(refused({.percentile = 1}), x + "percentile is 1, allowed is from 0.5 to 0.9999");
    EXPECT_EQ(refused({.percentile = std::numeric_limits<double>::quiet_NaN()}),
              x + "percentile is nan, allowed is from 0.5 to 0.9999");
    EXPECT_EQ(refused({.factor = 0.9}), x + "factor is 0.9, allowed is from 1 to 100");
    EXPECT_EQ(refused({.floor = 0s}), x + "floor is 0s, allowed is more than 0s and at most 1h");
    EXPECT_EQ(refused({.initial = 2h, .ceiling = 3h}), x + "initial is 2h, allowed is more than 0s and at most 1h\n" +
                                                           x + "ceiling is 3h, allowed is more than 0s and at most 1h");
    EXPECT_EQ(refused({.window = 1ms}), x + "window is 1ms, allowed is from 100ms to 1h");
    EXPECT_EQ(refused({.min_samples = 0}), x + "min_samples is 0, allowed is from 1 to 1000000000");
    EXPECT_EQ(refused({.initial = 1s, .floor = 2s, .ceiling = 1s}),
              x + "floor is 2s, allowed is at most ceiling, which is 1s");
    EXPECT_EQ(refused({.initial = 1s, .floor = 2s}),
              x + "initial is 1s, allowed is from floor to ceiling, which are 2s and 10s");
    EXPECT_EQ(refused({.initial = 1s, .ceiling = 500ms}),
              x + "initial is 1s, allowed is from floor to ceiling, which are 10ms and 500ms");
    EXPECT_EQ(refused({.initial = 1s, .floor = 1s, .ceiling = 1s}), "");
}

TEST(adaptive_timeout_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{adaptive_timeout{}};
    EXPECT_EQ(guarded.describe(),
              "adaptive_timeout {percentile = 0.99, factor = 2, initial = 1s, floor = 10ms, ceiling = 10s,\n"
              "    window = 1min, min_samples = 100}\n└─ call\n");
    const auto shared = std::make_shared<latency_estimate>(latency_estimate_options{.name = "search"});
    pipeline sharing{adaptive_timeout{{.estimate = shared}}};
    EXPECT_THAT(sharing.describe(), ::testing::HasSubstr("ceiling = 10s,\n    estimate = \"search\"}"));
}

TEST(adaptive_timeout_alone, works_without_a_pipeline) {
    adaptive_timeout patience{{.initial = 1h, .ceiling = 1h}};
    EXPECT_EQ(*patience([](attempt& a) { return a.remaining() > 59min; }), true);
    EXPECT_EQ(patience.read(now()).samples, 1U);
}

TEST(adaptive_timeout_cost, a_call_reads_the_clock_once_on_each_way) {
    testing::virtual_time time;
    pipeline guarded{timeout{2s}, adaptive_timeout{}, timeout{1s}};
    (void)time.run(guarded, [] { return 7; });
    EXPECT_EQ(time.reads(), 2U);
}

// ---- the script, and each step of it spoilt ----

TEST(adaptive_timeout_script, whatever_goes_wrong_at_a_step_the_call_ends_by_its_limit) {
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
            adaptive_timeout patience{{.name = "attempt", .initial = 60ms}};
            pipeline guarded{
                timeout{{.name = "total", .after = 90ms}},
                retry{{.base_delay = 5ms, .jitter = jitter::none, .should_retry = [](auto&) { return true; }}},
                ref(patience)};
            const instant began = time.present();
            const call_options said{.stop = caller.get_token()};
            const result<int> got = blocking ? time.run(guarded, said, dependency.blocking())
                                             : loop.run(guarded, said, loop.coroutine(dependency));
            EXPECT_LE(time.present() - began, 90ms);
            EXPECT_LE(patience.read(time.present()).samples, dependency.calls());
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
