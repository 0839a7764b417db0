// `cutwater dashboard`: what its panels ask has data in a real Prometheus.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "apps/cutwater/dashboard/dashboard.hpp"
#include "apps/cutwater/dashboard/panels.hpp"
#include "apps/cutwater/slo/rules.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/health/events.hpp"
#include "cutwater/health/health_monitor.hpp"
#include "cutwater/health/health_runner.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/otlp/otlp_exporter.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"
#include "cutwater/observe/slo/slo_tracker.hpp"
#include "test/servers/prometheus_server.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using testing::nginx;
using ::testing::Not;
using testing::prometheus_server;
using testing::ran;
using testing::run;

/// A service that shows each of its sides: retries that help, refusals, a circuit that opens, degraded results, waits.
class busy_shop {
public:
    void work() {
        for (int i = 0; i < 60; ++i) {
            int attempt = 0;
            (void)guarded_.run({.operation = "place_order", .idempotent = idempotency::idempotent}, [&]() -> int {
                if (i % 5 == 0 && attempt++ == 0)
                    throw std::system_error{std::make_error_code(std::errc::connection_reset)};
                return 7;
            });
        }
        (void)guarded_.run({.operation = "place_order"}, []() -> int {
            throw std::system_error{std::make_error_code(std::errc::permission_denied)};
        });
        for (int i = 0; i < 30; ++i)
            (void)broken_.run({.operation = "get_stock"}, []() -> int {
                throw std::system_error{std::make_error_code(std::errc::connection_refused)};
            });
        (void)late_.run({.operation = "report"}, [](const attempt& a) -> int {
            while (!a.stop_token().stop_requested() && now() < a.deadline()) std::this_thread::sleep_for(1ms);
            throw std::system_error{std::make_error_code(std::errc::timed_out)};
        });
        for (int i = 0; i < 5; ++i)
            (void)late_.run({.operation = "hangs", .deadline = in(5ms)}, [](const attempt& a) -> int {
                while (now() < a.deadline()) std::this_thread::sleep_for(1ms);
                throw std::system_error{std::make_error_code(std::errc::timed_out)};
            });
        (void)waits();
    }
    [[nodiscard]] std::string page() const { return shown_.text(); }

private:
    /// Two calls at a gate for one.
    bool waits() {
        std::jthread first{[&] {
            (void)room_.run({.operation = "wait"}, [] {
                std::this_thread::sleep_for(50ms);
                return 1;
            });
        }};
        std::this_thread::sleep_for(10ms);
        return room_.run({.operation = "wait"}, [] { return 2; }).has_value();
    }

    metric_registry registry_;
    event_metrics counts_{registry_};
    slo_tracker objectives_{{{.name = "orders", .target = 0.99}}};
    retry_budget budget_{{.ratio = 0.1}};
    circuit_breaker health_{{.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 5}};
    pipeline<observe, retry> guarded_{observe{objectives_.also(counts_)},
                                      retry{{.base_delay = 1ms, .budget = &budget_}}};
    static int last_known() { throw std::runtime_error{"nothing is known"}; }
    using known_or_zero = decltype(fallback{&last_known, 0});
    pipeline<observe, known_or_zero, reference<circuit_breaker>> broken_{observe{objectives_}, fallback{&last_known, 0},
                                                                         cutwater::ref(health_)};
    pipeline<observe, timeout> late_{observe{objectives_}, timeout{{.name = "attempt", .after = 20ms}}};
    pipeline<observe, bulkhead> room_{observe{objectives_},
                                      bulkhead{{.name = "room", .max_concurrent = 1, .max_queue = 1, .max_wait = 1s}}};
    metric_registry::watched watched_[5]{registry_.watch(guarded_), registry_.watch(broken_), registry_.watch(room_),
                                         registry_.watch(objectives_), registry_.watch(budget_)};
    prometheus_metrics shown_{registry_};
};

/// As Grafana would ask it.
std::string filled_in(std::string query) {
    const auto replace = [&query](const std::string& what, const std::string& by) {
        for (auto at = query.find(what); at != std::string::npos; at = query.find(what, at + by.size()))
            query.replace(at, what.size(), by);
    };
    replace("$__rate_interval", "5s");
    replace("$operation", ".*");
    replace("$layer", ".*");
    replace("offset 1h", "offset 1s");  // an hour ago the test had not begun
    return query;
}

