// says: cutwater::pipeline: a layer has no layer_name()
#include "cutwater/cutwater.hpp"

namespace a_layer_without_a_name {

namespace cw = cutwater;

struct stopwatch {
#ifdef RIGHT
    [[nodiscard]] cw::name layer_name() const { return "stopwatch"; }
#endif
    cw::instant before(cw::call_context& call) { return call.now.get(); }
    void after(cw::instant, const cw::observation&, cw::call_context&) {}
};

cw::pipeline guarded{stopwatch{}};
const auto ran = guarded.run([] { return 1; });

}  // namespace a_layer_without_a_name
