// Says which seed it was where the process can no longer: it hangs, or it dies.
//
//     soak::watchdog watch{30s};
//     watch.begin(seed, manner::threads);
//
// One for a process. Thread safety: every member, from any thread.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "cutwater/core/instant.hpp"
#include "test/soak/manners.hpp"

namespace cutwater::soak {

/// The command that plays a seed again.
[[nodiscard]] std::string command_for(std::uint64_t seed, manner how);

class watchdog {
public:
    /// Ends the process where no other play has begun for `patience`, with exit code 1.
    explicit watchdog(duration patience);
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;
    ~watchdog();

    void begin(std::uint64_t seed, manner how) noexcept;

private:
    void watch(const std::stop_token& over, duration patience) const;

    std::atomic<std::uint64_t> begun_{0};
    std::jthread thread_;
};

}  // namespace cutwater::soak
