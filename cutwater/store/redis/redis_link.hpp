// One connection to Redis: hiredis' asynchronous context, driven by Asio.
//
// Requests may be in flight by the thousand; each is answered once, in its order, by null where the connection is lost. A link is used
// once: who loses it makes another. It waits for the socket only while a reply is due, so that an idle one keeps no `io_context` at work;
// `was_left` then asks whether the peer has gone meanwhile.
//
// Private to the store. Thread safety: none; every member on the strand that it was made with. Handlers run in hiredis: they may
// call `send` and `close`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "cutwater/core/environment.hpp"

struct redisAsyncContext;  // NOLINT(readability-identifier-naming): hiredis' names
struct redisReply;         // NOLINT(readability-identifier-naming)

namespace cutwater {

class redis_link final : public std::enable_shared_from_this<redis_link> {
public:
    using reply_handler = std::move_only_function<void(const redisReply*) noexcept>;
    using connect_handler = std::move_only_function<void(std::error_code) noexcept>;

    redis_link(const boost::asio::any_io_executor& strand, environment& lent) : socket_{strand}, lent_{lent} {}
    redis_link(const redis_link&) = delete;
    redis_link& operator=(const redis_link&) = delete;
    ~redis_link() { close(); }

    /// An error is one at once, and `done` is not called; else it is, once, unless the link is closed before.
    [[nodiscard]] std::error_code connect(const boost::asio::ip::tcp::endpoint& to, connect_handler done);

    /// Whether it is taken; it leaves with the next `flush`.
    [[nodiscard]] bool send(std::span<const std::string_view> words, reply_handler done);
    void flush();
    /// What is in flight is answered by null.
    void close() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return context_ != nullptr && !closing_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    /// When it last heard anything, or began to wait.
    [[nodiscard]] instant heard() const noexcept { return heard_; }
    /// Of a link that is idle: whether the peer has hung up, or said what nobody asked for.
    [[nodiscard]] bool was_left() const noexcept;
    /// How it was lost, in hiredis' words.
    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

private:
    struct hooks;

    void connected();
    void answer(reply_handler& to, const redisReply* reply) noexcept;
    void write();
    void wait();
    void readable();
    void writable();
    void note_trouble() noexcept;

    boost::asio::posix::stream_descriptor socket_;
    environment& lent_;
    redisAsyncContext* context_ = nullptr;
    connect_handler on_connect_;
    std::size_t in_flight_ = 0;
    instant heard_{};
    std::string trouble_;
    bool closing_ = false;      // asked for within a handler: hiredis ends it afterwards
    bool wants_write_ = false;  // hiredis has something to send
    bool reads_ = false;        // waits for the socket
    bool writes_ = false;
};

}  // namespace cutwater
