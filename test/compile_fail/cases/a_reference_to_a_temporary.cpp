// says: cutwater::ref: a temporary would be gone before the first call; give the policy a name
#include "cutwater/cutwater.hpp"

namespace a_reference_to_a_temporary {

namespace cw = cutwater;

cw::timeout patience{std::chrono::seconds{1}};
#ifdef RIGHT
cw::pipeline guarded{cw::ref(patience)};
#else
cw::pipeline guarded{cw::ref(cw::timeout{patience})};
#endif
const auto ran = guarded.run([] { return 1; });

}  // namespace a_reference_to_a_temporary
