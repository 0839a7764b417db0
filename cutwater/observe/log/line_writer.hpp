// What is behind an `async_sink`: two pieces of memory, one that lines are copied into while the other is written, and the thread that writes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace cutwater::detail {

class line_writer {
public:
    /// Writes whole lines, each with its newline; throws where it cannot.
    using output = std::function<void(std::string_view lines)>;
    using maker = std::function<std::string(std::uint64_t dropped)>;

    line_writer(output to, maker notice, std::size_t max_bytes);
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;
    ~line_writer();

    void take(std::string_view line);
    void flush();

    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> dropped{0};
    std::atomic<std::uint64_t> failed{0};

    // Round a fork: nobody holds a lock, and nothing is half written; of a device that hangs, what it was given is.
    void wait_before_fork(std::chrono::nanoseconds at_most);
    void before_fork();
    void after_fork_in_parent() noexcept;
    void after_fork_in_child() noexcept;

private:
    /// Of one process: a child cannot wait for, or end, what its parent had.
    struct crew {
        std::condition_variable comes{};
        std::condition_variable gone{};
        std::thread thread{};
    };
    struct piece {
        std::string lines{};
        std::uint64_t count = 0;
        std::uint64_t dropped = 0;  ///< while it was full, or for being longer than it

        [[nodiscard]] bool is_empty() const noexcept { return count == 0 && dropped == 0; }
    };

    void start_locked();
    void wake(std::unique_lock<std::mutex> held);
    void work(crew& mine);
    void write(const piece& full);
    [[nodiscard]] bool try_to_write(std::string_view lines) noexcept;

    const output to_;
    const maker notice_;
    const std::size_t max_bytes_;

    std::mutex lock_;           // of what callers touch, for as long as a line is copied
    std::timed_mutex writing_;  // held while a piece is written: a fork waits for it, but not for ever
    bool is_held_by_fork_ = false;
    std::unique_ptr<crew> crew_;
    piece filling_;
    piece emptying_;            // the thread's
    std::uint64_t unsaid_ = 0;  // the thread's: dropped, and the log does not say so yet
    std::uint64_t handed_in_ = 0;
    std::uint64_t done_ = 0;
    bool is_idle_ = false;
    bool is_ending_ = false;
};

}  // namespace cutwater::detail
