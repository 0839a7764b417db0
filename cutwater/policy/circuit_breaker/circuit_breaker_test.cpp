// The circuit breaker in pipelines, on both drivers, and by hand.

#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"

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
using testing::spoken_by;

static_assert(quick_gate<circuit_breaker> && !queueing_gate<circuit_breaker>);

// ---- one table, both drivers ----
// A letter is a call: S succeeds, F fails, P throws, L throws what is a bug of the caller's, H hangs, s succeeds after a
// second, ? is one that does not reach the dependency. _ lets five seconds pass. What is seen of it: the same letters, and
// o for an open circuit, t for a timeout, d for the caller's deadline.

struct scenario {
    std::string name;
    circuit_breaker_options options;
    std::string played;
    std::string seen;
    std::vector<std::string> events;
    duration deadline = forever;  ///< of each call
};

const circuit_breaker_options touchy{.name = "db",
                                     .window = breaker_window::count,
                                     .window_calls = 4,
                                     .minimum_calls = 2,
                                     .open_for = 10s,
                                     .probes = 2,
                                     .probe_successes = 1};

circuit_breaker_options touchy_but(auto change) {
    circuit_breaker_options options = touchy;
    change(options);
    return options;
}

const std::string opened = "db circuit_opened calls=2 failure_rate=1 open_for=10s reason=failure_rate slow_rate=0";
const std::string refused = "db circuit_refused retry_after=10s state=open";
const std::string half_opened = "db circuit_half_opened probes=2";
const std::string closed = "db circuit_closed reason=probes";
const std::string reopened = "db circuit_opened calls=2 failure_rate=1 open_for=10s reason=failed_probes slow_rate=0";

const std::vector<scenario> scenarios{
    {.name = "T22_opens_at_its_rate_and_refuses",
     .options = touchy,
     .played = "SF??",
     .seen = "SFoo",
     .events = {"db circuit_opened calls=2 failure_rate=0.5 open_for=10s reason=failure_rate slow_rate=0", refused,
                refused}},
    {.name = "S116_one_failure_does_not_trip_it",
     .options = {.name = "db"},
     .played = "FSFSFSFS",
     .seen = "FSFSFSFS",
     .events = {}},
    {.name = "closes_when_a_probe_succeeds",
     .options = touchy,
     .played = "FF?__SSSFS",
     .seen = "FFo__SSSFS",
     .events = {opened, refused, half_opened, closed}},
    {.name = "T11_opens_again_when_probes_fail",
     .options = touchy,
     .played = "FF__FF?_?_S",
     .seen = "FF__FFo_o_S",
     .events = {opened, half_opened, reopened, refused, "db circuit_refused retry_after=5s state=open", half_opened,
                closed}},
    {.name = "T20_one_probe_of_two_may_fail",
     .options = touchy,
     .played = "FF__FS",
     .seen = "FF__FS",
     .events = {opened, half_opened, closed}},
    {.name = "T24_what_was_before_it_opened_is_forgotten",
     .options = touchy,
     .played = "SF?__SSSF",
     .seen = "SFo__SSSF",
     .events = {"db circuit_opened calls=2 failure_rate=0.5 open_for=10s reason=failure_rate slow_rate=0", refused,
                half_opened, closed}},
    {.name = "permanent_failures_count",
     .options = touchy,
     .played = "PP?",
     .seen = "PPo",
     .events = {opened, refused}},
    {.name = "bugs_of_the_caller_do_not", .options = touchy, .played = "LLLLL", .seen = "LLLLL", .events = {}},
    {.name = "T39_our_own_timeouts_count",
     .options = touchy,
     .played = "HH?",
     .seen = "tto",
     .events = {opened, refused}},
    {.name = "T39_the_callers_own_deadline_does_not",
     .options = touchy,
     .played = "HHHH",
     .seen = "dddd",
     .events = {},
     .deadline = 100ms},
    {.name = "T39_the_callers_own_deadline_counts_where_the_options_say_so",
     .options = touchy_but([](auto& o) { o.caller_deadline = deadline_blame::dependency; }),
     .played = "HH?",
     .seen = "ddo",
     .events = {opened, refused},
     .deadline = 100ms},
    {.name = "S73_slow_calls_open_it",
     .options = touchy_but([](auto& o) { o.slow_after = 1s; }),
     .played = "ss?",
     .seen = "SSo",
     .events = {"db circuit_opened calls=2 failure_rate=0 open_for=10s reason=slow_rate slow_rate=1", refused}},
    {.name = "a_slow_probe_has_failed",
     .options = touchy_but([](auto& o) { o.slow_after = 1s; }),
     .played = "FF__ss?",
     .seen = "FF__SSo",
     .events = {opened, half_opened, reopened, refused}},
    {.name = "S8_failures_in_a_row_are_broken_by_a_success",
     .options = touchy_but([](auto& o) {
         o.window = breaker_window::consecutive;
         o.consecutive_failures = 3;
     }),
     .played = "FFSFFF?",
     .seen = "FFSFFFo",
     .events = {"db circuit_opened calls=3 failure_rate=1 open_for=10s reason=consecutive_failures slow_rate=0",
                refused}},
    {.name = "a_time_window_forgets",
     .options = touchy_but([](auto& o) { o.window = breaker_window::time; }),
     .played = "F__F_F?",
     .seen = "F__F_Fo",
     .events = {opened, refused}},
    {.name = "metrics_only_lets_all_through_and_says_when_it_would_not",
     .options = touchy_but([](auto& o) { o.mode = breaker_mode::metrics_only; }),
     .played = "FFFS",
     .seen = "FFFS",
     .events = {"db circuit_would_open calls=2 failure_rate=1 reason=failure_rate slow_rate=0"}},
    {.name = "T10_forced_open_lets_none_through",
     .options = touchy_but([](auto& o) { o.mode = breaker_mode::forced_open; }),
     .played = "?____?",
     .seen = "o____o",
     .events = {refused, refused}},
    {.name = "forced_closed_lets_all_through",
     .options = touchy_but([](auto& o) { o.mode = breaker_mode::forced_closed; }),
     .played = "FFFF",
     .seen = "FFFF",
     .events = {}},
    {.name = "disabled_lets_all_through",
     .options = touchy_but([](auto& o) { o.mode = breaker_mode::disabled; }),
     .played = "FFFF",
     .seen = "FFFF",
     .events = {}},
    {.name = "T29_traffic_grows_back",
     .options = touchy_but([](auto& o) { o.ramp_for = 10s; }),
     .played = "FF__S?_?S__SSS",
     .seen = "FF__So_oS__SSS",
     .events = {opened, half_opened, closed, "db circuit_refused retry_after=10s state=closed",
                "db circuit_refused retry_after=5s state=closed"}},
};

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

