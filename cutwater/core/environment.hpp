// What a driver lends to the layers of a call: the time, and random numbers. Tests lend their own.
#pragma once

#include "cutwater/core/instant.hpp"
#include "cutwater/core/random.hpp"

namespace cutwater {

class environment {
public:
    [[nodiscard]] virtual instant now() noexcept = 0;
    [[nodiscard]] virtual random_source& random() noexcept = 0;

protected:
    constexpr ~environment() = default;
};

}  // namespace cutwater
