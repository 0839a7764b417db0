#include "cutwater/queue/shared_permits.hpp"

namespace cutwater {

template class basic_shared_permits<>;

}  // namespace cutwater
