// What a value's age means: pure, and the same for memory and for the durable tier.
//
// The terms are HTTP's: fresh (RFC 9111 §4.2), stale-while-revalidate and stale-if-error (RFC 5861). What a call says of the oldest answer that will do
// is a bound for all of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cutwater/policy/cache/options.hpp"

namespace cutwater {

enum class freshness : std::uint8_t {
    fresh,       ///< as good as the dependency's own
    revalidate,  ///< given at once, while another is asked for
    if_error,    ///< given where asking for another fails
    expired,     ///< not given
};
[[nodiscard]] constexpr std::string_view to_text(freshness f) noexcept {
    constexpr std::string_view texts[] = {"fresh", "revalidate", "if_error", "expired"};
    return f <= freshness::expired ? texts[static_cast<std::uint8_t>(f)] : "unknown";
}

/// A value's time.
struct cache_lifetime {
    instant born;        ///< when it was the dependency's answer
    duration fresh_for;  ///< since then, its jitter included

    friend bool operator==(const cache_lifetime&, const cache_lifetime&) = default;
};

class cache_kernel {
public:
    explicit cache_kernel(const cache_options& options) noexcept : options_{options} {}

    /// How long a value is fresh that is written now; `share` is in [0, 1).
    [[nodiscard]] duration fresh_for(double share) const noexcept {
        return scale(options_.fresh_for, 1.0 - options_.jitter * share);
    }

    /// Of a value of that age, which is fresh for so long, to a call for which nothing older than `max_age` will do.
    [[nodiscard]] freshness judge(duration age, duration fresh_for, duration max_age) const noexcept {
        if (age > max_age || max_age <= duration::zero()) return freshness::expired;
        if (age < fresh_for) return freshness::fresh;
        if (age < add(fresh_for, options_.stale_while_revalidate)) return freshness::revalidate;
        return age < add(fresh_for, options_.stale_if_error) ? freshness::if_error : freshness::expired;
    }
    /// Of a failure.
    [[nodiscard]] freshness judge_negative(duration age, duration max_age) const noexcept {
        return age < std::min(options_.negative_for, max_age) ? freshness::fresh : freshness::expired;
    }

    /// How long it is of any use: what the durable tier keeps it for.
    [[nodiscard]] duration useful_for() const noexcept {
        return add(options_.fresh_for, std::max(options_.stale_while_revalidate, options_.stale_if_error));
    }

private:
    const cache_options& options_;
};

}  // namespace cutwater
