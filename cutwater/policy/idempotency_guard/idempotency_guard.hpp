// An operation that is executed once for each key, whoever asks how often: the server's side of an idempotency key.
//
//     cw::memory_store cells;                                             // or SQLite, PostgreSQL, Redis
//     cw::idempotency_guard<int> payments{cells, {.name = "payments"}};
//     cw::pipeline pay{cw::ref(payments), cw::timeout{10s}};
//     auto got = pay.run({.operation = "pay", .id = order, .tenant = "acme", .fingerprint = "5 EUR"}, [] { return 7; });
//     if (got && got.source() == cw::name{"payments"}) …                  // what an earlier call with this key came to
//
// Contract. Before the call is made its key is reserved in the store; when it has been made, its outcome is written down, and a later call with the
// same tenant, operation and key gets that, marked with the guard's name and its age. Where a call names no operation, the guard's name stands
// for it. Two who come at once: one reserves. The other is refused with `errc::key_in_use`, or waits. The same key with another fingerprint is
// refused with `errc::key_reused`; a call without one, with `errc::key_missing`. None of these is a verdict about the dependency (`rejected`).
//
// A reservation is a lease, and the call's deadline is no later. A holder that dies, or whose call may have had an effect and has no outcome to
// keep, leaves the key in use until the lease is over. Then it is in doubt (`errc::in_doubt`) for as long as `keep_for`; only where the
// options say that the operation is safe to be executed again does the next call take it over. An exception whose effect no rule of the
// pipeline states is no outcome to keep: it may have come from after the effect.
//
// So an effect happens at most once, and its outcome is told as often as it is asked for, as far as the store keeps what it was told. Where it cannot be
// asked, the options say whether calls are refused or made unguarded; each such call raises an event, and so does each whose outcome
// could not be written down, also because `should_keep` or the codec has thrown.
//
// It stands outside of every layer that makes attempts: those are one call. `Codec` writes values into the store (`cell_codec`).
// Thread safety: every member, from any thread. Lifetime: the store outlives the guard, and what is still under way for calls that were destroyed.
// Cost: one question to the store for a call that finds its outcome there, two for one that is made.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cutwater/core/outcome.hpp"
#include "cutwater/policy/idempotency_guard/events.hpp"
#include "cutwater/policy/idempotency_guard/kept_outcome.hpp"
#include "cutwater/policy/idempotency_guard/key_session.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater {

/// `T` is what the calls give; `void` where they give nothing.
template <class T, class Codec = cell_codec<std::conditional_t<std::is_void_v<T>, no_value, T>>>
class idempotency_guard {
public:
    static constexpr std::string_view kind = "idempotency_guard";
    static constexpr bool remembers = true;
    static constexpr bool limits_time = true;
    template <class U>
    static constexpr bool gives = std::same_as<T, U>;

    /// Throws `invalid_options`.
    explicit idempotency_guard(cell_store& store, idempotency_options options = {})
        : options_{validated(kind, std::move(options))}, layer_{options_.name}, store_{&store} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const idempotency_options& options() const noexcept { return options_; }

    /// What a pipeline keeps of one call.
    template <class U>
    class session {
    public:
        flow enter(idempotency_guard& by, call_context& call, outcome_slot<U>& out, pause_point& at) {
            return go_on(by, key_.enter(by.keeper(), call, at), call, out);
        }
        flow resume(idempotency_guard& by, call_context& call, outcome_slot<U>& out, pause_point& at) {
            return go_on(by, key_.resume(by.keeper(), call, at), call, out);
        }
        flow leave(idempotency_guard& by, call_context& call, outcome_slot<U>& out, pause_point& at) {
            if (!key_.is_reserved()) return flow::outward;
            const key_keeper by_now = by.keeper();
            key_.unbind(by_now, call, out->has_value() ? nullptr : &out->failure());
            afterwards then = afterwards::hold;
            std::string kept;
            try {
                then = idempotency_kernel{by.options_}.after(out->observed(), key_.was_sent(call));
                if (then == afterwards::keep) kept = detail::keep_outcome<Codec>(*out);
            } catch (...) {  // the caller's outcome is not to be a failure because of it
                const std::string_view who = then == afterwards::keep ? "the codec" : "should_keep";
                return go_on(by, key_.lose(by_now, detail::words_of_thrown(who), call), call, out);
            }
            return go_on(by, key_.leave(by_now, then, std::move(kept), call, at), call, out);
        }
        flow interrupt(idempotency_guard& by, call_context& call, outcome_slot<U>& out) {
            if (!key_.interrupt())
                out.emplace(verdict::cancelled, std::unexpect, errc::cancelled, by.layer_, call.operation());
            return flow::outward;
        }

    private:
        using key_keeper = detail::key_keeper;
        using step = detail::key_session::step;

        flow go_on(idempotency_guard& by, step next, call_context& call, outcome_slot<U>& out) {
            switch (next) {
                case step::wait: return flow::pause;
                case step::execute: return flow::inward;
                case step::replay: return replay(by, call, out);
                case step::refuse: out.emplace(key_.why(), key_.meaning()); break;
                case step::end: break;
            }
            return flow::outward;
        }

        flow replay(idempotency_guard& by, call_context& call, outcome_slot<U>& out) {
            if (!detail::recall_outcome<Codec>(key_.outcome(), out))
                return go_on(by,
                             key_.refuse(by.keeper(), errc::in_doubt, call,
                                         "the outcome that is stored under the idempotency key cannot be read"),
                             call, out);
            out->mark({.source = by.layer_, .age = key_.age()});
            return out->has_value() ? flow::answer : flow::outward;
        }

        detail::key_session key_;
    };

private:
    [[nodiscard]] detail::key_keeper keeper() const noexcept { return {options_, *store_, layer_}; }

    idempotency_options options_;
    name layer_;
    cell_store* store_;
};

}  // namespace cutwater
