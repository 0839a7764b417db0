// says: cutwater::observe: a temporary would be gone before the first call; give the listener a name
#include "cutwater/cutwater.hpp"

namespace a_listener_that_is_gone {

namespace cw = cutwater;

struct hears_all final : cw::listener {
    void on_event(const cw::event&) override {}
};
#ifdef RIGHT
hears_all log;
cw::pipeline guarded{cw::observe{log}};
#else
cw::pipeline guarded{cw::observe{hears_all{}}};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_listener_that_is_gone
