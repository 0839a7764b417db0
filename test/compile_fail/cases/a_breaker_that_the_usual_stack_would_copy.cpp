// says: cutwater::pipeline: a layer cannot be copied, it is one for all who share it; write cw::ref(layer)
#include "cutwater/cutwater.hpp"

namespace a_breaker_that_the_usual_stack_would_copy {

namespace cw = cutwater;

void compose(cw::circuit_breaker& health) {
#ifdef RIGHT
    (void)cw::standard_pipeline({.name = "stock"}, cw::ref(health));
#else
    (void)cw::standard_pipeline({.name = "stock"}, health);
#endif
}

}  // namespace a_breaker_that_the_usual_stack_would_copy
