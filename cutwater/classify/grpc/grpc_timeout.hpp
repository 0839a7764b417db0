// The `grpc-timeout` header: how much time a call has left, as gRPC sends it.
//
//     cw::encode_grpc_timeout(150ms)        // "150000u"
//     cw::decode_grpc_timeout("150m")       // 150ms
//
// At most eight digits and a unit: H, M, S, m (milli), u (micro), n (nano). Encoded in the finest unit that holds it, and
// rounded up there; nothing left is "0n". Decoded, a time that a duration does not hold is `forever`; whatever else is not of
// that form says nothing.
//
// Source: grpc/doc/PROTOCOL-HTTP2.md, "Timeout". Thread safety: functions of their arguments. Throws `std::bad_alloc`.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater {

namespace detail {

struct grpc_unit {
    char letter;
    duration one;
};

inline constexpr std::array grpc_units{
    grpc_unit{'n', std::chrono::nanoseconds{1}},  grpc_unit{'u', std::chrono::microseconds{1}},
    grpc_unit{'m', std::chrono::milliseconds{1}}, grpc_unit{'S', std::chrono::seconds{1}},
    grpc_unit{'M', std::chrono::minutes{1}},      grpc_unit{'H', std::chrono::hours{1}},
};

}  // namespace detail

[[nodiscard]] inline std::string encode_grpc_timeout(duration left) {
    constexpr duration::rep most = 99'999'999;
    if (left <= duration::zero()) return "0n";
    for (const auto& [letter, one] : detail::grpc_units) {
        const duration::rep count = left / one + (left % one == duration::zero() ? 0 : 1);
        if (count <= most) return std::to_string(count) + letter;
    }
    return "99999999H";  // not reached: a duration ends at 292 years
}

[[nodiscard]] inline std::optional<duration> decode_grpc_timeout(std::string_view text) noexcept {
    constexpr std::size_t most_digits = 8;
    if (text.size() < 2 || text.size() > most_digits + 1) return {};
    const auto* const unit = std::ranges::find(detail::grpc_units, text.back(), &detail::grpc_unit::letter);
    if (unit == detail::grpc_units.end()) return {};
    duration::rep count = 0;
    for (const char c : text.substr(0, text.size() - 1)) {
        if (c < '0' || c > '9') return {};
        count = count * 10 + (c - '0');
    }
    if (count > forever / unit->one) return forever;
    return unit->one * count;
}

}  // namespace cutwater
