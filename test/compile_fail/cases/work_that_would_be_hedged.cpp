// says: cutwater::post: a work queue makes one attempt of a task at a time, and the pipeline hedges
#include "cutwater/cutwater.hpp"

namespace work_that_would_be_hedged {

namespace cw = cutwater;

cw::work_queue nightly{{.name = "nightly"}};
#ifdef RIGHT
cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
#else
cw::pipeline guarded{cw::hedge{}};
#endif
const auto posted = nightly.post(cw::ref(guarded), [] { return 1; });

}  // namespace work_that_would_be_hedged
