// What a doctor knows: rules, each with a name, what it looks for, and what it says where it finds that.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cutwater/doctor/view.hpp"

namespace cutwater::app {

struct finding {
    std::string_view rule;
    subject about;
    std::string evidence;  ///< the numbers
    std::string advice;    ///< what to change, and why
};

struct doctor_rule {
    std::string_view name;
    std::string_view looks_for;
    void (*look)(const doctor_view& at, std::vector<finding>& found);
    std::string_view needs;                    ///< what it looks at, in words
    bool (*is_judged)(const doctor_view& at);  ///< whether that is there
};

/// All of them, in the order in which their findings are told.
[[nodiscard]] std::span<const doctor_rule> doctor_rules() noexcept;

/// The metrics that rules read; the buckets of a histogram only where the verdict is `success`.
[[nodiscard]] std::span<const std::string_view> metrics_of_rules() noexcept;

/// What is to be said about these metrics.
[[nodiscard]] std::vector<finding> examine(const doctor_view& at);

/// Whether there is anything of what rules look at, beside the registry's own count of series.
[[nodiscard]] bool can_judge(const doctor_view& at);

/// What cannot be said about them, and why: a sentence each.
[[nodiscard]] std::vector<std::string> not_judged(const doctor_view& at);

}  // namespace cutwater::app
