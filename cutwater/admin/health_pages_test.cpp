#include "cutwater/admin/health_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class health_pages_test : public ::testing::Test {
protected:
    testing::virtual_time time;
    bool works = true;
    health_monitor health{{.name = "shop"}, time};
    std::shared_ptr<heartbeat> beats = health.heartbeat({.name = "loop", .within = 1min});
    std::shared_ptr<startup_task> warm = health.startup_task("warm");

    health_pages_test() {
        health.check({.name = "disk", .jitter = 0, .worse_after = 1, .readiness = readiness_effect::own}, [this] {
            return works ? check_result::ok() : check_result::failed("token abc is refused", "rotate it");
        });
        turn();
    }
    void turn() {
        for (due_check& each : health.take_due()) each.run();
    }
    [[nodiscard]] unsigned status(health_probe which) const { return probe_page(health, which, {.path = "/"}).status; }
};

TEST_F(health_pages_test, each_probe_has_a_status_of_its_own) {
    EXPECT_EQ(status(health_probe::live), 200U);
    EXPECT_EQ(status(health_probe::started), 503U);
    EXPECT_EQ(status(health_probe::ready), 503U);
    warm->done();
    EXPECT_EQ(status(health_probe::started), 200U);
    EXPECT_EQ(status(health_probe::ready), 200U);
    time.pass(2min);
    EXPECT_EQ(status(health_probe::live), 503U);
}

TEST_F(health_pages_test, what_is_degraded_is_still_there) {
    EXPECT_EQ(health_page(health, {.path = "/healthz"}).status, 200U);
    health.check({.name = "cache"}, [] { return check_result::degraded("slow"); });
    turn();
    const auto page = health_page(health, {.path = "/healthz"});
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.content_type, "application/json");
    EXPECT_THAT(page.body, ::testing::StartsWith(R"({"status":"degraded")"));
    health.check({.name = "database", .importance = check_importance::critical}, [] { return false; });
    turn();
    EXPECT_EQ(health_page(health, {.path = "/healthz"}).status, 503U);
}

TEST_F(health_pages_test, says_what_it_has_seen_only_when_asked) {
    works = false;
    time.pass(10s);
    turn();
    EXPECT_THAT(health_page(health, {.path = "/healthz"}).body, Not(HasSubstr("abc")));
    EXPECT_THAT(health_page(health, {.path = "/healthz"}).body, HasSubstr("rotate it"));
    EXPECT_THAT(health_page(health, {.path = "/healthz", .query = "verbose"}).body, HasSubstr("abc"));
    EXPECT_THAT(probe_page(health, health_probe::ready, {.path = "/readyz", .query = "verbose"}).body,
                HasSubstr("abc"));
    EXPECT_THAT(probe_page(health, health_probe::ready, {.path = "/readyz"}).body,
                HasSubstr(R"("because":["it has not started","disk"])"));
}

}  // namespace
}  // namespace cutwater
