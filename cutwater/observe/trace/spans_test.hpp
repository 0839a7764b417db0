// How tests look at spans.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cutwater/core/text.hpp"
#include "cutwater/observe/trace/span_recorder.hpp"

namespace cutwater::testing {

[[nodiscard]] inline std::string text_of(const span_attributes& all, std::string_view key) {
    const auto found = std::ranges::find(all, key, &span_attribute::key);
    if (found == all.end()) return "none";
    struct {
        std::string operator()(const std::string& v) const { return v; }
        std::string operator()(std::int64_t v) const { return std::to_string(v); }
        std::string operator()(double v) const { return cutwater::to_text(v); }
        std::string operator()(bool v) const { return v ? "true" : "false"; }
    } const as_text;
    return std::visit(as_text, found->value);
}
[[nodiscard]] inline std::string text_of(const trace_span& s, std::string_view key) {
    return text_of(s.attributes, key);
}

[[nodiscard]] inline std::vector<std::string> names_of(const std::vector<trace_span>& all) {
    std::vector<std::string> names;
    for (const trace_span& each : all) names.push_back(each.name);
    return names;
}
[[nodiscard]] inline std::vector<std::string> events_of(const trace_span& s) {
    std::vector<std::string> names;
    for (const span_event& each : s.events) names.push_back(each.name);
    return names;
}
/// The one of that name that ended last.
[[nodiscard]] inline trace_span span_named(const span_recorder& seen, std::string_view called) {
    trace_span found;
    for (trace_span& each : seen.all())
        if (each.name == called) found = each;
    EXPECT_EQ(found.name, called) << "there is none";
    return found;
}

}  // namespace cutwater::testing
