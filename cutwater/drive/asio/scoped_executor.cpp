#include "cutwater/drive/asio/scoped_executor.hpp"

namespace cutwater {

boost::asio::any_io_executor unscoped(const boost::asio::any_io_executor& executor) {
    const auto* const scoped = executor.target<scoped_executor>();
    return scoped == nullptr ? executor : unscoped(scoped->inner());
}

}  // namespace cutwater
