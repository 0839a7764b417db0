#include "apps/cutwater/slo/rules.hpp"

#include <fmt/format.h>

#include <yaml-cpp/yaml.h>

#include "apps/cutwater/slo/alert_words.hpp"
#include "apps/cutwater/slo/queries.hpp"

namespace cutwater::app {

namespace {

/// One recorded query.
void record(YAML::Emitter& out, const std::string& as, const std::string& query, const slo_options& objective) {
    out << YAML::BeginMap;
    out << YAML::Key << "record" << YAML::Value << as;
    out << YAML::Key << "expr" << YAML::Value << query;
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap << YAML::Key << "objective" << YAML::Value
        << objective.name << YAML::EndMap;
    out << YAML::EndMap;
}

void alert(YAML::Emitter& out, const slo_options& objective, const slo_rule& rule) {
    out << YAML::BeginMap;
    out << YAML::Key << "alert" << YAML::Value << alert_name(rule);
    out << YAML::Key << "expr" << YAML::Value << alert_query(objective, rule);
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "objective" << YAML::Value << objective.name;
    out << YAML::Key << "severity" << YAML::Value << std::string{to_text(rule.severity)};
    out << YAML::EndMap;
    out << YAML::Key << "annotations" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "summary" << YAML::Value << alert_summary(objective, rule);
    out << YAML::Key << "description" << YAML::Value << alert_description(objective, rule);
    out << YAML::EndMap;
    out << YAML::EndMap;
}

void group(YAML::Emitter& out, const slo_options& objective) {
    out << YAML::BeginMap;
    out << YAML::Key << "name" << YAML::Value << "cutwater_slo_" + objective.name;
    out << YAML::Key << "rules" << YAML::Value << YAML::BeginSeq;
    record(out, std::string{recorded_calls}, calls_query(objective, "rate", slo_window::five_minutes), objective);
    record(out, std::string{recorded_bad_calls}, bad_calls_query(objective, slo_window::five_minutes), objective);
    for (const slo_window over : recorded_windows)
        record(out, recorded_share(over),
               fmt::format("{} / {}", bad_calls_query(objective, over), calls_query(objective, "rate", over)),
               objective);
    record(out, std::string{recorded_budget}, budget_query(objective), objective);
    for (const slo_rule& rule : slo_rules) alert(out, objective, rule);
    out << YAML::EndSeq << YAML::EndMap;
}

}  // namespace

std::string prometheus_rules(std::span<const slo_options> objectives) {
    YAML::Emitter out;
    out << YAML::Comment("Made by `cutwater slo rules`: how objectives stand, and alerts on what users see.");
    out << YAML::BeginMap << YAML::Key << "groups" << YAML::Value << YAML::BeginSeq;
    for (const slo_options& each : objectives) group(out, each);
    out << YAML::EndSeq << YAML::EndMap;
    return std::string{out.c_str()} + "\n";
}

}  // namespace cutwater::app
