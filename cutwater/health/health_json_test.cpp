#include "cutwater/health/health_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cutwater/health/health_monitor.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class health_json_test : public ::testing::Test {
protected:
    testing::virtual_time time;
    health_monitor health{{.name = "shop"}, time};
    std::shared_ptr<heartbeat> beats = health.heartbeat({.name = "loop", .within = 10s});

    health_json_test() {
        health.check({.name = "database", .readiness = readiness_effect::own, .what_to_do = "page the DBA"}, [this] {
            time.pass(7ms);
            return check_result::failed("password \"secret\" refused for bob@db.internal");
        });
        health.check({.name = "cache", .startup = startup_effect::waits}, [] { return check_result::ok("hits 98 %"); });
        for (due_check& each : health.take_due()) each.run();
        time.pass(1s);
    }
    [[nodiscard]] json page(health_detail how = health_detail::brief) const {
        return json::parse(health_json(health.report(), how));
    }
    [[nodiscard]] json probe(health_probe which, health_detail how = health_detail::brief) const {
        return json::parse(probe_json(health.report(), which, how));
    }
};

TEST_F(health_json_test, S113_has_a_status_and_the_checks) {
    const json all = page();
    EXPECT_EQ(all["status"], "degraded");
    EXPECT_EQ(all["name"], "shop");
    EXPECT_EQ(all["live"], true);
    EXPECT_EQ(all["ready"], false);
    EXPECT_EQ(all["started"], true);
    EXPECT_EQ(all["because"], json::array({"database"}));
    const json database = all["checks"]["database"];
    EXPECT_EQ(database["status"], "unhealthy");
    EXPECT_EQ(database["since_ms"], 1000.0);
    EXPECT_EQ(database["age_ms"], 1000.0);
    EXPECT_EQ(database["took_ms"], 7.0);
    EXPECT_EQ(database["what_to_do"], "page the DBA");
    EXPECT_EQ(database["hangs"], false);
    EXPECT_EQ(all["checks"]["cache"]["status"], "healthy");
    EXPECT_EQ(all["heartbeats"]["loop"]["status"], "healthy");
    EXPECT_EQ(all["heartbeats"]["loop"]["within_ms"], 10'000.0);
}

TEST_F(health_json_test, what_was_seen_is_there_only_where_it_is_asked_for) {
    for (const std::string& brief : {health_json(health.report()), probe_json(health.report(), health_probe::ready)}) {
        EXPECT_THAT(brief, Not(HasSubstr("secret")));
        EXPECT_THAT(brief, Not(HasSubstr("bob")));
    }
    const json full = page(health_detail::full);
    EXPECT_THAT(full["checks"]["database"]["detail"], HasSubstr("\"secret\" refused"));
    EXPECT_THAT(full["checks"]["database"]["last_error"], HasSubstr("refused"));
    EXPECT_EQ(full["checks"]["database"]["last_error_age_ms"], 1000.0);
    EXPECT_EQ(full["checks"]["cache"]["detail"], "hits 98 %");
    EXPECT_TRUE(full["checks"]["cache"]["last_error_age_ms"].is_null());
}

TEST_F(health_json_test, is_one_line_that_ends) {
    for (const auto how : {health_detail::brief, health_detail::full}) {
        const std::string text = health_json(health.report(), how);
        EXPECT_EQ(text.find('\n'), text.size() - 1);
    }
}

TEST_F(health_json_test, a_probe_says_because_of_what) {
    EXPECT_EQ(probe(health_probe::live), json::parse(R"({"status":"healthy","probe":"live","because":[]})"));
    EXPECT_EQ(probe(health_probe::ready),
              json::parse(R"({"status":"unhealthy","probe":"ready","because":["database"]})"));
    time.pass(10s);
    EXPECT_EQ(probe(health_probe::live)["because"], json::array({"loop"}));
}

TEST_F(health_json_test, a_probe_lists_only_what_it_depends_on) {
    const auto keys = [&](health_probe which) {
        std::vector<std::string> all;
        const json page = probe(which, health_detail::full);
        for (const auto& [key, value] : page.at("checks").items()) all.push_back(key);
        return all;
    };
    EXPECT_EQ(keys(health_probe::live), std::vector<std::string>{"loop"});
    EXPECT_EQ(keys(health_probe::ready), std::vector<std::string>{"database"});
    EXPECT_EQ(keys(health_probe::started), std::vector<std::string>{"cache"});
}

TEST_F(health_json_test, texts_that_are_no_UTF_8_and_durations_without_end_are_mended) {
    health_report odd{.name = "\xff\xfe"};
    odd.checks.push_back({.name = "a\xc3", .since = forever, .detail = "line\nbreak\x01"});
    const json all = json::parse(health_json(odd, health_detail::full));
    const json check = all["checks"].front();
    EXPECT_TRUE(check["since_ms"].is_null());
    EXPECT_TRUE(check["age_ms"].is_null());
    EXPECT_EQ(check["detail"], "line\nbreak\x01");
}

}  // namespace
}  // namespace cutwater
