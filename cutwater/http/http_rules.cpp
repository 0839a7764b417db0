#include "cutwater/http/http_rules.hpp"

#include <algorithm>

#include "cutwater/http/http_date.hpp"
#include "cutwater/http/retry_after.hpp"

namespace cutwater {

judgement http_rules::judge(const http_response& response) const {
    if (options_.transient.contains(response.status))
        return {.meaning = verdict::transient, .retry_after = wish_of(response)};
    return {.meaning = response.status >= 500 ? verdict::permanent : verdict::success};
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
