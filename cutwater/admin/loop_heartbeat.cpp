#include "cutwater/admin/loop_heartbeat.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cutwater {

boost::asio::awaitable<void> beat_in_loop(std::shared_ptr<heartbeat> beats) {
    boost::asio::steady_timer next{co_await boost::asio::this_coro::executor};
    for (;;) {
        beats->beat();
        next.expires_after(beats->options().within / 4);
        co_await next.async_wait(boost::asio::use_awaitable);
    }
}

}  // namespace cutwater
