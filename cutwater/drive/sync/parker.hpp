// How a blocking call waits: until an instant, until it is woken, or until its caller cancels, whichever is first.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/drive/clock/clock.hpp"

namespace cutwater {

enum class wait_end : std::uint8_t { time, woken, cancelled };

/// Thread safety: `wake` from any thread; `wait` from the one that waits.
class parker final : public waker {
public:
    void wake() noexcept override;
    [[nodiscard]] wait_end wait(instant until, const std::stop_token& stop);
    /// Whether it was woken since it was last asked.
    [[nodiscard]] bool take_wake() noexcept;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopped_ = false;
};

/// How waiting is done; tests wait in virtual time instead.
class blocking_environment {
public:
    [[nodiscard]] virtual environment& lent() noexcept = 0;
    [[nodiscard]] virtual wait_end wait(parker& place, instant until, const std::stop_token& stop) = 0;

protected:
    constexpr ~blocking_environment() = default;
};

/// In the thread that calls, on the machine's clock.
class this_thread_waits final : public blocking_environment {
public:
    [[nodiscard]] environment& lent() noexcept override { return this_machine; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override {
        return place.wait(until, stop);
    }
};
inline constinit this_thread_waits this_thread{};

/// Most calls never wait: the parker is made when the first one is about to.
class blocking_parking final : public parking {
public:
    [[nodiscard]] waker& prepare() override { return get(); }
    [[nodiscard]] parker& get() { return parker_ ? *parker_ : parker_.emplace(); }

private:
    late<parker> parker_;
};

}  // namespace cutwater
