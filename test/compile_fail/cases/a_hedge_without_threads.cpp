// says: cutwater::hedge: blocking calls are hedged on threads; put a cw::worker_pool inside of the hedge
#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"

namespace a_hedge_without_threads {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::hedge{}, cw::worker_pool{}};
#else
cw::pipeline guarded{cw::hedge{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_hedge_without_threads
