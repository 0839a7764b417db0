// How long a fault holds an attempt, as a distribution.
//
//     cw::fault_latency::constant(20ms)
//     cw::fault_latency::uniform(10ms, 30ms)
//     cw::fault_latency::normal(20ms, 5ms)            // mean and standard deviation; what would be below zero is zero
//     cw::fault_latency::log_normal(20ms, 150ms)      // median and 99th percentile: what services look like
//     cw::fault_latency::exponential(20ms)            // mean
//
// A value. `sample` is a function of the random source's state: the same seed gives the same lengths, to the last digit of the platform's
// `log`, `cos` and `exp`. What no latency can be is said by `problem`, and refused where a fault is made.
#pragma once

#include <string>

#include "cutwater/core/random.hpp"

namespace cutwater {

class fault_latency {
public:
    constexpr fault_latency() noexcept = default;  ///< none

    [[nodiscard]] static constexpr fault_latency constant(duration d) noexcept { return {shape::constant, d, d}; }
    [[nodiscard]] static constexpr fault_latency uniform(duration shortest, duration longest) noexcept {
        return {shape::uniform, shortest, longest};
    }
    [[nodiscard]] static constexpr fault_latency normal(duration mean, duration deviation) noexcept {
        return {shape::normal, mean, deviation};
    }
    [[nodiscard]] static constexpr fault_latency log_normal(duration median, duration percentile_99) noexcept {
        return {shape::log_normal, median, percentile_99};
    }
    [[nodiscard]] static constexpr fault_latency exponential(duration mean) noexcept {
        return {shape::exponential, mean, mean};
    }

    /// Not negative.
    [[nodiscard]] duration sample(random_source& random) const;
    [[nodiscard]] bool is_none() const noexcept { return shape_ == shape::constant && first_ == duration::zero(); }
    /// What is wrong with it: what is allowed; empty where nothing is.
    [[nodiscard]] std::string problem() const;
    /// `normal(20ms, 5ms)`
    [[nodiscard]] std::string text() const;

    friend bool operator==(const fault_latency&, const fault_latency&) = default;

private:
    enum class shape : std::uint8_t { constant, uniform, normal, log_normal, exponential };
    constexpr fault_latency(shape s, duration first, duration second) noexcept
        : shape_{s}, first_{first}, second_{second} {}

    shape shape_ = shape::constant;
    duration first_{};
    duration second_{};
};

}  // namespace cutwater
