// says: cutwater::worker_pool: the callable is copied to another thread, and cannot be
#include <memory>

#include "cutwater/drive/pool/worker_pool.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"

namespace a_pool_and_what_cannot_be_copied {

namespace cw = cutwater;

#ifdef RIGHT
using answer = std::shared_ptr<int>;
#else
using answer = std::unique_ptr<int>;
#endif

int use(cw::worker_pool& pool, answer held) {
    return cw::pipeline{cw::ref(pool)}.run([mine = std::move(held)] { return *mine; }).value_or(0);
}

}  // namespace a_pool_and_what_cannot_be_copied