TEST(dashboard_program, every_panel_above_the_last_row_has_data_in_a_real_prometheus) {
    busy_shop shop;
    shop.work();
    ASSERT_EQ(testing::promtool_check(shop.page()), "") << shop.page();
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", shop.page());
    const std::vector<slo_options> objectives{{.name = "orders", .operations = {"place_order"}, .target = 0.99}};
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port()), prometheus_rules(objectives)};
    for (int i = 0; i < 200 && server.query("up == 1").find("\"value\"") == std::string::npos; ++i)
        std::this_thread::sleep_for(100ms);  // it begins to scrape some seconds after it has started
    for (int i = 0; i < 3; ++i) {            // rates need changes between scrapes
        shop.work();
        shows.publish("metrics", shop.page());
        std::this_thread::sleep_for(700ms);
    }
    const auto rows = dashboard_rows();
    // Before all others: it has an answer for as long as calls of the last seconds are counted.
    const std::string success = filled_in(rows.front().panels.front().queries.front().ask);
    EXPECT_THAT(server.query(success), AllOf(HasSubstr(R"("operation":"report")"), Not(HasSubstr("NaN"))))
        << "which never succeeded";
    EXPECT_THAT(server.query(success + " == 0"), HasSubstr(R"("operation":"hangs")")) << "where every call was ignored";
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (const panel& each : rows[row].panels)
            for (const panel_query& query : each.queries) {
                const auto said = nlohmann::json::parse(server.query(filled_in(query.ask)));
                EXPECT_EQ(said.at("status"), "success") << each.title << ": " << said;
                const bool may_be_empty =
                    row + 1 == rows.size() || query.ask.find("budget_exhausted") != std::string::npos;
                EXPECT_TRUE(may_be_empty || !said.at("data").at("result").empty())
                    << each.title << " has no data: " << query.ask;
            }
}

/// The names of a page's families, each in a line of its own.
std::vector<std::string> families_of(const std::string& page) {
    std::vector<std::string> names;
    std::istringstream lines{page};
    for (std::string line; std::getline(lines, line);)
        if (constexpr std::string_view type = "# TYPE "; line.starts_with(type))
            names.push_back(line.substr(type.size(), line.find(' ', type.size()) - type.size()));
    return names;
}

TEST(dashboard_program, every_family_of_a_page_is_on_it_those_of_health_and_of_an_exporter_as_well) {
    metric_registry registry;
    event_metrics counts{registry};
    health_monitor health{{.name = "shop"}};
    health.tell(counts);
    circuit_breaker inventory{{.name = "inventory"}};
    health.watch(inventory);
    const health_runner runner{health};
    otlp_exporter collector{{.service = "shop", .shutdown_limit = 100ms}};
    counts.on_event(event{{.layer = "shop"}, health_worsened{.check = "inventory"}});
    counts.on_event(event{{.layer = "shop"}, health_check_hung{.check = "inventory"}});
    const metric_registry::watched watched[]{registry.watch(health), registry.watch(collector),
                                             registry.watch(inventory)};
    const std::vector<std::string> families = families_of(prometheus_metrics{registry}.text());
    EXPECT_THAT(families, IsSupersetOf({"cutwater_health", "cutwater_health_probe", "cutwater_health_changes_total",
                                        "cutwater_health_hangs_total", "cutwater_exported_spans_total",
                                        "cutwater_export_queue_length", "cutwater_metric_series",
                                        "cutwater_metric_series_refused_total"}));
    const std::string all = grafana_dashboard({});
    for (const std::string& each : families)
        EXPECT_THAT(all, AnyOf(HasSubstr(each + "{"), HasSubstr(each + "_bucket{"))) << each;
}

TEST(dashboard_program, prints_json) {
    const ran done = run({"dashboard", "--title", "Shop"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(nlohmann::json::parse(done.out).at("title"), "Shop");
}

TEST(dashboard_program, a_title_without_a_letter_is_refused) {
    const ran done = run({"dashboard", "--title", ""});
    EXPECT_EQ(done.exit, 2);
    EXPECT_THAT(done.err, AllOf(HasSubstr("--title"), HasSubstr("has no letter")));
}

TEST(dashboard_program, a_title_that_nobody_could_read_is_refused) {
    for (const char* const option : {"--title", "--datasource"}) {
        const ran done = run({"dashboard", option, "\xFF"});
        EXPECT_EQ(done.exit, 2) << option;
        EXPECT_THAT(done.err, AllOf(HasSubstr(option), HasSubstr("no UTF-8"), Not(HasSubstr("json.exception"))));
    }
}

}  // namespace
}  // namespace cutwater::app
