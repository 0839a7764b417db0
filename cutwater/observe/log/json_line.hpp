// One line of a log as text: what `json_log` and `json_formatter` have in common.
//
//     const std::string line = cw::to_json_line({.level = cw::severity::info, .message = "listening"});
//     // {"timestamp":"1970-01-01T00:00:00.000Z","level":"info","logger":"","message":"listening"}
//
// The keys and what becomes of values are described in `json_log.hpp`. Thread safety: a function of its arguments. Errors: `std::bad_alloc`,
// and what `always` throws.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"

namespace cutwater {

/// One more key of a line, and its value: a text, number, flag, duration of any unit, name or enumeration. Refers to both.
class log_field {
public:
    template <class Value>
    log_field(std::string_view key, const Value& value) noexcept
        : key_{key}, value_{&value}, visit_{&visit_value<Value>} {}

    void visit(field_visitor& v) const { visit_(v, key_, value_); }

private:
    template <class Value>
    static void visit_value(field_visitor& v, std::string_view key, const void* value) {
        tell(v, key, *static_cast<const Value*>(value));
    }

    template <class Value>
    static void tell(field_visitor& v, std::string_view key, const Value& value) {
        v.on_field(key, value);
    }
    template <class Rep, class Period>
    static void tell(field_visitor& v, std::string_view key, const std::chrono::duration<Rep, Period>& d) {
        v.on_field(key, in_our_units(d));
    }
    static duration in_our_units(duration d) noexcept { return d; }
    /// Saturating: what is longer than any of ours, and what is no number, has no end.
    template <class Rep, class Period>
    static duration in_our_units(const std::chrono::duration<Rep, Period>& d) {
        const std::chrono::duration<long double, duration::period> exact{d};
        if (!(exact < forever)) return forever;
        return exact > duration::min() ? std::chrono::duration_cast<duration>(exact) : duration::min();
    }

    std::string_view key_;
    const void* value_;
    void (*visit_)(field_visitor&, std::string_view, const void*);
};

/// Fields of each line: the service's name and version, the request that a thread is at. Called from every thread that logs.
using line_fields = std::function<void(field_visitor& line)>;

/// What a line is made of.
struct json_line_parts {
    std::chrono::system_clock::time_point at{};
    severity level = severity::info;
    std::string_view logger{};
    std::string_view message{};           ///< of an event none: it says its own
    const event* of = nullptr;            ///< with its origin and fields
    std::span<const log_field> more{};    ///< of this line
    const line_fields* always = nullptr;  ///< of each line
    std::exception_ptr thrown = {};       ///< becomes `exception`
};

/// Without a newline, inside or at the end.
[[nodiscard]] std::string to_json_line(const json_line_parts& parts);

}  // namespace cutwater
