#include "cutwater/policy/shared_rate_limiter/kernel.hpp"

#include <charconv>

namespace cutwater {

namespace {

constexpr std::string_view magic = "cwr1 ";

}  // namespace

std::string rate_backlog::encoded() const { return std::string{magic} + std::to_string(units); }

std::optional<rate_backlog> rate_backlog::decoded(std::string_view bytes) {
    if (!bytes.starts_with(magic)) return std::nullopt;
    bytes.remove_prefix(magic.size());
    rate_backlog made;
    const auto read = std::from_chars(bytes.data(), bytes.data() + bytes.size(), made.units);
    if (read.ec != std::errc{} || read.ptr != bytes.data() + bytes.size()) return std::nullopt;
    return made;
}

}  // namespace cutwater
