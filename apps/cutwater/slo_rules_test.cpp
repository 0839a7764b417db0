#include "apps/cutwater/slo_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "apps/cutwater/slo_queries.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<slo_options> shop{
    {.name = "orders", .operations = {"place_order"}, .target = 0.999, .latency = 250ms},
    {.name = "stock", .operations = {"get_stock", "list_stock"}, .target = 0.99, .degraded = degraded_result::bad},
};

TEST(slo_rules, are_kept_as_a_file) { testing::expect_golden(prometheus_rules(shop), "golden/rules.yml"); }
TEST(slo_rules, their_tests_are_kept_as_a_file) {
    testing::expect_golden(prometheus_rule_tests(shop, "rules.yml"), "golden/rules_tests.yml");
}

TEST(slo_rules, have_an_alert_for_each_rule_of_each_objective) {
    const YAML::Node groups = YAML::Load(prometheus_rules(shop))["groups"];
    ASSERT_EQ(groups.size(), shop.size());
    for (const YAML::Node& group : groups) {
        std::set<std::string> alerts;
        for (const YAML::Node& rule : group["rules"])
            if (rule["alert"]) alerts.insert(rule["alert"].as<std::string>());
        EXPECT_EQ(alerts.size(), slo_rules.size()) << group["name"];
    }
}

TEST(slo_rules, every_alert_has_tests_in_which_it_fires_and_clears) {
    const YAML::Node tests = YAML::Load(prometheus_rule_tests(shop, "rules.yml"))["tests"];
    for (const slo_rule& rule : slo_rules) {
        unsigned fires = 0;
        unsigned is_silent = 0;
        for (const YAML::Node& test : tests)
            for (const YAML::Node& at : test["alert_rule_test"])
                if (at["alertname"].as<std::string>() == "CutwaterErrorBudgetBurn" + std::string{to_text(rule.over)})
                    ++(at["exp_alerts"].size() == 1 ? fires : is_silent);
        EXPECT_GE(fires, shop.size()) << to_text(rule.over);
        EXPECT_GE(is_silent, 2 * shop.size()) << to_text(rule.over) << ": before, and after";
    }
}

TEST(slo_queries, a_service_without_one_good_call_has_a_share_of_bad_ones) {
    EXPECT_THAT(bad_calls_query(shop[0], slo_window::hour), HasSubstr("or vector(0)"));
}

TEST(slo_queries, a_whole_bound_is_found_in_either_spelling) {
    slo_options second = shop[0];
    second.latency = 1s;
    EXPECT_THAT(bad_calls_query(second, slo_window::hour), HasSubstr(R"(le=~"1|1\\.0")"));
    EXPECT_THAT(bad_calls_query(shop[0], slo_window::hour), HasSubstr(R"(le="0.25")"));
}

TEST(slo_queries, what_is_degraded_is_bad_where_the_objective_says_so) {
    EXPECT_THAT(bad_calls_query(shop[1], slo_window::hour), HasSubstr("cutwater_degraded_results_total"));
    EXPECT_THAT(bad_calls_query(shop[0], slo_window::hour), Not(HasSubstr("cutwater_degraded_results_total")));
}

TEST(slo_queries, names_that_mean_something_to_a_pattern_mean_themselves) {
    EXPECT_EQ(quoted("a\"b\\c\nd"), R"("a\"b\\c\nd")");
    EXPECT_EQ(quoted_pattern({"get.stock", "list"}), R"("get\\.stock|list")");
}

TEST(slo_queries, T22_an_alert_of_a_low_target_asks_for_a_share_that_can_be) {
    slo_options low = shop[0];
    low.target = 0.9;
    EXPECT_THAT(alert_query(low, slo_rules[0]), HasSubstr(R"(ratio_rate1h{objective="orders"} > 0.9 and)"));
    EXPECT_THAT(alert_query(shop[0], slo_rules[0]),
                StartsWith(R"(cutwater:slo_bad_calls:ratio_rate1h{objective="orders"} > 0.0144 and)"));
}

}  // namespace
}  // namespace cutwater::app
