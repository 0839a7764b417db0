// says: cutwater::pipeline: two layers have threads of their own; a call runs on one
#include "cutwater/drive/pool/worker_pool.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace two_pools {

namespace cw = cutwater;

void use(cw::worker_pool& first, [[maybe_unused]] cw::worker_pool& second) {
#ifdef RIGHT
    const cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}, cw::ref(first)};
#else
    const cw::pipeline guarded{cw::ref(first), cw::ref(second)};
#endif
}

}  // namespace two_pools
