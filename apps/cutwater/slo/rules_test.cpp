#include "apps/cutwater/slo/rules.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "apps/cutwater/slo/alert_words.hpp"
#include "apps/cutwater/slo/queries.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<slo_options> shop{
    {.name = "orders", .operations = {"place_order"}, .target = 0.999, .latency = 250ms},
    {.name = "stock",
     .operations = {"get_stock", "list_stock"},
     .target = 0.99,
     .degraded = degraded_result::bad,
     .ignored = ignored_call::neither},
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

YAML::Node tests_of(const std::vector<slo_options>& objectives) {
    return YAML::Load(prometheus_rule_tests(objectives, "rules.yml"))["tests"];
}

TEST(slo_rules, every_alert_of_every_objective_has_tests_in_which_it_fires_and_clears) {
    const YAML::Node tests = tests_of(shop);
    for (const slo_options& objective : shop)
        for (const slo_rule& rule : slo_rules) {
            const std::string asked =
                fmt::format(R"(ALERTS{{alertname="CutwaterErrorBudgetBurn{}",alertstate="firing",objective="{}"}})",
                            to_text(rule.over), objective.name);
            unsigned fires = 0;
            unsigned is_silent = 0;
            for (const YAML::Node& test : tests)
                for (const YAML::Node& at : test["promql_expr_test"])
                    if (at["expr"].as<std::string>() == asked) ++(at["exp_samples"].size() == 1 ? fires : is_silent);
            EXPECT_GE(fires, 1U) << asked;
            EXPECT_GE(is_silent, 2U) << asked << ": before, and after";
        }
}

TEST(slo_rules, what_an_alert_says_is_tested_where_no_other_objective_can_see_the_same_calls) {
    const auto expects_words = [](const YAML::Node& test) { return test["alert_rule_test"].size() > 0; };
    EXPECT_TRUE(std::ranges::none_of(tests_of(shop), expects_words));
    EXPECT_EQ(std::ranges::count_if(tests_of({shop[0]}), expects_words), std::ssize(slo_rules));
}

TEST(slo_alert_words, a_budget_lasts_less_than_at_the_rate_that_an_alert_asks_for) {
    EXPECT_THAT(alert_summary(shop[0], slo_rules[0]), EndsWith("lasts less than 50 hours"));
    EXPECT_THAT(alert_summary(shop[0], slo_rules[3]), EndsWith("lasts less than 30 days"));
    slo_options four_weeks = shop[0];
    four_weeks.window = std::chrono::days{28};
    EXPECT_THAT(alert_summary(four_weeks, slo_rules[0]), EndsWith("lasts less than 47 hours")) << "46.7 of them";
}

TEST(slo_rules, the_recorded_budget_is_tested) {
    EXPECT_THAT(prometheus_rule_tests(shop, "rules.yml"),
                AllOf(HasSubstr(R"(remaining_ratio{objective="orders"} - 1) < bool)"),
                      HasSubstr(R"(remaining_ratio{objective="stock"} - 1) < bool)")));
}

TEST(slo_rules, where_degraded_results_are_bad_one_half_of_what_is_bad_is_degraded) {
    EXPECT_THAT(prometheus_rule_tests(shop, "rules.yml"),
                HasSubstr(R"(cutwater_degraded_results_total{operation="get_stock",source="default"})"));
    EXPECT_THAT(prometheus_rule_tests({&shop[0], 1}, "rules.yml"), Not(HasSubstr("cutwater_degraded_results_total")));
}

TEST(slo_rules, tests_have_as_many_calls_as_an_alert_asks_for) {
    slo_options busy = shop[0];
    busy.min_calls = 1'000'000'000;
    EXPECT_THAT(prometheus_rule_tests({&busy, 1}, "rules.yml"),
                AllOf(HasSubstr("_x5 1000000000+1000000000x40"), HasSubstr("0+1000000000x60 61000000000+")));
}

TEST(slo_rules, samples_of_a_high_target_are_whole_calls) {
    slo_options high = shop[0];
    high.target = 0.99999;
    for (const YAML::Node& test : tests_of({high})) {
        if (test["input_series"].size() == 1) continue;  // too few calls
        for (const YAML::Node& input : test["input_series"])
            EXPECT_THAT(input["values"].as<std::string>(), Not(HasSubstr(".")));
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

TEST(slo_queries, a_bound_has_all_its_digits) {
    slo_options odd = shop[0];
    odd.latency = 1'234'567'800ns;
    EXPECT_THAT(bad_calls_query(odd, slo_window::hour), HasSubstr(R"(le="1.2345678")"));
}

TEST(slo_queries, what_is_degraded_is_bad_where_the_objective_says_so) {
    EXPECT_THAT(bad_calls_query(shop[1], slo_window::hour), HasSubstr("cutwater_degraded_results_total"));
    EXPECT_THAT(bad_calls_query(shop[0], slo_window::hour), Not(HasSubstr("cutwater_degraded_results_total")));
}

TEST(slo_queries, what_is_ignored_is_a_call_and_bad_but_where_the_objective_says_neither) {
    EXPECT_THAT(calls_query(shop[0], "rate", slo_window::hour),
                HasSubstr(R"(verdict=~"success|transient|permanent|rejected|ignored")"));
    EXPECT_THAT(calls_query(shop[1], "rate", slo_window::hour), Not(HasSubstr("ignored")));
}

TEST(slo_alert_words, say_where_ignored_calls_do_not_count) {
    EXPECT_THAT(alert_description(shop[0], slo_rules[0]), Not(HasSubstr("ignored")));
    EXPECT_THAT(alert_description(shop[1], slo_rules[0]), EndsWith("What ends as ignored does not count."));
}

TEST(slo_rules, their_tests_have_calls_that_are_ignored_whether_they_count_or_not) {
    for (const slo_options& each : shop)
        EXPECT_THAT(prometheus_rule_tests({&each, 1}, "rules.yml"), HasSubstr(R"(verdict="ignored")")) << each.name;
}

TEST(slo_queries, names_that_mean_something_to_a_pattern_mean_themselves) {
    EXPECT_EQ(in_quotes("a\"b\\c\nd"), R"("a\"b\\c\nd")");
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
