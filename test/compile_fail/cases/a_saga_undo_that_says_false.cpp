// says: cutwater::saga: a step or an undo gives a bool, an error code or an error as its value, at which nobody looks
#include <string>

#include "cutwater/saga/step.hpp"

namespace a_saga_undo_that_says_false {

namespace cw = cutwater;

#ifdef RIGHT
inline void refund(std::string& order) { order.clear(); }
#else
inline bool refund(std::string& order) { return !order.empty(); }
#endif

const cw::saga_step<std::string> charge{"charge", [](std::string&) { return 7; }, refund};

}  // namespace a_saga_undo_that_says_false
