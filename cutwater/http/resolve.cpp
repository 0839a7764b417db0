#include "cutwater/http/resolve.hpp"

#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "cutwater/drive/asio/pause.hpp"

namespace cutwater {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::resolver::results_type as_results(const asio::ip::address& address, const std::string& host, std::uint16_t port) {
    return tcp::resolver::results_type::create(tcp::endpoint{address, port}, host, std::to_string(port));
}

}  // namespace

asio::awaitable<resolved> resolve(std::string host, std::uint16_t port) {
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(host, no_address);
    if (!no_address) co_return resolved{{}, as_results(address, host, port)};

    const auto executor = co_await asio::this_coro::executor;
    const auto pause = std::make_shared<asio_pause>(executor);
    const auto found = std::make_shared<resolved>();
    tcp::resolver resolver{executor};
    resolver.async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [pause, found](const boost::system::error_code& code, tcp::resolver::results_type endpoints) {
            *found = {code, std::move(endpoints)};
            pause->wake();
        });
    const pause_end end = co_await pause->async_wait(never);
    if (end == pause_end::cancelled) co_return resolved{asio::error::operation_aborted, {}};
    co_return std::move(*found);
}

}  // namespace cutwater
