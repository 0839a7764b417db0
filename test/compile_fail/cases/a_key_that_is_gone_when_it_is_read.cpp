// says: cutwater::keyed: what `by` gives is gone before it is read; give a std::string_view, a const char* or a reference, to a text that outlives the call
#include <string>

#include "cutwater/keyed.hpp"

namespace a_key_that_is_gone_when_it_is_read {

namespace cw = cutwater;

const auto route = [](const cw::call_context& call) {
#ifdef RIGHT
    return call.said().target;
#else
    return std::string{call.said().target} + "/search";
#endif
};

cw::keyed<cw::rate_limiter> each{{.permits = 10}, {.by = route}};

}  // namespace a_key_that_is_gone_when_it_is_read
