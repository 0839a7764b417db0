// says: duration
#include "cutwater/policy/retry/options.hpp"

namespace a_time_without_a_unit {

#ifdef RIGHT
inline constexpr std::chrono::milliseconds delay{100};
#else
inline constexpr int delay = 100;
#endif

cutwater::retry_options options{.base_delay = delay};

}  // namespace a_time_without_a_unit
