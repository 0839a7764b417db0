// Lines written by a thread aside, so that no call waits for a disk.
//
//     cw::async_sink aside{std::clog};
//     cw::json_log log{std::ref(aside)};
//     cw::pipeline inventory{cw::observe{log}, cw::retry{}};
//     …
//     aside.flush();                        // what was handed in before is written; the destructor does the same
//
// A line is copied into memory that is bounded (`max_bytes`), and one thread writes what has come together, whole lines in a few large pieces. Where the
// memory is full the line is dropped and counted; when there is room again the log itself says so: `log lines were dropped`, with their number as
// `dropped`. So a call pays for a copy, and at times for waking a thread; it never waits for a device.
//
// Failures: lines that could not be written are counted in `failed`, whole pieces at once; the next piece is tried again, and begins on a new line. No SIGPIPE.
// fork: waits for the piece that is being written, so that no line is torn or written twice; where devices hang, for a second in all, and a child may find a torn line before its own. What waits
// belongs to the parent; a child that logs has a thread of its own from its first line on. A sink of yours must not fork. Thread safety: every member, from any thread; a sink of yours is
// called by the one thread. Lifetime: the log goes first, and what a sink hands its lines to is older than this. Cancellation: a device that hangs holds up its own `flush` and destructor, a fork for a
// second, and nobody else: not who logs meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>

#include "cutwater/observe/log/options.hpp"

namespace cutwater {

namespace detail {
class line_writer;
}

class async_sink {
public:
    using sink = std::function<void(std::string_view line)>;  ///< the line comes without its newline

    /// Throws `invalid_options`; `std::system_error` where there can be no thread. The stream is written to by nobody else.
    explicit async_sink(std::ostream& to, async_sink_options options = {});
    explicit async_sink(sink to, async_sink_options options = {});
    async_sink(const async_sink&) = delete;
    async_sink& operator=(const async_sink&) = delete;
    /// Writes what is there.
    ~async_sink();

    /// Never waits for a device, and never throws.
    void operator()(std::string_view line) noexcept;

    /// Waits until what was handed in before has been written, or has failed.
    void flush();

    [[nodiscard]] std::uint64_t written() const noexcept;
    [[nodiscard]] std::uint64_t dropped() const noexcept;  ///< there was no room
    [[nodiscard]] std::uint64_t failed() const noexcept;   ///< the device, or the sink, refused them

private:
    std::unique_ptr<detail::line_writer> writer_;
};

}  // namespace cutwater
