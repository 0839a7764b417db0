// Durations and sizes as people type and read them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater::app {

/// `250ms`, `1.5s`, `2min`: a number and its unit; or what is wrong with it.
[[nodiscard]] std::expected<duration, std::string> parse_duration(std::string_view text);

/// `4096`, `64KiB`, `16MB`: a number of bytes; or what is wrong with it.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

/// A whole number from 0 on; or what is wrong with it.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_count(std::string_view text);

/// A number such as `0.5`, which may be out of every range; or what is wrong with it.
[[nodiscard]] std::expected<double, std::string> parse_number(std::string_view text);

/// Three digits of it: `4us`, `0.41ms`, `12.3ms`, `500ms`, `1.32s`, `2min 3s`.
[[nodiscard]] std::string short_text(duration d);

}  // namespace cutwater::app
