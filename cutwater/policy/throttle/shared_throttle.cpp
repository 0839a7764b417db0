#include "cutwater/policy/throttle/shared_throttle.hpp"

namespace cutwater {

template class basic_shared_throttle<>;

}  // namespace cutwater
