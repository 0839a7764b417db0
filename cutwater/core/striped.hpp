// Counters that threads share without fighting over a cache line: each thread writes to a stripe of its own, and whoever
// needs the sum reads them all.
#pragma once

#include <atomic>
#include <cstddef>

namespace cutwater {

/// Bytes between two things that different threads write.
inline constexpr std::size_t cache_line = 64;

/// Stripes worth having on this machine: a power of two, at most 16.
[[nodiscard]] unsigned stripe_count() noexcept;

namespace detail {

[[nodiscard]] unsigned next_thread_number() noexcept;
inline constinit thread_local unsigned thread_number = 0;  // 0: none yet

}  // namespace detail

/// A small number of this thread's own, from 1.
[[nodiscard]] inline unsigned this_thread_number() noexcept {
    if (detail::thread_number == 0) [[unlikely]]
        detail::thread_number = detail::next_thread_number();
    return detail::thread_number;
}

}  // namespace cutwater
