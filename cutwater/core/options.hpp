// Options described once, used everywhere.
//
// Options are plain aggregates. Each has a static `fields` that names every member with its allowed range and a
// sentence; from that one table come validation, `describe()`, and the table of defaults in the room's page:
//
//     struct patience_options {
//         std::string name = "patience";
//         unsigned tries = 3;
//         double share = 0.5;
//
//         static void fields(auto& self, auto&& visit) {
//             visit("name", self.name, any_value, "the layer's name in errors and events");
//             visit("tries", self.tries, at_least(1U), "tries in all");
//             visit("share", self.share, within(0.0, 1.0), "share that may fail");
//         }
//         void cross_check(option_problems& problems) const;      // optional: what no single field can know
//     };
//     auto checked = cw::validated("patience", patience_options{.tries = 5});    // throws cw::invalid_options, all at once
//
// NaN is outside every range. Errors name the option, its value and what is allowed.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cutwater/core/text.hpp"

namespace cutwater {

/// The range of one option. `Value` is the option's own type.
template <class Value>
struct range {
    Value min;
    Value max;
    bool above_min = false;  ///< whether `min` itself is excluded
    bool bounded = true;     ///< whether `max` limits

    [[nodiscard]] constexpr bool holds(const Value& v) const {
        const bool low_enough = above_min ? v > min : v >= min;  // false for NaN
        return low_enough && v <= max;
    }

    [[nodiscard]] std::string text() const {
        const std::string low = (above_min ? "more than "
                                 : bounded ? "from "
                                           : "at least ") +
                                std::string{to_text(min)};
        return bounded ? low + (above_min ? " and at most " : " to ") + std::string{to_text(max)} : low;
    }
};

/// For options that any value of their type is right for.
struct anything {
    [[nodiscard]] constexpr bool holds(const auto&) const { return true; }
    [[nodiscard]] std::string text() const { return "any"; }
};
inline constexpr anything any_value{};

/// The largest value that an option may have where no upper limit is set; infinity is beyond it.
template <class Value>
[[nodiscard]] constexpr Value largest_value() {
    if constexpr (std::is_arithmetic_v<Value>)
        return std::numeric_limits<Value>::max();
    else
        return Value::max();
}
template <class Value>
[[nodiscard]] constexpr range<Value> at_least(Value min) {
    return {.min = min, .max = largest_value<Value>(), .above_min = false, .bounded = false};
}
template <class Value>
[[nodiscard]] constexpr range<Value> more_than(Value min) {
    return {.min = min, .max = largest_value<Value>(), .above_min = true, .bounded = false};
}
template <class Value>
[[nodiscard]] constexpr range<Value> within(Value min, Value max) {
    return {min, max};
}
template <class Value>
[[nodiscard]] constexpr range<Value> above_and_up_to(Value min, Value max) {
    return {min, max, true};
}

/// One option that is wrong.
struct option_problem {
    std::string option;
    std::string value;
    std::string allowed;

    [[nodiscard]] std::string message() const;
};
using option_problems = std::vector<option_problem>;

/// Options that were refused: every problem at once, one a line.
class invalid_options : public std::invalid_argument {
public:
    invalid_options(std::string_view kind, std::string_view name, option_problems problems);
    [[nodiscard]] const option_problems& problems() const noexcept { return problems_; }

private:
    option_problems problems_;
};

/// A value that is a nanosecond too large must not look as if it were not.
template <class Value>
[[nodiscard]] std::string refused_text(const Value& value) {
    if constexpr (std::same_as<Value, duration>)
        return to_exact_text(value);
    else
        return std::string{to_text(value)};
}

/// What is wrong with `options`; empty where nothing is.
template <class Options>
[[nodiscard]] option_problems problems_of(const Options& options) {
    option_problems found;
    Options::fields(options, [&](std::string_view option, const auto& value, const auto& allowed, std::string_view) {
        if (!allowed.holds(value)) found.push_back({std::string{option}, refused_text(value), allowed.text()});
    });
    if constexpr (requires { options.name.empty(); })
        if (options.name.empty())
            found.push_back({"name", "empty", "a word: errors and events say by it which layer spoke"});
    if constexpr (requires { options.cross_check(found); }) options.cross_check(found);
    return found;
}

/// `options`, or throws `invalid_options` naming the policy's kind and name.
template <class Options>
[[nodiscard]] Options validated(std::string_view kind, Options options) {
    if (option_problems found = problems_of(options); !found.empty())
        throw invalid_options{kind, options.name, std::move(found)};
    return options;
}

template <class Value>
[[nodiscard]] constexpr bool is_unset(const Value&) {
    return false;
}
template <class Signature>
[[nodiscard]] bool is_unset(const std::function<Signature>& hook) {
    return !hook;
}
template <class Signature>
[[nodiscard]] bool is_unset(const std::vector<std::function<Signature>>& hooks) {
    return hooks.empty();
}

/// `{max_attempts = 3, base_delay = 100ms, …}`: the options in force. Hooks that are not set are left out, and what has no
/// effect beside the others: a group of options may say so by `bool applies(std::string_view option) const`.
template <class Options>
[[nodiscard]] std::string options_text(const Options& options) {
    std::string text;
    Options::fields(options, [&](std::string_view option, const auto& value, const auto&, std::string_view) {
        if (option == "name" || is_unset(value)) return;
        if constexpr (requires { options.applies(option); })
            if (!options.applies(option)) return;
        text.append(text.empty() ? "{" : ", ").append(option).append(" = ").append(to_text(value));
    });
    return text.empty() ? "{}" : text + "}";
}

}  // namespace cutwater
