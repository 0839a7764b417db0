// How a connection to Redis is made: the host is looked up, its addresses are tried in turn, and what answers is greeted, so that it knows
// who asks, in which database, and the scripts.
//
// All within `connect_timeout`; each address gets its share of what is left. Nothing of what is asked for has been sent by then: each
// error equals `condition::never_sent`. Where the scripts may not be loaded in advance their digests stay empty, and each is sent whole.
//
// Private to the store. Thread safety: none; every member on the strand that it was made with.
#pragma once

#include <array>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "cutwater/core/environment.hpp"
#include "cutwater/core/error.hpp"
#include "cutwater/store/redis/options.hpp"
#include "cutwater/store/redis/redis_link.hpp"
#include "cutwater/store/redis/scripts.hpp"

namespace cutwater {

class redis_dialer final : public std::enable_shared_from_this<redis_dialer> {
public:
    using dialled = std::expected<std::shared_ptr<redis_link>, error>;
    using answer = std::move_only_function<void(dialled) noexcept>;

    redis_dialer(redis_store_options options, boost::asio::any_io_executor strand, environment& lent)
        : options_{std::move(options)}, strand_{std::move(strand)}, lent_{lent} {}
    redis_dialer(const redis_dialer&) = delete;
    redis_dialer& operator=(const redis_dialer&) = delete;
    ~redis_dialer() { hang_up(); }

    /// `done` is called once, perhaps before this returns; not at all where it hangs up.
    void dial(answer done);
    void hang_up() noexcept;
    /// Hangs up for good, and keeps nothing that reaches into the executor's context.
    void forget_context() noexcept;

    [[nodiscard]] bool is_dialling() const noexcept { return done_ != nullptr; }
    /// When `on_time` has something to do.
    [[nodiscard]] instant due() const noexcept { return is_dialling() ? due_ : never; }
    void on_time();

    /// Of a script, as Redis has told it; empty where it has not.
    [[nodiscard]] const std::string& digest(redis_script s) const noexcept {
        return digests_[static_cast<std::size_t>(s)];
    }
    /// `localhost:6379`
    [[nodiscard]] std::string whom() const { return options_.host + ":" + std::to_string(options_.port); }

private:
    using tcp = boost::asio::ip::tcp;

    void look_up();
    void try_next();
    void connect_to_next();
    void greet();
    void say(std::initializer_list<std::string_view> words, std::size_t script);
    void on_greeted(std::size_t script, const redisReply* said);
    void fail(error e);

    redis_store_options options_;
    boost::asio::any_io_executor strand_;
    environment& lent_;
    answer done_;
    std::uint64_t round_ = 0;  // what comes of an earlier one is nobody's any more
    instant end_ = never;      // of the whole
    instant due_ = never;      // of what is being done now
    std::deque<tcp::endpoint> addresses_;
    std::shared_ptr<redis_link> link_;
    std::size_t greetings_ = 0;  // whose reply has not come
    std::array<std::string, redis_script_count> digests_;
};

}  // namespace cutwater