void teach(testing::mock_dependency<int>& dependency, const std::string& played) {
    for (const char call : played) switch (call) {
            case 'S': dependency.returns(7); break;
            case 's': dependency.returns(7, 1s); break;
            case 'F': dependency.fails(std::errc::connection_reset); break;
            case 'P': dependency.throws(std::runtime_error{"broken"}); break;
            case 'L': dependency.throws(std::logic_error{"bug"}); break;
            case 'H': dependency.hangs(); break;
            default: break;
        }
}

char letter_of(const result<int>& r) {
    if (r) return 'S';
    if (r.error().code() == errc::circuit_open) return 'o';
    if (r.error().code() == errc::timed_out) return 't';
    if (r.error().code() == errc::deadline_exceeded) return 'd';
    if (r.error().code() == std::errc::connection_reset) return 'F';
    return r.error().words() == "bug" ? 'L' : 'P';
}

class breaker_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(breaker_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    teach(on.dependency, s.played);
    pipeline guarded{observe{on.heard}, circuit_breaker{s.options}, timeout{{.name = "attempt", .after = 2s}}};
    std::string seen;
    for (const char call : s.played) {
        const call_options said{.operation = "get", .deadline = s.deadline == forever ? never : on.time.in(s.deadline)};
        if (call == '_') on.time.pass(5s);
        seen += call == '_' ? '_' : letter_of(on.play(guarded, said));
    }
    EXPECT_EQ(seen, s.seen);
    EXPECT_EQ(on.heard.lines_of("db"), s.events);
    EXPECT_EQ(on.dependency.calls(), on.dependency.script().size()) << "nothing more reached it, nothing less";
}

INSTANTIATE_TEST_SUITE_P(table, breaker_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class circuit_breaker_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    circuit_breaker db{touchy};

    void open() {
        (void)db.record_failure(on.time.present());
        (void)db.record_failure(on.time.present());
        ASSERT_EQ(state(), circuit_state::open);
    }
    void half_open() {
        open();
        on.time.pass(10s);
        ASSERT_EQ(state(), circuit_state::half_open);
    }
    [[nodiscard]] circuit_state state() const { return db.state(on.time.present()); }

    /// How many probes it lets through now; they are given back.
    [[nodiscard]] std::size_t free_probes() {
        std::vector<circuit_breaker::pass> passes;
        while (auto pass = db.acquire(on.time.present())) passes.push_back(std::move(*pass));
        return passes.size();
    }
};

