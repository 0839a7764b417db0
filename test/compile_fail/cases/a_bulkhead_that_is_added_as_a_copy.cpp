// says: cutwater::pipeline: a layer cannot be copied, it is one for all who share it; write cw::ref(layer)
#include "cutwater/cutwater.hpp"

namespace a_bulkhead_that_is_added_as_a_copy {

namespace cw = cutwater;

void compose(cw::any_pipeline<int>& guarded, cw::bulkhead& payments) {
#ifdef RIGHT
    guarded.add(cw::ref(payments));
#else
    guarded.add(payments);
#endif
}

}  // namespace a_bulkhead_that_is_added_as_a_copy
