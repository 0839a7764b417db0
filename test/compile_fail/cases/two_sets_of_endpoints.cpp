// says: cutwater::pipeline: two layers choose where an attempt goes (endpoints); only one can. Leave one of them out
#include "cutwater/cutwater.hpp"

namespace two_sets_of_endpoints {

namespace cw = cutwater;

cw::endpoints stock{{.each = {{.address = "a"}, {.address = "b"}}}};
cw::endpoints other{{.each = {{.address = "c"}}}};
#ifdef RIGHT
cw::pipeline guarded{cw::retry{}, cw::ref(stock)};
#else
cw::pipeline guarded{cw::ref(other), cw::retry{}, cw::ref(stock)};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace two_sets_of_endpoints
