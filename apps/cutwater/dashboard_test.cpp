#include "apps/cutwater/dashboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "apps/cutwater/dashboard_panels.hpp"
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
        EXPECT_TRUE(ids.insert(each.at("id")).second) << each.at("title");
        const auto& at = each.at("gridPos");
        for (int x = at.at("x"); x < at.at("x").get<int>() + at.at("w").get<int>(); ++x)
            for (int y = at.at("y"); y < at.at("y").get<int>() + at.at("h").get<int>(); ++y)
                EXPECT_TRUE(places.insert({x, y}).second) << each.at("title") << " lies on another";
    }
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
