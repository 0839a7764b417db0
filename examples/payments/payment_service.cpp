#include "examples/payments/payment_service.hpp"

#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "cutwater/http.hpp"
#include "examples/payments/conversation.hpp"
#include "examples/payments/tills.hpp"

namespace payments {

namespace cw = cutwater;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

class service {
public:
    explicit service(const service_options& options) : options_{options} {}

    void run() {
        asio::co_spawn(context_, listen(), asio::detached);
        context_.run();
    }

private:
    asio::awaitable<void> listen() {
        tcp::acceptor acceptor{context_, {asio::ip::address_v4::loopback(), options_.port}};
        for (;;) {
            auto [failed, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            if (!failed) asio::co_spawn(context_, converse(beast::tcp_stream{std::move(socket)}), asio::detached);
        }
    }

    /// One request, one answer.
    asio::awaitable<void> converse(beast::tcp_stream stream) {
        const std::optional<cw::edge_request> came = co_await receive(stream);
        if (!came) co_return;
        const cw::http_response answer = co_await handle(&*came);
        co_await send(stream, answer);
        beast::error_code ignored;
        stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    }

    asio::awaitable<cw::http_response> handle(const cw::edge_request* came) {
        if (came->method() != http::verb::post || came->target() != "/payments")
            co_return cw::http_response{.status = 404};
        const auto asked = from_json(came->body());
        if (!asked) co_return cw::http_response{.status = 400, .body = "a payment is {\"from\", \"to\", \"cents\"}"};
        const auto keyed = edge_.read(*came);
        if (!keyed) co_return keyed.error();

        const cw::call_options said = keyed->options(cw::now(), {.operation = "pay"});
        auto execute = [this, &said, &asked]() -> asio::awaitable<cw::http_response> {
            co_return tills_.with([&](till& mine) { return mine.pay(edge_, said, *asked); });
        };
        // It ends by its own deadline, in the database. To cancel it would be to reach into a coroutine that another thread runs: what that throws when
        // it completes is caught by nobody.
        auto on_a_thread = [this, &execute] {
            return asio::co_spawn(threads_, execute(),
                                  asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
        };
        auto got = co_await admitted_.async_run(said, on_a_thread);
        if (!got) co_return edge_.refusal(got.error());
        co_return *std::move(got);
    }

    service_options options_;
    cw::idempotent_edge edge_{{.guard = "payments"}};
    tills tills_{options_.tills, options_.connection};
    asio::thread_pool threads_{options_.tills};
    cw::pipeline<cw::bulkhead> admitted_{
        cw::bulkhead{{.name = "tills", .max_concurrent = options_.tills, .max_queue = 200, .max_wait = 2s}}};
    asio::io_context context_{1};
};

}  // namespace

void serve(const service_options& options) {
    service made{options};
    made.run();
    std::abort();  // there is always work
}

}  // namespace payments
