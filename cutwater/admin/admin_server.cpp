#include "cutwater/admin/admin_server.hpp"

#include <fcntl.h>       // tidy: allow third-party because Asio leaves sockets to the children of a process
#include <sys/socket.h>  // tidy: allow third-party because closing is not enough where a child has the socket

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
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
#include <boost/asio/thread_pool.hpp>
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

[[noreturn]] void cannot_start(const admin_options& of, const std::error_code& why, const std::string& words) {
    throw std::system_error{why, std::string{admin_server::kind} + " " + in_quotes(of.name) + ": " + words};
}
[[noreturn]] void cannot_listen(const admin_options& on, const error_code& why) {
    cannot_start(on, why, "cannot listen on " + on.address + " port " + std::to_string(on.port));
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

/// From a start to its stop.
class serving {
public:
    /// Listens; nobody is answered before `begin`.
    serving(const admin_options& options, const detail::site& pages, detail::connections& with)
        : options_{options}, site_{pages}, connections_{with} {
        error_code failed;
        const tcp::endpoint where{asio::ip::make_address(options_.address, failed), options_.port};
        if (!failed) acceptor_.open(where.protocol(), failed);
        if (!failed)
            ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);  // else children would listen on after a stop
        if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address{true}, failed);
        if (!failed) acceptor_.bind(where, failed);
        if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
        if (!failed) port_ = acceptor_.local_endpoint(failed).port();
        if (failed) cannot_listen(options_, failed);
    }
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;
    ~serving() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
        pages_.stop();
        pages_.join();                                     // the page that is being made
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // a child of a fork may have it as well
        connections_.close_all();
    }

    void begin() {
        asio::co_spawn(context_, accept_all(), asio::detached);
        thread_ = std::jthread{[this] { context_.run(); }};
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    struct counted_page {
        explicit counted_page(unsigned& in) noexcept : all{in} { ++all; }
        counted_page(const counted_page&) = delete;
        counted_page& operator=(const counted_page&) = delete;
        ~counted_page() { --all; }
        unsigned& all;
    };

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
        std::optional<counted_page> counted;  // until whoever asked for the page has it
        detail::wire_answer answer = co_await answer_to(parser.get(), counted);
        const bool keeps = answer.keep_alive();
        const bool is_written = co_await write(with, answer, parser.get().method() == http::verb::head);
        with.waits_for_client = true;
        co_return is_written&& keeps;
    }

    /// What may take long is made aside, so that probes wait for none of it, and takes half of the places at most.
    asio::awaitable<detail::wire_answer> answer_to(const detail::wire_request& asked,
                                                   std::optional<counted_page>& counted) {
        if (!site_.takes_long(asked)) co_return site_.answer(asked);
        if (pages_asked_ >= std::max(options_.max_connections / 2, 1U))
            co_return detail::site::refusal(503, "too many ask for pages at once; ask again later\n");
        counted.emplace(pages_asked_);
        co_return co_await asio::co_spawn(pages_, make(asked), asio::use_awaitable);
    }
    asio::awaitable<detail::wire_answer> make(const detail::wire_request& asked) { co_return site_.answer(asked); }

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

    const admin_options& options_;
    const detail::site& site_;
    detail::connections& connections_;
    unsigned pages_asked_ = 0;  // as the connections, of the context's thread; both outlive the coroutines
    asio::io_context context_{1};
    tcp::acceptor acceptor_{context_};
    std::uint16_t port_ = 0;
    asio::thread_pool pages_{1};
    std::jthread thread_;
};

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
        const std::scoped_lock turn{turn_};
        if (serves_)
            cannot_start(options_, std::make_error_code(std::errc::device_or_resource_busy),
                         "it listens already, on port " + std::to_string(port_) + "; stop it before it starts anew");
        auto made = std::make_unique<serving>(options_, site_, connections_);
        made->begin();
        port_ = made->port();
        serves_ = std::move(made);
    }
    void stop() noexcept {
        const std::scoped_lock turn{turn_};
        port_ = 0;
        serves_.reset();
    }

private:
    const admin_options options_;
    detail::site site_;
    detail::connections connections_;
    std::atomic<std::uint16_t> port_{0};
    std::mutex turn_;
    std::unique_ptr<serving> serves_;
};

admin_server::admin_server(admin_options options) : running_{std::make_unique<running>(std::move(options))} {}
admin_server::~admin_server() { stop(); }
const admin_options& admin_server::options() const noexcept { return running_->options(); }
void admin_server::page(std::string path, page_function shows) {
    running_->pages().add(std::move(path), std::move(shows), detail::page_pace::may_be_long);
}
void admin_server::probe(std::string path, page_function shows) {
    running_->pages().add(std::move(path), std::move(shows), detail::page_pace::at_once);
}
void admin_server::start() { running_->start(); }
void admin_server::stop() noexcept { running_->stop(); }
std::uint16_t admin_server::port() const noexcept { return running_->port(); }
std::size_t admin_server::connections() const noexcept { return running_->connections(); }

}  // namespace cutwater
