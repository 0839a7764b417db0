#include "apps/cutwater/doctor/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "apps/cutwater/doctor/described_events.hpp"  // tidy: allow include-missing because CMake prints it
#include "apps/cutwater/doctor/rules.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "cutwater/observe/log/sampled.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::mock_dependency;
using ::testing::Not;
using testing::virtual_time;

/// A service with a log, in virtual time.
class logged : public ::testing::Test {
protected:
    [[nodiscard]] doctor_view read() const {
        std::istringstream in{lines.str()};
        auto seen = read_log(in);
        EXPECT_TRUE(seen) << seen.error();
        return *seen;
    }
    /// What is found in it.
    [[nodiscard]] std::vector<std::string_view> rules() const {
        std::vector<std::string_view> names;
        for (const finding& each : examine(read())) names.push_back(each.rule);
        return names;
    }
    virtual_time time;
    std::ostringstream lines;
    json_log log{lines, {.min_level = severity::debug, .wall_clock = [this] {
                             return std::chrono::sys_days{std::chrono::year{2024} / 5 / 1} +
                                    std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed());
                         }}};
    mock_dependency<int> stock{time};
};

TEST_F(logged, its_events_count_what_a_listener_would_have_counted) {
    metric_registry registry;
    event_metrics counts{registry};
    counts.also(log);
    pipeline inventory{observe{counts}, retry{{.max_attempts = 2, .base_delay = 10ms}},
                       timeout{{.name = "attempt", .after = 1s}}};
    stock.fails(std::errc::connection_reset, 20ms).returns(7, 30ms).hangs().hangs();
    for (int i = 0; i < 2; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    const doctor_view seen = read();
    const auto kept = registry.read(time.present());
    for (const metric* const each :
         {&metrics::calls, &metrics::attempts, &metrics::retries, &metrics::rescued, &metrics::timeouts})
        EXPECT_THAT(seen.total(each->name), DoubleNear(metric_total(kept, *each), 1e-9)) << each->name;
    EXPECT_EQ(seen.total("cutwater_call_duration_seconds_count"), metric_total(kept, metrics::call_duration));
    EXPECT_GT(seen.apart(), 1s);
}

/// One of each kind that rooms describe.
template <class... Events>
std::size_t tell_one_of_each(event_types<Events...>, listener& to) {
    const auto tell = [&](const auto& body) {
        to.on_event(event{{.layer = name{"layer"}, .operation = name{"get"}}, body});
    };
    (tell(Events{}), ...);
    return sizeof...(Events);
}

TEST_F(logged, every_kind_that_a_room_describes_counts_as_a_listener_would_have_counted_it) {
    metric_registry registry;
    event_metrics counts{registry};
    counts.also(log);
    const std::size_t told = tell_one_of_each(described_events{}, counts);
    const std::string text = lines.str();
    ASSERT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), told);
    const doctor_view seen = read();
    EXPECT_THAT(seen.notes(), IsEmpty()) << "all are known";
    const auto kept = registry.read(time.present());
    for (const metric* const each : metrics::all) {
        if (each == &metrics::events || each->type == metric_type::gauge) continue;
        const std::string called = std::string{each->name} + (each->type == metric_type::histogram ? "_count" : "");
        EXPECT_EQ(seen.total(called), metric_total(kept, *each)) << called;
    }
    EXPECT_GE(seen.total(metrics::store_failures.name), 4) << "of rooms that no rule is about";
}

TEST_F(logged, what_a_sampled_line_stands_for_is_counted) {
    sampled fewer{log, {.first = 1, .every = 10, .period = 1h}};
    pipeline inventory{observe{fewer}, rate_limiter{{.name = "partner", .permits = 1, .per = 24h, .burst = 1}}};
    stock.returns(7);
    for (int i = 0; i < 36; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(read().total(metrics::refusals.name, {"reason", "rate"}), 31) << "four lines";
    fewer.tell_suppressed(time.present());
    EXPECT_EQ(read().total(metrics::refusals.name, {"reason", "rate"}), 35);
    EXPECT_EQ(read().total(metrics::calls.name, {"verdict", "rejected"}), 35);
    EXPECT_EQ(read().total("cutwater_call_duration_seconds_count", {"verdict", "rejected"}), 35)
        << "each as long as the last line of its kind";
}

TEST_F(logged, a_gate_that_refuses_is_found_in_it) {
    pipeline inventory{observe{log}, bulkhead{{.name = "room", .max_concurrent = 1}}};
    for (int i = 0; i < 60; ++i) {
        (void)time.run(inventory, {.operation = "get"}, [&]() -> int {
            if (i % 10 == 0) (void)time.run(inventory, {.operation = "get"}, [] { return 1; });
            return 7;
        });
    }
    const auto found = examine(read());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "gate_refuses");
    EXPECT_THAT(found[0].evidence, HasSubstr("6 refusals for 66 calls"));
}

