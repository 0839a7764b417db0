#include "examples/payments/faulty_link.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace payments {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto as_told = asio::as_tuple(asio::use_awaitable);

/// As of a host that has forgotten the connection: no orderly end.
void reset(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
}

asio::awaitable<void> hold(cutwater::duration late) {
    asio::steady_timer timer{co_await asio::this_coro::executor, late};
    co_await timer.async_wait(as_told);
}

}  // namespace

faulty_link::faulty_link(std::uint16_t to, const link_options& options)
    : to_{asio::ip::address_v4::loopback(), to}, options_{options}, dice_{options.seed} {
    asio::co_spawn(context_, listen(), asio::detached);
    runs_ = std::jthread{[this] { context_.run(); }};
}

faulty_link::~faulty_link() {
    context_.stop();
    runs_.join();
}

faulty_link::fate faulty_link::next() {
    const bool goes_well = dice_.unit() >= options_.share;
    const std::uint64_t which = 1 + dice_() % (mishaps - 1);
    const fate made{goes_well ? mishap::none : static_cast<mishap>(which), 150ms + dice_.below(300ms)};
    ++counts_[static_cast<std::size_t>(made.what)];
    return made;
}

asio::awaitable<void> faulty_link::listen() {
    for (;;) {
        auto [failed, client] = co_await acceptor_.async_accept(as_told);
        if (!failed) asio::co_spawn(context_, pass_on(std::move(client), next()), asio::detached);
    }
}

/// One request and its answer.
asio::awaitable<void> faulty_link::pass_on(tcp::socket client, fate of) {
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> asked;
    const auto [unread, size] = co_await http::async_read(client, buffer, asked, as_told);
    if (unread || of.what == mishap::request_lost) co_return reset(client);
    if (of.what == mishap::late_request) co_await hold(of.late);
    http::response<http::string_body> answer{http::status::service_unavailable, 11};
    if (of.what != mishap::busy) {
        tcp::socket bank{context_};
        const auto [closed] = co_await bank.async_connect(to_, as_told);
        if (closed) co_return reset(client);
        co_await http::async_write(bank, asked, as_told);
        if (of.what == mishap::cut_amid) co_return reset(client);
        boost::beast::flat_buffer answered;
        answer = {};
        const auto [lost, count] = co_await http::async_read(bank, answered, answer, as_told);
        if (lost || of.what == mishap::answer_lost) co_return reset(client);
    }
    if (of.what == mishap::late_answer) co_await hold(of.late);
    answer.prepare_payload();
    co_await http::async_write(client, answer, as_told);
    boost::system::error_code ignored;
    client.shutdown(tcp::socket::shutdown_both, ignored);
}

}  // namespace payments