INSTANTIATE_TEST_SUITE_P(drivers, circuit_breaker_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

TEST_P(circuit_breaker_policy, T36_a_refusal_is_a_value_that_says_when_to_come_back) {
    open();
    on.time.pass(4s);
    pipeline guarded{ref(db)};
    const auto result = on.play(guarded, {.operation = "get"});
    ASSERT_THAT(result, AllOf(fails_with(errc::circuit_open), fails_with(condition::refused), spoken_by("db")));
    EXPECT_EQ(result.error().retry_after(), 6s);
    EXPECT_EQ(result.error().cause(), nullptr) << "nothing was thrown";
    EXPECT_EQ(result.error().message(), "db: get: the circuit is open, retry after 6s");
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(circuit_breaker_policy, T4_T15_T37_a_cancelled_probe_gives_its_lease_back) {
    half_open();
    on.dependency.hangs();
    on.cancels_after(3s);
    pipeline guarded{ref(db)};
    EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
    EXPECT_EQ(state(), circuit_state::half_open) << "neither closed nor opened by it";
    EXPECT_EQ(free_probes(), 2U);
}

TEST_P(circuit_breaker_policy, T37_T38_cancelled_calls_are_not_counted_whatever_error_they_end_with) {
    pipeline guarded{ref(db)};
    for (int i = 0; i < 5; ++i) {
        testing::stage<int> one{GetParam()};
        const auto result = one.play(guarded, {}, [&]() -> std::expected<int, std::errc> {
            one.cancels();
            return std::unexpected{std::errc::io_error};
        });
        EXPECT_THAT(result, fails_with(errc::cancelled));
    }
    EXPECT_EQ(db.counts(on.time.present()), window_counts{});
}

TEST_P(circuit_breaker_policy, T1_an_ignored_probe_gives_its_lease_back) {
    half_open();
    on.dependency.throws(std::logic_error{"bug"});
    pipeline guarded{ref(db)};
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.dependency.calls(), 5U) << "more than there are probes";
    EXPECT_EQ(free_probes(), 2U);
}

const circuit_breaker_options refusing{.name = "refusing", .mode = breaker_mode::forced_open};

TEST_P(circuit_breaker_policy, T17_T40_a_probe_refused_by_a_later_gate_returns_its_lease) {
    half_open();
    pipeline guarded{ref(db), circuit_breaker{refusing}};
    for (int i = 0; i < 5; ++i)
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(condition::refused), spoken_by("refusing")));
    EXPECT_EQ(state(), circuit_state::half_open);
    EXPECT_EQ(free_probes(), 2U);
}

TEST_P(circuit_breaker_policy, T25_refusals_of_other_policies_are_not_counted) {
    pipeline guarded{ref(db), circuit_breaker{refusing}};
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(db.counts(on.time.present()), window_counts{});
}

TEST_P(circuit_breaker_policy, T43_a_breaker_inside_of_another_does_not_trip_it) {
    circuit_breaker outer{{.name = "outer", .window = breaker_window::consecutive, .consecutive_failures = 1}};
    open();
    pipeline guarded{ref(outer), ref(db)};
    for (int i = 0; i < 5; ++i) EXPECT_THAT(on.play(guarded), spoken_by("db"));
    EXPECT_EQ(outer.state(on.time.present()), circuit_state::closed);
}

TEST_P(circuit_breaker_policy, T28_no_lock_is_held_while_the_call_runs) {
    half_open();
    pipeline guarded{ref(db)};
    const auto result = on.play(guarded, {}, [&] {
        (void)db.state(on.time.present());
        (void)db.counts(on.time.present());
        (void)db.open(on.time.present());
        return 7;
    });
    EXPECT_THAT(result, has_value(7));
    EXPECT_EQ(state(), circuit_state::open) << "the success is of an earlier epoch";
}

class meddling final : public listener {
public:
    explicit meddling(circuit_breaker& with) : with_{with} {}
    void on_event(const event& e) override {
        if (e.kind().name == "circuit_opened") (void)with_.close(e.origin().at);
        (void)with_.counts(e.origin().at);
    }

private:
    circuit_breaker& with_;
};

