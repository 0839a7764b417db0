// Private to the room: the connections of a server, bounded. Of one thread, but for `size`.
//
// In the order in which they were last heard: the first that waits for its client is the one that has been silent for longest.
#pragma once

#include <atomic>
#include <list>
#include <memory>

#include <boost/beast/core/tcp_stream.hpp>

namespace cutwater::detail {

/// One connection. `waits_for_client`: nothing of ours is under way.
struct admin_connection {
    explicit admin_connection(boost::asio::ip::tcp::socket socket) : stream{std::move(socket)} {}
    boost::beast::tcp_stream stream;
    bool waits_for_client = true;
};

class connections {
public:
    using one = std::shared_ptr<admin_connection>;

    explicit connections(std::size_t most) noexcept : most_{most} {}

    /// Makes room if there is none, by closing the one that has been silent for longest. False where all are being answered.
    [[nodiscard]] bool add(const one& newcomer) {
        if (all_.size() >= most_ && !close_most_silent()) return false;
        all_.push_back(newcomer);
        tell_size();
        return true;
    }
    void was_heard(const one& which) noexcept {
        for (auto at = all_.begin(); at != all_.end(); ++at)
            if (*at == which) return all_.splice(all_.end(), all_, at);
    }
    void remove(const one& which) noexcept {
        all_.remove(which);
        tell_size();
    }
    void close_all() noexcept {
        for (const one& each : all_) hang_up(*each);
        all_.clear();
        tell_size();
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    /// Closing alone leaves it open where a child of a fork has it.
    static void hang_up(admin_connection& which) noexcept {
        boost::system::error_code ignored;
        which.stream.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
        which.stream.close();
    }
    [[nodiscard]] bool close_most_silent() noexcept {
        for (auto at = all_.begin(); at != all_.end(); ++at) {
            if (!(*at)->waits_for_client) continue;
            hang_up(**at);  // its coroutine ends by itself
            all_.erase(at);
            return true;
        }
        return false;
    }
    void tell_size() noexcept { size_.store(all_.size(), std::memory_order_relaxed); }

    std::size_t most_;
    std::list<one> all_;
    std::atomic<std::size_t> size_{0};
};

/// Is in the list until it goes, however its coroutine ends.
class listed_connection {
public:
    listed_connection(connections& in, connections::one which) noexcept : in_{&in}, which_{std::move(which)} {}
    listed_connection(const listed_connection&) = delete;
    listed_connection& operator=(const listed_connection&) = delete;
    ~listed_connection() { in_->remove(which_); }

private:
    connections* in_;
    connections::one which_;
};

}  // namespace cutwater::detail
