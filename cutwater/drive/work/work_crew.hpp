// The threads of a work queue.
//
// One of those who have nothing to do watches the time at which something changes; the others sleep until somebody says so. Whoever
// takes a task wakes another if there is more to do, or if nobody is left to watch.
#pragma once

#include <condition_variable>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/drive/work/work_desk.hpp"

namespace cutwater {

class work_crew final : public work_desk, public std::enable_shared_from_this<work_crew> {
public:
    using work_desk::work_desk;
    work_crew(const work_crew&) = delete;
    work_crew& operator=(const work_crew&) = delete;
    ~work_crew() = default;

    /// Each thread keeps this alive: the last task may destroy the queue that it runs on.
    void start();
    /// Waits for what is held, but not for itself. The desk is closed, and stopped where a task may wait for this.
    void join() noexcept;

private:
    void work();
    void rest(std::unique_lock<std::mutex>& lock, instant until);
    void pass_on_locked() noexcept;
    void stir_locked() noexcept override {
        if (idle_ > 0) changed_.notify_one();
    }
    void over_locked() noexcept override { changed_.notify_all(); }

    std::condition_variable changed_;
    unsigned idle_ = 0;
    instant watched_until_ = never;  // by one of the idle
    std::vector<std::thread> threads_;
};

}  // namespace cutwater
