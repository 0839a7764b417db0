#include "cutwater/observe/log/json_line.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "cutwater/core/error.hpp"
#include "cutwater/core/exception_cast.hpp"

namespace cutwater {

namespace {

using json = nlohmann::ordered_json;  // keys in the order in which they are read

constexpr std::array<std::string_view, 10> reserved{"timestamp", "level",     "logger",  "message", "event",
                                                    "layer",     "operation", "call_id", "attempt", "exception"};

std::string utc(std::chrono::system_clock::time_point t) {
    using namespace std::chrono;
    const auto seconds_only = floor<seconds>(t);
    const auto rest = floor<milliseconds>(t - seconds_only);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(seconds_only)), rest.count());
}

json milliseconds_of(duration d) {
    if (d == forever) return nullptr;
    return std::chrono::duration<double, std::milli>{d}.count();
}

/// Merges fields into a line, beside its reserved keys.
class merging final : public field_visitor {
public:
    explicit merging(json& line) : line_{line} {}

    /// The first error among its fields becomes `exception`, where that is not taken.
    void merge(const event& e, bool has_thrown) {
        takes_error_ = !has_thrown;
        e.visit(*this);
        takes_error_ = false;
    }

    void on_text(std::string_view field, std::string_view value) override {
        const std::string_view part = !takes_error_              ? ""
                                      : field == "error_type"    ? "type"
                                      : field == "error_message" ? "message"
                                                                 : "";
        if (part.empty() || line_["exception"].contains(part))
            put(field, value);
        else
            line_["exception"][part] = value;
    }
    void on_integer(std::string_view field, std::int64_t value) override { put(field, value); }
    void on_number(std::string_view field, double value) override { put(field, value); }
    void on_flag(std::string_view field, bool value) override { put(field, value); }
    void on_duration(std::string_view field, duration value) override {
        put(std::string{field} + "_ms", milliseconds_of(value));
    }

private:
    void put(std::string_view field, json value) {
        std::string key{field};
        while (line_.contains(key) || std::ranges::find(reserved, key) != reserved.end()) key.insert(0, "field_");
        line_[key] = std::move(value);
    }

    json& line_;
    bool takes_error_ = false;
};

/// The exception, and under `cause` the one that is nested in it; of many that are nested in each other, the outer ones.
json to_json(const std::exception_ptr& thrown, unsigned depth = 1) {
    constexpr unsigned deepest = 16;
    const error seen = error::from_exception(thrown);
    json described{{"type", seen.type()}, {"message", seen.words()}};
    const auto* const outer = exception_cast<std::nested_exception>(thrown);
    if (outer != nullptr && outer->nested_ptr() && depth < deepest)
        described["cause"] = to_json(outer->nested_ptr(), depth + 1);
    return described;
}

void add_origin(json& line, const event& e) {
    const event_origin& origin = e.origin();
    line["event"] = e.kind().name;
    line["layer"] = origin.layer.view();
    if (!origin.operation.empty()) line["operation"] = origin.operation.view();
    if (!origin.call_id.empty()) line["call_id"] = origin.call_id;
    if (origin.attempt > 0) line["attempt"] = origin.attempt;
}

/// `get_stock: retry: retry scheduled`: the same for every event of its kind and place, to group by.
std::string message_of(const event& e) {
    std::string what{e.kind().name};
    std::ranges::replace(what, '_', ' ');
    std::string text;
    for (const name& who : {e.origin().operation, e.origin().layer})
        if (!who.empty()) text.append(who.view()).append(": ");
    return text + what;
}

std::string on_one_line(const json& line) {
    constexpr int no_indent = -1;
    constexpr bool also_unicode = false;
    return line.dump(no_indent, ' ', also_unicode, json::error_handler_t::replace);
}

}  // namespace

std::string to_json_line(const json_line_parts& parts) {
    json line{{"timestamp", utc(parts.at)}, {"level", to_text(parts.level)}, {"logger", parts.logger}};
    if (parts.of == nullptr) {
        line["message"] = parts.message;
    } else {
        line["message"] = message_of(*parts.of);
        add_origin(line, *parts.of);
    }
    merging fields{line};
    if (parts.of != nullptr) fields.merge(*parts.of, parts.thrown != nullptr);
    for (const log_field& field : parts.more) field.visit(fields);
    if (parts.thrown) line["exception"] = to_json(parts.thrown);
    if (parts.always != nullptr && *parts.always) (*parts.always)(fields);
    return on_one_line(line);
}

}  // namespace cutwater
