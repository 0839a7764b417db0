// The dependency of the demo: a real HTTP server on loopback that fails by the script.
//
// Thread safety: none; everything runs in the one thread of the demo.
#pragma once

#include <list>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "apps/cutwater/demo/script.hpp"

namespace cutwater::demo {

/// What the dependency had to bear.
struct load {
    unsigned requests = 0;
    unsigned in_flight = 0;
    unsigned most_in_flight = 0;
};

class dependency {
public:
    /// Listens on a free port; throws `boost::system::system_error` where there is none.
    dependency(boost::asio::io_context& context, const script& plays);

    [[nodiscard]] std::string url() const;
    [[nodiscard]] const load& seen() const noexcept { return seen_; }

    /// Enters a phase: what hung in the one before is cut off, as by a restart.
    void enter(behaviour does);
    void stop();

private:
    using stream = boost::beast::tcp_stream;

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(stream connection);
    boost::asio::awaitable<unsigned> status_of_next(stream& connection);
    void cut_off() noexcept;

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    behaviour does_ = behaviour::answers;
    load seen_;
    std::list<stream*> hanging_;
};

}  // namespace cutwater::demo
