// When the room's tests begin, where nothing but the table knows the time.
#pragma once

#include "cutwater/core/instant.hpp"

namespace cutwater {

inline constexpr instant noon{std::chrono::hours{12}};

}  // namespace cutwater
