// A hedge: where an answer is slow to come, the same is asked again beside it, and the first good answer counts.
//
//     cw::pipeline guarded{cw::timeout{1s}, cw::hedge{{.delay = 50ms}}, cw::bulkhead{}, cw::timeout{500ms}};
//     auto price = co_await guarded.async_run({.idempotent = cw::idempotency::idempotent}, fetch_price);
//
// Contract. Each attempt passes the layers inside of the hedge by itself: it has a permit, a timeout and a verdict of its own there.
// The layers outside see one attempt. Only calls that are stated to be idempotent are hedged, unless the options say what the others
// are; and nothing beyond what the call may still have (`call_options::retries_left`) or the budget pays. Retries inside share what is left:
// the hedge keeps what it has a use for, and each attempt has of the rest what no other was given.
//
// A further attempt is paid for when it begins, and refunded where it ends without having been sent, be it after its call: the budget outlives
// what has lost, too.
//
// The first acceptable outcome is the call's, and is delivered before the others have ended; they are cancelled, and count
// for nothing; a latency estimate hears that they take at least so long (`call_context::lost_at`). What has lost may outlast its call: the callable is kept as long as an attempt is left, and so are the pipeline's own
// layers; what the callable refers to, and what was given by `cw::ref`, must outlive it.
//
// Blocking calls are hedged on the threads of a `cw::worker_pool` that stands inside of the hedge. Coroutines need none.
// Cancellation of the call cancels every attempt, and is waited for. Thread safety: any number of calls at once; the functions in the
// options are called from every thread that runs the pipeline. Formulas: kernel.hpp.
#pragma once

#include "cutwater/core/family.hpp"
#include "cutwater/policy/hedge/kernel.hpp"

namespace cutwater {

class hedge {
public:
    static constexpr std::string_view kind = "hedge";

    /// Throws `invalid_options`.
    explicit hedge(hedge_options options = {}) : options_{validated(kind, std::move(options))}, layer_{options_.name} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const hedge_options& options() const noexcept { return options_; }

    /// The attempts of one call.
    class session {
    public:
        session(const hedge& owner, call_context& call, moment& now);

        [[nodiscard]] race_step next(call_context& call, moment& now);
        void begun(call_context& call, moment& now) noexcept;
        [[nodiscard]] bool ended(const observation& seen, call_context& call, moment& now);
        void lost(call_context& call) noexcept;
        void over(verdict meaning, call_context& call) noexcept;
        [[nodiscard]] unsigned further() const noexcept { return kernel_.further(); }
        [[nodiscard]] pending_charges take_charges() noexcept { return std::move(charges_); }

    private:
        [[nodiscard]] duration delay(instant now) const;
        [[nodiscard]] bool can_pay(call_context& call);
        void tell_budget(const observation& seen, budget_charge paid, call_context& call) const noexcept;

        const hedge* owner_;
        hedge_kernel kernel_;
        unsigned first_;  // its number: what a loop outside has paid for
        instant started_{};
        duration delay_{};  // from the attempt that is about to begin until the one after it
        bool suppressed_ = false;
        unsigned sent_;       // what has ended was sent so often
        budget_charge paid_;  // for the attempt that is about to begin
        pending_charges charges_;
    };

    [[nodiscard]] session begin_race(call_context& call, moment& now) const { return {*this, call, now}; }

private:
    hedge_options options_;
    name layer_;
};

}  // namespace cutwater
