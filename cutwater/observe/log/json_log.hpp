// Events as lines of JSON: one object a line, for whatever collects logs.
//
//     cw::json_log log{std::clog};                              // set up once
//     cw::pipeline inventory{cw::observe{log}, cw::retry{}};    // and watched from here on
//     log.write({.level = cw::severity::info, .message = "listening", .more = {{"port", 8080}}});   // the program's own
//
//     {"timestamp":"2024-05-01T12:00:00.042Z","level":"warning","logger":"cutwater",
//      "message":"get_stock: retry: retry scheduled","event":"retry_scheduled","layer":"retry","operation":"get_stock",
//      "attempt":1,"failed_attempts":1,"delay_ms":100.0,"exception":{"type":"std::runtime_error","message":"no route"}}
//
// (in truth on one line.) `timestamp` is wall time, UTC, to the millisecond. An event's fields are merged beside the keys
// above, which are reserved: a field of such a name is called `field_<name>`. Durations are numbers of milliseconds under
// `<field>_ms`; one without end, and a number that is not finite, is null, so that a key never changes its type. Bytes
// that are not UTF-8 become U+FFFD. The first `error_type` and `error_message` of an event become `exception`; elsewhere these are fields
// as any other.
//
// Failures: a line that cannot be written (a broken pipe, a full disk, a sink that throws) is counted in `lost` and
// otherwise ignored: logging never fails a call, and never raises SIGPIPE. The next line is tried again.
// Thread safety: every member, from any thread. Lines to a stream are written whole, one after the other, and flushed; a
// sink of your own is called from every thread that logs, never under a lock. Lifetime: stream and log outlive the calls.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>

#include "cutwater/observe/log/json_line.hpp"

namespace cutwater {

struct json_log_options {
    std::string logger = "cutwater";
    severity min_level = severity::info;
    std::function<std::chrono::system_clock::time_point()> wall_clock = {};  ///< none: the system's
    line_fields always = {};                                                 ///< more fields of each line
};

/// A line of the program's own.
struct log_line {
    severity level = severity::info;
    std::string_view message;
    std::initializer_list<log_field> more = {};
    std::exception_ptr thrown = {};  ///< becomes `exception`, with the exceptions nested in it
    std::string_view logger = {};    ///< empty: the log's own
};

class json_log final : public listener {
public:
    using sink = std::function<void(std::string_view line)>;  ///< the line comes without its newline

    explicit json_log(std::ostream& to, json_log_options options = {});
    explicit json_log(sink to, json_log_options options = {});
    json_log(const json_log&) = delete;
    json_log& operator=(const json_log&) = delete;
    ~json_log() = default;

    void on_event(const event& e) noexcept override;
    void write(const log_line& line) noexcept;

    /// Lines that could not be written.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    template <class Build>
    void deliver(severity level, Build&& build) noexcept;
    [[nodiscard]] std::chrono::system_clock::time_point now() const;

    sink sink_;
    json_log_options options_;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace cutwater
