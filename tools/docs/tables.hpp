// How a table of the documentation is printed.
#pragma once

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/core/metric.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/core/text.hpp"

namespace docs {

namespace cw = cutwater;

inline std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

inline void row(const auto&... cells) {
    ((std::cout << "| " << cell(std::string{cells}) << ' '), ...);
    std::cout << "|\n";
}

inline std::string code(std::string_view text) { return "`" + std::string{text} + "`"; }

inline void head(std::string_view room, std::string_view part) {
    std::cout << "@ " << room << "/README.md " << part << '\n';
}

// --- what an option allows -----------------------------------------------------------------------------------------

template <auto Value>
constexpr std::string_view spelled() {
    return __PRETTY_FUNCTION__;
}

/// Compilers spell a value that no enumerator has as a cast, `(cutwater::backoff)7`.
template <auto Value>
constexpr bool is_enumerator() {
    constexpr std::string_view text = spelled<Value>();
    return text[text.find("Value = ") + 8] != '(';
}

/// `few_healthy`, as it is written behind `cw::`.
template <class Type>
constexpr std::string_view type_name() {
    constexpr std::string_view before = "Type = cutwater::";
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find(before) + before.size());
    return text.substr(0, text.find_first_of(";]"));
}

template <class Enum, int Next = 0>
std::string enumerators(const auto& allowed, std::string list = {}) {
    if constexpr (constexpr auto value = static_cast<Enum>(Next); is_enumerator<value>()) {
        if (allowed.holds(value)) list.append(list.empty() ? "" : ", ").append(to_text(value));
        return enumerators<Enum, Next + 1>(allowed, std::move(list));
    } else {
        return list;
    }
}

/// `: none, full, equal` for an enumeration, else nothing.
template <class Value>
std::string one_of(const Value&) {
    if constexpr (std::is_enum_v<Value>)
        return ": " + enumerators<Value>(cw::any_value);
    else
        return {};
}

template <class Value>
inline constexpr bool is_function = false;
template <class Signature>
inline constexpr bool is_function<std::function<Signature>> = true;
template <class Value>
inline constexpr bool is_functions = false;
template <class Signature>
inline constexpr bool is_functions<std::vector<std::function<Signature>>> = true;

template <class Value>
inline constexpr bool is_shared = false;
template <class Shared>
inline constexpr bool is_shared<std::shared_ptr<Shared>> = true;

template <class Value>
std::string allowed_text(const Value&, const auto& allowed) {
    if constexpr (std::is_enum_v<Value>)
        return code(type_name<Value>()) + ": " + enumerators<Value>(allowed);
    else if constexpr (is_function<Value>)
        return "a function, or none";
    else if constexpr (is_functions<Value>)
        return "functions, or none";
    else if constexpr (is_shared<Value>)
        return "one that is shared, or none";
    else if constexpr (std::is_same_v<Value, cw::attempt_budget*>)
        return "a budget, or none";
    else if constexpr (std::is_pointer_v<Value>)
        return "a function";
    else if constexpr (std::is_same_v<Value, std::string>)
        return "any text";
    else
        return allowed.text();
}

// --- tables ----------------------------------------------------------------------------------------------------------

template <class Options>
void defaults(std::string_view room, std::string_view part = "defaults") {
    head(room, part);
    row("option", "default", "allowed", "meaning");
    std::cout << "|---|---|---|---|\n";
    using cw::to_text;  // and, of enumerations, those that are declared where this is used
    const Options in_force{};
    Options::fields(in_force,
                    [](std::string_view option, const auto& value, const auto& allowed, std::string_view meaning) {
                        row(code(option), code(std::string{to_text(value)}), allowed_text(value, allowed), meaning);
                    });
}

/// Who counts into each metric, in words.
inline std::map<std::string_view, std::string>& counted_by() {
    static std::map<std::string_view, std::string> events;
    return events;
}

template <class Event>
void event() {
    for (const cw::measure& each : Event::kind.measures) {
        std::string& by = counted_by()[each.of->name];
        by.append(by.empty() ? "" : ", ").append(code(Event::kind.name));
    }
    std::string fields;
    const Event body{};
    Event::fields(body, [&](std::string_view field, const auto& value, std::string_view meaning) {
        fields.append(fields.empty() ? "" : "<br>")
            .append(code(field))
            .append(" ")
            .append(meaning)
            .append(one_of(value));
    });
    row(code(Event::kind.name), to_text(Event::kind.level), Event::kind.when, fields.empty() ? "–" : fields);
}

template <class... Events>
void events(std::string_view room) {
    head(room, "events");
    row("event", "level", "when", "fields");
    std::cout << "|---|---|---|---|\n";
    (event<Events>(), ...);
}

// --- the other tables ------------------------------------------------------------------------------------------------

/// What an error means, from the rules that judge it.
void what_errors_mean();

}  // namespace docs
