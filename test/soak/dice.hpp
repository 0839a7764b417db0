// Draws: everything that one seed decides.
//
//     soak::dice d{seed};
//     const unsigned permits = d.from(1, 5);                    // both ends included
//     const auto order = d.one_of(queue_order::fifo, queue_order::codel);
//     if (d.chance(0.3)) ...
//
// Thread safety: none.
#pragma once

#include <array>
#include <type_traits>

#include "cutwater/core/random.hpp"

namespace cutwater::soak {

class dice {
public:
    explicit dice(std::uint64_t seed) noexcept : source_{seed} {}

    [[nodiscard]] unsigned from(unsigned least, unsigned most) noexcept {
        return least + static_cast<unsigned>(source_() % (std::uint64_t{most - least} + 1));
    }
    [[nodiscard]] bool chance(double probability) noexcept { return source_.unit() < probability; }

    template <class First, class... More>
    [[nodiscard]] First one_of(First first, More... more) noexcept {
        const std::array<First, sizeof...(More) + 1> all{first, static_cast<First>(more)...};
        return all[source_() % all.size()];
    }
    /// Of a few, so that things happen at once as often as not.
    [[nodiscard]] duration some(duration unit, unsigned least, unsigned most) noexcept {
        return unit * from(least, most);
    }
    template <class Container>
    void shuffle(Container& all) noexcept {
        for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[source_() % i]);
    }

    /// Another one, whose draws have nothing to do with those that follow here.
    [[nodiscard]] dice apart() noexcept { return dice{source_()}; }
    [[nodiscard]] std::uint64_t number() noexcept { return source_(); }

private:
    random_source source_;
};

}  // namespace cutwater::soak
