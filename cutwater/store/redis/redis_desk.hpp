// Who asks Redis, and for whom: the requests that are open, the connection that they share, and when they have waited enough.
//
//     asked ──► waits, while there is no connection ──► is in flight ──► is told
//                 └────────── is told: no connection, or not in time
//
// A request is told once, by whoever is first: its reply, its limit, the loss of the connection, the end of the store. One whose limit
// has passed stays in flight until its reply has come or the connection has gone, as replies come in order.
//
// The context that it runs in may go before it does. Then it is told, while everything of the context's is still there: whoever is open is told, and
// nothing is kept that reaches into the context: no executor, socket or timer.
//
// Private to the store. Thread safety: `ask` and `shut` from any thread; the rest on the strand. No completion runs under the lock.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "cutwater/drive/asio/timing.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/redis/options.hpp"
#include "cutwater/store/redis/redis_dialer.hpp"
#include "cutwater/store/redis/redis_link.hpp"
#include "cutwater/store/redis/scripts.hpp"

namespace cutwater {

class redis_desk final : public std::enable_shared_from_this<redis_desk>, private asio_timing::lodger {
public:
    redis_desk(name store, redis_store_options options, boost::asio::any_io_executor executor);
    redis_desk(const redis_desk&) = delete;
    redis_desk& operator=(const redis_desk&) = delete;
    ~redis_desk();

    void ask(cell_request asked, cell_completion done) noexcept;
    /// Whoever waits is told that it is cancelled; `then` is called on the strand, when the connection is closed.
    void shut(std::move_only_function<void()> then) noexcept;

private:
    struct question;
    using asking = std::shared_ptr<question>;
    using hearing = void (redis_desk::*)(const asking&, const redisReply&);
    enum class place : std::uint8_t { given_back, kept };

    /// Under the lock of the wheel, so it only posts.
    class alarm final : public timer_wheel::node {
    public:
        explicit alarm(redis_desk& of) : of_{of} {}

    private:
        void on_expiry() noexcept override;
        redis_desk& of_;
    };

    /// The context is going.
    void evict() noexcept override;

    // the lock is theirs
    [[nodiscard]] std::optional<error> enter(const asking& q, cell_completion& done);
    void tell_all(const error& why) noexcept;
    void tell(question& q, cell_result said, place in_flight = place::given_back) noexcept;
    [[nodiscard]] std::vector<asking> overdue(instant now);
    [[nodiscard]] instant first_due();

    // on the strand
    void drain();
    void serve();
    [[nodiscard]] std::shared_ptr<redis_link> usable_link();
    void on_dialled(redis_dialer::dialled made) noexcept;
    void begin(const asking& q);
    void send_script(const asking& q);
    void send_scan(const asking& q);
    void send(const asking& q, std::span<const std::string_view> words, hearing heard);
    void hear(const asking& q, const redisReply* said, hearing heard) noexcept;
    void hear_script(const asking& q, const redisReply& said);
    void hear_scan(const asking& q, const redisReply& said);
    void give_up(error why) noexcept;
    [[nodiscard]] error lost() const;
    [[nodiscard]] error late(const question& q) const;

    // time
    void on_time();
    void set_alarm();
    [[nodiscard]] instant dead_at() const noexcept;

    const name store_;
    const redis_store_options options_;
    boost::asio::any_io_executor executor_;  // empty when the context has gone, as is the strand
    boost::asio::any_io_executor strand_;
    asio_timing* timing_;  // null when the context has gone
    environment& lent_;

    std::mutex lock_;
    std::multimap<instant, asking> open_;  // whoever has not been told, by when its limit ends
    std::vector<asking> asked_;            // since the last time that the strand has looked
    std::size_t in_flight_ = 0;            // those too that have been told of their limit, but not by Redis
    bool looks_ = false;                   // the strand is about to
    bool is_shut_ = false;
    bool is_evicted_ = false;

    std::deque<asking> waiting_;  // for a connection
    const std::shared_ptr<redis_dialer> dialer_;
    std::shared_ptr<redis_link> link_;
    std::optional<error> why_lost_;  // where we have ended it ourselves
    alarm alarm_{*this};
    instant alarm_at_ = never;
};

}  // namespace cutwater
