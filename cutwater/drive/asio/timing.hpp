// The timers of the calls in one execution context: one wheel, one kernel timer, however many calls.
//
// A service of the `execution_context`, made when the first call needs it. The kernel timer is armed for the earliest
// expiry only; when nothing is left it lingers for 10 ms, and so does `io_context::run`.
//
// Thread safety: `arm` and `disarm` from any thread. `on_expiry` of a timer runs under the lock: it only posts.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/wheel/timer_wheel.hpp"

#if !defined(BOOST_ASIO_NO_DEPRECATED) || !defined(BOOST_ASIO_SEPARATE_COMPILATION)
#error \
    "cutwater/asio: define BOOST_ASIO_NO_DEPRECATED and BOOST_ASIO_SEPARATE_COMPILATION, as the library was built; the CMake target cutwater::asio does"
#endif

namespace cutwater {

class asio_timing final : public boost::asio::execution_context::service {
public:
    using key_type = asio_timing;
    static boost::asio::execution_context::id id;

    explicit asio_timing(boost::asio::execution_context& context) : service{context} {}
    asio_timing(const asio_timing&) = delete;
    asio_timing& operator=(const asio_timing&) = delete;
    ~asio_timing() override;

    /// The timing of the context that `executor` runs in.
    [[nodiscard]] static asio_timing& of(const boost::asio::any_io_executor& executor);

    /// What calls in this context are lent: the machine, unless a test lends something else.
    [[nodiscard]] environment& lent() const noexcept { return *lent_; }

    /// Has `timer` expire at `due`; `executor` is one of this context's, for the kernel timer.
    void arm(timer_wheel::node& timer, instant due, const boost::asio::any_io_executor& executor);
    void disarm(timer_wheel::node& timer) noexcept;

    /// What waits without a timer is told when the context goes, or it would keep itself alive for ever.
    class lodger {
    public:
        virtual void evict() noexcept = 0;

    protected:
        ~lodger() = default;

    private:
        friend asio_timing;
        lodger* next_ = nullptr;
        lodger* previous_ = nullptr;
    };
    void enter(lodger& l) noexcept;
    void leave(lodger& l) noexcept;

    /// Takes the timers out of the kernel's hands: they expire, to the nanosecond, when `advance` says so. For tests in
    /// virtual time, before the first call.
    void use_manual(environment& lent);
    std::size_t advance(instant now) noexcept;
    [[nodiscard]] std::optional<instant> next_due() const;

private:
    void shutdown() noexcept override;
    void set_kernel_timer(instant due, const boost::asio::any_io_executor& executor);
    void rearm_locked();

    mutable std::mutex mutex_;
    std::unique_ptr<timer_wheel> wheel_ = std::make_unique<timer_wheel>();
    lodger* lodgers_ = nullptr;
    environment* lent_ = &this_machine;
    bool manual_ = false;
    std::optional<boost::asio::steady_timer> kernel_timer_;
    instant kernel_due_ = never;  // `never`: not armed
    std::uint64_t kernel_waits_ = 0;
    bool shut_down_ = false;
    bool lingering_ = false;  // armed for nobody, to see whether somebody comes
};

}  // namespace cutwater
