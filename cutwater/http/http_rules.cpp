#include "cutwater/http/http_rules.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cutwater/http/http_date.hpp"
#include "cutwater/http/http_status.hpp"
#include "cutwater/http/retry_after.hpp"

namespace cutwater {

namespace {

/// Made once for all: a name is interned under a lock.
name reason_of(unsigned status) {
    static const auto names = [] {
        std::array<name, 600> made;
        for (std::size_t s = 100; s < made.size(); ++s) made[s] = name{"HTTP " + std::to_string(s)};
        return made;
    }();
    return status < names.size() ? names[status] : name{"HTTP"};
}

}  // namespace

judgement http_rules::judge(const http_response& response) const {
    const bool transient = options_.transient.contains(response.status);
    if (!transient && response.status < 400) return {};
    const http_status_row* const row = http_status_row_of(response.status);
    const bool never_begun = options_.not_executed.contains(response.status);
    const effect executed = never_begun ? effect::none : row == nullptr ? effect::unknown : row->executed;
    if (!transient && response.status < 500) return {.executed = executed};
    return {.meaning = transient ? verdict::transient : verdict::permanent,
            .executed = executed,
            .retry_after = transient ? wish_of(response) : std::nullopt,
            .reason = reason_of(response.status)};
}

std::optional<duration> http_rules::wish_of(const http_response& response) const {
    if (!response.fields.find("retry-after")) return {};
    const auto clock = std::chrono::floor<std::chrono::seconds>(options_.wall_clock ? options_.wall_clock()
                                                                                    : std::chrono::system_clock::now());
    const auto date = response.fields.find("date");
    const auto now = (date ? parse_http_date(*date, clock) : std::nullopt).value_or(clock);
    std::optional<duration> longest;
    for (const http_field& field : response.fields)
        if (same_field(field.name, "retry-after"))
            longest = std::max(longest, parse_retry_after(field.value, now));  // nothing is less than anything
    return longest;
}

}  // namespace cutwater
