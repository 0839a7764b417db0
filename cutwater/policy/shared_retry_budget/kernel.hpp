// What is right about further attempts that processes pay for together: a bucket that originals fill, without store, clock or thread.
//
//     cw::shared_retry_budget_kernel rule{{.ratio = 0.2, .min_per_second = 3, .capacity = 100}};
//     cw::cell there{.value = rule.fresh().encoded(), .age = 2s};
//     cw::retry_credit now = rule.aged(cw::retry_credit::decoded(there.value).value_or(cw::retry_credit{}), there.age);
//     rule.deposit(now, 50);                                           // originals: they bring ten further attempts
//     if (const unsigned leased = rule.take(now, 5)) …                 // swap the cell for now.encoded()
//
// The credit that a cell holds is what was there *when it was written*: by now the floor has added to it, by the cell's age. So nothing in it is an hour
// of anybody's clock. What an original brings and what the floor adds end at `capacity`.
//
// In any window of `t`: taken less given back ≤ ratio · deposited + min_per_second · t + capacity. Where the age is told too small (a question was under
// way), they are fewer. The floor is rounded down to the 2^20th part of a unit in a nanosecond, the ratio to the nearest unit; an attempt is 10^9 units.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// Further attempts that can be paid for, in thousand-millionths of one.
struct retry_credit {
    std::uint64_t units = 0;

    static constexpr std::uint64_t whole = 1'000'000'000;

    [[nodiscard]] std::string encoded() const;
    /// Nothing where the bytes are none of ours.
    [[nodiscard]] static std::optional<retry_credit> decoded(std::string_view bytes);

    [[nodiscard]] constexpr double attempts() const noexcept {
        return static_cast<double>(units) / static_cast<double>(whole);
    }

    friend constexpr auto operator<=>(const retry_credit&, const retry_credit&) = default;
};

class shared_retry_budget_kernel {
public:
    struct rule {
        double ratio = 0.2;
        double min_per_second = 3.0;
        unsigned capacity = 100;
    };
    /// A budget, or one of so many equal `parts` of its floor and capacity.
    explicit shared_retry_budget_kernel(const rule& r, unsigned parts = 1) noexcept;

    /// Of a budget of which nothing is known: what the floor gives in a second, at least one where it gives any.
    [[nodiscard]] retry_credit fresh() const noexcept { return fresh_; }
    [[nodiscard]] retry_credit full() const noexcept { return {capacity_}; }
    /// What is there after `age`.
    [[nodiscard]] retry_credit aged(retry_credit c, duration age) const noexcept;

    void deposit(retry_credit& c, std::uint64_t originals) const noexcept;
    void give_back(retry_credit& c, unsigned attempts) const noexcept;
    /// Takes as many whole ones as there are, at most `most`. How many.
    [[nodiscard]] unsigned take(retry_credit& c, unsigned most) const noexcept;

    /// What one original brings.
    [[nodiscard]] std::uint64_t each_brings() const noexcept { return each_brings_; }

private:
    __extension__ using wide = unsigned __int128;
    static constexpr unsigned shift = 20;

    [[nodiscard]] std::uint64_t capped(wide units) const noexcept {
        return units < capacity_ ? static_cast<std::uint64_t>(units) : capacity_;
    }

    std::uint64_t each_brings_;
    std::uint64_t floor_;  // in 2^-20 units a nanosecond
    std::uint64_t capacity_;
    retry_credit fresh_;
};

}  // namespace cutwater
