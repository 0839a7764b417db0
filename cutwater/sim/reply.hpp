// How a simulated callee answers: once, whenever it likes, and whether or not anybody still waits for it.
//
//     void serve(const cw::attempt&, cw::sim::reply<int> answer) { world.after(5ms, [=] { answer.give(42); }); }
#pragma once

#include <expected>
#include <memory>
#include <utility>

#include "cutwater/core/error.hpp"

namespace cutwater::sim {

/// What waits for an answer.
template <class T>
class awaiting {
public:
    virtual bool answer(unsigned turn, std::expected<T, error> what) = 0;
    [[nodiscard]] virtual bool awaits(unsigned turn) const noexcept = 0;

protected:
    ~awaiting() = default;
};

/// A value: copies answer the same attempt.
template <class T>
class reply {
public:
    reply(std::weak_ptr<awaiting<T>> to, unsigned turn) noexcept : to_{std::move(to)}, turn_{turn} {}

    /// Ends the attempt with this. False where nobody waits any more: answered already, timed out, cancelled. Where it is true that
    /// is how the attempt ends, whatever a callee that has not returned yet throws.
    bool give(std::expected<T, error> what) const {
        const auto to = to_.lock();
        return to && to->answer(turn_, std::move(what));
    }
    [[nodiscard]] bool is_awaited() const noexcept {
        const auto to = to_.lock();
        return to && to->awaits(turn_);
    }

private:
    std::weak_ptr<awaiting<T>> to_;
    unsigned turn_;
};

}  // namespace cutwater::sim
