#include "cutwater/observe/log/json_formatter.hpp"

#include <span>
#include <string_view>

#include <spdlog/details/log_msg.h>

namespace cutwater {

namespace {

std::string_view view_of(const spdlog::string_view_t& text) noexcept { return {text.data(), text.size()}; }

void append(spdlog::memory_buf_t& into, std::string_view text) { into.append(text.data(), text.data() + text.size()); }

}  // namespace

void json_formatter::format(const spdlog::details::log_msg& said, spdlog::memory_buf_t& into) {
    const std::string_view logger = view_of(said.logger_name);
    const std::string source = said.source.empty()
                                   ? std::string{}
                                   : std::string{said.source.filename} + ":" + std::to_string(said.source.line);
    const log_field place{"source", source};
    const auto line_with = [&](const line_fields* always) {
        return to_json_line({.at = said.time,
                             .level = to_severity(said.level),
                             .logger = logger.empty() ? std::string_view{options_.logger} : logger,
                             .message = view_of(said.payload),
                             .more = source.empty() ? std::span<const log_field>{} : std::span{&place, 1},
                             .always = always});
    };
    try {
        append(into, line_with(&options_.always));
    } catch (...) {
        append(into, line_with(nullptr));
    }
    append(into, options_.end_of_line);
}

}  // namespace cutwater
