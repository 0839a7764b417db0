#include "cutwater/policy/circuit_breaker/shared_circuit.hpp"

namespace cutwater {

template class basic_shared_circuit<>;

}  // namespace cutwater
