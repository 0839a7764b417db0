#include "cutwater/policy/concurrency_limiter/shared_epochs.hpp"

namespace cutwater {

template class basic_shared_epochs<>;

}  // namespace cutwater
