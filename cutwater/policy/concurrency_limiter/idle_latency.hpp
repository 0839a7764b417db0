// What a dependency's latency would be with nobody waiting: what the rules by latency measure against.
//
// A guess from below: a latency that three windows in a row stay below. So one lucky window does not spoil it. Nor does drift: it is
// raised by nothing but a *probe*, in which the limit is lowered for a moment. Where latency falls with the limit there was a queue,
// and the limit is halved again; where it does not, that is what the dependency takes.
//
// Thread safety: none; a value.
#pragma once

#include <algorithm>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class idle_latency {
public:
    [[nodiscard]] duration value() const noexcept { return value_; }  ///< zero where nothing is known
    [[nodiscard]] bool is_probing() const noexcept { return probing_; }

    /// Of a typical call in a window at the full limit.
    void note(duration latency) noexcept {
        if (value_ == duration::zero()) value_ = latency;
        if (latency >= value_) {
            lower_ = 0;
            return;
        }
        highest_of_lower_ = lower_ == 0 ? latency : std::max(highest_of_lower_, latency);
        if (++lower_ < windows_below) return;
        value_ = highest_of_lower_;
        lower_ = 0;
    }

    /// The limit is to be lowered: this is what was seen at the one before.
    void begin_probe(duration latency) noexcept {
        probing_ = true;
        before_ = latency;
    }
    /// Of a typical call at the lowered limit: whether to lower it further. Else the probe is over.
    [[nodiscard]] bool probe(duration latency) noexcept {
        const bool there_was_a_queue =
            static_cast<double>(latency.count()) < falls_with_a_queue * static_cast<double>(before_.count());
        before_ = there_was_a_queue ? latency : std::min(before_, latency);
        if (!there_was_a_queue) end_probe();
        return there_was_a_queue;
    }
    /// It can be lowered no further.
    void end_probe() noexcept {
        probing_ = false;
        value_ = before_;
        lower_ = 0;
    }
    void abandon_probe() noexcept { probing_ = false; }

private:
    static constexpr unsigned windows_below = 3;
    static constexpr double falls_with_a_queue = 0.7;  // halving a queue halves the latency; noise does less

    duration value_{};
    duration highest_of_lower_{};
    duration before_{};
    unsigned lower_ = 0;
    bool probing_ = false;
};

}  // namespace cutwater
