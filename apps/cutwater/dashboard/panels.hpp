// What a dashboard shows, as one table: rows, panels, and what each asks of Prometheus.
//
// Queries are made of the metrics that the library has: `cutwater::metrics::all`, and the lists of rooms that have some of their own (`of_health`, `of_export`, `of_page`).
// What no panel of the table asks for has a panel of its own in the last row, so that a new metric is on the dashboard without a line here. `$operation`, `$layer` and `$__rate_interval` are Grafana's variables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cutwater::app {

struct panel_query {
    std::string ask;     ///< in PromQL
    std::string legend;  ///< how Grafana calls each series: `{{layer}}`
};

enum class panel_kind : std::uint8_t {
    graph,
    circuits,  ///< a band for each circuit: 0 closed, 1 half open, 2 open
    alerts,    ///< a band for each alert: 0 off, 1 on
};

struct panel {
    std::string title;
    std::string says;  ///< what to look for, for whoever is on call
    std::vector<panel_query> queries;
    std::string_view unit = "short";  ///< Grafana's name of it
    panel_kind kind = panel_kind::graph;
};

struct panel_row {
    std::string title;
    std::vector<panel> panels;
};

[[nodiscard]] std::vector<panel_row> dashboard_rows();

}  // namespace cutwater::app
