// A real Prometheus reads a pipeline's metrics, and answers what the page says that it answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"
#include "cutwater/testing/golden.hpp"
#include "test/servers/nginx.hpp"
#include "test/servers/prometheus_server.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A service that has retries, refusals, a circuit that opens, and waits.
class busy_service {
public:
    void work() {
        for (int i = 0; i < 40; ++i) {
            int attempt = 0;
            (void)guarded_.run({.operation = "get_stock", .idempotent = idempotency::idempotent}, [&]() -> int {
                if (i % 4 == 0 && attempt++ == 0)
                    throw std::system_error{std::make_error_code(std::errc::connection_reset)};
                return 7;
            });
        }
        for (int i = 0; i < 5; ++i) (void)limited_.run({.operation = "order"}, [] { return 7; });
    }
    [[nodiscard]] std::string page() const { return shown_.text(); }

private:
    metric_registry registry_;
    event_metrics counts_{registry_};
    circuit_breaker health_{{.name = "inventory"}};
    pipeline<observe, retry, reference<circuit_breaker>, bulkhead> guarded_{
        observe{counts_}, retry{{.base_delay = 1ms}}, cutwater::ref(health_),
        bulkhead{{.name = "room", .max_concurrent = 10}}};
    pipeline<observe, rate_limiter> limited_{observe{counts_},
                                             rate_limiter{{.name = "partner", .permits = 1, .per = 1h, .burst = 1}}};
    metric_registry::watched watched_ = registry_.watch(guarded_);
    prometheus_metrics shown_{registry_};
};

/// The queries of the page, from its table.
std::vector<std::string> documented_queries() {
    std::ifstream page{testing::folder_of_source(__FILE__) / "README.md"};
    std::vector<std::string> found;
    for (std::string line; std::getline(page, line);) {
        const auto begin = line.find(" | `");
        if (line.starts_with("| ") && begin != std::string::npos && line.ends_with("` |"))
            found.push_back(line.substr(begin + 4, line.size() - begin - 7));
    }
    return found;
}

TEST(prometheus_live, answers_every_query_of_the_page) {
    busy_service service;
    testing::nginx shows{"location /metrics { default_type text/plain; }"};
    service.work();
    shows.publish("metrics", service.page());
    const testing::prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const auto queries = documented_queries();
    ASSERT_GE(queries.size(), 7U);
    for (const std::string& query : queries) {
        std::string said;
        for (int tries = 0; tries < 100; ++tries) {
            service.work();  // rates need two scrapes, with something between
            shows.publish("metrics", service.page());
            said = server.query(query);
            if (said.find("\"value\"") != std::string::npos && said.find("NaN") == std::string::npos) break;
            std::this_thread::sleep_for(100ms);
        }
        EXPECT_THAT(said, HasSubstr("\"status\":\"success\"")) << query;
        EXPECT_THAT(said, HasSubstr("\"value\"")) << query << " has no data: " << said;
        EXPECT_EQ(said.find("NaN"), std::string::npos) << query << ": " << said;
    }
}

TEST(prometheus_live, promtool_has_no_complaint) {
    busy_service service;
    service.work();
    EXPECT_EQ(testing::promtool_check(service.page()), "");
}

TEST(prometheus_live, promtool_has_no_complaint_of_any_metric_that_the_library_has) {
    metric_registry registry;
    std::vector<std::shared_ptr<metric_series>> held;
    for (const metric* const each : metrics::all) {
        held.push_back(registry.open(*each, {.layer = "room", .operation = "get", .detail = each->detail}));
        held.back()->record(1);
    }
    EXPECT_EQ(testing::promtool_check(prometheus_metrics{registry}.text()), "");
}

}  // namespace
}  // namespace cutwater
