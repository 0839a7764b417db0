#include "cutwater/drive/pool/worker_pool.hpp"

#include <algorithm>

#include "cutwater/drive/pool/pool_threads.hpp"

namespace cutwater {

void pool_threads::start(unsigned threads) {
    try {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([self = shared_from_this()] { self->work(); });
    } catch (...) {
        stop();
        throw;
    }
}

void pool_threads::stop() noexcept {
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
        changed_.notify_all();
    }
    for (std::thread& t : threads_) {
        if (t.get_id() == std::this_thread::get_id())
            t.detach();  // tidy: allow detach because it cannot join itself, and keeps alive what it uses
        else if (t.joinable())
            t.join();
    }
}

bool pool_threads::try_take_place() noexcept {
    unsigned taken = places_taken_.load(std::memory_order_relaxed);
    while (taken < places_)
        if (places_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_acquire)) return true;
    return false;
}

void pool_threads::submit(std::shared_ptr<runnable> work) {
    const std::scoped_lock lock{mutex_};
    queue_.push_back(std::move(work));
    changed_.notify_one();
}

bool pool_threads::withdraw(const runnable& work) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto found = std::ranges::find(queue_, &work, [](const auto& queued) { return queued.get(); });
    if (found == queue_.end()) return false;
    queue_.erase(found);
    return true;
}

void pool_threads::orphan_began() noexcept {
    orphans_.fetch_add(1, std::memory_order_relaxed);
    orphans_ever_.fetch_add(1, std::memory_order_relaxed);
}

unsigned pool_threads::queued() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(queue_.size());
}

void pool_threads::work() {
    for (;;) {
        std::shared_ptr<runnable> next;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            next = std::move(queue_.front());
            queue_.pop_front();
        }
        next->run();
    }
}

worker_pool::worker_pool(worker_pool_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      threads_{std::make_shared<pool_threads>(layer_, options_)} {
    threads_->start(options_.threads);
}

worker_pool::worker_pool(worker_pool&&) noexcept = default;
worker_pool::~worker_pool() { stop(); }

void worker_pool::stop() noexcept {
    if (threads_) threads_->stop();
}

admission<worker_pool::ticket> worker_pool::admit(call_context& call, moment&) {
    if (threads_->try_take_place()) return ticket{};
    call.emit(layer_, [&] { return pool_refused{options_.threads, options_.max_queue}; });
    return refusal{.reason = errc::bulkhead_full};
}

void worker_pool::settle(ticket&, const observation&, call_context&, moment&) noexcept { threads_->give_back_place(); }
void worker_pool::abandon(ticket&) noexcept { threads_->give_back_place(); }

call_runner& worker_pool::runner() noexcept { return *threads_; }
unsigned worker_pool::in_use() const noexcept { return threads_->in_use(); }
unsigned worker_pool::queued() const noexcept { return threads_->queued(); }
unsigned worker_pool::orphans() const noexcept { return threads_->orphans(); }
std::uint64_t worker_pool::orphans_ever() const noexcept { return threads_->orphans_ever(); }

}  // namespace cutwater
