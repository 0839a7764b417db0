#include "cutwater/admin/admin_server.hpp"

#include <array>
#include <atomic>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "cutwater/admin/connections.hpp"
#include "cutwater/admin/site.hpp"

namespace cutwater {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

[[noreturn]] void cannot_listen(const admin_options& on, const error_code& why) {
    throw std::system_error{why, std::string{admin_server::kind} + " " + in_quotes(on.name) + ": cannot listen on " +
                                     on.address + " port " + std::to_string(on.port)};
}

/// What a client is told of a request that could not be read; nothing where it has gone, or was too slow.
std::optional<detail::wire_answer> refusal_of(const error_code& why) {
    if (why == http::error::header_limit || why == http::error::buffer_overflow)
        return detail::site::refusal(431, "the header is too long\n");
    if (why == http::error::body_limit) return detail::site::refusal(413, "the body is too long\n");
    if (why == http::error::end_of_stream || why == http::error::partial_message) return {};
    if (why.category() == make_error_code(http::error::bad_method).category())
        return detail::site::refusal(400, "this is no HTTP request: " + why.message() + "\n");
    return {};
}

}  // namespace

class admin_server::running {
public:
    explicit running(admin_options options)
        : options_{validated(kind, std::move(options))}, connections_{options_.max_connections} {}

    [[nodiscard]] const admin_options& options() const noexcept { return options_; }
    [[nodiscard]] detail::site& pages() noexcept { return site_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

    void start() {
        listen();
        asio::co_spawn(context_, accept_all(), asio::detached);
        thread_ = std::jthread{[this] { context_.run(); }};
    }
    void stop() noexcept {
        context_.stop();
        if (thread_.joinable()) thread_.join();
        error_code ignored;
        acceptor_.close(ignored);
        connections_.close_all();
    }

private:
    void listen() {
        error_code failed;
        const tcp::endpoint where{asio::ip::make_address(options_.address, failed), options_.port};
        if (!failed) acceptor_.open(where.protocol(), failed);
        if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address{true}, failed);
        if (!failed) acceptor_.bind(where, failed);
        if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
        if (!failed) port_ = acceptor_.local_endpoint(failed).port();
        if (failed) cannot_listen(options_, failed);
    }

    asio::awaitable<void> accept_all() {
        asio::steady_timer pause{context_};
        for (;;) {
            auto [failed, socket] = co_await acceptor_.async_accept(quietly);
            if (failed == asio::error::operation_aborted) co_return;
            if (failed) {  // out of descriptors, most likely: a moment later there may be one
                pause.expires_after(std::chrono::milliseconds{50});
                co_await pause.async_wait(quietly);
                continue;
            }
            take(std::move(socket));
        }
    }
    /// Without memory for it, it is closed.
    void take(tcp::socket socket) noexcept {
        try {
            const auto made = std::make_shared<detail::admin_connection>(std::move(socket));
            if (connections_.add(made)) asio::co_spawn(context_, serve(made), asio::detached);
        } catch (const std::bad_alloc&) {
            return;
        }
    }

    asio::awaitable<void> serve(std::shared_ptr<detail::admin_connection> with) {
        const detail::listed_connection listed{connections_, with};
        boost::beast::flat_buffer buffer{options_.max_header + options_.max_body + 4096};
        for (bool is_first = true, goes_on = true; goes_on; is_first = false) {
            with->stream.expires_after(is_first ? options_.request_timeout : options_.idle_timeout);
            if (buffer.size() == 0) {
                const auto [failed, size] = co_await with->stream.async_read_some(buffer.prepare(1024), quietly);
                if (failed) break;
                buffer.commit(size);
            }
            goes_on = co_await answer_one(*with, buffer);
            connections_.was_heard(with);
        }
        error_code ignored;
        with->stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
        with->stream.close();
    }

    /// Reads a request and answers it. Whether the connection can have another.
    asio::awaitable<bool> answer_one(detail::admin_connection& with, boost::beast::flat_buffer& buffer) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(options_.max_header));
        parser.body_limit(options_.max_body);
        with.stream.expires_after(options_.request_timeout);  // for all of it, however slowly it comes
        const auto [failed, size] = co_await http::async_read(with.stream, buffer, parser, quietly);
        if (failed) {
            auto refused = refusal_of(failed);
            if (refused) co_await refuse(with, std::move(*refused));
            co_return false;
        }
        with.waits_for_client = false;
        detail::wire_answer answer = site_.answer(parser.get());
        const bool keeps = answer.keep_alive();
        const bool is_written = co_await write(with, answer, parser.get().method() == http::verb::head);
        with.waits_for_client = true;
        co_return is_written&& keeps;
    }

    asio::awaitable<bool> write(detail::admin_connection& with, detail::wire_answer& answer, bool without_body) {
        with.stream.expires_after(options_.request_timeout);
        http::response_serializer<http::string_body> out{answer};
        error_code failed;
        if (without_body) {
            out.split(true);
            std::tie(failed, std::ignore) = co_await http::async_write_header(with.stream, out, quietly);
        } else {
            std::tie(failed, std::ignore) = co_await http::async_write(with.stream, out, quietly);
        }
        co_return !failed;
    }

    /// What is still on its way is read, a little: else it would reset the connection before the answer is read.
    asio::awaitable<void> refuse(detail::admin_connection& with, detail::wire_answer answer) {
        if (!co_await write(with, answer, false)) co_return;
        error_code failed;
        with.stream.socket().shutdown(tcp::socket::shutdown_send, failed);
        with.stream.expires_after(std::chrono::seconds{1});
        std::array<char, 4096> thrown_away{};
        for (int i = 0; i < 64 && !failed; ++i)
            std::tie(failed, std::ignore) = co_await with.stream.async_read_some(asio::buffer(thrown_away), quietly);
    }

    const admin_options options_;
    detail::site site_;
    detail::connections connections_;  // outlives the coroutines, which go with the context
    asio::io_context context_{1};
    tcp::acceptor acceptor_{context_};
    std::atomic<std::uint16_t> port_{0};
    std::jthread thread_;
};

admin_server::admin_server(admin_options options) : running_{std::make_unique<running>(std::move(options))} {}
admin_server::~admin_server() { stop(); }
const admin_options& admin_server::options() const noexcept { return running_->options(); }
void admin_server::page(std::string path, page_function shows) {
    running_->pages().add(std::move(path), std::move(shows));
}
void admin_server::start() { running_->start(); }
void admin_server::stop() noexcept { running_->stop(); }
std::uint16_t admin_server::port() const noexcept { return running_->port(); }
std::size_t admin_server::connections() const noexcept { return running_->connections(); }

}  // namespace cutwater
