// says: cutwater::pipeline: classify is not the innermost layer; outcomes are judged where they are born
#include "cutwater/cutwater.hpp"

namespace rules_that_are_not_innermost {

namespace cw = cutwater;

const cw::classify rules{cw::transient(cw::code(std::errc::io_error))};
const cw::timeout patience{std::chrono::seconds{1}};

#ifdef RIGHT
cw::pipeline guarded{patience, rules};
#else
cw::pipeline guarded{rules, patience};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace rules_that_are_not_innermost
