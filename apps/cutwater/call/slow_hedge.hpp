// A hedge that is for the slow alone: what has failed is left to the retry round it, which waits before it goes on.
//
//     made.add(retry{…}).add(slow_hedge{50ms});
//
// Two attempts at most. Where the second has begun, the failure of one leaves the call to the other, as with `cw::hedge`.
// Thread safety: as `cw::hedge`.
#pragma once

#include <utility>

#include "cutwater/policy/hedge/hedge.hpp"

namespace cutwater::app {

class slow_hedge {
public:
    static constexpr std::string_view kind = hedge::kind;

    /// Throws `invalid_options`.
    explicit slow_hedge(duration delay) : inner_{{.max_attempts = 2, .delay = delay}} {}

    [[nodiscard]] name layer_name() const noexcept { return inner_.layer_name(); }
    [[nodiscard]] const hedge_options& options() const noexcept { return inner_.options(); }

    class session {
    public:
        explicit session(hedge::session inner) : inner_{std::move(inner)} {}

        [[nodiscard]] race_step next(call_context& call, moment& now) { return inner_.next(call, now); }
        void begun(call_context& call, moment& now) {
            ++begun_;
            inner_.begun(call, now);
        }
        /// What ends alone is the outcome, however it ends.
        [[nodiscard]] bool ended(const observation& seen, call_context& call, moment& now) {
            return inner_.ended(seen, call, now) || begun_ == 1;
        }

    private:
        hedge::session inner_;
        unsigned begun_ = 0;
    };

    [[nodiscard]] session begin_race(call_context& call, moment& now) const {
        return session{inner_.begin_race(call, now)};
    }

private:
    hedge inner_;
};

}  // namespace cutwater::app
