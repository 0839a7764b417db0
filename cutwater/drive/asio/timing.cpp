#include "cutwater/drive/asio/timing.hpp"

#include <atomic>

#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/drive/asio/scoped_executor.hpp"

namespace cutwater {

namespace asio = boost::asio;

asio::execution_context::id asio_timing::id;

namespace {

std::atomic<std::uint64_t> destroyed{0};  // timings, ever: what a thread remembers may be one of them

/// Where the kernel timer is heard: not on a strand, which may be busy while other calls' time is up, not in the scope of a
/// call, and not by an executor that keeps the context at work for as long as the timer exists.
asio::any_io_executor for_kernel_timer(const asio::any_io_executor& of_a_call) {
    asio::any_io_executor found = unscoped(of_a_call);
    if (const auto* const s = found.target<asio::strand<asio::io_context::executor_type>>())
        found = s->get_inner_executor();
    else if (const auto* const any = found.target<asio::strand<asio::any_io_executor>>())
        found = any->get_inner_executor();
    return asio::prefer(unscoped(found), asio::execution::outstanding_work_t::untracked);
}

}  // namespace

/// Looking a service up takes a lock and walks a list: each thread remembers the one that it asked for last, until any of
/// them is destroyed.
asio_timing& asio_timing::of(const asio::any_io_executor& executor) {
    struct memory {
        asio::execution_context* context = nullptr;
        asio_timing* found = nullptr;
        std::uint64_t as_of = 0;
    };
    constinit thread_local memory last{};
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    const std::uint64_t current = destroyed.load(std::memory_order_acquire);
    if (last.context != &context || last.as_of != current || last.found == nullptr) [[unlikely]]
        last = {.context = &context, .found = &asio::use_service<asio_timing>(context), .as_of = current};
    return *last.found;
}

asio_timing::~asio_timing() { destroyed.fetch_add(1, std::memory_order_acq_rel); }

void asio_timing::arm(timer_wheel::node& timer, instant due, const asio::any_io_executor& executor) {
    const std::scoped_lock lock{mutex_};
    wheel_->arm(timer, due);
    if (manual_) return;
    if (const instant next = *wheel_->next_due(); next < kernel_due_) set_kernel_timer(next, executor);
}

/// The kernel timer keeps `io_context::run` from returning, so it goes when nothing needs it any more. Not at once: under
/// traffic the next call is about to arm it again, and setting it costs two system calls. It lingers for a few
/// milliseconds, once, and then looks again.
void asio_timing::disarm(timer_wheel::node& timer) noexcept {
    const std::scoped_lock lock{mutex_};
    wheel_->disarm(timer);
    if (!wheel_->empty() || lingering_ || kernel_due_ == never) [[likely]]
        return;
    constexpr duration linger = std::chrono::milliseconds{10};
    const instant look_again = add(now(), linger);
    if (look_again >= kernel_due_) return;
    try {
        set_kernel_timer(look_again, kernel_timer_->get_executor());
        lingering_ = true;
    } catch (...) {  // out of memory: the kernel timer then fires once for nothing, later
    }
}

/// Only the latest wait counts: one that was replaced, or cancelled when nothing was left, says so by its number.
void asio_timing::set_kernel_timer(instant due, const asio::any_io_executor& executor) {
    if (shut_down_) return;
    if (!kernel_timer_) kernel_timer_.emplace(for_kernel_timer(executor));
    kernel_due_ = due;
    kernel_timer_->expires_at(to_steady(due));
    kernel_timer_->async_wait([this, number = ++kernel_waits_](const boost::system::error_code&) {
        const std::scoped_lock lock{mutex_};
        if (number != kernel_waits_) return;
        kernel_due_ = never;
        lingering_ = false;
        wheel_->fire_due(now());
        rearm_locked();
    });
}

void asio_timing::rearm_locked() {
    if (const auto next = wheel_->next_due(); next && *next < kernel_due_)
        set_kernel_timer(*next, kernel_timer_->get_executor());
}

void asio_timing::use_manual(environment& lent) {
    const std::scoped_lock lock{mutex_};
    manual_ = true;
    wheel_ = std::make_unique<timer_wheel>(0);
    lent_ = &lent;
}

std::size_t asio_timing::advance(instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    return wheel_->fire_due(now);
}

std::optional<instant> asio_timing::next_due() const {
    const std::scoped_lock lock{mutex_};
    return wheel_->next_due();
}

void asio_timing::enter(lodger& l) noexcept {
    const std::scoped_lock lock{mutex_};
    l.previous_ = nullptr;
    l.next_ = lodgers_;
    if (lodgers_ != nullptr) lodgers_->previous_ = &l;
    lodgers_ = &l;
}

void asio_timing::leave(lodger& l) noexcept {
    const std::scoped_lock lock{mutex_};
    if (l.previous_ == nullptr && lodgers_ != &l) return;
    (l.previous_ != nullptr ? l.previous_->next_ : lodgers_) = l.next_;
    if (l.next_ != nullptr) l.next_->previous_ = l.previous_;
    l.next_ = l.previous_ = nullptr;
}

void asio_timing::shutdown() noexcept {
    for (;;) {
        lodger* gone = nullptr;
        {
            const std::scoped_lock lock{mutex_};
            shut_down_ = true;
            kernel_timer_.reset();
            kernel_due_ = never;
            gone = lodgers_;
        }
        if (gone == nullptr) return;
        leave(*gone);
        gone->evict();
    }
}

}  // namespace cutwater
