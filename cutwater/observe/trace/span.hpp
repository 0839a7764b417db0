// A span: something that was done in a trace, from when to when, and what happened meanwhile. A value, once it has ended.
//
//     const cw::trace_span ended{.name = "get_stock", .attributes = {{"cutwater.verdict", "success"}}};
//     for (const cw::span_attribute& a : ended.attributes) show(a.key);
//
// Kinds and statuses have the numbers that OpenTelemetry gives them. Times are wall time: see `tracer.hpp`. Thread safety: as a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cutwater/core/trace_context.hpp"

namespace cutwater {

enum class span_kind : std::uint8_t {
    internal = 1,  ///< a call: what a caller does until it has its outcome, waits included
    server = 2,
    client = 3,  ///< an attempt: what it waits for somebody else
};
[[nodiscard]] constexpr std::string_view to_text(span_kind k) noexcept {
    constexpr std::string_view texts[] = {"unspecified", "internal", "server", "client"};
    return k <= span_kind::client ? texts[static_cast<std::uint8_t>(k)] : "unknown";
}

enum class span_status : std::uint8_t { unset = 0, ok = 1, error = 2 };
[[nodiscard]] constexpr std::string_view to_text(span_status s) noexcept {
    constexpr std::string_view texts[] = {"unset", "ok", "error"};
    return s <= span_status::error ? texts[static_cast<std::uint8_t>(s)] : "unknown";
}

using unix_nanoseconds = std::chrono::sys_time<std::chrono::nanoseconds>;

struct span_attribute {
    std::string key{};
    std::variant<std::string, std::int64_t, double, bool> value{};

    friend bool operator==(const span_attribute&, const span_attribute&) = default;
};
using span_attributes = std::vector<span_attribute>;

struct span_event {
    std::string name{};
    unix_nanoseconds at{};
    span_attributes attributes{};

    friend bool operator==(const span_event&, const span_event&) = default;
};

struct trace_span {
    trace_context context{};
    span_id parent{};  ///< zero: it is the first of its trace
    std::string name{};
    span_kind kind = span_kind::internal;
    unix_nanoseconds begin{};
    unix_nanoseconds end{};
    span_attributes attributes{};
    std::vector<span_event> events{};
    unsigned dropped_events = 0;  ///< those that there was no room for
    span_status status = span_status::unset;
    std::string status_message{};  ///< the error's words

    friend bool operator==(const trace_span&, const trace_span&) = default;
};

/// Who takes spans that have ended: an exporter, or a test's. Thread safety: from any thread. It must not block: the call waits for it.
class span_sink {
public:
    virtual void take(trace_span&& ended) noexcept = 0;

protected:
    span_sink() = default;
    span_sink(const span_sink&) = default;
    span_sink& operator=(const span_sink&) = default;
    ~span_sink() = default;
};

}  // namespace cutwater
