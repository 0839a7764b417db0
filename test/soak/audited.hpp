// A gate, and somebody who writes down what it does: to a pipeline it is the gate itself.
//
//     soak::audited<bulkhead> narrow{bulkhead{{.max_concurrent = 2}}, book, soak::in_step::no};
//     any_pipeline<int> guarded{ref(narrow)};
//
// Thread safety: as the gate's, unless a mirror goes along in step.
#pragma once

#include <optional>

#include "cutwater/core/family.hpp"
#include "cutwater/pipeline/describe.hpp"
#include "cutwater/policy/keyed/keyed.hpp"
#include "test/soak/call_book.hpp"
#include "test/soak/ledger.hpp"
#include "test/soak/mirror.hpp"

namespace cutwater::soak {

/// Whether everything happens in one thread, so that a kernel can go along.
enum class in_step : bool { no, yes };

/// What a ticket holds of a limiter, where the gate is one.
[[nodiscard]] inline const rate_ticket* rate_of(const rate_ticket& t) noexcept { return &t; }
[[nodiscard]] inline const rate_ticket* rate_of(const keyed_ticket<rate_limiter>& t) noexcept {
    return t.place.where != nullptr ? &t.of_policy : nullptr;
}
[[nodiscard]] const rate_ticket* rate_of(const auto&) noexcept { return nullptr; }

template <gate Gate>
class audited {
public:
    static constexpr bool holds_work = requires { requires Gate::holds_work; };
    struct ticket {
        typename Gate::ticket its{};
        std::uint32_t grant = 0;  ///< its place in the call's grants, from 1
    };

    audited(Gate gate, call_book& book, in_step how) : gate_{std::move(gate)}, book_{&book} {
        if (how == in_step::yes) mirror_.emplace(gate_);
    }
    audited(const audited&) = delete;
    audited& operator=(const audited&) = delete;
    ~audited() = default;

    [[nodiscard]] name layer_name() const noexcept { return gate_.layer_name(); }
    [[nodiscard]] std::string describe() const { return describe_layer(gate_); }
    [[nodiscard]] Gate& gate() noexcept { return gate_; }
    [[nodiscard]] const ledger& counted() const noexcept { return ledger_; }
    [[nodiscard]] std::optional<mirror<Gate>>& reflection() noexcept { return mirror_; }

    [[nodiscard]] bool try_admit(ticket& t, call_context& call, moment& now) noexcept
        requires quick_gate<Gate>
    {
        if (!gate_.try_admit(t.its, call, now)) return false;
        reflect([&](auto& m) { m.admitted(t.its, call, now); });
        note(t, call, now);
        return true;
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        auto answer = gate_.admit(call, now);
        reflect([&](auto& m) { m.asked(answer, call, now); });
        return noted(std::move(answer), call, now);
    }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context& call, moment& now)
        requires queueing_gate<Gate>
    {
        ledger_.lined_up();
        auto answer = gate_.enqueue(w, call, now);
        reflect([&](auto& m) { m.lined_up(answer, w, call, now); });
        return noted(std::move(answer), call, now);
    }
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now)
        requires queueing_gate<Gate>
    {
        auto answer = gate_.resume(w, call, now);
        reflect([&](auto& m) { m.looked(answer, w, call, now); });
        return noted(std::move(answer), call, now);
    }
    void cancelled(waiter& w, call_context& call)
        requires requires(Gate& g) { g.cancelled(w, call); }
    {
        gate_.cancelled(w, call);
    }
    void leave(waiter& w) noexcept
        requires queueing_gate<Gate>
    {
        ledger_.left_the_line();
        gate_.leave(w);
        reflect([&](auto& m) { m.left(w); });
    }
    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        if (const rate_ticket* const rate = rate_of(t.its); rate != nullptr && rate->sent == call.sent)
            book_->of(call.said().id).grants[t.grant - 1].given_back = true;
        const typename Gate::ticket before = t.its;  // a keyed one is emptied
        ledger_.settled(seen.meaning());
        reflect([&](auto&) { dice_ = call.random(); });
        gate_.settle(t.its, seen, call, now);
        reflect([&](auto& m) { m.settled(before, seen, call, now, dice_); });
    }
    void orphaned(ticket& t, const observation& seen, call_context& call, moment& now)
        requires requires(Gate& g) { g.orphaned(t.its, seen, call, now); }
    {
        gate_.orphaned(t.its, seen, call, now);
    }
    void abandon(ticket& t) noexcept {
        const typename Gate::ticket before = t.its;
        ledger_.abandoned();
        gate_.abandon(t.its);
        reflect([&](auto& m) { m.abandoned(before); });
    }

private:
    template <class Tell>
    void reflect(Tell&& tell) {
        if constexpr (mirror<Gate>::reflects)
            if (mirror_) tell(*mirror_);
    }

    /// `ledger_` says inside after the gate does, and outside before it does: it never counts more than there are.
    void note(ticket& t, call_context& call, moment& now) {
        ledger_.admitted();
        const rate_ticket* const rate = rate_of(t.its);
        if (rate == nullptr) return;
        auto& grants = book_->of(call.said().id).grants;
        const instant at = rate->slot.taken == instant{} ? now.get() : rate->slot.taken;
        grants.push_back(
            {.of = this, .key = key_of(call), .mark = rate->slot.mark, .at = at, .weight = call.said().weight});
        t.grant = static_cast<std::uint32_t>(grants.size());
    }
    [[nodiscard]] std::string_view key_of(const call_context& call) const {
        if constexpr (requires { gate_.options().by; })
            return gate_.options().by(call);
        else
            return {};
    }
    [[nodiscard]] admission<ticket> noted(admission<typename Gate::ticket> answer, call_context& call, moment& now) {
        if (const auto* const wait = std::get_if<wait_until>(&answer)) return *wait;
        if (const auto* const why = std::get_if<refusal>(&answer)) return ledger_.refused(), *why;
        ticket t{.its = std::move(std::get<typename Gate::ticket>(answer))};
        note(t, call, now);
        return t;
    }

    Gate gate_;
    call_book* book_;
    ledger ledger_;
    std::optional<mirror<Gate>> mirror_;
    random_source dice_{0};  // as they lay before the gate threw them
};

}  // namespace cutwater::soak
