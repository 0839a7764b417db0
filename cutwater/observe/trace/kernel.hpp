// Which traces are recorded, by their id: the same answer in every service that asks for the same share.
//
// A share of the ids is taken, those whose low 56 bits are largest: a trace that a service with a smaller share takes, one with a larger share
// takes, too. That is OpenTelemetry's consistent sampling (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/);
// nothing of it is written into the `tracestate`. Ids that are not chosen by chance (`trace_context::random`) make the share inexact.
#pragma once

#include "cutwater/core/trace_context.hpp"

namespace cutwater {

[[nodiscard]] constexpr bool is_in_share(const trace_id& id, double share) noexcept {
    constexpr std::uint64_t all = std::uint64_t{1} << 56U;
    const std::uint64_t chance = id.low & (all - 1);
    const auto taken = static_cast<std::uint64_t>(share * static_cast<double>(all));
    return chance >= all - (taken < all ? taken : all);
}

}  // namespace cutwater
