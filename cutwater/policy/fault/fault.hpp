// Fault injection: attempts that are late, fail, hang, are refused or come back wrong, on purpose, to prove what is around them.
//
//     cw::fault drill{{.name = "drill",
//                      .rules = {{.name = "resets",
//                                 .what = cw::injection::failure(std::errc::connection_reset),
//                                 .when = cw::fault_when::share(0.1)}}}};
//     cw::circuit_breaker health;
//     cw::pipeline search{cw::retry{}, cw::ref(health), cw::timeout{500ms}, cw::ref(drill)};       // innermost
//     drill.arm();                                                                               // until then it does nothing
//     ...
//     drill.disarm();
//     drill.read();                                                                              // what each rule saw and injected
//
// Contract. Innermost: what stands outside takes a fault for the dependency's own, a retry, a breaker and a timeout alike, and each attempt is asked
// about and told of by itself. A pipeline where it stands outside of a retry or a hedge is refused: at compile time, or by
// `any_pipeline::add` with `std::logic_error`. An injected error is judged by the pipeline's rules; its layer is this one's name, and its words begin with
// "injected: ". Where an attempt is held (latency, hang) its deadline ends it as that of a slow call, its caller's cancellation as any wait; no
// thread sleeps. A hang that nothing ends fails after `max_hang` with ETIMEDOUT. A wrong result changes a value that came back, and is judged
// anew; where the call gives another type than the rule's, it fails with `errc::callback_failed`.
//
// Reproducibility: as `kernel.hpp` says. `arm()` after `disarm()` begins anew, with counters at zero: the same seed gives the same drill. Of one that
// is armed it changes nothing. `replace_rules` puts other
// rules into force at once, with counters at zero; an attempt has its fault by the rules that it began under. `disarm()` frees what is held: those
// attempts go on to the dependency. An attempt that begins after `disarm()` has returned, for whoever knows of that, has no fault.
//
// Thread safety: every member, from any thread; user code never runs under the lock. Cost: disarmed, one relaxed load; armed, a lock and a
// count for each rule that is asked. Nothing is allocated but by the errors that are injected.
#pragma once

#include <memory>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/policy/fault/shared_faults.hpp"

namespace cutwater {

class fault : public works_alone<fault> {
public:
    static constexpr std::string_view kind = "fault";
    static constexpr bool is_per_attempt = true;

    /// What is done to one attempt; nothing: `of` is null.
    struct ticket {
        std::shared_ptr<faults_in_force> of{};
        fault_decision what{};
    };

    /// Throws `invalid_options`.
    explicit fault(fault_options options = {});
    fault(const fault&) = delete;  // one for all whom it hits: cw::ref(fault)
    fault(fault&&) noexcept = default;
    fault& operator=(const fault&) = delete;
    fault& operator=(fault&&) noexcept = default;
    ~fault() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    /// The options in force: the rules, and whether it is armed, as they are now.
    [[nodiscard]] fault_options options() const { return shared_->options(); }

    void arm() { shared_->arm(); }
    void disarm() noexcept { shared_->disarm(); }
    [[nodiscard]] bool is_armed() const noexcept { return shared_->is_armed(); }
    /// Throws `invalid_options`, and changes nothing then.
    void replace_rules(std::vector<fault_rule> rules) { shared_->replace(std::move(rules)); }

    /// What each of the rules in force has done, in their order.
    [[nodiscard]] std::vector<fault_reading> read() const { return shared_->read(); }
    /// How many attempts are held at the moment.
    [[nodiscard]] std::size_t held() const { return shared_->held(); }

    // for the pipeline
    [[nodiscard]] bool idles() const noexcept { return !shared_->is_armed(); }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);
    void settle(ticket&, const observation&, call_context&, moment&) noexcept {}
    void abandon(ticket&) noexcept {}

    [[nodiscard]] bool delays(const ticket& t) noexcept { return t.of != nullptr && t.what.wait > duration::zero(); }
    [[nodiscard]] instant hold(waiter& w, ticket& t, call_context& call, moment& now);
    [[nodiscard]] bool held(waiter& w, ticket& t, moment& now) noexcept;
    void leave(waiter& w) noexcept { shared_->leave(w); }
    [[nodiscard]] std::optional<error> answers(const ticket& t, call_context& call) const;

    template <class T>
    [[nodiscard]] bool alter(ticket& t, outcome<T>& out, call_context& call) const {
        if (t.of == nullptr || injected(t).kind() != fault_kind::wrong_result || !out.has_value()) return false;
        if constexpr (is_changeable<T>) {
            if (const std::function<T(T)>* const change = injected(t).alter<T>()) {
                out.replace((*change)(std::move(*out.result())));
                t.of->count(t.what.rule);
                tell(t, call);
                return true;
            }
        }
        refuse_type(t);
    }

private:
    /// What a function can take and give back by value, and an outcome can hold in the other's place.
    template <class T>
    static constexpr bool is_changeable =
        std::is_move_constructible_v<T> &&
        (std::is_move_assignable_v<std::expected<T, error>> || std::is_nothrow_move_constructible_v<T>);

    [[nodiscard]] static const injection& injected(const ticket& t) noexcept {
        return t.of->plan(t.what.rule).rule().what;
    }
    void tell(const ticket& t, call_context& call) const;
    [[noreturn]] static void refuse_type(const ticket& t);

    name layer_;
    std::unique_ptr<shared_faults> shared_;
};

}  // namespace cutwater
