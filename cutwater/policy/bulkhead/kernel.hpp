// What is right for a bulkhead, without threads: permits with a line in front of them, and nothing more.
#pragma once

#include "cutwater/queue/permits_kernel.hpp"

namespace cutwater {

using bulkhead_kernel = permits_kernel;

}  // namespace cutwater