TEST_F(logged, calls_that_run_into_their_callers_deadlines_one_and_all_are_found_in_it) {
    pipeline inventory{observe{log}, timeout{{.name = "attempt", .after = 10s}}};
    stock.returns(7);
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    for (int i = 0; i < 60; ++i) {
        stock.hangs();
        (void)time.run(inventory, {.operation = "get", .deadline = time.in(200ms)}, stock.blocking());
    }
    const auto found = examine(read());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "calls_hardly_succeed");
    EXPECT_EQ(found[0].evidence, "1 of 61 calls succeeded; 60 were ignored");
}

TEST_F(logged, a_limit_that_was_reached_is_known_from_it) {
    pipeline inventory{observe{log}, timeout{{.name = "attempt", .after = 2s}}};
    for (int i = 0; i < 100; ++i) stock.returns(7, 30ms);
    stock.hangs();
    for (int i = 0; i < 101; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    const auto found = examine(read());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "timeout_too_long");
    EXPECT_THAT(found[0].evidence, HasSubstr("the limit is 2s; it was reached 1 times"));
}

TEST_F(logged, what_succeeded_is_not_guessed_where_only_warnings_are_kept) {
    std::ostringstream kept;
    json_log warnings{kept, {.min_level = severity::warning}};
    pipeline inventory{observe{warnings}, retry{{.max_attempts = 2, .base_delay = 10ms}}};
    for (int i = 0; i < 30; ++i) {
        stock.fails(std::errc::connection_reset).returns(7);
        (void)time.run(inventory, {.operation = "get", .idempotent = idempotency::idempotent}, stock.blocking());
    }
    std::istringstream in{kept.str()};
    const auto seen = read_log(in);
    ASSERT_FALSE(seen) << "thirty retries, and no word of those that helped";
    EXPECT_THAT(seen.error(), HasSubstr("set json_log_options::min_level to info"));
}

TEST_F(logged, retries_that_never_help_are_found_in_it) {
    pipeline inventory{observe{log}, retry{{.max_attempts = 3, .base_delay = 10ms}}};
    for (int i = 0; i < 30; ++i) {
        stock.fails(std::errc::connection_reset).fails(std::errc::connection_reset).fails(std::errc::connection_reset);
        (void)time.run(inventory, {.operation = "get", .idempotent = idempotency::idempotent}, stock.blocking());
    }
    EXPECT_THAT(rules(), Contains("retries_never_help"));
}

TEST_F(logged, retries_that_help_are_left_alone) {
    pipeline inventory{observe{log}, retry{{.max_attempts = 3, .base_delay = 10ms}}};
    for (int i = 0; i < 30; ++i) {
        stock.fails(std::errc::connection_reset).returns(7);
        (void)time.run(inventory, {.operation = "get", .idempotent = idempotency::idempotent}, stock.blocking());
    }
    EXPECT_THAT(rules(), Not(Contains("retries_never_help")));
}

TEST_F(logged, a_limit_that_is_near_what_succeeds_is_left_alone) {
    pipeline inventory{observe{log}, timeout{{.name = "attempt", .after = 60ms}}};
    for (int i = 0; i < 100; ++i) stock.returns(7, 30ms);
    stock.hangs();
    for (int i = 0; i < 101; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(read().total(metrics::timeout_limit.name), 0.06) << "it is known";
    EXPECT_THAT(rules(), IsEmpty());
}

TEST_F(logged, a_limit_that_adapts_is_known_before_it_is_reached) {
    log.on_event(event{{.layer = name{"attempt"}}, adaptive_limit_changed{.from = 1s, .to = 250ms}});
    EXPECT_EQ(read().total(metrics::timeout_limit.name), 0.25);
}

/// Has a circuit open ten times and close each time, `apart` from each other.
void flap(virtual_time& time, mock_dependency<int>& stock, json_log& log, duration apart) {
    pipeline inventory{
        observe{log},
        circuit_breaker{
            {.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 1, .open_for = 1s}}};
    for (int i = 0; i < 10; ++i) {
        stock.fails(std::errc::connection_reset);
        (void)time.run(inventory, {.operation = "get"}, stock.blocking());
        time.pass(apart);
        for (int probe = 0; probe < 5; ++probe) {
            stock.returns(7);
            (void)time.run(inventory, {.operation = "get"}, stock.blocking());
        }
    }
}

TEST_F(logged, a_circuit_that_flaps_is_found_in_it) {
    flap(time, stock, log, 1min);
    const auto found = examine(read());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "breaker_flaps");
    EXPECT_THAT(found[0].evidence, HasSubstr("it has opened 10 times, which is 60 times an hour"));
}

