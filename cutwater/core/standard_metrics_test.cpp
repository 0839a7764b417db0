#include "cutwater/core/standard_metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace cutwater {
namespace {

/// Prometheus' conventions: https://prometheus.io/docs/practices/naming/
TEST(standard_metrics, are_named_as_prometheus_wants_them) {
    std::set<std::string_view> names;
    for (const metric* each : metrics::all) {
        EXPECT_TRUE(names.insert(each->name).second) << each->name << " stands there twice";
        EXPECT_TRUE(each->name.starts_with("cutwater_")) << each->name;
        EXPECT_TRUE(std::ranges::all_of(each->name, [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); }))
            << each->name;
        EXPECT_EQ(each->name.ends_with("_total"), each->type == metric_type::counter) << each->name;
        EXPECT_FALSE(each->name.contains("_ms") || each->name.contains("milli")) << each->name << ": base units";
        EXPECT_TRUE(each->help.ends_with('.')) << each->name;
        EXPECT_NE(each->detail, "layer");
        EXPECT_NE(each->detail, "operation");
        EXPECT_NE(each->detail, "le");
    }
}

}  // namespace
}  // namespace cutwater
