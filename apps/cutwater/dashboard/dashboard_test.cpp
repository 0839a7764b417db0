#include "apps/cutwater/dashboard/dashboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cutwater/dashboard/panels.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(dashboard, is_kept_as_a_file) { testing::expect_golden(grafana_dashboard({}), "golden/dashboard.json"); }

TEST(dashboard, asks_for_every_metric_that_there_is) {
    const std::string all = grafana_dashboard({});
    for (const metric* const each : metrics::all) EXPECT_THAT(all, HasSubstr(std::string{each->name}));
}

/// Whether some panel asks for it, and not for one whose name begins like that.
bool is_asked_for(const std::string& called) {
    for (const panel_row& row : dashboard_rows())
        for (const panel& each : row.panels)
            for (const panel_query& query : each.queries)
                if (query.ask.contains(called + "{") || query.ask.contains(called + "_bucket{")) return true;
    return false;
}

/// Those that a source defines: `constexpr metric letters{"cutwater_letters_total", metric_type::counter, …`.
std::vector<std::string> defined_in(const std::filesystem::path& source) {
    constexpr std::string_view begin = R"({"cutwater_)";
    std::ifstream in{source};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    std::vector<std::string> names;
    for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + begin.size())) {
        const std::size_t end = text.find('"', at + begin.size());
        if (text.substr(end).starts_with(R"(",metric_type::)")) names.push_back(text.substr(at + 2, end - at - 2));
    }
    return names;
}

TEST(dashboard, asks_for_every_metric_that_a_room_of_the_library_defines) {
    const auto library = testing::folder_of_source(__FILE__) / "../../../cutwater";
    std::size_t defined = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator{library}) {
        const std::string called = file.path().filename().string();
        if (!called.ends_with("pp") || called.contains("_test.")) continue;
        for (const std::string& each : defined_in(file.path())) {
            ++defined;
            EXPECT_TRUE(is_asked_for(each)) << each << " of " << called;
        }
    }
    EXPECT_EQ(defined, std::size(metrics::all) + 8) << "health's, an exporter's and a page's";
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

TEST(dashboard, what_is_ignored_is_a_call_that_gave_no_result) {
    EXPECT_THAT(asked_by("Success"), HasSubstr(R"(verdict=~"success|transient|permanent|rejected|ignored")"));
    EXPECT_THAT(asked_by("Success"), EndsWith("[$__rate_interval])) > 0)\n"))
        << "and where there was no call there is no share";
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

TEST(dashboard, what_three_healthy_instances_say_is_not_three_times_as_healthy) {
    EXPECT_THAT(asked_by("cutwater_health"), StartsWith("min by (layer, check)"));
    EXPECT_THAT(asked_by("cutwater_health_probe"), StartsWith("min by (layer, probe)"));
    for (const char* const share : {"cutwater_circuit_failure_ratio", "cutwater_load_ratio", "cutwater_shedding",
                                    "cutwater_timeout_limit_seconds", "cutwater_rejection_ratio"})
        EXPECT_THAT(asked_by(share), StartsWith("max by")) << share;
    EXPECT_THAT(asked_by("cutwater_endpoints"), StartsWith("avg by")) << "of one set, which each of them sees";
    for (const char* const amount : {"cutwater_cache_bytes", "cutwater_permits_available", "cutwater_orphans"})
        EXPECT_THAT(asked_by(amount), StartsWith("sum by")) << amount;
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