TEST_F(logged, a_circuit_that_opens_now_and_then_is_left_alone) {
    flap(time, stock, log, 2h);
    EXPECT_THAT(rules(), IsEmpty());
}

TEST_F(logged, a_gate_that_refuses_now_and_then_is_left_alone) {
    pipeline inventory{observe{log}, bulkhead{{.name = "room", .max_concurrent = 1}}};
    for (int i = 0; i < 60; ++i) {
        (void)time.run(inventory, {.operation = "get"}, [&]() -> int {
            if (i % 30 == 0) (void)time.run(inventory, {.operation = "get"}, [] { return 1; });
            return 7;
        });
    }
    EXPECT_EQ(read().total(metrics::refusals.name, {"reason", "full"}), 2);
    EXPECT_THAT(rules(), IsEmpty());
}

TEST_F(logged, an_outage_that_a_fallback_hides_is_found_in_it) {
    pipeline inventory{observe{log}, fallback{tier("default", 0)}};
    const auto call = [&] { (void)time.run(inventory, {.operation = "get"}, stock.blocking()); };
    for (int i = 0; i < 93; ++i) stock.returns(7);
    for (int i = 0; i < 93; ++i) call();
    for (int i = 0; i < 7; ++i) stock.fails(std::errc::connection_reset);
    for (int i = 0; i < 7; ++i) call();
    EXPECT_THAT(rules(), IsEmpty()) << "seven of a hundred";
    for (int i = 0; i < 40; ++i) stock.fails(std::errc::connection_reset);
    for (int i = 0; i < 40; ++i) call();
    const auto found = examine(read());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].rule, "fallback_hides_outage");
    EXPECT_THAT(found[0].evidence, HasSubstr("33.6 % of 140 successes"));
}

TEST_F(logged, a_circuit_that_is_open_at_its_end_is_found_in_it) {
    pipeline inventory{
        observe{log},
        circuit_breaker{
            {.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 2, .open_for = 1s}}};
    const auto call = [&] { (void)time.run(inventory, {.operation = "get"}, stock.blocking()); };
    stock.fails(std::errc::connection_reset).fails(std::errc::connection_reset);
    for (int i = 0; i < 3; ++i) call();
    EXPECT_THAT(rules(), Contains("circuit_open"));
    time.pass(2s);
    for (int i = 0; i < 10; ++i) stock.returns(7);
    for (int i = 0; i < 10; ++i) call();
    EXPECT_THAT(rules(), Not(Contains("circuit_open"))) << "it has closed";
}

/// What a log has.
std::expected<doctor_view, std::string> read_text(const std::string& text) {
    std::istringstream in{text};
    return read_log(in);
}

TEST(log_of_others, lines_that_are_no_event_are_passed_over) {
    const std::string others = "{\"message\":\"listening\"}\n\n{\"event\":\"of_nobody\"}\n";
    const std::string warning = "{\"message\":\"slow disk\",\"level\":\"warning\"}\n";
    const auto read = read_text(others + warning + "{\"event\":\"retry_scheduled\"}\n");
    ASSERT_TRUE(read) << "no event has a level";
    EXPECT_EQ(read->total(metrics::retries.name), 1);
    EXPECT_THAT(read->notes(), ElementsAre(HasSubstr("of_nobody (1)")));
}

TEST(log_of_others, events_that_no_room_describes_are_counted_and_named) {
    std::string text = "{\"event\":\"retry_scheduled\"}\n";
    for (int i = 0; i < 7; ++i) text += "{\"event\":\"checkout_paid\",\"suppressed\":1}\n";
    text += "{\"event\":\"of_nobody\"}\n";
    text += "{\"event\":\"events_suppressed\",\"suppressed_event\":\"of_tomorrow\",\"suppressed\":5}\n";
    const auto read = read_text(text);
    ASSERT_TRUE(read) << read.error();
    EXPECT_THAT(read->notes(), ElementsAre(AllOf(HasSubstr("20 events are of kinds that this program does not know"),
                                                 HasSubstr("checkout_paid (14), of_tomorrow (5), of_nobody (1)"))));
}

