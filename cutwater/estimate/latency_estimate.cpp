#include "cutwater/estimate/latency_estimate.hpp"

namespace cutwater {

template class basic_latency_estimate<>;

}  // namespace cutwater
