// says: cutwater::any_pipeline: the callable gives another type than the pipeline
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/any_pipeline.hpp"

namespace an_any_pipeline_of_another_type {

#ifdef RIGHT
using answer = int;
#else
using answer = long;
#endif

bool use(cutwater::any_pipeline<int>& guarded) {
    return guarded.run([] { return answer{7}; }).has_value();
}

}  // namespace an_any_pipeline_of_another_type
