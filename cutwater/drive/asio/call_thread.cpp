#include "cutwater/drive/asio/call_thread.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace cutwater {

namespace asio = boost::asio;

call_thread::call_thread(asio::any_io_executor executor)
    : executor_{std::move(executor)}, timing_{asio_timing::of(executor_)} {}

call_thread::~call_thread() { timing_.disarm(*this); }

void call_thread::begin_attempt(instant deadline) {
    interrupted_ = false;
    attempt_.fetch_add(1, std::memory_order_relaxed);
    if (deadline != never) timing_.arm(*this, deadline, executor_);
}

bool call_thread::end_attempt() noexcept {
    attempt_.fetch_add(1, std::memory_order_relaxed);
    if (!interrupted_) timing_.disarm(*this);
    return interrupted_;
}

void call_thread::cancel(asio::cancellation_type type) {
    if (finished_) return;
    cancelled_ = true;
    signal_.emit(type);
}

void call_thread::posts_cancel::operator()() const noexcept {
    const auto alive = call.lock();
    if (alive) asio::post(alive->executor_, [alive] { alive->cancel(asio::cancellation_type::terminal); });
}

/// Comes under the wheel's lock, for which `end_attempt` may be waiting: the attempt it was for has then ended already.
void call_thread::on_expiry() noexcept {
    const std::uint64_t attempt = attempt_.load(std::memory_order_relaxed);
    auto self = weak_from_this().lock();
    if (self == nullptr || attempt % 2 == 0) return;
    asio::post(executor_, [self = std::move(self), attempt] { self->interrupt(attempt); });
}

void call_thread::interrupt(std::uint64_t attempt) {
    if (attempt != attempt_.load(std::memory_order_relaxed) || cancelled_) return;  // it ended in the meantime
    interrupted_ = true;
    signal_.emit(asio::cancellation_type::all);
}

}  // namespace cutwater
