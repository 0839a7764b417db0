// says: cutwater::pipeline: there is no layer
#include "cutwater/cutwater.hpp"

namespace a_pipeline_without_layers {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
#else
cw::pipeline guarded{};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_pipeline_without_layers
