// The program's own spdlog lines in the same log, in the same form.
//
//     cw::json_log log{std::clog};
//     spdlog::set_default_logger(std::make_shared<spdlog::logger>("shop", std::make_shared<cw::spdlog_sink>(log)));
//     spdlog::warn("only {} left", 3);      // {"timestamp":…,"level":"warning","logger":"shop","message":"only 3 left"}
//
// Where spdlog itself is to write our lines (rotating files, syslog), its sink has a `json_formatter`. Events into such a sink: give the log a
// function that hands each line to a logger whose pattern is "%v". Thread safety: as `json_log`. Lifetime: the log outlives the sink.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include "cutwater/observe/log/json_formatter.hpp"
#include "cutwater/observe/log/json_log.hpp"

namespace cutwater {

class spdlog_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {  // the log has its own
public:
    explicit spdlog_sink(json_log& log) noexcept : log_{&log} {}

private:
    void sink_it_(const spdlog::details::log_msg& said) override {
        log_->write({.level = to_severity(said.level),
                     .message = {said.payload.data(), said.payload.size()},
                     .logger = {said.logger_name.data(), said.logger_name.size()}});
    }
    void flush_() override {}  // each line is

    json_log* log_;
};

}  // namespace cutwater
