// says: cutwater::pipeline: classify stands twice; put all rules into one
#include "cutwater/cutwater.hpp"

namespace rules_that_stand_twice {

namespace cw = cutwater;

const auto io = cw::transient(cw::code(std::errc::io_error));
const auto busy = cw::transient(cw::code(std::errc::device_or_resource_busy));

#ifdef RIGHT
cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}, cw::classify{io, busy}};
#else
cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}, cw::classify{io}, cw::classify{busy}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace rules_that_stand_twice
