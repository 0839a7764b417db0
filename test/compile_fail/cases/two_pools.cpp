// says: cutwater::pipeline: two layers have threads of their own; a call runs on one
#include "cutwater/cutwater.hpp"

namespace two_pools {

namespace cw = cutwater;

void use(cw::worker_pool& first, [[maybe_unused]] cw::worker_pool& second) {
#ifdef RIGHT
    cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}, cw::ref(first)};
#else
    cw::pipeline guarded{cw::ref(first), cw::ref(second)};
#endif
    (void)guarded.run([] { return 1; });
}

}  // namespace two_pools
