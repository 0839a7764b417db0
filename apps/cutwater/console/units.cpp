#include "apps/cutwater/console/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace cutwater::app {

namespace {

using named_factor = std::pair<std::string_view, double>;

constexpr std::array<named_factor, 7> time_units{{
    {"ns", 1},
    {"us", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"m", 60e9},
    {"min", 60e9},
    {"h", 3600e9},
}};
constexpr std::array<named_factor, 8> size_units{{
    {"", 1},
    {"B", 1},
    {"kB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"KiB", 1024.0},
    {"MiB", 1024.0 * 1024},
    {"GiB", 1024.0 * 1024 * 1024},
}};

/// A number and the unit behind it, multiplied.
template <class Units>
std::optional<double> number_with_unit(std::string_view text, const Units& units) {
    double number = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (failed != std::errc{} || !std::isfinite(number)) return {};
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto found = std::ranges::find(units, unit, &named_factor::first);
    return found == units.end() ? std::nullopt : std::optional{number * found->second};
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

std::expected<duration, std::string> parse_duration(std::string_view text) {
    constexpr double longest = 9.2e18;
    if (text == "0") return duration::zero();
    const auto nanoseconds = number_with_unit(text, time_units);
    if (!nanoseconds) {
        if (is_number(text)) return std::unexpected{fmt::format("{0} has no unit; write {0}ms or {0}s", text)};
        return std::unexpected{fmt::format("\"{}\" is no duration; write 250ms, 1.5s, 2min or 1h", text)};
    }
    if (std::abs(*nanoseconds) > longest) return std::unexpected{fmt::format("{} is more than 290 years", text)};
    return duration{static_cast<duration::rep>(std::llround(*nanoseconds))};
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
    constexpr double largest = 1e18;
    const auto bytes = number_with_unit(text, size_units);
    if (!bytes || *bytes < 0 || *bytes > largest)
        return std::unexpected{fmt::format("\"{}\" is no size; write 4096, 64KiB or 16MB", text)};
    return static_cast<std::uint64_t>(std::llround(*bytes));
}

std::expected<std::uint64_t, std::string> parse_count(std::string_view text) {
    std::uint64_t count = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed == std::errc::result_out_of_range) return std::unexpected{fmt::format("{} is too large", text)};
    if (failed != std::errc{} || end != text.data() + text.size())
        return std::unexpected{fmt::format("\"{}\" is no whole number; write 0, 1, 2 …", text)};
    return count;
}

std::expected<double, std::string> parse_number(std::string_view text) {
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc{} && end == text.data() + text.size()) return number;
    return std::unexpected{fmt::format("\"{}\" is no number; write 0.5", text)};
}

std::string short_text(duration d) {
    const double ms = std::chrono::duration<double, std::milli>{d}.count();
    if (d == forever) return "none";
    if (ms < 0.0005) return "0ms";
    if (ms < 0.9995) return fmt::format("{:.0f}us", ms * 1e3);
    if (ms < 9.995) return fmt::format("{:.2f}ms", ms);
    if (ms < 99.95) return fmt::format("{:.1f}ms", ms);
    if (ms < 999.5) return fmt::format("{:.0f}ms", ms);
    if (ms < 9'995) return fmt::format("{:.2f}s", ms / 1e3);
    if (ms < 59'950) return fmt::format("{:.1f}s", ms / 1e3);
    const auto seconds = std::llround(ms / 1e3);
    return fmt::format("{}min {}s", seconds / 60, seconds % 60);
}

}  // namespace cutwater::app
