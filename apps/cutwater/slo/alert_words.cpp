#include "apps/cutwater/slo/alert_words.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ratio>

namespace cutwater::app {

namespace {

double days_of(const slo_options& objective) {
    return std::chrono::duration<double, std::ratio<86'400>>{objective.window}.count();
}

/// Up to how long a budget lasts: rounded up, but for what is left in the last digits.
std::string lasting(double days) {
    constexpr double in_days_from = 4;
    const auto whole = [](double of) { return std::ceil(of - 1e-6); };
    return days < in_days_from ? fmt::format("{:.0f} hours", whole(24 * days))
                               : fmt::format("{:.0f} days", whole(days));
}

std::string what_is_bad(const slo_options& objective) {
    std::string what = objective.latency == forever
                           ? std::string{"fails or is refused"}
                           : "fails, is refused, or takes more than " + to_text(objective.latency);
    if (objective.degraded == degraded_result::bad) what += ", or has a degraded result";
    return what;
}

}  // namespace

std::string alert_name(const slo_rule& rule) { return fmt::format("CutwaterErrorBudgetBurn{}", to_text(rule.over)); }

std::string alert_summary(const slo_options& objective, const slo_rule& rule) {
    const double days = days_of(objective);
    return fmt::format("{}: at this rate the error budget of {:.0f} days lasts less than {}", objective.name, days,
                       lasting(days / rule.threshold(objective.allowance())));
}

std::string alert_description(const slo_options& objective, const slo_rule& rule) {
    const double allowed = objective.allowance();
    return fmt::format(
        "More than {:.4g} % of the calls were bad over {}, and still are over {}; {:.4g} % may be. Bad is what {}.{}",
        100 * allowed * rule.threshold(allowed), to_text(rule.over), to_text(rule.still), 100 * allowed,
        what_is_bad(objective),
        objective.ignored == ignored_call::neither ? " What ends as ignored does not count." : "");
}

}  // namespace cutwater::app
