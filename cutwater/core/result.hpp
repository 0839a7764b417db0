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

namespace cutwater {

template <class T>
class [[nodiscard]] result : public std::expected<T, error> {
public:
    using std::expected<T, error>::expected;  // NOLINT(*-rvalue-reference-param-not-moved): theirs do
    result(std::expected<T, error> plain, name source) : std::expected<T, error>{std::move(plain)}, source_{source} {}

    /// Whether a fallback put the value there.
    [[nodiscard]] bool is_degraded() const noexcept { return !source_.empty(); }
    /// The tier that it came from; empty where it is the dependency's own.
    [[nodiscard]] name source() const noexcept { return source_; }

    /// Equal to a value where it holds that; errors do not compare, their codes do.
    template <class U>
        requires std::convertible_to<const U&, T> && std::equality_comparable_with<T, U>
    friend bool operator==(const result& a, const U& b) {
        return a && *a == b;
    }

private:
    name source_;
};

}  // namespace cutwater
