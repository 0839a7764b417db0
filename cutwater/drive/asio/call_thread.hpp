// What can interrupt the attempt of a call: its deadline, and its caller.
//
// Asio cancels through a signal that belongs to a whole thread of coroutines, so a call that must be able to interrupt its
// attempts runs in a thread of its own, spawned once for the call and not for each attempt. This block is shared by that
// thread, the timer wheel, and the caller's cancellation slot.
//
// Thread safety: `on_expiry` from any thread, it only posts; everything else on the call's executor.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>

#include "cutwater/drive/asio/timing.hpp"

namespace cutwater {

class call_thread : public timer_wheel::node, public std::enable_shared_from_this<call_thread> {
public:
    explicit call_thread(boost::asio::any_io_executor executor);
    call_thread(const call_thread&) = delete;
    call_thread& operator=(const call_thread&) = delete;

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] boost::asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    /// From here on, an attempt runs that ends at `deadline`.
    void begin_attempt(instant deadline);
    /// The attempt has ended; says whether the deadline interrupted it.
    bool end_attempt() noexcept;

    /// The caller cancels the call.
    void cancel(boost::asio::cancellation_type type);
    /// It has completed: what comes now comes too late.
    void finish() noexcept { finished_ = true; }

    /// Cancels the call on its executor, whichever thread stops it. Made and destroyed in the call's frame: the last that
    /// can still be doing it then is waited for, while the executor is there.
    struct posts_cancel {
        std::weak_ptr<call_thread> call;
        void operator()() const noexcept;
    };
    using stop_watch = std::stop_callback<posts_cancel>;
    void watch(std::optional<stop_watch>& made, const std::stop_token& stop) {
        if (stop.stop_possible()) made.emplace(stop, posts_cancel{weak_from_this()});
    }

    /// Whoever did it: the state of the coroutines is changed by a deadline as well.
    [[nodiscard]] bool is_cancelled(const boost::asio::cancellation_state&) const noexcept { return cancelled_; }

protected:
    ~call_thread();

private:
    void on_expiry() noexcept override;
    void interrupt(std::uint64_t attempt);

    boost::asio::any_io_executor executor_;
    asio_timing& timing_;
    boost::asio::cancellation_signal signal_;
    std::atomic<std::uint64_t> attempt_{0};  // odd while one runs
    bool interrupted_ = false;
    bool cancelled_ = false;
    bool finished_ = false;
};

namespace detail {

/// What Asio completes; it moves this about a great deal, so it is one pointer.
template <class Call>
struct spawned_completion {
    using executor_type = boost::asio::any_io_executor;
    using cancellation_slot_type = boost::asio::cancellation_slot;
    [[nodiscard]] executor_type get_executor() const noexcept { return call->executor(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return call->slot(); }
    void operator()(const std::exception_ptr& thrown) { Call::complete(std::move(call), thrown); }

    std::shared_ptr<Call> call;
};

}  // namespace detail

}  // namespace cutwater