TEST_P(circuit_breaker_policy, T19_T28_no_lock_is_held_while_listeners_hear) {
    meddling hears{db};
    on.dependency.fails(std::errc::io_error);
    pipeline guarded{observe{hears}, ref(db)};
    for (int i = 0; i < 6; ++i) EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.dependency.calls(), 6U) << "closed again each time by the listener";
}

TEST_P(circuit_breaker_policy, T6_calls_that_began_before_it_opened_decide_nothing_when_they_end) {
    testing::stage<int> elsewhere{GetParam()};
    pipeline guarded{ref(db)};
    pipeline watched{observe{on.heard}, ref(db)};
    const auto late = elsewhere.play(guarded, {}, [&]() -> std::expected<int, std::errc> {
        open();
        on.time.pass(10s);
        EXPECT_THAT(on.play(watched, {}, [] { return 7; }), has_value(7));  // a probe closes it
        return std::unexpected{std::errc::io_error};
    });
    EXPECT_FALSE(late);
    EXPECT_EQ(state(), circuit_state::closed);
    EXPECT_EQ(db.counts(on.time.present()), window_counts{});
    EXPECT_THAT(on.heard.names(),
                ElementsAre("call_started", "circuit_half_opened", "circuit_closed", "call_completed"));
}

TEST_P(circuit_breaker_policy, T2_T5_a_probe_that_hangs_is_replaced_when_its_lease_ends) {
    half_open();
    testing::stage<int> elsewhere{GetParam()};
    elsewhere.time.pass(10s);
    pipeline guarded{ref(db)};
    const auto hung = elsewhere.play(guarded, {}, [&]() -> std::expected<int, std::errc> {
        EXPECT_EQ(free_probes(), 1U);
        on.time.pass(touchy.probe_lease);
        EXPECT_EQ(free_probes(), 2U);
        EXPECT_THAT(on.play(guarded, {}, [] { return 7; }), has_value(7));
        return std::unexpected{std::errc::io_error};
    });
    EXPECT_FALSE(hung);
    EXPECT_EQ(state(), circuit_state::closed);
}

TEST_P(circuit_breaker_policy, reads_no_clock_where_it_needs_no_time) {
    on.dependency.returns(7);
    pipeline guarded{ref(db)};
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(on.play(guarded));  // a windowful
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 0U) << "a count window";
    circuit_breaker timed{{.name = "timed"}};
    pipeline by_time{ref(timed)};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(by_time));
    EXPECT_EQ(on.time.reads(), 100U) << "a time window: one for each call";
}

TEST_P(circuit_breaker_policy, reads_the_clock_twice_where_durations_matter) {
    on.dependency.returns(7);
    circuit_breaker timed{touchy_but([](auto& o) { o.slow_after = 1s; })};
    pipeline guarded{ref(timed)};
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(on.play(guarded));
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 200U);
}

TEST(circuit_breaker_policy, T19_a_coroutine_destroyed_while_it_probes_gives_its_lease_back) {
    circuit_breaker db{touchy};
    testing::virtual_time time;
    const auto probes_left = [&] {
        std::vector<circuit_breaker::pass> passes;
        while (auto pass = db.acquire(time.present())) passes.push_back(std::move(*pass));
        return passes.size();
    };
    (void)db.open(time.present());
    time.pass(10s);
    pipeline guarded{ref(db)};
    testing::mock_dependency<int> hanging{time};
    hanging.hangs();
    {
        testing::virtual_asio loop{time};
        auto probe = [&]() -> boost::asio::awaitable<void> {
            (void)co_await guarded.async_run(loop.coroutine(hanging));
        };
        boost::asio::co_spawn(loop.context(), probe(), boost::asio::detached);
        loop.context().poll();
        EXPECT_EQ(probes_left(), 1U);
    }
    EXPECT_EQ(probes_left(), 2U);
}

TEST(circuit_breaker_policy, T27_it_says_where_it_stands_and_what_it_does) {
    pipeline guarded{retry{}, circuit_breaker{touchy}};
    EXPECT_THAT(guarded.describe(), AllOf(HasSubstr("circuit_breaker \"db\""), HasSubstr("window = count"),
                                          HasSubstr("open_for = 10s"), HasSubstr("probes = 2")));
}

TEST(circuit_breaker_policy, S12_works_alone) {
    circuit_breaker db{touchy};
    EXPECT_EQ(db([] { return 7; }), 7);
}

