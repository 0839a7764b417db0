// Options of each policy, drawn by chance among those that are valid.
//
// Times are so many of a unit: a millisecond in virtual time, much less where threads really wait.
#pragma once

#include "cutwater/cutwater.hpp"
#include "cutwater/keyed.hpp"
#include "test/soak/dice.hpp"

namespace cutwater::soak {

/// What windows are that forget nothing while a seed is played: what they count can be compared with what was told.
inline constexpr duration unforgetting = 24h;
inline constexpr unsigned unforgetting_calls = 100'000;

[[nodiscard]] bulkhead_options any_bulkhead(dice& d, duration unit);
[[nodiscard]] fair_bulkhead_options any_fair_bulkhead(dice& d, duration unit);
[[nodiscard]] rate_limiter_options any_rate_limiter(dice& d, duration unit);
[[nodiscard]] concurrency_limiter_options any_concurrency_limiter(dice& d, duration unit);
[[nodiscard]] load_shedder_options any_load_shedder(dice& d, duration unit);
[[nodiscard]] throttle_options any_throttle(dice& d, duration unit);
[[nodiscard]] circuit_breaker_options any_circuit_breaker(dice& d, duration unit);
[[nodiscard]] keyed_options any_keyed(dice& d);
[[nodiscard]] worker_pool_options any_worker_pool(dice& d, duration unit);
[[nodiscard]] retry_options any_retry(dice& d, duration unit);
[[nodiscard]] timeout_options any_timeout(dice& d, duration unit);

}  // namespace cutwater::soak
