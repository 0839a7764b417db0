// says: cutwater::pipeline: a layer is a duration; write cw::timeout{500ms}
#include "cutwater/cutwater.hpp"

namespace a_duration_among_the_layers {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::retry{}, cw::timeout{std::chrono::milliseconds{500}}};
#else
cw::pipeline guarded{cw::retry{}, std::chrono::milliseconds{500}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_duration_among_the_layers
