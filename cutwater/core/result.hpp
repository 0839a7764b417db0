// What a call gives back: a value or an error, and where the value is from.
//
//     auto stock = inventory.run(f);
//     if (stock && stock.is_degraded()) show_warning(stock.source().view());  // "stale cache", not the dependency
//
// It is an `std::expected<T, cw::error>` and converts to one.
#pragma once

#include <concepts>
#include <expected>
#include <utility>

#include "cutwater/core/error.hpp"
#include "cutwater/core/origin.hpp"

namespace cutwater {

template <class T>
class [[nodiscard]] result : public std::expected<T, error> {
public:
    using std::expected<T, error>::expected;  // NOLINT(*-rvalue-reference-param-not-moved): theirs do
    result(std::expected<T, error>&& plain, const origin& from)
        : std::expected<T, error>{std::move(plain)}, from_{from} {}

    /// Whether it is less than what was asked for: from a fallback, or from a cache that could not refresh it.
    [[nodiscard]] bool is_degraded() const noexcept { return from_.is_degraded; }
    /// The fallback's tier, the cache or the replay that it came from; empty where it is the dependency's own answer to this call.
    [[nodiscard]] name source() const noexcept { return from_.source; }
    /// How long ago it was the dependency's answer, where that is known.
    [[nodiscard]] duration age() const noexcept { return from_.age; }
    [[nodiscard]] const origin& from() const noexcept { return from_; }

    /// Equal to a value where it holds that; errors do not compare, their codes do.
    template <class U>
        requires std::convertible_to<const U&, T> && std::equality_comparable_with<T, U>
    friend bool operator==(const result& a, const U& b) {
        return a && *a == b;
    }

private:
    origin from_;
};

}  // namespace cutwater
