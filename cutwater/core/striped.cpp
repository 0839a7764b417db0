#include "cutwater/core/striped.hpp"

#include <algorithm>
#include <bit>
#include <thread>

namespace cutwater {

unsigned stripe_count() noexcept {
    static const unsigned count = std::bit_ceil(std::clamp(std::thread::hardware_concurrency(), 1U, 16U));
    return count;
}

unsigned detail::next_thread_number() noexcept {
    static std::atomic<unsigned> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace cutwater
