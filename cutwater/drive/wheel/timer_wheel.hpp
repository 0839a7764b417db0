// A hierarchical timer wheel: arming and disarming a timer that usually does not fire costs a few nanoseconds, however
// many are pending.
//
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987). Eleven levels of 64 slots, one tick being
// 2^20 ns (1.05 ms) unless said otherwise: a timer fires at the first tick at or after its instant, never before. A timer is a node of the
// caller's, linked in place; nothing is allocated. Eleven levels hold every instant that there is.
//
// Thread safety: none; whoever shares a wheel locks it. A node is disarmed before it is destroyed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class timer_wheel {
    struct link {
        link* next = nullptr;
        link* previous = nullptr;
    };

public:
    /// A timer. What is to happen is `on_expiry`.
    class node : private link {
    public:
        node() = default;
        node(const node&) = delete;
        node& operator=(const node&) = delete;

        [[nodiscard]] bool is_armed() const noexcept { return next != nullptr; }

    protected:
        ~node() = default;

    private:
        friend timer_wheel;
        virtual void on_expiry() noexcept = 0;
        std::uint64_t tick_ = 0;
        std::uint16_t slot_ = 0;
    };

    /// Ticks of `2^tick_bits` ns; tests in virtual time take 0, and are exact.
    explicit timer_wheel(unsigned tick_bits = 20) noexcept;

    /// Has `timer` expire at `due`; one that is armed already is moved.
    void arm(node& timer, instant due) noexcept;
    void disarm(node& timer) noexcept;

    /// Expires every timer that is due, in the order of their ticks; gives how many. A timer may arm and disarm others.
    std::size_t fire_due(instant now) noexcept;

    /// When `fire_due` next has something to do; nothing where no timer is armed. Not later than the earliest timer's tick.
    [[nodiscard]] std::optional<instant> next_due() const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    static constexpr unsigned level_bits = 6;
    static constexpr unsigned slots = 1U << level_bits;
    static constexpr unsigned levels = 11;

    struct expiry {
        std::uint64_t tick;
        unsigned level;
        unsigned slot;
    };

    void place(node& timer) noexcept;
    void unlink(node& timer) noexcept;
    [[nodiscard]] std::optional<expiry> next_expiry() const noexcept;
    std::size_t open_slot(const expiry& at) noexcept;

    unsigned tick_bits_;
    std::uint64_t current_ = 0;  // every tick up to this one has been fired
    std::size_t size_ = 0;
    std::array<std::uint64_t, levels> occupied_{};  // a bit for each slot that is not empty
    std::array<link, std::size_t{levels} * slots> heads_;
};

}  // namespace cutwater
