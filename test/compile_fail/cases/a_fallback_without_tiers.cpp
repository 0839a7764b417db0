// says: cutwater::fallback: there is no tier
#include "cutwater/policy/fallback/fallback.hpp"

namespace a_fallback_without_tiers {

namespace cw = cutwater;

#ifdef RIGHT
cw::fallback degraded{cw::fallback_options{.name = "prices"}, cw::tier("none", 0)};
#else
cw::fallback degraded{cw::fallback_options{.name = "prices"}};
#endif

}  // namespace a_fallback_without_tiers
