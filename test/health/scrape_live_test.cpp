// A service whose admin server is all that there is: a real Prometheus scrapes its page, and probes are answered meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cutwater/admin/admin_client_live_test.hpp"
#include "cutwater/admin/health_pages.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/health/health_monitor.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"
#include "test/servers/prometheus_server.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;

class scraped_service {
public:
    explicit scraped_service(admin_options on) : admin_{std::move(on)} {
        add_health_pages(admin_, health_);
        admin_.page("/metrics", [this](const page_request&) {
            return page_answer{.content_type = std::string{prometheus_metrics::content_type}, .body = shown_.text()};
        });
        admin_.start();
    }
    void work() {
        for (int i = 0; i < 10; ++i) (void)reads_.run({.operation = "get_stock"}, [] { return 7; });
        for (int i = 0; i < 10; ++i) (void)writes_.run({.operation = "order"}, [] { return 7; });
    }
    [[nodiscard]] admin_server& admin() noexcept { return admin_; }

private:
    metric_registry registry_;
    event_metrics counts_{registry_};
    circuit_breaker inventory_{{.name = "inventory"}};
    pipeline<observe, reference<circuit_breaker>> reads_{observe{counts_}, cutwater::ref(inventory_)};
    pipeline<observe, reference<circuit_breaker>> writes_{observe{counts_}, cutwater::ref(inventory_)};
    health_monitor health_{{.name = "shop"}};
    metric_registry::watched watched_[4]{registry_.watch(inventory_), registry_.watch(reads_), registry_.watch(writes_),
                                         registry_.watch(health_)};
    prometheus_metrics shown_{registry_};
    admin_server admin_;
};

/// What Prometheus answers once there is an answer.
std::string answer(scraped_service& by, const testing::prometheus_server& server, const std::string& query) {
    std::string said;
    for (int tries = 0; tries < 100; ++tries) {
        by.work();
        said = server.query(query);
        if (said.find("\"value\"") != std::string::npos) break;
        std::this_thread::sleep_for(100ms);
    }
    return said;
}

TEST(scrape_live, prometheus_reads_the_admin_server_and_a_shared_breaker_is_one) {
    scraped_service shop{{.port = 0}};
    const std::uint16_t port = shop.admin().port();
    const testing::prometheus_server server{"127.0.0.1:" + std::to_string(port)};
    EXPECT_THAT(answer(shop, server, "up == 1"), HasSubstr("\"1\""));
    EXPECT_THAT(answer(shop, server, "sum(rate(cutwater_calls_total{verdict=\"success\"}[5s])) > 0"),
                HasSubstr("\"value\""));
    EXPECT_THAT(answer(shop, server, "sum(cutwater_circuit_state{layer=\"inventory\"})"), HasSubstr("\"1\"]"));
    EXPECT_THAT(answer(shop, server, "cutwater_health_probe{probe=\"ready\"}"), HasSubstr("\"1\"]"));
    EXPECT_EQ(testing::admin_client{port}.get("/readyz").result_int(), 200U);
}

TEST(scrape_live, promtool_has_no_complaint_of_what_the_admin_server_shows) {
    scraped_service shop{{.port = 0}};
    shop.work();
    EXPECT_EQ(testing::promtool_check(testing::admin_client{shop.admin().port()}.get("/metrics").body()), "");
}

TEST(scrape_live, who_stops_and_starts_again_is_scraped_on) {
    scraped_service shop{{.port = 0}};
    const std::uint16_t port = shop.admin().port();
    shop.admin().stop();
    scraped_service next{{.port = port}};  // where it was
    const testing::prometheus_server server{"127.0.0.1:" + std::to_string(port)};
    EXPECT_THAT(answer(next, server, "up == 1"), HasSubstr("\"1\""));
    next.admin().stop();
    EXPECT_THAT(answer(next, server, "up == 0"), HasSubstr("\"0\""));
    next.admin().start();
    EXPECT_THAT(answer(next, server, "up == 1"), HasSubstr("\"1\""));
}

}  // namespace
}  // namespace cutwater