TEST(log_of_others, what_others_log_as_information_says_nothing_of_what_succeeded) {
    const auto read = read_text(
        "{\"event\":\"checkout_paid\",\"level\":\"info\"}\n{\"event\":\"retry_scheduled\",\"level\":\"warning\"}\n");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error(), HasSubstr("warnings and errors only"));
}

TEST(log_of_others, a_log_without_an_event_of_ours_says_nothing) {
    for (const char* const wrong : {"{\"a\":1}\n", "{\"event\":\"of_nobody\"}\n", "{}\n"}) {
        const auto read = read_text(wrong);
        ASSERT_FALSE(read) << wrong;
        EXPECT_THAT(read.error(), HasSubstr("no line of it is an event of cutwater's"));
    }
}

TEST(log_of_others, an_error_budget_is_what_was_told_of_it_last) {
    const std::string calls = R"({"event":"call_completed","operation":"get","verdict":"success","suppressed":999})"
                              "\n";
    const auto line = [](const char* event, const char* left) {
        return std::string{R"({"event":")"} + event + R"(","layer":"orders","budget_left":)" + left + "}\n";
    };
    const auto spent = read_text(calls + line("slo_burning", "0.3") + line("slo_burning", "-653"));
    ASSERT_TRUE(spent) << spent.error();
    ASSERT_EQ(examine(*spent).size(), 1U);
    EXPECT_EQ(examine(*spent)[0].rule, "budget_spent");
    EXPECT_EQ(examine(*spent)[0].evidence, "the error budget is spent 654 times over");
    EXPECT_THAT(examine(*read_text(calls + line("slo_burning", "-653") + line("slo_recovered", "0.1"))), IsEmpty());
}

TEST(log_of_others, what_cannot_be_known_from_a_log_is_named) {
    const auto read = read_text("{\"event\":\"call_completed\",\"operation\":\"get\",\"verdict\":\"success\"}\n");
    ASSERT_TRUE(read) << read.error();
    EXPECT_THAT(not_judged(*read),
                Contains(AllOf(HasSubstr("gate_always_full"), HasSubstr("series_refused"), HasSubstr("circuit_open"),
                               HasSubstr("budget_spent"), HasSubstr("a page of metrics says more"))));
}

TEST(log_of_others, what_is_no_json_is_passed_over_and_counted) {
    const auto read =
        read_text("{\"event\":\"retry_scheduled\",\"layer\":\"retry\"}\nat main.cpp:7\n{\"event\":\"retry_sch");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->total(metrics::retries.name), 1);
    EXPECT_THAT(read->notes(), ElementsAre(HasSubstr("2 of 3 lines are no JSON object")));
    EXPECT_THAT(read_text("{\"event\":\"retry_scheduled\"}\n")->notes(), IsEmpty());
}

TEST(log_of_others, a_text_without_a_json_object_is_no_log) {
    for (const char* const wrong : {"hello\n", "[1]\n", "{\n  \"event\": 7\n}\n"}) {
        const auto read = read_text(wrong);
        ASSERT_FALSE(read) << wrong;
        EXPECT_THAT(read.error(), HasSubstr("no line of it is a JSON object"));
    }
}

TEST(log_of_others, odd_values_are_passed_over) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const auto read = read_text("{\"event\":" + deep + "}\n{\"event\":\"retry_scheduled\",\"layer\":" + deep +
                                "}\n{\"event\":\"retry_scheduled\",\"suppressed\":-7}\n");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->total(metrics::retries.name), 2);
}

TEST(log_of_others, a_time_that_cannot_be_is_none) {
    const auto read = read_text(
        "{\"timestamp\":\"0001-01-01T00:00:00Z\"}\n{\"timestamp\":\"2024-05-01T10:00:00Z\"}\n"
        "{\"timestamp\":\"2024-05-01T10:00:07Z\",\"event\":\"retry_scheduled\"}\n"
        "{\"timestamp\":\"9999-12-31T23:59:59Z\"}\n");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->apart(), 7s);
}

}  // namespace
}  // namespace cutwater::app
