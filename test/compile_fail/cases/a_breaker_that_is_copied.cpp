// says: cutwater::pipeline: a layer cannot be copied, it is one for all who share it; write cw::ref(layer)
#include "cutwater/cutwater.hpp"

namespace a_breaker_that_is_copied {

namespace cw = cutwater;

cw::circuit_breaker stock_health{};

#ifdef RIGHT
cw::pipeline guarded{cw::retry{}, cw::ref(stock_health)};
#else
cw::pipeline guarded{cw::retry{}, stock_health};
#endif

}  // namespace a_breaker_that_is_copied