// ---- by hand ----

constexpr instant noon{12h};

TEST(circuit_breaker_by_hand, S121_admits_and_is_told_how_it_went) {
    circuit_breaker db{touchy};
    for (int i = 0; i < 2; ++i) {
        auto pass = db.acquire(noon);
        ASSERT_TRUE(pass);
        EXPECT_EQ(pass->failed(noon).has_value(), i == 1) << "the second one opens it";
        EXPECT_FALSE(pass->failed(noon)) << "told once is enough";
    }
    EXPECT_TRUE(db.is_open(noon));
    EXPECT_FALSE(db.acquire(noon));
    EXPECT_EQ(db.retry_after(noon + 4s), 6s);
    auto probe = db.acquire(noon + 10s);
    ASSERT_TRUE(probe && probe->change()) << "its admission makes the circuit half-open";
    EXPECT_EQ(probe->change()->to, circuit_state::half_open);
    const auto closing = probe->succeeded(noon + 10s);
    ASSERT_TRUE(closing);
    EXPECT_EQ(closing->to, circuit_state::closed);
    EXPECT_EQ(db.retry_after(noon + 10s), 0s);
}

TEST(circuit_breaker_by_hand, T19_a_pass_that_goes_without_a_word_is_given_back) {
    circuit_breaker db{touchy};
    (void)db.open(noon);
    {
        auto first = db.acquire(noon + 10s);
        auto second = db.acquire(noon + 10s);
        EXPECT_FALSE(second->change()) << "it is half-open already";
        EXPECT_FALSE(db.acquire(noon + 10s));
        auto moved = std::move(first);
        moved.reset();
        EXPECT_TRUE(db.acquire(noon + 10s));
    }
    EXPECT_EQ(db.state(noon + 10s), circuit_state::half_open);
}

TEST(circuit_breaker_by_hand, S121_verdicts_can_be_recorded) {
    circuit_breaker db{touchy};
    EXPECT_FALSE(db.record_success(noon));
    const auto opening = db.record_failure(noon);
    ASSERT_TRUE(opening);
    EXPECT_EQ(opening->reason, circuit_reason::failure_rate);
    EXPECT_TRUE(db.is_open(noon));
    EXPECT_FALSE(db.is_open(noon + 10s)) << "half-open";
    EXPECT_EQ(db.record_success(noon + 10s)->to, circuit_state::closed);
}

TEST(circuit_breaker_by_hand, jitter_differs_between_breakers_and_openings) {
    const circuit_breaker_options jittered = touchy_but([](auto& o) { o.open_jitter = 1.0; });
    circuit_breaker one{jittered};
    circuit_breaker other{jittered};
    const duration first = one.open(noon)->open_for;
    EXPECT_NE(first, other.open(noon)->open_for) << "no lockstep";
    (void)one.close(noon);
    EXPECT_NE(first, one.open(noon + 1ns)->open_for);
}

TEST(circuit_breaker_by_hand, modes_can_be_changed_while_it_runs) {
    circuit_breaker db{touchy};
    EXPECT_EQ(db.set_mode(breaker_mode::forced_open, noon)->to, circuit_state::open);
    EXPECT_EQ(db.mode(), breaker_mode::forced_open);
    EXPECT_FALSE(db.acquire(noon + 24h));
    EXPECT_EQ(db.set_mode(breaker_mode::automatic, noon)->to, circuit_state::closed);
    EXPECT_TRUE(db.acquire(noon));
}

TEST(circuit_breaker_by_hand, its_state_survives_a_restart) {
    circuit_breaker before{touchy};
    (void)before.open(noon);
    circuit_breaker later{touchy};
    later.restore(before.snapshot(noon + 4s), noon + 1h);
    EXPECT_EQ(later.retry_after(noon + 1h), 6s);
}

TEST(circuit_breaker_by_hand, another_shares_its_options_and_nothing_else) {
    circuit_breaker db{touchy};
    circuit_breaker replica = db.another("db-2");
    EXPECT_EQ(&db.options(), &replica.options());
    EXPECT_EQ(replica.layer_name(), name{"db-2"});
    (void)db.open(noon);
    EXPECT_EQ(replica.state(noon), circuit_state::closed);
}

TEST(circuit_breaker_by_hand, M23_an_idle_one_is_small) {
    EXPECT_LE(sizeof(circuit_breaker) + sizeof(shared_circuit), 256U);
}

}  // namespace
}  // namespace cutwater
