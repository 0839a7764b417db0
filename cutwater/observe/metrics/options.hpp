// The knobs of a metric registry, with the defaults in force.
//
//     cw::metric_registry metrics{{.max_series = 50'000, .buckets = {0.01, 0.1, 1, 10}}};
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "cutwater/core/options.hpp"

namespace cutwater {

struct metric_registry_options {
    std::string name = "metrics";
    std::size_t max_series = 10'000;
    std::vector<double> buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("max_series", self.max_series, within(std::size_t{1}, std::size_t{10'000'000}),
              "series that are kept; what comes after them is counted as operation and detail `other`");
    }

    void cross_check(option_problems& problems) const {
        const bool rises = std::ranges::is_sorted(buckets, std::ranges::less_equal{});
        const bool is_good = !buckets.empty() && buckets.size() <= 100 && rises &&
                             std::ranges::all_of(buckets, [](double b) { return b > 0 && b <= 1e9; });
        if (!is_good)
            problems.push_back({"buckets", std::to_string(buckets.size()) + " bounds",
                                "from 1 to 100 bounds in seconds, each above the one before, more than 0"});
    }
};

}  // namespace cutwater
