#include "cutwater/policy/rate_limiter/shared_rate.hpp"

namespace cutwater {

template class basic_shared_rate<>;

}  // namespace cutwater
