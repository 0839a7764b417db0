// How a coroutine ends that a command has spawned.
#pragma once

#include <exception>

namespace cutwater::app {

/// What it threw goes on to whoever runs its context.
inline constexpr auto pass_on_what_is_thrown = [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
};

}  // namespace cutwater::app
