// How a coroutine waits: until an instant, until it is woken, or until its caller cancels, whichever is first.
//
// The one primitive of this driver in which several ends race. Those who may end it, the timer wheel and the gate's queue
// (from any thread) and the caller's cancellation, only post to the call's executor; there the first one wins, and whatever
// comes later finds nothing to do. An end can be a stale one, of an earlier wait: whoever waits looks at the time again.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/core/waiter.hpp"
#include "cutwater/drive/asio/timing.hpp"

namespace cutwater {

enum class pause_end : std::uint8_t { time, woken, cancelled };

class asio_pause final : public waker,
                         public timer_wheel::node,
                         public asio_timing::lodger,
                         public std::enable_shared_from_this<asio_pause> {
public:
    explicit asio_pause(boost::asio::any_io_executor executor);
    asio_pause(const asio_pause&) = delete;
    asio_pause& operator=(const asio_pause&) = delete;
    ~asio_pause();

    void wake() noexcept override { post_end(pause_end::woken); }

    /// Completes with how it ended. One wait at a time.
    template <class Token = boost::asio::use_awaitable_t<>>
    auto async_wait(instant until, Token&& token = {}) {
        return boost::asio::async_initiate<Token, void(pause_end)>(
            [self = shared_from_this()](auto handler, instant end) {
                auto slot = boost::asio::get_associated_cancellation_slot(handler);
                self->start(std::move(handler), slot, end);
            },
            token, until);
    }

private:
    // not `any_completion_handler`: in Asio 1.26 moving one can recurse without end
    using handler_type = std::move_only_function<void(pause_end)>;

    void start(handler_type handler, boost::asio::cancellation_slot slot, instant until);
    void on_expiry() noexcept override { post_end(pause_end::time); }
    void evict() noexcept override;
    void post_end(pause_end how) noexcept;
    void end(pause_end how);

    boost::asio::any_io_executor executor_;
    asio_timing& timing_;
    handler_type handler_;
    boost::asio::cancellation_slot slot_;
    bool woken_ = false;  // before anybody waited
};

namespace detail {

/// Waits, and lets nothing be thrown where the caller cancels meanwhile.
inline boost::asio::awaitable<pause_end> pause_quietly(asio_pause& place, instant until) {
    const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    const pause_end end = co_await place.async_wait(until);
    co_await boost::asio::this_coro::throw_if_cancelled(throws);
    co_return end;
}

}  // namespace detail

}  // namespace cutwater
