// Runs the checks of a monitor: on a few threads of its own, each when it is due.
//
//     cw::health_monitor health;
//     cw::health_runner runner{health, {.threads = 4}};
//
// Contract. Checks run in parallel, no check twice at a time. A check that hangs keeps its thread until it returns: at most `threads` of them can, and when all hang
// the others are told that no thread is free for them. Checks that readiness or startup waits for need none of these: each that is due has a thread beside them, which the
// next uses in its turn. Destruction waits for what runs, after asking it to stop.
//
// fork: monitor and runner belong to the process that made them. In a child no check runs; it may only let both go, and has those that it makes itself.
// Time: the machine's; in virtual time `health_monitor::take_due` is called by hand. Thread safety: `stop` from any thread that runs no check.
// Lifetime: the monitor outlives it; one runner for a monitor. Errors: `invalid_options`; `std::system_error` where threads cannot be had.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/health/health_monitor.hpp"

namespace cutwater {

struct health_runner_options {
    std::string name = "health_runner";
    unsigned threads = 4;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("threads", self.threads, within(1U, 1024U),
              "checks that run at once, those that hang included; beside them run those with a `readiness` effect or "
              "`startup = waits`");
    }
};

class health_runner {
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
    class crew;

    health_runner_options options_;
    const int made_by_;  // which process
    std::mutex stopping_;
    std::unique_ptr<crew> crew_;
};

}  // namespace cutwater
