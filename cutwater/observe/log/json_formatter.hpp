// The format of our lines for spdlog: whatever spdlog can write to (rotating files, syslog, the systemd journal) has them.
//
//     #include <spdlog/logger.h>
//     #include <spdlog/sinks/null_sink.h>
//
//     auto file = std::make_shared<spdlog::sinks::null_sink_mt>();                 // or a rotating_file_sink_mt, a syslog_sink_mt …
//     file->set_formatter(std::make_unique<cw::json_formatter>(cw::json_formatter_options{
//         .always = [](cw::field_visitor& line) { line.on_text("service", "shop"); }}));
//     spdlog::logger shop{"shop", file};
//     shop.warn("only {} left", 3);   // {"timestamp":…,"level":"warning","logger":"shop","message":"only 3 left","service":"shop"}
//
// A logger without a name has that of the options. Where the place in the source is known (SPDLOG_WARN), it is the field `source`. The time is
// that of spdlog's message. Thread safety: spdlog calls a sink's formatter under the sink's lock; each sink has its own. Errors: where a
// field throws, the line goes out without those of `always`.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>

#include "cutwater/observe/log/json_line.hpp"

namespace cutwater {

/// spdlog's levels as ours: trace is debug, critical is error.
[[nodiscard]] constexpr severity to_severity(spdlog::level::level_enum level) noexcept {
    if (level <= spdlog::level::debug) return severity::debug;
    if (level == spdlog::level::info) return severity::info;
    return level == spdlog::level::warn ? severity::warning : severity::error;
}

struct json_formatter_options {
    std::string logger = "default";  ///< where spdlog's logger has no name
    line_fields always = {};         ///< more fields of each line
    std::string end_of_line = "\n";
};

class json_formatter final : public spdlog::formatter {
public:
    explicit json_formatter(json_formatter_options options = {}) : options_{std::move(options)} {}

    void format(const spdlog::details::log_msg& said, spdlog::memory_buf_t& into) override;
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<json_formatter>(options_);
    }

private:
    json_formatter_options options_;
};

}  // namespace cutwater
