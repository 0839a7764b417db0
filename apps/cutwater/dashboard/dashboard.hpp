// The dashboard of `panels.hpp` as Grafana reads it.
#pragma once

#include <string>

namespace cutwater::app {

struct dashboard_settings {
    std::string title = "Cutwater";
    std::string datasource = {};  ///< its uid; empty: Grafana asks
};

/// JSON.
[[nodiscard]] std::string grafana_dashboard(const dashboard_settings& settings);

}  // namespace cutwater::app
