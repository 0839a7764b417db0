// What is written into a span: keys, values within their bounds, and the fields of an event.
#pragma once

#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/observe/trace/span.hpp"

namespace cutwater::detail {

/// At most so many bytes, and no part of a character of UTF-8 at the end.
[[nodiscard]] std::string cut_off(std::string_view text, std::size_t most);

/// What the fields of an event are about: the first word of its name, as `retry` of `retry_scheduled`.
[[nodiscard]] std::string_view subject_of(std::string_view event) noexcept;

[[nodiscard]] double in_seconds(duration d) noexcept;

/// A target `host:port` as `server.address` and `server.port`; any other text is an address.
void add_server(span_attributes& to, std::string_view target, std::size_t max_text);

/// Each field as `cutwater.<subject>.<field>`; what OpenTelemetry has a name for, by that.
class field_attributes final : public field_visitor {
public:
    field_attributes(span_attributes& to, std::string_view event, std::size_t max_text)
        : to_{to}, prefix_{"cutwater." + std::string{subject_of(event)} + "."}, max_text_{max_text} {}

    void on_text(std::string_view field, std::string_view value) override;
    void on_integer(std::string_view field, std::int64_t value) override {
        to_.push_back({prefix_ + std::string{field}, value});
    }
    void on_number(std::string_view field, double value) override {
        to_.push_back({prefix_ + std::string{field}, value});
    }
    void on_flag(std::string_view field, bool value) override { to_.push_back({prefix_ + std::string{field}, value}); }
    void on_duration(std::string_view field, duration value) override {
        to_.push_back({prefix_ + std::string{field}, in_seconds(value)});
    }

private:
    span_attributes& to_;
    std::string prefix_;
    std::size_t max_text_;
};

}  // namespace cutwater::detail
