#include "cutwater/drive/asio/pause.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace cutwater {

namespace asio = boost::asio;

asio_pause::asio_pause(asio::any_io_executor executor)
    : executor_{std::move(executor)}, timing_{asio_timing::of(executor_)} {}

asio_pause::~asio_pause() {
    timing_.disarm(*this);
    timing_.leave(*this);
}

void asio_pause::start(handler_type handler, asio::cancellation_slot slot, instant until) {
    handler_ = std::move(handler);
    slot_ = slot;
    timing_.enter(*this);
    if (std::exchange(woken_, false)) return post_end(pause_end::woken);
    if (slot.is_connected())
        slot.assign([self = weak_from_this()](asio::cancellation_type) {
            if (const auto pause = self.lock()) pause->post_end(pause_end::cancelled);
        });
    if (until != never) timing_.arm(*this, until, executor_);
}

/// The context is going: so does the coroutine, which may hold the last reference to this.
void asio_pause::evict() noexcept {
    const auto self = shared_from_this();
    timing_.disarm(*this);
    std::exchange(handler_, nullptr);
}

/// From any thread, under a lock of the wheel's or a gate's: only posts.
void asio_pause::post_end(pause_end how) noexcept {
    asio::post(executor_, [self = shared_from_this(), how] { self->end(how); });
}

void asio_pause::end(pause_end how) {
    if (!handler_) {
        woken_ = woken_ || how == pause_end::woken;
        return;
    }
    timing_.disarm(*this);
    timing_.leave(*this);
    if (slot_.is_connected()) slot_.clear();
    std::exchange(handler_, nullptr)(how);
}

}  // namespace cutwater
