// says: cutwater::pipeline: a layer that chooses where an attempt goes (endpoints) stands outside of a hedge; all its attempts would go to the same place. It belongs inside
#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"

namespace endpoints_outside_of_a_hedge {

namespace cw = cutwater;

cw::endpoints stock{{.each = {{.address = "a"}, {.address = "b"}}}};
#ifdef RIGHT
cw::pipeline guarded{cw::hedge{}, cw::ref(stock), cw::worker_pool{}};
#else
cw::pipeline guarded{cw::ref(stock), cw::hedge{}, cw::worker_pool{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace endpoints_outside_of_a_hedge
