// says: cutwater::pipeline: a layer for each attempt (a fault) stands outside of a retry or hedge; it belongs inside
#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"

namespace a_fault_outside_of_a_hedge {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::retry{}, cw::hedge{}, cw::fault{}, cw::worker_pool{}};
#else
cw::pipeline guarded{cw::retry{}, cw::fault{}, cw::hedge{}, cw::worker_pool{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_fault_outside_of_a_hedge
