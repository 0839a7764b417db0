#include "cutwater/testing/asio/virtual_asio.hpp"

#include <boost/asio/error.hpp>

namespace cutwater::testing {

namespace asio = boost::asio;

/// Whichever is first: a timer of a call's, or something that the test has scheduled.
bool virtual_asio::advance() {
    const auto due = timing().next_due();
    const auto scheduled = time_.next_scheduled();
    if (scheduled && (!due || *scheduled <= *due)) return time_.advance_to_next();
    if (!due || *due >= never - std::chrono::hours{1}) return false;
    time_.pass(between(time_.present(), *due));
    timing().advance(time_.present());
    return true;
}

asio::awaitable<void> virtual_asio::sleep(duration d) {
    const auto pause = std::make_shared<asio_pause>(co_await asio::this_coro::executor);
    const instant until = time_.in(d);
    pause_end end = pause_end::time;
    do end = co_await pause->async_wait(until);
    while (end != pause_end::cancelled && time_.present() < until);
    if (end == pause_end::cancelled) throw boost::system::system_error{asio::error::operation_aborted};
}

}  // namespace cutwater::testing
