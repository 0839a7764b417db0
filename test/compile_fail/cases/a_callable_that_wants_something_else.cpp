// says: cutwater: the callable takes neither a cw::attempt& nor nothing; capture what it needs
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace a_callable_that_wants_something_else {

namespace cw = cutwater;

#ifdef RIGHT
using wanted = cw::attempt&;
#else
using wanted = int;
#endif

bool use() {
    cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
    return guarded.run([](wanted) { return 7; }).has_value();
}

}  // namespace a_callable_that_wants_something_else
