// The knobs of a work queue, with the defaults in force; the same for threads and for coroutines.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What becomes of a task that finds no place.
enum class queue_overflow : std::uint8_t {
    refuse,       ///< it is not taken
    block,        ///< whoever posts it waits for a place
    drop_oldest,  ///< it takes the place of the oldest that has not begun and matters least, but never more than itself
};

[[nodiscard]] constexpr std::string_view to_text(queue_overflow o) noexcept {
    constexpr std::string_view texts[] = {"refuse", "block", "drop_oldest"};
    return o <= queue_overflow::drop_oldest ? texts[static_cast<std::uint8_t>(o)] : "unknown";
}

struct work_queue_options {
    std::string name = "work_queue";
    unsigned workers = 4;
    unsigned max_length = 100;
    queue_overflow when_full = queue_overflow::refuse;
    duration max_wait = 1s;
    unsigned rate = 0;
    duration per = 1s;
    unsigned burst = 1;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the queue's name in errors and events");
        visit("workers", self.workers, within(1U, 1024U), "tasks that run at once");
        visit("max_length", self.max_length, within(1U, 1'000'000U),
              "tasks that it holds: those that wait, those that have paused and those that run");
        visit("when_full", self.when_full, within(queue_overflow::refuse, queue_overflow::drop_oldest),
              "what becomes of a task that finds no place");
        visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h),
              "block: how long one may wait for a place, within the task's deadline");
        visit("rate", self.rate, within(0U, 1'000'000'000U),
              "attempts that begin in each `per`; 0: as many as the workers get done");
        visit("per", self.per, within<duration>(1us, 24h * 366), "the time that `rate` is for");
        visit("burst", self.burst, within(1U, 1'000'000'000U), "attempts that may begin at once after a quiet time");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "max_wait") return when_full == queue_overflow::block;
        return rate > 0 || (option != "per" && option != "burst");
    }

    void cross_check(option_problems& problems) const {
        if (max_length > 0 && workers > max_length)
            problems.push_back(
                {"workers", std::to_string(workers), "at most max_length, " + std::to_string(max_length)});
        if (rate > 0) limit().cross_check(problems);
    }

    /// Its rate, as a rate limiter has it.
    [[nodiscard]] rate_limiter_options limit() const {
        return {.name = name, .permits = rate, .per = per, .burst = burst, .max_wait = 24h};
    }
};

}  // namespace cutwater
