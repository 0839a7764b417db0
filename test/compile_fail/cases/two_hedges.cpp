// says: cutwater::pipeline: two layers hedge; their attempts would multiply
#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"

namespace two_hedges {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::hedge{}, cw::worker_pool{}};
#else
cw::pipeline guarded{cw::hedge{}, cw::hedge{}, cw::worker_pool{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace two_hedges
