#include "test/soak/manners.hpp"

#include <exception>

#include "test/soak/blocking_play.hpp"
#include "test/soak/coroutine_play.hpp"
#include "test/soak/threads_play.hpp"

namespace cutwater::soak {

namespace {

template <class Play>
played play_as(std::uint64_t seed) {
    scene drawn{seed, Play::kind};
    try {
        Play{drawn}.run();
    } catch (const std::exception& e) {
        drawn.found.expect(false, "play", std::string{"it threw "}.append(e.what()));
    }
    played told{.found = drawn.found, .configuration = {}, .calls = drawn.plans.size()};
    if (!told.found.none()) told.configuration = drawn.config.describe();
    return told;
}

}  // namespace

played play(std::uint64_t seed, manner how) {
    switch (how) {
        case manner::blocking: return play_as<blocking_play>(seed);
        case manner::coroutines: return play_as<coroutine_play>(seed);
        case manner::threads: break;
    }
    return play_as<threads_play>(seed);
}

}  // namespace cutwater::soak
