// says: cutwater::fallback: a tier gives another type than the call, or wants more than a cw::error
#include <string>

#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/fallback/fallback.hpp"

namespace a_fallback_of_another_type {

namespace cw = cutwater;

#ifdef RIGHT
using answer = std::string;
#else
using answer = int;
#endif

int use() {
    cw::pipeline guarded{cw::fallback{cw::tier("default", "unknown")}};
    return guarded.run([] { return answer{}; }).has_value() ? 1 : 0;
}

}  // namespace a_fallback_of_another_type
