// What the panels show of an outage: the numbers behind them, from the metrics of a service in virtual time.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/observe/slo/slo_tracker.hpp"
#include "cutwater/testing/golden.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using testing::virtual_time;
using read_metrics = std::vector<metric_family>;

/// Of all series of a metric, or of those with this detail.
double sum_of(const read_metrics& read, const metric& of, std::string_view detail = {}) {
    double sum = 0;
    for (const metric_family& family : read)
        for (const metric_sample& each : family.samples)
            if (family.of == &of && (detail.empty() || each.detail == detail)) sum += each.value;
    return sum;
}

/// Some panels' values, a row for each ten seconds.
class panels_seen {
public:
    void add(double at, const read_metrics& read) {
        const auto grew = [&](const metric& of, std::string_view detail = {}) {
            const double now = sum_of(read, of, detail);
            return now - std::exchange(before_[{&of, std::string{detail}}], now);
        };
        const double calls = grew(metrics::calls);
        const double good = grew(metrics::calls, "success");
        csv += fmt::format(
            "{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}\n", at, calls > 0 ? 100 * good / calls : 100,
            calls > 0 ? grew(metrics::attempts) / calls : 0, grew(metrics::retries) / 10,
            grew(metrics::rescued, "retry") / 10, grew(metrics::refusals, "open") / 10,
            2 * sum_of(read, metrics::circuit_state, "open") + sum_of(read, metrics::circuit_state, "half_open"),
            100 * sum_of(read, metrics::slo_budget));
        lowest = std::min(lowest, calls > 0 ? good / calls : 1);
        was_open = was_open || sum_of(read, metrics::circuit_state, "open") > 0;
    }

    std::string csv =
        "seconds,success [% of calls],attempts [for each call],retries [a second],rescued [a second],refused by the "
        "circuit [a second],"
        "circuit [state],budget left [% of budget]\n";
    double lowest = 1;
    bool was_open = false;

private:
    std::map<std::pair<const metric*, std::string>, double> before_;
};

/// Two calls a second: from the 150th second to the 300th everything fails, else the first attempt of each tenth call.
TEST(dashboard_trace, shows_an_outage_from_its_beginning_to_its_end) {
    virtual_time time;
    metric_registry registry;
    event_metrics counts{registry};
    slo_tracker objectives{{{.name = "orders", .target = 0.9}}};
    circuit_breaker health{{.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 8}};
    pipeline shop{observe{objectives.also(counts)}, retry{{.max_attempts = 3}}, cutwater::ref(health)};
    const auto watched = registry.watch(shop);
    const auto kept = registry.watch(objectives);
    panels_seen seen;
    for (int call = 0; call < 1200; ++call) {
        const bool is_down = call >= 300 && call < 600;
        unsigned attempts = 0;
        const auto dependency = [&]() -> int {
            time.pass(20ms);
            const bool stumbles = call % 10 == 0 && ++attempts == 1;
            if (is_down || stumbles) throw std::system_error{std::make_error_code(std::errc::connection_reset)};
            return 7;
        };
        (void)time.run(shop, {.operation = "place_order", .idempotent = idempotency::idempotent}, dependency);
        time.pass(480ms);
        if (call % 20 == 19) seen.add((call + 1) / 2.0, registry.read(time.present()));
    }
    EXPECT_LT(seen.lowest, 0.2) << "users see it";
    EXPECT_TRUE(seen.was_open);
    testing::expect_golden(seen.csv, "traces/dashboard.csv");
}

}  // namespace
}  // namespace cutwater::app
