// What one instance keeps of a limit by itself, while nobody can be asked.
//
//     cw::local_share share{cw::shared_rate_limiter_kernel{25, 1s, 25}};
//     share.begin(now);                                  // all of its burst is there
//     const cw::duration wait = share.take(1, now);          // zero: it is taken
//
// Thread safety: none; under its owner's lock.
#pragma once

#include <algorithm>

#include "cutwater/policy/shared_rate_limiter/kernel.hpp"

namespace cutwater {

class local_share {
public:
    explicit constexpr local_share(shared_rate_limiter_kernel rule) noexcept : rule_{rule} {}

    constexpr void begin(instant now) noexcept {
        backlog_ = {};
        since_ = now;
    }

    /// Zero where they are taken; else until they are there, `forever` where there are never so many.
    [[nodiscard]] constexpr duration take(unsigned n, instant now) noexcept {
        rate_backlog left = rule_.aged(backlog_, between(since_, now));
        if (rule_.take(left, n, n) == 0) return rule_.wait_for(left, n);
        backlog_ = left;
        since_ = std::max(since_, now);
        return duration::zero();
    }

private:
    shared_rate_limiter_kernel rule_;
    rate_backlog backlog_{};
    instant since_{};
};

}  // namespace cutwater
