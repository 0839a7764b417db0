#include "apps/cutwater/dashboard/dashboard.hpp"

#include <string_view>

#include <nlohmann/json.hpp>

#include "apps/cutwater/dashboard/panels.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

using json = nlohmann::ordered_json;  // keys in the order in which they are read

constexpr int width = 24;  // of Grafana's grid
constexpr int panel_height = 8;
constexpr int grafana_schema = 38;  // of Grafana 10; later ones read it

json state(const char* text, const char* colour, int index) {
    return {{"text", text}, {"color", colour}, {"index", index}};
}

json mappings_of(panel_kind kind) {
    json options = json::object();
    if (kind == panel_kind::circuits)
        options = {
            {"0", state("closed", "green", 0)}, {"1", state("half open", "yellow", 1)}, {"2", state("open", "red", 2)}};
    if (kind == panel_kind::alerts) options = {{"0", state("off", "green", 0)}, {"1", state("on", "red", 1)}};
    if (options.empty()) return json::array();
    return json::array({json{{"type", "value"}, {"options", options}}});
}

/// Puts panels side by side, two a line.
class layout {
public:
    explicit layout(json datasource) : datasource_(std::move(datasource)) {}  // with braces it would be an array of one

    void add(const panel_row& row) {
        if (is_right_) next_line();
        panels_.push_back({{"id", ++id_},
                           {"type", "row"},
                           {"title", row.title},
                           {"collapsed", false},
                           {"gridPos", {{"x", 0}, {"y", y_++}, {"w", width}, {"h", 1}}},
                           {"panels", json::array()}});
        for (const panel& each : row.panels) add(each);
    }
    [[nodiscard]] json panels() && { return std::move(panels_); }

private:
    void next_line() {
        y_ += panel_height;
        is_right_ = false;
    }
    void add(const panel& shown) {
        const int x = is_right_ ? width / 2 : 0;
        panels_.push_back({{"id", ++id_},
                           {"type", shown.kind == panel_kind::graph ? "timeseries" : "state-timeline"},
                           {"title", shown.title},
                           {"description", shown.says},
                           {"datasource", datasource_},
                           {"gridPos", {{"x", x}, {"y", y_}, {"w", width / 2}, {"h", panel_height}}},
                           {"fieldConfig",
                            {{"defaults", {{"unit", shown.unit}, {"mappings", mappings_of(shown.kind)}}},
                             {"overrides", json::array()}}},
                           {"options", {{"legend", {{"displayMode", "list"}, {"placement", "bottom"}}}}},
                           {"targets", targets_of(shown)}});
        if (is_right_)
            next_line();
        else
            is_right_ = true;
    }
    [[nodiscard]] json targets_of(const panel& shown) const {
        json targets = json::array();
        char id = 'A';
        for (const panel_query& each : shown.queries)
            targets.push_back({{"refId", std::string(1, id++)},
                               {"datasource", datasource_},
                               {"expr", each.ask},
                               {"legendFormat", each.legend}});
        return targets;
    }

    json datasource_;
    json panels_ = json::array();
    int id_ = 0;
    int y_ = 0;
    bool is_right_ = false;
};

/// A variable whose values are those of a label.
json variable(std::string_view label, std::string_view of, const json& datasource) {
    return {{"name", label},
            {"type", "query"},
            {"datasource", datasource},
            {"query", "label_values(" + std::string{of} + ", " + std::string{label} + ")"},
            {"refresh", 2},
            {"multi", true},
            {"includeAll", true},
            {"allValue", ".*"},
            {"current", {{"text", "All"}, {"value", "$__all"}}}};
}

}  // namespace

std::string grafana_dashboard(const dashboard_settings& settings) {
    const bool asks = settings.datasource.empty();
    const json datasource{{"type", "prometheus"}, {"uid", asks ? "${datasource}" : settings.datasource}};
    json variables = json::array();
    if (asks)
        variables.push_back(
            {{"name", "datasource"}, {"type", "datasource"}, {"query", "prometheus"}, {"label", "Data source"}});
    variables.push_back(variable("operation", metrics::calls.name, datasource));
    variables.push_back(variable("layer", R"({__name__=~"cutwater_.*",layer!=""})", datasource));

    layout placed{datasource};
    for (const panel_row& each : dashboard_rows()) placed.add(each);
    const json whole{{"title", settings.title},
                     {"uid", "cutwater"},
                     {"description", "Made by `cutwater dashboard` from the metrics that the library has."},
                     {"tags", {"cutwater"}},
                     {"schemaVersion", grafana_schema},
                     {"editable", true},
                     {"refresh", "30s"},
                     {"time", {{"from", "now-6h"}, {"to", "now"}}},
                     {"templating", {{"list", std::move(variables)}}},
                     {"panels", std::move(placed).panels()}};
    constexpr int indent = 2;
    return whole.dump(indent) + "\n";
}

}  // namespace cutwater::app
