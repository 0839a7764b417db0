#include "apps/cutwater/doctor_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "apps/cutwater/doctor_rules.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "cutwater/observe/log/sampled.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using testing::mock_dependency;
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

TEST_F(logged, what_a_sampled_line_stands_for_is_counted) {
    sampled fewer{log, {.first = 1, .every = 10, .period = 1h}};
    pipeline inventory{observe{fewer}, rate_limiter{{.name = "partner", .permits = 1, .per = 24h, .burst = 1}}};
    stock.returns(7);
    for (int i = 0; i < 32; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_THAT(read().total(metrics::refusals.name, {"reason", "rate"}), DoubleNear(31, 9.5));
    fewer.tell_suppressed(time.present());
    EXPECT_GT(read().total(metrics::refusals.name), 3) << "more than there are lines";
}

TEST_F(logged, retries_that_never_help_are_found_in_it) {
    pipeline inventory{observe{log}, retry{{.max_attempts = 3, .base_delay = 10ms}}};
    for (int i = 0; i < 30; ++i) {
        stock.fails(std::errc::connection_reset).fails(std::errc::connection_reset).fails(std::errc::connection_reset);
        (void)time.run(inventory, {.operation = "get", .idempotent = idempotency::idempotent}, stock.blocking());
    }
    std::vector<std::string_view> rules;
    const auto found = examine(read());
    for (const finding& each : found) rules.push_back(each.rule);
    EXPECT_THAT(rules, Contains("retries_never_help"));
}

TEST(log_of_others, lines_that_are_no_event_are_passed_over_and_what_is_no_json_is_named) {
    std::istringstream fine{"{\"message\":\"listening\"}\n\n{\"event\":\"of_nobody\"}\n"};
    ASSERT_TRUE(read_log(fine));
    std::istringstream broken{"{}\nhello\n"};
    const auto read = read_log(broken);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error(), HasSubstr("line 2"));
}

}  // namespace
}  // namespace cutwater::app
