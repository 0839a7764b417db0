// Controlled delay: whether a queue is a burst that drains, or stands.
//
// A queue that drains has, every now and then, somebody who hardly waited. So what counts is the *least* delay of an interval: is
// that above the target, the queue stands, and the next interval is overloaded; in it, whoever has waited more than twice the
// target is turned away. The first one of an interval never is, so that even the worst queue serves somebody.
//
// Source: Nichols and Jacobson, "Controlling Queue Delay" (ACM Queue 2012), in the form of Facebook's folly (`Codel`), which turns away by delay and
// not at a growing pace. Thread safety: none; a value.
#pragma once

#include <algorithm>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class codel {
public:
    codel(duration target, duration interval) noexcept : target_{target}, interval_{interval} {}

    /// Somebody is next who has waited for `delay`: whether to turn it away. `now` does not go back.
    [[nodiscard]] bool should_turn_away(duration delay, instant now) noexcept {
        if (rests_) {
            rests_ = begins_ = false;
            ends_ = add(now, interval_);
            least_ = delay;
            return false;
        }
        if (!begins_ && now > ends_) {
            ends_ = add(now, interval_);
            overloaded_ = least_ > target_;
            begins_ = true;
        }
        if (begins_) {
            begins_ = false;
            least_ = delay;
            return false;
        }
        least_ = std::min(least_, delay);
        return overloaded_ && delay > 2 * target_;
    }

    /// The queue is empty: it does not stand, and what was seen of it is of no use any more. An interval begins with the next one.
    void drained() noexcept {
        *this = codel{target_, interval_};
        rests_ = true;
    }

    /// Whether the queue stood during the last interval.
    [[nodiscard]] bool is_overloaded() const noexcept { return overloaded_; }
    /// From 0 (nobody waits) to 1 (everybody waits for twice the target or more).
    [[nodiscard]] double load() const noexcept {
        return std::min(1.0, static_cast<double>(least_.count()) / static_cast<double>(2 * target_.count()));
    }

private:
    duration target_;
    duration interval_;
    duration least_{};
    instant ends_{};
    bool rests_ = false;
    bool begins_ = true;
    bool overloaded_ = false;
};

}  // namespace cutwater
