// says: cutwater::pipeline: a layer for each attempt (a fault) stands outside of a retry or hedge; it belongs inside
#include "cutwater/cutwater.hpp"

namespace a_fault_outside_of_a_retry {

namespace cw = cutwater;

cw::fault drill{};
#ifdef RIGHT
cw::pipeline guarded{cw::retry{}, cw::ref(drill)};
#else
cw::pipeline guarded{cw::ref(drill), cw::retry{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_fault_outside_of_a_retry
