#include "cutwater/drive/async_work/async_desk.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/asio/scoped_executor.hpp"
#include "cutwater/drive/work/place_wait.hpp"

namespace cutwater {

namespace asio = boost::asio;

async_desk::async_desk(const asio::any_io_executor& executor, work_queue_options options, listener* hears)
    : work_desk{std::move(options), asio_timing::of(executor).lent(), hears}, executor_{unscoped(executor)},
      timing_{asio_timing::of(executor_)} {}

async_desk::~async_desk() {
    timing_.disarm(*this);
    while (queued_task* const left = left_.pop()) left->drop();
    drop_all();
}

/// From any thread, under a lock of the wheel's, of a gate's or of ours: only posts. Nothing, where this is going.
void async_desk::post_pump() noexcept {
    if (auto self = weak_from_this().lock()) asio::post(executor_, [self = std::move(self)] { self->pump(); });
}

void async_desk::stir_locked() noexcept {
    if (!std::exchange(stirred_, true)) post_pump();
}

void async_desk::has_left(queued_task& task) noexcept {
    const std::scoped_lock lock{mutex()};
    left_.push(task);
    stir_locked();
}

void async_desk::pump() {
    constexpr unsigned turns_at_once = 32;
    timing_.disarm(*this);
    instant look = never;
    {
        std::unique_lock lock{mutex()};
        stirred_ = false;
        unsigned turns = 0;
        while (turns < turns_at_once && take_turn(lock)) ++turns;
        if (turns == turns_at_once) stir_locked();
        look = next_look_locked();
    }
    if (look != never) timing_.arm(*this, look, executor_);
}

/// Whether there was one to take, or an end to be told.
bool async_desk::take_turn(std::unique_lock<std::mutex>& lock) {
    moment now = present();
    queued_task* const left = left_.pop();
    queued_task* const task = left == nullptr ? take_locked(now) : nullptr;
    if (left == nullptr && task == nullptr) return false;
    lock.unlock();
    if (task != nullptr) {
        task->turn();
    } else {
        const telling here{*this};
        tell_left(*left);
    }
    lock.lock();
    return true;
}

asio::awaitable<std::expected<work_place, error>> async_place_for(std::shared_ptr<async_desk> desk,
                                                                  const call_options& said) {
    if (auto found = desk->find_place(said)) co_return std::move(*found);
    const auto here = std::make_shared<asio_pause>(co_await asio::this_coro::executor);
    const std::stop_callback on_stop{said.stop, [&] { here->wake(); }};
    place_wait place{*desk, *here, said};
    auto seen = place.begin();
    while (!seen) {
        const pause_end end = co_await detail::pause_quietly(*here, place.until());
        if (end == pause_end::cancelled || said.stop.stop_requested()) co_return place.cancelled();
        seen = place.look_again();
    }
    co_return std::move(*seen);
}

asio::awaitable<unsigned> async_drain_of(std::shared_ptr<async_desk> desk, duration within) {
    const auto empty = std::make_shared<asio_pause>(co_await asio::this_coro::executor);
    drain_wait drains{*desk, *empty, within};
    while (drains.goes_on())
        if (co_await detail::pause_quietly(*empty, drains.until()) == pause_end::cancelled) break;
    co_return drains.end();
}

}  // namespace cutwater
