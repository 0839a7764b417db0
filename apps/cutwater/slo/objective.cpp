#include "apps/cutwater/slo/objective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "apps/cutwater/console/units.hpp"
#include "apps/cutwater/console/utf8.hpp"
#include "apps/cutwater/slo/queries.hpp"

namespace cutwater::app {

namespace {

constexpr std::string_view form = "write NAME:OPERATION:TARGET%[:LATENCY], such as orders:place_order:99.9%:250ms";

std::vector<std::string> parts_of(std::string_view text, char between) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0;;) {
        const std::size_t end = text.find(between, begin);
        parts.emplace_back(text.substr(begin, end - begin));
        if (end == std::string_view::npos) return parts;
        begin = end + 1;
    }
}

/// A share, from what is typed as one of a hundred.
std::expected<double, std::string> parse_target(std::string_view text) {
    constexpr double least = 0.5;
    constexpr double most = 0.99999;
    if (!text.ends_with('%')) return std::unexpected{fmt::format("\"{}\" is no target; write 99.9%", text)};
    const auto percent = parse_number(text.substr(0, text.size() - 1));
    if (!percent) return std::unexpected{fmt::format("\"{}\" is no target; write 99.9%", text)};
    const double share = *percent / 100;
    if (std::isnan(share) || share < least || share > most)
        return std::unexpected{fmt::format("the target {} is not from 50% to 99.999%", text)};
    return share;
}

double seconds_of(duration d) { return std::chrono::duration<double>{d}.count(); }

/// What options say of themselves, in one line.
std::string words_of(const option_problems& problems) {
    std::string words;
    for (const option_problem& each : problems) words += (words.empty() ? "" : "; ") + each.message();
    return words;
}

}  // namespace

std::expected<slo_options, std::string> parse_objective(std::string_view text) {
    if (std::string problem = problem_of_text(std::string{text}); !problem.empty())
        return std::unexpected{std::move(problem)};
    const std::vector<std::string> parts = parts_of(text, ':');
    if (parts.size() < 3 || parts.size() > 4)
        return std::unexpected{fmt::format("\"{}\" is no objective; {}", text, form)};
    if (parts[0].contains("{{"))
        return std::unexpected{
            fmt::format(R"("{}": a name has no "{{{{": Prometheus would take it for a template)", text)};
    slo_options made{.name = parts[0]};
    if (parts[1] != "*") made.operations = parts_of(parts[1], ',');
    if (std::ranges::find(made.operations, "*") != made.operations.end())
        return std::unexpected{fmt::format("\"{}\": * is every operation: write it alone", text)};
    const auto target = parse_target(parts[2]);
    if (!target) return std::unexpected{fmt::format("\"{}\": {}", text, target.error())};
    made.target = *target;
    if (parts.size() == 4) {
        const auto latency = parse_duration(parts[3]);
        if (!latency) return std::unexpected{fmt::format("\"{}\": {}", text, latency.error())};
        made.latency = *latency;
    }
    if (const option_problems problems = problems_of(made); !problems.empty())
        return std::unexpected{fmt::format("\"{}\": {}", text, words_of(problems))};
    return made;
}

std::string problem_of_latency(const slo_options& objective, std::span<const double> buckets) {
    if (objective.latency == forever) return {};
    const double wanted = seconds_of(objective.latency);
    const auto is_it = [asked = bound_of(objective)](double bound) { return bound_text(bound) == asked; };
    if (std::ranges::any_of(buckets, is_it)) return {};
    std::string known;
    for (const double each : buckets) known += fmt::format("{}{}", known.empty() ? "" : ", ", each);
    return fmt::format(
        "{}: the histogram of latencies has no bound at {}s, so nobody can count what was within it; its bounds are "
        "{}; take one of these, or give the registry "
        "that bound (`metric_registry_options::buckets`) and say so by --buckets",
        objective.name, wanted, known);
}

}  // namespace cutwater::app
