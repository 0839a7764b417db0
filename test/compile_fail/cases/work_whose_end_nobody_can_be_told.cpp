// says: cutwater::post: whom to tell does not take the cw::result<T> of what the callable gives
#include <string>

#include "cutwater/drive/work/work_queue.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace work_whose_end_nobody_can_be_told {

namespace cw = cutwater;

#ifdef RIGHT
using heard = cw::result<int>;
#else
using heard = std::string;
#endif

bool use(cw::work_queue& queue, cw::pipeline<cw::timeout>& guarded) {
    return queue.post(cw::ref(guarded), [] { return 7; }, [](const heard&) {}).has_value();
}

}  // namespace work_whose_end_nobody_can_be_told
