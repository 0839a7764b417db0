#include "cutwater/policy/load_shedder/shared_windows.hpp"

namespace cutwater {

template class basic_shared_windows<>;

}  // namespace cutwater
