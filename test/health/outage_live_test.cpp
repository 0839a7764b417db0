// A shop with a PostgreSQL that it cannot do without and a Redis that it can: what it says while they go and come back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cutwater/admin/admin_client_live_test.hpp"
#include "cutwater/admin/health_pages.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/health/health_runner.hpp"
#include "cutwater/store/postgres/postgres_store.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/redis_server.hpp"

namespace cutwater {
namespace {

using testing::admin_client;
using ::testing::HasSubstr;
using ::testing::Not;

void until(const auto& holds) {
    while (!holds()) std::this_thread::sleep_for(5ms);
}

class outage_live : public ::testing::Test {
protected:
    testing::postgres_server postgres;
    testing::redis_server redis;
    postgres_store orders{{.connection = postgres.connection(), .timeout = 1s, .connect_timeout = 500ms}};
    redis_store cache{{.host = "127.0.0.1", .port = redis.port()}};
    circuit_breaker cache_health{
        {.name = "cache calls", .window = breaker_window::consecutive, .consecutive_failures = 3, .open_for = 100ms}};
    health_monitor health{{.name = "shop"}};
    health_runner runner{health};
    admin_server admin{{.port = 0}};

    outage_live() {
        health.check({.name = "database",
                      .importance = check_importance::critical,
                      .timeout = 2s,
                      .period = 50ms,
                      .readiness = readiness_effect::own,
                      .startup = startup_effect::waits,
                      .what_to_do = "page the DBA"},
                     [this] { return ask(orders, {read_cell{.key = "health"}}); });
        health.check({.name = "cache", .timeout = 2s, .period = 50ms},
                     [this] { return ask(cache, {read_cell{.key = "health"}}); });
        health.watch(cache_health, {.period = 10ms});
        add_health_pages(admin, health);
        admin.start();
    }
    [[nodiscard]] unsigned status(const char* page) const { return admin_client{admin.port()}.get(page).result_int(); }
    [[nodiscard]] std::string body(const char* page) const { return admin_client{admin.port()}.get(page).body(); }
};

TEST_F(outage_live, what_it_says_follows_what_it_depends_on) {
    until([&] { return status("/readyz") == 200U; });
    until([&] { return body("/healthz").starts_with(R"({"status":"healthy")"); });

    redis.kill();
    until([&] { return body("/healthz").starts_with(R"({"status":"degraded")"); });
    EXPECT_EQ(status("/readyz"), 200U);
    EXPECT_EQ(status("/healthz"), 200U);

    postgres.kill();
    until([&] { return status("/healthz") == 503U; });
    until([&] { return status("/readyz") == 503U; });
    EXPECT_EQ(status("/livez"), 200U) << "a restart would not help";
    EXPECT_EQ(status("/startupz"), 200U) << "it has passed, and stays";
    EXPECT_THAT(body("/readyz"), HasSubstr(R"("because":["database"])"));
    EXPECT_THAT(body("/healthz"), HasSubstr("page the DBA"));
    EXPECT_THAT(body("/healthz"), Not(HasSubstr("last_error")));
    EXPECT_THAT(body("/healthz?verbose"), HasSubstr("last_error"));

    ASSERT_TRUE(postgres.start());
    until([&] { return status("/readyz") == 200U; });
    EXPECT_EQ(status("/healthz"), 200U);
    ASSERT_TRUE(redis.start());
    until([&] { return body("/healthz").starts_with(R"({"status":"healthy")"); });
}

TEST_F(outage_live, a_circuit_that_real_calls_have_opened_is_said) {
    until([&] { return body("/healthz").starts_with(R"({"status":"healthy")"); });
    pipeline guarded{ref(cache_health)};
    redis.kill();
    const auto look_up = [&] { return guarded.run([&] { return ask(cache, {read_cell{.key = "a"}}); }); };
    until([&] { return !look_up() && cache_health.state(now()) == circuit_state::open; });
    until([&] {
        (void)look_up();
        return body("/healthz?verbose").find("cache calls is ") != std::string::npos;
    });
    ASSERT_TRUE(redis.start());
    until([&] { return look_up().has_value(); });
    until([&] {
        (void)look_up();
        return body("/healthz").starts_with(R"({"status":"healthy")");
    });
}

}  // namespace
}  // namespace cutwater
