// says: cutwater::pipeline: there is no layer
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace a_pipeline_without_layers {

namespace cw = cutwater;

#ifdef RIGHT
cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
#else
cw::pipeline guarded{};
#endif

}  // namespace a_pipeline_without_layers
