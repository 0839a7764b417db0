#include "cutwater/policy/fair_bulkhead/shared_shares.hpp"

namespace cutwater {

template class basic_shared_shares<>;

}  // namespace cutwater
