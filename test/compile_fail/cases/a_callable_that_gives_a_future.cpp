// says: cutwater: the callable gives a future, whose outcome nobody has seen yet
#include <future>

#include "cutwater/cutwater.hpp"

namespace a_callable_that_gives_a_future {

namespace cw = cutwater;

void use(cw::pipeline<cw::timeout>& guarded) {
#ifdef RIGHT
    (void)guarded.run([] { return std::async([] { return 7; }).get(); });
#else
    (void)guarded.run([] { return std::async([] { return 7; }); });
#endif
}

}  // namespace a_callable_that_gives_a_future
