// Runs the checks of a monitor: on a few threads of its own, each when it is due.
//
//     cw::health_monitor health;
//     cw::health_runner runner{health, {.threads = 4}};
//
// Contract. Checks run in parallel, no check twice at a time. A check that hangs keeps its thread until it returns: at most `threads` of them can, and when all hang
// the others are told that no thread is free for them. Destruction waits for what runs, after asking it to stop.
//
// Time: the machine's; in virtual time `health_monitor::take_due` is called by hand. Thread safety: `stop` from any thread that runs no check.
// Lifetime: the monitor outlives it; one runner for a monitor. Errors: `invalid_options`; `std::system_error` where threads cannot be had.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cutwater/core/options.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/health/health_monitor.hpp"

namespace cutwater {

class pool_threads;

struct health_runner_options {
    std::string name = "health_runner";
    unsigned threads = 4;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("threads", self.threads, within(1U, 1024U), "checks that run at once, those that hang included");
    }
};

class health_runner final : private waker {
public:
    static constexpr std::string_view kind = "health_runner";

    explicit health_runner(health_monitor& of, health_runner_options options = {});
    health_runner(const health_runner&) = delete;
    health_runner& operator=(const health_runner&) = delete;
    ~health_runner();

    [[nodiscard]] const health_runner_options& options() const noexcept { return options_; }

    /// No check is begun any more; waits for those that run, whoever else stops it at the same time.
    void stop() noexcept;

private:
    void wake() noexcept override;
    void turn_until(const std::stop_token& stopped);
    void submit(due_check due, const std::stop_token& stopped);

    health_runner_options options_;
    health_monitor* of_;
    std::mutex stopping_;
    std::shared_ptr<pool_threads> threads_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool is_woken_ = false;
    std::jthread turns_;
};

}  // namespace cutwater
