#include "cutwater/observe/log/json_log.hpp"

#include <utility>

#include "cutwater/observe/log/stream_sink.hpp"

namespace cutwater {

json_log::json_log(std::ostream& to, json_log_options options) : json_log{stream_sink{to}, std::move(options)} {}
json_log::json_log(sink to, json_log_options options) : sink_{std::move(to)}, options_{std::move(options)} {}

void json_log::on_event(const event& e) noexcept {
    deliver(e.kind().level, [&] {
        return to_json_line(
            {.at = now(), .level = e.kind().level, .logger = options_.logger, .of = &e, .always = &options_.always});
    });
}

void json_log::write(const log_line& said) noexcept {
    deliver(said.level, [&] {
        return to_json_line({.at = now(),
                             .level = said.level,
                             .logger = said.logger.empty() ? options_.logger : said.logger,
                             .message = said.message,
                             .more = said.more,
                             .always = &options_.always,
                             .thrown = said.thrown});
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
