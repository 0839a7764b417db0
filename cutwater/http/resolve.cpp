#include "cutwater/http/resolve.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/this_coro.hpp>

#include "cutwater/drive/asio/pause.hpp"

namespace cutwater {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::resolver::results_type as_results(const asio::ip::address& address, const std::string& host, std::uint16_t port) {
    return tcp::resolver::results_type::create(tcp::endpoint{address, port}, host, std::to_string(port));
}

/// RFC 6761, 6.3: such a name is this machine, whatever is in /etc/hosts, and nobody is asked about it.
bool is_this_machine(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return boost::algorithm::iequals(host, "localhost") || boost::algorithm::iends_with(host, ".localhost");
}

tcp::resolver::results_type loopback(const std::string& host, std::uint16_t port) {
    const std::array endpoints{tcp::endpoint{asio::ip::address_v6::loopback(), port},
                               tcp::endpoint{asio::ip::address_v4::loopback(), port}};
    return tcp::resolver::results_type::create(endpoints.begin(), endpoints.end(), host, std::to_string(port));
}

}  // namespace

asio::awaitable<resolved> resolve(std::string host, std::uint16_t port) {
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(host, no_address);
    if (!no_address) co_return resolved{{}, as_results(address, host, port)};
    if (is_this_machine(host)) co_return resolved{{}, loopback(host, port)};

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
