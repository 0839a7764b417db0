#include "cutwater/observe/otlp/otlp_json.hpp"

#include <charconv>
#include <cmath>
#include <variant>

#include <nlohmann/json.hpp>

namespace cutwater {

namespace {

using json = nlohmann::ordered_json;

std::string to_text(unix_nanoseconds t) { return std::to_string(t.time_since_epoch().count()); }

json double_of(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
}

json value_of(const span_attribute& a) {
    struct {
        json operator()(const std::string& v) const { return {{"stringValue", v}}; }
        json operator()(std::int64_t v) const { return {{"intValue", std::to_string(v)}}; }
        json operator()(double v) const { return {{"doubleValue", double_of(v)}}; }
        json operator()(bool v) const { return {{"boolValue", v}}; }
    } const as_json;
    return std::visit(as_json, a.value);
}

json attributes_of(const span_attributes& all) {
    json list = json::array();
    for (const span_attribute& each : all) list.push_back({{"key", each.key}, {"value", value_of(each)}});
    return list;
}

json event_of(const span_event& e) {
    json made{{"timeUnixNano", to_text(e.at)}, {"name", e.name}};
    if (!e.attributes.empty()) made["attributes"] = attributes_of(e.attributes);
    return made;
}

json status_of(const trace_span& s) {
    json made{{"code", static_cast<int>(s.status)}};
    if (!s.status_message.empty()) made["message"] = s.status_message;
    return made;
}

void add_place(json& to, const trace_span& s) {
    to["traceId"] = to_text(s.context.trace);
    to["spanId"] = to_text(s.context.span);
    if (!s.context.state.empty()) to["traceState"] = s.context.state.text();
    if (!s.parent.is_zero()) to["parentSpanId"] = to_text(s.parent);
    if (s.context.flags != 0) to["flags"] = s.context.flags;
}

json span_of(const trace_span& s) {
    json made;
    add_place(made, s);
    made["name"] = s.name;
    made["kind"] = static_cast<int>(s.kind);
    made["startTimeUnixNano"] = to_text(s.begin);
    made["endTimeUnixNano"] = to_text(s.end);
    if (!s.attributes.empty()) made["attributes"] = attributes_of(s.attributes);
    for (const span_event& each : s.events) made["events"].push_back(event_of(each));
    if (s.dropped_events > 0) made["droppedEventsCount"] = s.dropped_events;
    if (s.status != span_status::unset) made["status"] = status_of(s);
    return made;
}

/// proto3 takes a 64-bit integer as a text or as a number.
std::uint64_t count_of(const nlohmann::json& value) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    if (!value.is_string()) return 0;
    const auto& text = value.get_ref<const std::string&>();
    std::uint64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? count : 0;
}

}  // namespace

std::string to_otlp_json(std::span<const trace_span> spans, const span_attributes& resource) {
    json list = json::array();
    for (const trace_span& each : spans) list.push_back(span_of(each));
    const json of_ours{{"scope", {{"name", "cutwater"}}}, {"spans", std::move(list)}};
    const json of_process{{"resource", {{"attributes", attributes_of(resource)}}},
                          {"scopeSpans", json::array({of_ours})}};
    const json whole{{"resourceSpans", json::array({of_process})}};
    constexpr int no_indent = -1;
    constexpr bool also_unicode = false;
    return whole.dump(no_indent, ' ', also_unicode, json::error_handler_t::replace);
}

otlp_answer parse_otlp_answer(std::string_view body) {
    constexpr bool throws = false;
    otlp_answer read;
    const auto whole = nlohmann::json::parse(body, nullptr, throws);
    if (!whole.is_object()) return read;
    const auto partly = whole.find("partialSuccess");
    if (partly == whole.end() || !partly->is_object()) return read;
    if (const auto count = partly->find("rejectedSpans"); count != partly->end())
        read.rejected_spans = count_of(*count);
    if (const auto words = partly->find("errorMessage"); words != partly->end() && words->is_string())
        read.message = words->get<std::string>();
    return read;
}

}  // namespace cutwater
