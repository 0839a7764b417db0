#include "cutwater/health/health_runner.hpp"

#include <utility>

#include "cutwater/drive/pool/pool_threads.hpp"

namespace cutwater {

namespace {

/// One run, on a thread of the pool.
class check_work final : public runnable {
public:
    check_work(due_check due, std::stop_token stopped, pool_threads& on) noexcept
        : due_{std::move(due)}, stopped_{std::move(stopped)}, on_{&on} {}
    void run() noexcept override {
        if (!stopped_.stop_requested()) due_.run();
        on_->give_back_place();
    }

private:
    due_check due_;
    std::stop_token stopped_;
    pool_threads* on_;
};

worker_pool_options pool_for(const health_runner_options& o) {
    return {.name = o.name, .threads = o.threads, .max_queue = 1'000'000};  // a check queues once
}

}  // namespace

health_runner::health_runner(health_monitor& of, health_runner_options options)
    : options_{validated(kind, std::move(options))}, of_{&of},
      threads_{std::make_shared<pool_threads>(name{options_.name}, pool_for(options_))} {
    threads_->start(options_.threads);
    try {
        of_->wakes(this);
        turns_ = std::jthread{[this](const std::stop_token& stopped) { turn_until(stopped); }};
    } catch (...) {
        stop();
        throw;
    }
}

health_runner::~health_runner() { stop(); }

void health_runner::stop() noexcept {
    const std::scoped_lock held{stopping_};
    if (!threads_) return;
    of_->wakes(nullptr);
    turns_.request_stop();
    if (turns_.joinable()) turns_.join();
    of_->stop_runs();
    threads_->stop();
    threads_.reset();
}

void health_runner::wake() noexcept {
    const std::scoped_lock lock{mutex_};
    is_woken_ = true;
    changed_.notify_one();
}

void health_runner::turn_until(const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
        for (due_check& due : of_->take_due()) submit(std::move(due), stopped);
        const auto next = to_steady(of_->next_due());
        std::unique_lock lock{mutex_};
        changed_.wait_until(lock, stopped, next, [this] { return std::exchange(is_woken_, false); });
    }
}

void health_runner::submit(due_check due, const std::stop_token& stopped) {
    if (!threads_->try_take_place()) return;  // more than a million checks: what is dropped is due again
    threads_->submit(std::make_shared<check_work>(std::move(due), stopped, *threads_));
}

}  // namespace cutwater
