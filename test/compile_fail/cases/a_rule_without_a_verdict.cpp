// says: cutwater::classify: a matcher has no verdict; put it into transient(), permanent() or ignored()
#include "cutwater/core/classify.hpp"

namespace a_rule_without_a_verdict {

namespace cw = cutwater;

#ifdef RIGHT
cw::classify rules{cw::transient(cw::code(std::errc::io_error))};
#else
cw::classify rules{cw::code(std::errc::io_error)};
#endif

}  // namespace a_rule_without_a_verdict
