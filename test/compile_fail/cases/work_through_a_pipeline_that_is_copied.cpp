// says: cutwater::post: the pipeline cannot be copied, as a layer of it cannot; post cw::ref(pipeline)
#include "cutwater/drive/work/work_queue.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/bulkhead/bulkhead.hpp"

namespace work_through_a_pipeline_that_is_copied {

namespace cw = cutwater;

#ifdef RIGHT
auto through(cw::pipeline<cw::bulkhead>& guarded) { return cw::ref(guarded); }
#else
auto& through(cw::pipeline<cw::bulkhead>& guarded) { return guarded; }
#endif

bool use(cw::work_queue& queue, cw::pipeline<cw::bulkhead>& guarded) {
    return queue.post(through(guarded), [] { return 7; }).has_value();
}

}  // namespace work_through_a_pipeline_that_is_copied
