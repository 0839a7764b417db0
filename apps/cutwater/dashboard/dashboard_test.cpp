#include "apps/cutwater/dashboard/dashboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "apps/cutwater/dashboard/panels.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(dashboard, is_kept_as_a_file) { testing::expect_golden(grafana_dashboard({}), "golden/dashboard.json"); }

TEST(dashboard, asks_for_every_metric_that_there_is) {
    const std::string all = grafana_dashboard({});
    for (const metric* const each : metrics::all) EXPECT_THAT(all, HasSubstr(std::string{each->name}));
}

TEST(dashboard, panels_have_ids_of_their_own_and_lie_beside_each_other) {
    const auto panels = nlohmann::json::parse(grafana_dashboard({})).at("panels");
    std::set<int> ids;
    std::set<std::pair<int, int>> places;
    for (const auto& each : panels) {
        EXPECT_TRUE(ids.insert(each.at("id").get<int>()).second) << each.at("title");
        const auto& at = each.at("gridPos");
        for (int x = at.at("x"); x < at.at("x").get<int>() + at.at("w").get<int>(); ++x)
            for (int y = at.at("y"); y < at.at("y").get<int>() + at.at("h").get<int>(); ++y)
                EXPECT_TRUE(places.insert({x, y}).second) << each.at("title") << " lies on another";
    }
}

TEST(dashboard, a_data_source_is_an_object_wherever_grafana_reads_one) {
    const auto whole = nlohmann::json::parse(grafana_dashboard({}));
    for (const auto& each : whole.at("panels")) {
        if (each.at("type") == "row") continue;
        EXPECT_TRUE(each.at("datasource").is_object()) << each.at("title") << each.at("datasource");
        for (const auto& target : each.at("targets"))
            EXPECT_TRUE(target.at("datasource").is_object()) << each.at("title") << target.at("datasource");
    }
    EXPECT_TRUE(whole.at("templating").at("list").at(1).at("datasource").is_object());
}

/// What the panels of that title ask.
std::string asked_by(std::string_view title) {
    std::string all;
    for (const panel_row& row : dashboard_rows())
        for (const panel& each : row.panels)
            if (each.title == title)
                for (const panel_query& query : each.queries) all += query.ask + "\n";
    return all;
}

TEST(dashboard, an_operation_that_never_succeeded_has_a_line_at_zero) {
    EXPECT_THAT(asked_by("Success"), HasSubstr(R"(verdict="success"}[$__rate_interval])) or 0 * sum by (operation))"));
}

TEST(dashboard, what_a_budget_did_not_pay_for_is_asked_of_retries_and_of_hedges) {
    EXPECT_THAT(asked_by("Retries, and calls that they rescued"),
                HasSubstr(R"(cutwater_retries_ended_total{layer=~"$layer",reason="budget_exhausted"})"));
    EXPECT_THAT(asked_by("cutwater_suppressed_attempts_total"), HasSubstr("cutwater_suppressed_attempts_total"));
}

TEST(dashboard, why_calls_are_not_retried_and_which_fallbacks_fail_is_shown_above_the_last_row) {
    EXPECT_THAT(asked_by("Why calls are not retried"), HasSubstr("sum by (layer, reason)"));
    EXPECT_THAT(asked_by("Degraded results"), HasSubstr("cutwater_fallback_failures_total"));
}

TEST(dashboard, each_panel_says_what_to_look_for_and_asks_something) {
    for (const panel_row& row : dashboard_rows())
        for (const panel& each : row.panels) {
            EXPECT_TRUE(each.says.ends_with('.')) << each.title;
            EXPECT_FALSE(each.queries.empty()) << each.title;
        }
}

TEST(dashboard, takes_a_title_and_a_data_source_or_lets_grafana_ask) {
    const std::string given = grafana_dashboard({.title = "Shop", .datasource = "eu"});
    EXPECT_THAT(given, HasSubstr(R"("title": "Shop")"));
    EXPECT_THAT(given, HasSubstr(R"("uid": "eu")"));
    EXPECT_THAT(given, Not(HasSubstr("${datasource}")));
    EXPECT_THAT(grafana_dashboard({}), HasSubstr("${datasource}"));
}

}  // namespace
}  // namespace cutwater::app
