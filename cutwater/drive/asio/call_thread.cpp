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

void call_thread::on_expiry() noexcept {
    asio::post(executor_, [self = shared_from_this(), attempt = attempt_.load(std::memory_order_relaxed)] {
        self->interrupt(attempt);
    });
}

void call_thread::interrupt(std::uint64_t attempt) {
    if (attempt != attempt_.load(std::memory_order_relaxed) || cancelled_) return;  // it ended in the meantime
    interrupted_ = true;
    signal_.emit(asio::cancellation_type::all);
}

}  // namespace cutwater
