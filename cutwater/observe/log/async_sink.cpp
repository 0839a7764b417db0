#include "cutwater/observe/log/async_sink.hpp"

#include <string>
#include <utility>

#include "cutwater/observe/log/json_line.hpp"
#include "cutwater/observe/log/line_writer.hpp"
#include "cutwater/observe/log/stream_sink.hpp"

namespace cutwater {

namespace {

detail::line_writer::maker notice_of(const async_sink_options& o) {
    if (o.notice) return o.notice;
    return [logger = o.name](std::uint64_t dropped) {
        const log_field how_many{"dropped", dropped};
        return to_json_line({.at = std::chrono::system_clock::now(),
                             .level = severity::warning,
                             .logger = logger,
                             .message = "log lines were dropped",
                             .more = std::span{&how_many, 1}});
    };
}

/// For a sink that takes one line at a time.
detail::line_writer::output one_by_one(async_sink::sink to) {
    return [to = std::move(to)](std::string_view lines) {
        while (!lines.empty()) {
            const std::size_t end = lines.find('\n');
            to(lines.substr(0, end));
            lines.remove_prefix(end + 1);
        }
    };
}

std::unique_ptr<detail::line_writer> writer_of(detail::line_writer::output to, async_sink_options given) {
    const async_sink_options o = validated("async_sink", std::move(given));
    return std::make_unique<detail::line_writer>(std::move(to), notice_of(o), o.max_bytes);
}

}  // namespace

async_sink::async_sink(std::ostream& to, async_sink_options options)
    : writer_{writer_of([to = stream_sink{to}](std::string_view lines) { to.write(lines); }, std::move(options))} {}
async_sink::async_sink(sink to, async_sink_options options)
    : writer_{writer_of(one_by_one(std::move(to)), std::move(options))} {}
async_sink::~async_sink() = default;

void async_sink::operator()(std::string_view line) noexcept {
    try {
        writer_->take(line);
    } catch (...) {  // no memory, or, in a child, no thread
        writer_->dropped.fetch_add(1, std::memory_order_relaxed);
    }
}

void async_sink::flush() { writer_->flush(); }

std::uint64_t async_sink::written() const noexcept { return writer_->written.load(std::memory_order_relaxed); }
std::uint64_t async_sink::dropped() const noexcept { return writer_->dropped.load(std::memory_order_relaxed); }
std::uint64_t async_sink::failed() const noexcept { return writer_->failed.load(std::memory_order_relaxed); }

}  // namespace cutwater
