// The threads of a worker pool, and the queue in front of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cutwater/core/runner.hpp"
#include "cutwater/drive/pool/options.hpp"

namespace cutwater {

class pool_threads final : public call_runner, public std::enable_shared_from_this<pool_threads> {
public:
    pool_threads(name layer, const worker_pool_options& options) noexcept
        : layer_{layer}, places_{options.threads + options.max_queue}, max_wait_{options.max_wait} {}
    pool_threads(const pool_threads&) = delete;
    pool_threads& operator=(const pool_threads&) = delete;
    ~pool_threads() = default;

    /// Each thread keeps this alive: the last work may destroy the pool that it runs on.
    void start(unsigned threads);
    /// Waits for what runs, but not for itself. Once is enough.
    void stop() noexcept;

    /// A place on a thread or in the queue.
    [[nodiscard]] bool try_take_place() noexcept;
    void give_back_place() noexcept { places_taken_.fetch_sub(1, std::memory_order_release); }

    void submit(std::shared_ptr<runnable> work) override;
    [[nodiscard]] bool withdraw(const runnable& work) noexcept override;
    void orphan_began() noexcept override;
    void orphan_ended() noexcept override { orphans_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] name layer_name() const noexcept override { return layer_; }
    [[nodiscard]] duration max_wait() const noexcept override { return max_wait_; }

    [[nodiscard]] unsigned in_use() const noexcept { return places_taken_.load(std::memory_order_relaxed); }
    [[nodiscard]] unsigned queued() const noexcept;
    [[nodiscard]] unsigned orphans() const noexcept { return orphans_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t orphans_ever() const noexcept { return orphans_ever_.load(std::memory_order_relaxed); }

private:
    void work();

    const name layer_;
    const unsigned places_;
    const duration max_wait_;
    std::atomic<unsigned> places_taken_{0};
    std::atomic<unsigned> orphans_{0};
    std::atomic<std::uint64_t> orphans_ever_{0};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<runnable>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace cutwater
