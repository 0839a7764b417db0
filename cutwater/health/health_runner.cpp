#include "cutwater/health/health_runner.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <condition_variable>
#include <thread>
#include <utility>
#include <vector>

#include "cutwater/core/waiter.hpp"
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

std::shared_ptr<pool_threads> threads_of(const health_runner_options& o, unsigned threads, unsigned max_queue) {
    const worker_pool_options pool{.name = o.name, .threads = threads, .max_queue = max_queue};
    auto made = std::make_shared<pool_threads>(name{o.name}, pool);
    made->start(threads);
    return made;
}

}  // namespace

/// Whoever works, from the start to the stop, and what they wait on: a child of a fork can neither end nor destroy it.
class health_runner::crew final : private waker {
public:
    crew(health_monitor& of, const health_runner_options& options)
        : options_{options}, of_{&of},
          shared_{threads_of(options, options.threads, 1'000'000)} {  // a check queues once
        try {
            of_->wakes(this);
            turns_ = std::jthread{[this](const std::stop_token& stopped) { turn_until(stopped); }};
        } catch (...) {
            end();
            throw;
        }
    }
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew() { end(); }

private:
    void end() noexcept {
        of_->wakes(nullptr);
        turns_.request_stop();
        if (turns_.joinable()) turns_.join();
        of_->stop_runs();
        shared_->stop();
        for (const auto& each : single_) each->stop();
    }

    void wake() noexcept override {
        const std::scoped_lock lock{mutex_};
        is_woken_ = true;
        changed_.notify_one();
    }

    void turn_until(const std::stop_token& stopped) {
        while (!stopped.stop_requested()) {
            for (due_check& due : of_->take_due()) submit(std::move(due), stopped);
            const auto next = to_steady(of_->next_due());
            std::unique_lock lock{mutex_};
            changed_.wait_until(lock, stopped, next, [this] { return std::exchange(is_woken_, false); });
        }
    }

    void submit(due_check due, const std::stop_token& stopped) {
        pool_threads* on = due.decides() ? single_thread() : nullptr;
        if (on == nullptr && shared_->try_take_place()) on = shared_.get();
        if (on == nullptr) return;  // more than a million checks: what is dropped is due again
        on->submit(std::make_shared<check_work>(std::move(due), stopped, *on));
    }

    /// One that has nothing to do. Null where there can be no more of them: then it waits with the others.
    pool_threads* single_thread() {
        for (const auto& each : single_)
            if (each->try_take_place()) return each.get();
        try {
            single_.reserve(single_.size() + 1);
            single_.push_back(threads_of(options_, 1, 0));
        } catch (...) {
            return nullptr;
        }
        return single_.back()->try_take_place() ? single_.back().get() : nullptr;
    }

    const health_runner_options& options_;
    health_monitor* of_;
    std::shared_ptr<pool_threads> shared_;
    std::vector<std::shared_ptr<pool_threads>> single_;  // of the turning thread, until that has ended
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool is_woken_ = false;
    std::jthread turns_;
};

health_runner::health_runner(health_monitor& of, health_runner_options options)
    : options_{validated(kind, std::move(options))}, made_by_{::getpid()}, crew_{std::make_unique<crew>(of, options_)} {
}

health_runner::~health_runner() { stop(); }

void health_runner::stop() noexcept {
    if (made_by_ != ::getpid()) {
        (void)crew_.release();
        return;
    }
    const std::scoped_lock held{stopping_};
    crew_.reset();
}

}  // namespace cutwater
