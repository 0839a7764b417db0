// Stands between a client and a server on loopback, and does to their connections what networks do.
//
//     tcp_proxy link{server.port()};          // clients connect to link.port()
//     link.swallow();                         // nothing arrives any more, in either direction, and nobody is told
//     link.cut();                             // every connection is reset; new ones are taken
//     link.refuse();                          // … and new ones are not
//     link.delay(200ms);                      // each piece of data, in each direction
//     link.cut_after(10);                     // after so many more bytes of replies: in the middle of one
//     link.pass();                            // as if it were not there
//
// A thread of its own does the work. Every member: from any thread; what it says holds when it returns.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace cutwater::testing {

class tcp_proxy {
    using tcp = boost::asio::ip::tcp;
    using shared_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

public:
    explicit tcp_proxy(std::uint16_t to) : to_{boost::asio::ip::address_v4::loopback(), to} {
        place_.open(tcp::v4());
        place_.set_option(shared_port{true});
        place_.bind({boost::asio::ip::address_v4::loopback(), 0});
        listen();
        runs_ = std::jthread{[this] { context_.run(); }};
    }
    tcp_proxy(const tcp_proxy&) = delete;
    tcp_proxy& operator=(const tcp_proxy&) = delete;
    ~tcp_proxy() {
        context_.stop();
        runs_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return place_.local_endpoint().port(); }
    /// How many connections were made in all.
    [[nodiscard]] unsigned connections() {
        return told([this] { return taken_; });
    }

    /// How many pieces of data it keeps to itself now.
    [[nodiscard]] unsigned held() {
        return told([this] {
            unsigned pieces = 0;
            for (const link* each : links_) pieces += each->held();
            return pieces;
        });
    }

    void pass() {
        told([this] {
            manner_ = {};
            if (!acceptor_) listen();
            for (link* each : links_) each->go_on();
            return 0;
        });
    }
    void swallow() {
        told([this] { return manner_.swallows = true; });
    }
    void delay(std::chrono::milliseconds d) {
        told([this, d] { return manner_.delay = d, 0; });
    }
    void cut() {
        told([this] { return cut_all(), 0; });
    }
    void refuse() {
        told([this] { return acceptor_.reset(), cut_all(), 0; });
    }
    void cut_after(std::size_t bytes) {
        told([this, bytes] { return manner_.bytes_left = bytes, 0; });
    }

private:
    struct manner {
        bool swallows = false;
        std::chrono::milliseconds delay{0};
        std::size_t bytes_left = std::numeric_limits<std::size_t>::max();  // of replies
    };

    /// One connection, to either side.
    class link : public std::enable_shared_from_this<link> {
    public:
        link(tcp_proxy& owner, tcp::socket client)
            : owner_{owner}, client_{std::move(client)}, server_{owner.context_} {
            owner_.links_.insert(this);
        }
        link(const link&) = delete;
        link& operator=(const link&) = delete;
        ~link() { owner_.links_.erase(this); }

        void start() {
            server_.async_connect(owner_.to_, [self = shared_from_this()](boost::system::error_code failed) {
                if (failed) return self->reset();
                self->pump(self->client_, self->server_, self->upward_);
                self->pump(self->server_, self->client_, self->downward_);
            });
        }
        [[nodiscard]] unsigned held() const { return (upward_.held ? 1U : 0U) + (downward_.held ? 1U : 0U); }
        void go_on() {
            for (way* each : {&upward_, &downward_})
                if (each->held) each->held->cancel();
        }
        /// As of a host that has forgotten the connection: no orderly end.
        void reset() {
            boost::system::error_code ignored;
            for (tcp::socket* each : {&client_, &server_}) {
                each->set_option(boost::asio::socket_base::linger{true, 0}, ignored);
                each->close(ignored);
            }
            go_on();
        }

    private:
        struct way {
            std::array<char, 16'384> bytes{};
            std::optional<boost::asio::steady_timer> held;
        };

        void pump(tcp::socket& from, tcp::socket& to, way& by) {
            from.async_read_some(boost::asio::buffer(by.bytes), [self = shared_from_this(), &from, &to, &by](
                                                                    boost::system::error_code failed, std::size_t n) {
                if (failed) return self->ended(from, to);
                self->forward(from, to, by, n);
            });
        }
        void forward(tcp::socket& from, tcp::socket& to, way& by, std::size_t n) {
            const manner& now = owner_.manner_;
            if (now.swallows || now.delay.count() > 0) {
                by.held.emplace(owner_.context_, now.swallows ? std::chrono::hours{24} : now.delay);
                by.held->async_wait([self = shared_from_this(), &from, &to, &by, n](boost::system::error_code) {
                    by.held.reset();
                    if (self->client_.is_open()) self->send(from, to, by, n);
                });
                return;
            }
            send(from, to, by, n);
        }
        void send(tcp::socket& from, tcp::socket& to, way& by, std::size_t n) {
            std::size_t& left = owner_.manner_.bytes_left;
            const bool is_last = &by == &downward_ && n > left;
            const std::size_t size = is_last ? left : n;
            if (&by == &downward_ && left != std::numeric_limits<std::size_t>::max()) left -= size;
            boost::asio::async_write(
                to, boost::asio::buffer(by.bytes.data(), size),
                [self = shared_from_this(), &from, &to, &by, is_last](boost::system::error_code failed, std::size_t) {
                    if (is_last) self->owner_.manner_ = {};
                    if (failed || is_last) return self->reset();
                    self->pump(from, to, by);
                });
        }
        void ended(tcp::socket& from, tcp::socket& to) {
            boost::system::error_code ignored;
            from.shutdown(tcp::socket::shutdown_receive, ignored);
            to.shutdown(tcp::socket::shutdown_send, ignored);
        }

        tcp_proxy& owner_;
        tcp::socket client_;
        tcp::socket server_;
        way upward_;
        way downward_;
    };

    void listen() {
        acceptor_.emplace(context_, tcp::v4());
        acceptor_->set_option(shared_port{true});
        acceptor_->bind(place_.local_endpoint());
        acceptor_->listen();
        accept();
    }
    void accept() {
        acceptor_->async_accept([this](boost::system::error_code failed, tcp::socket client) {
            if (failed || !acceptor_) return;
            ++taken_;
            std::make_shared<link>(*this, std::move(client))->start();
            accept();
        });
    }
    void cut_all() {
        const std::set<link*> all = links_;
        for (link* each : all) each->reset();
    }

    template <class F>
    std::invoke_result_t<F&> told(F f) {
        std::packaged_task<std::invoke_result_t<F&>()> task{std::move(f)};
        auto said = task.get_future();
        boost::asio::post(context_, [task = std::move(task)]() mutable { task(); });
        return said.get();
    }

    std::set<link*> links_;  // longer than the context, whose handlers keep links
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{context_.get_executor()};
    tcp::endpoint to_;
    tcp::socket place_{
        context_};  // keeps the port while nobody listens: a client that connects to it could be given it
    std::optional<tcp::acceptor> acceptor_;
    unsigned taken_ = 0;
    manner manner_;
    std::jthread runs_;
};

}  // namespace cutwater::testing
