// says: cutwater::pipeline: classify is not the innermost layer; outcomes are judged where they are born
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace rules_that_are_not_innermost {

namespace cw = cutwater;

const cw::classify rules{cw::transient(cw::code(std::errc::io_error))};
const cw::timeout patience{std::chrono::seconds{1}};

#ifdef RIGHT
cw::pipeline guarded{patience, rules};
#else
cw::pipeline guarded{rules, patience};
#endif

}  // namespace rules_that_are_not_innermost
