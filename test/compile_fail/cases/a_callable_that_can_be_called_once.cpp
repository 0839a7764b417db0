// says: cutwater: the callable can be called only once, and each attempt calls it; keep what is sent, so that it can be sent again
// T59: what cannot be sent again is refused where it would have to be.
#include <memory>
#include <utility>

#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/retry/retry.hpp"

namespace a_callable_that_can_be_called_once {

namespace cw = cutwater;

struct upload {
    std::unique_ptr<int> body = std::make_unique<int>(7);
#ifdef RIGHT
    int operator()() & { return *body; }
#else
    int operator()() && { return *std::exchange(body, nullptr); }
#endif
};

bool use() {
    cw::pipeline guarded{cw::retry{}};
    return guarded.run(upload{}).has_value();
}

}  // namespace a_callable_that_can_be_called_once
