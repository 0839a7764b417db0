#include "cutwater/policy/endpoints/shared_endpoints.hpp"

namespace cutwater {

std::uint32_t next_endpoint_id() noexcept {
    static std::atomic<std::uint32_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

template class basic_shared_endpoints<>;

}  // namespace cutwater
