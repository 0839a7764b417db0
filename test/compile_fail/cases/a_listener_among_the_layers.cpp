// says: cutwater::pipeline: a listener is no layer; write cw::observe{listener}
#include "cutwater/cutwater.hpp"

namespace a_listener_among_the_layers {

namespace cw = cutwater;

struct hears_all final : cw::listener {
    void on_event(const cw::event&) override {}
};
hears_all log;
#ifdef RIGHT
cw::pipeline guarded{cw::observe{log}, cw::retry{}};
#else
cw::pipeline guarded{log, cw::retry{}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_listener_among_the_layers
