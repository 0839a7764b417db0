// A retry: tries again what may pass, later each time, and knows when to stop.
//
//     cw::pipeline guarded{cw::retry{{.max_attempts = 4, .base_delay = 50ms}}, cw::timeout{500ms}};
//     auto price = cw::retry{}(fetch_price);               // alone, with the defaults
//
// Contract. Only what is `transient` is tried again; see `core/classify.hpp`. Attempts include the first. No sleep is
// begun that would reach the deadline. The dependency's own `retry_after` is honoured within `max_retry_after`; where
// `endpoints` inside keep it, and another can be asked, the backoff holds. What the caller states to be not idempotent is tried again only where the request cannot have left. The error that comes out
// is the last attempt's own, with the history attached: of all attempts, or of the first and the latest 31.
//
// A `budget` pays for each further attempt when it is scheduled, and has back what was not sent; where it is exhausted there is
// none, and the last error stands. What is called is told that the further attempts are made here (`attempt::retries_left`), and
// none are made for a caller that has said so of its own.
//
// Cancellation ends a sleep at once and is never retried. Thread safety: immutable; the functions in the options are
// called from every thread that runs the pipeline, never under a lock; one that throws fails the call.
// Formulas: `backoff.hpp`. Cost where the first attempt succeeds: no clock, no random number, no allocation; the same where
// it fails and trying again would not help.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/family.hpp"
#include "cutwater/policy/retry/kernel.hpp"

namespace cutwater {

class retry : public works_alone<retry> {
public:
    static constexpr std::string_view kind = "retry";

    /// Throws `invalid_options`.
    explicit retry(retry_options options = {})
        : options_{validated(kind, std::move(options))}, layer_{options_.name}, budget_{options_.budget},
          needs_start_{options_.max_total != forever || options_.should_stop} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const retry_options& options() const noexcept { return options_; }

    /// Whether a call that succeeds at once needs no session.
    [[nodiscard]] bool begins_late() const noexcept { return !needs_start_ && options_.retries_below == 0; }

    /// A call comes in: nobody below is to make further attempts of its own, and the budget hears of an original.
    void entered(call_context& call) const noexcept {
        call.is_retried = true;
        call.handed_down = 0;
        if (budget_ != nullptr && budget_->wants_originals()) [[unlikely]]
            count_original(call);
    }
    /// One that needed no session.
    void succeeded_at_once(call_context& call) const noexcept {
        if (budget_ != nullptr && !budget_->is_saturated()) [[unlikely]]
            tell_budget({}, {}, call);
    }

    /// The retries of one call.
    class session {
    public:
        session(const retry& owner, call_context& call, moment& now)
            : owner_{&owner}, kernel_{owner.options_, call.said().idempotent}, sent_{call.sent} {
            if (owner.needs_start_) started_ = now;
            if (owner.options_.retries_below > 0) [[unlikely]]
                hand_down(call, owner.options_.max_attempts - 1);
        }
        session(const session&) = delete;
        session& operator=(const session&) = delete;
        ~session() { refund(); }

        [[nodiscard]] loop_step after(const observation& seen, call_context& call, moment& now) {
            kernel_.count_attempt();
            if (owner_->pays()) [[unlikely]]
                settle(seen, call);
            if (seen.meaning() == verdict::success && kernel_.attempts() == 1) [[likely]]
                return loop_step::finish();
            return after_failure(seen, call, now);
        }

        /// The sleep took so much longer than was asked for that the deadline has passed.
        void overslept(const observation& seen, call_context& call);

        /// Attaches the history, where there is one.
        void explain(error& last);

    private:
        static constexpr std::size_t most_records = 32;
        static constexpr unsigned most_below = retry_options::most_retries_below;

        [[nodiscard]] loop_step after_failure(const observation& seen, call_context& call, moment& now);
        void tell_retry(const observation& seen, duration delay, call_context& call) const;
        [[nodiscard]] bool pay(const observation& seen, call_context& call) noexcept;
        void hand_down(call_context& call, unsigned most) noexcept;
        void settle(const observation& seen, call_context& call) noexcept;
        void refund() noexcept;
        [[nodiscard]] loop_step end(const observation& seen, give_up_reason why, call_context& call);
        void remember(const observation& seen, duration wait_after, const call_context& call);

        const retry* owner_;
        retry_kernel kernel_;
        instant started_{};
        std::unique_ptr<std::vector<attempt_record>> history_;  // null until there is a second attempt

        // the next attempt, until it is known whether it was sent
        unsigned sent_;                        // attempts before it that were
        std::optional<budget_charge> paid_{};  // nothing for the first
        unsigned below_ = 0;                   // how many it leaves to what is called
        std::array<budget_charge, most_below> paid_below_;
    };

    [[nodiscard]] session begin(call_context& call, moment& now) const { return {*this, call, now}; }

private:
    [[nodiscard]] bool pays() const noexcept { return budget_ != nullptr || options_.retries_below > 0; }
    void count_original(call_context& call) const noexcept;
    void tell_budget(const observation& seen, budget_charge paid, call_context& call) const noexcept;

    retry_options options_;
    name layer_;
    attempt_budget* budget_;
    bool needs_start_;  // whether an option asks for the time since the first attempt
};

}  // namespace cutwater
