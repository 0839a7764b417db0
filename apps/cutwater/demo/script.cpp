#include "apps/cutwater/demo/script.hpp"

#include <numeric>

namespace cutwater::demo {

using namespace std::chrono_literals;

script::script(double scale) {
    const auto lasting = [&](duration d) { return cutwater::scale(d, scale); };
    phases_ = {{.name = "healthy", .does = behaviour::answers, .length = lasting(3s)},
               {.name = "errors", .does = behaviour::errors, .length = lasting(4s)},
               {.name = "hangs", .does = behaviour::hangs, .length = lasting(5s)},
               {.name = "overload", .does = behaviour::overloaded, .length = lasting(4s)},
               {.name = "recovered", .does = behaviour::answers, .length = lasting(4s)}};
}

duration script::length() const noexcept {
    return std::accumulate(phases_.begin(), phases_.end(), duration{},
                           [](duration sum, const phase& p) { return sum + p.length; });
}

std::size_t script::at(duration elapsed) const noexcept {
    std::size_t i = 0;
    for (duration begun{}; i + 1 < phases_.size() && elapsed >= begun + phases_[i].length; ++i)
        begun += phases_[i].length;
    return i;
}

}  // namespace cutwater::demo
