#include "cutwater/observe/log/json_log.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "cutwater/core/error.hpp"
#include "cutwater/core/exception_cast.hpp"
#include "cutwater/observe/log/stream_sink.hpp"

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

    void on_text(std::string_view field, std::string_view value) override {
        if (field == "error_type")
            line_["exception"]["type"] = value;
        else if (field == "error_message")
            line_["exception"]["message"] = value;
        else
            put(field, value);
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
};

json to_json(const error& e) { return {{"type", e.type()}, {"message", e.words()}}; }

/// The exception, and under `cause` the one that is nested in it.
json to_json(const std::exception_ptr& thrown) {
    json described = to_json(error::from_exception(thrown));
    const auto* const outer = exception_cast<std::nested_exception>(thrown);
    if (outer != nullptr && outer->nested_ptr()) described["cause"] = to_json(outer->nested_ptr());
    return described;
}

json head(std::string timestamp, severity level, std::string_view logger, std::string_view message) {
    return {{"timestamp", std::move(timestamp)}, {"level", to_text(level)}, {"logger", logger}, {"message", message}};
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

json_log::json_log(std::ostream& to, json_log_options options) : json_log{stream_sink{to}, std::move(options)} {}
json_log::json_log(sink to, json_log_options options) : sink_{std::move(to)}, options_{std::move(options)} {}

void json_log::on_event(const event& e) noexcept {
    deliver(e.kind().level, [&] {
        json line = head(utc(now()), e.kind().level, options_.logger, message_of(e));
        add_origin(line, e);
        merging fields{line};
        e.visit(fields);
        return on_one_line(line);
    });
}

void json_log::write(const log_line& said) noexcept {
    deliver(said.level, [&] {
        json line = head(utc(now()), said.level, said.logger.empty() ? options_.logger : said.logger, said.message);
        merging fields{line};
        for (const log_field& field : said.more) field.visit(fields);
        if (said.thrown) line["exception"] = to_json(said.thrown);
        return on_one_line(line);
    });
}

template <class Build>
void json_log::deliver(severity level, Build&& build) noexcept {
    if (level < options_.min_level) return;
    try {
        sink_(build());
    } catch (...) {  // whatever it is, it is no reason to fail a call
        lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

std::chrono::system_clock::time_point json_log::now() const {
    return options_.wall_clock ? options_.wall_clock() : std::chrono::system_clock::now();
}

}  // namespace cutwater
