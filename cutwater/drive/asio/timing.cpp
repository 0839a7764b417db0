#include "cutwater/drive/asio/timing.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

namespace cutwater {

namespace asio = boost::asio;

asio::execution_context::id asio_timing::id;

asio_timing& asio_timing::of(const asio::any_io_executor& executor) {
    return asio::use_service<asio_timing>(asio::query(executor, asio::execution::context));
}

void asio_timing::arm(timer_wheel::node& timer, instant due, const asio::any_io_executor& executor) {
    const std::scoped_lock lock{mutex_};
    wheel_->arm(timer, due);
    if (manual_) return;
    if (const instant next = *wheel_->next_due(); next < kernel_due_) set_kernel_timer(next, executor);
}

void asio_timing::disarm(timer_wheel::node& timer) noexcept {
    const std::scoped_lock lock{mutex_};
    wheel_->disarm(timer);
    if (!wheel_->empty() || kernel_due_ == never || tidying_) return;
    try {
        asio::post(kernel_timer_->get_executor(), [this] {
            const std::scoped_lock posted{mutex_};
            tidying_ = false;
            if (wheel_->empty() && kernel_timer_) kernel_timer_->cancel();
        });
        tidying_ = true;
    } catch (...) {  // out of memory: the kernel timer then fires once for nothing
    }
}

/// Only the latest wait counts: one that was replaced, or cancelled when nothing was left, says so by its number.
void asio_timing::set_kernel_timer(instant due, const asio::any_io_executor& executor) {
    if (!kernel_timer_) kernel_timer_.emplace(executor);
    kernel_due_ = due;
    kernel_timer_->expires_at(to_steady(due));
    kernel_timer_->async_wait([this, number = ++kernel_waits_](const boost::system::error_code&) {
        const std::scoped_lock lock{mutex_};
        if (number != kernel_waits_) return;
        kernel_due_ = never;
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
            kernel_timer_.reset();
            gone = lodgers_;
        }
        if (gone == nullptr) return;
        leave(*gone);
        gone->evict();
    }
}

}  // namespace cutwater
