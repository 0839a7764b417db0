// One call's way through a cache.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/core/flow.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/policy/cache/cache_table.hpp"
#include "cutwater/policy/cache/durable_tier.hpp"
#include "cutwater/policy/cache/events.hpp"
#include "cutwater/policy/cache/kernel.hpp"
#include "cutwater/store/cell_wait.hpp"

namespace cutwater::detail {

template <class Cache, class T>
class cache_session {
    using table = typename Cache::table;
    using kept = typename table::kept;

public:
    cache_session() = default;
    cache_session(const cache_session&) = delete;
    cache_session& operator=(const cache_session&) = delete;
    ~cache_session() { give_up(); }

    flow enter(Cache& by, call_context& call, outcome_slot<T>& out, pause_point& at) {
        const call_options& said = call.said();
        if (said.fingerprint.empty()) return flow::inward;
        by_ = &by;
        since_ = call.now;
        tell_of_changes(call);
        key_ = {.operation = said.operation,
                .tenant = by.options_.scope == cache_scope::per_tenant ? said.tenant : std::string_view{},
                .asked = said.fingerprint};
        return look_again(by.table_.find(key_), call, out, at);
    }

    flow resume(Cache&, call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (store_wait_.is_waiting()) return hear_store(call, out, at);
        const auto stands = by_->table_.look(key_, *flight_, *place_, call.now);
        if (stands == table::followed::waiting) {
            if (call.now.get() < call.deadline) return wait(call, at);
            give_up();
            return ran_out(call, out);
        }
        place_.reset();
        if (stands == table::followed::leads) return lead(std::move(flight_), call, out, at);
        const std::shared_ptr<typename table::flight> on = std::exchange(flight_, nullptr);
        const kept& got = on->outcome;
        if (got->out.is_success() && got->born < since_) return look_again(got, call, out, at);  // it is from a store
        if (suits(call, *on)) return give_shared(call, *got, out);
        seen_ = got;
        return lead_or_follow(call, out, at);
    }

    flow leave(Cache&, call_context& call, outcome_slot<T>& out, pause_point&) {
        if (!leads_) return flow::outward;
        const verdict meaning = out->meaning();
        if (out->is_success() && out->from().source.empty()) return keep(call, *out), flow::outward;
        if (meaning == verdict::permanent) return keep_negative(call, *out), flow::outward;
        if (meaning == verdict::cancelled || meaning == verdict::abandoned || meaning == verdict::ignored)
            give_up();
        else
            share(call, *out);
        stand_in(call, out);
        return flow::outward;
    }

    flow interrupt(Cache& by, call_context& call, outcome_slot<T>& out) {
        store_wait_.leave();
        give_up();
        out.emplace(verdict::cancelled, std::unexpect, errc::cancelled, by.layer_, call.operation());
        return flow::outward;
    }

private:
    /// None is younger than new: another thread's answer may have come after this one has looked at the clock.
    [[nodiscard]] static duration age_of(const kept_outcome_of<T>& what, call_context& call) {
        return std::max(between(what.born, call.now), duration::zero());
    }
    [[nodiscard]] freshness judged(call_context& call, const kept& what) const {
        if (!what) return freshness::expired;
        const duration age = age_of(*what, call);
        const cache_kernel kernel{by_->options_};
        return what->out.is_success() ? kernel.judge(age, what->fresh_for, call.said().max_age)
                                      : kernel.judge_negative(age, call.said().max_age);
    }

    /// A copy, marked.
    flow give(call_context& call, const kept_outcome_of<T>& what, outcome_slot<T>& out) {
        out.emplace(what.out);
        out->mark({.source = by_->layer_, .age = age_of(what, call)});
        return out->has_value() ? flow::answer : flow::outward;
    }
    flow give_stale(call_context& call, stale_cause cause, std::string_view words, outcome_slot<T>& out) {
        const duration age = age_of(*old_, call);
        call.emit(by_->layer_, [&] { return cache_stale_used{age, cause, words}; });
        out.emplace(old_->out);
        out->mark_degraded(by_->layer_, age);
        return flow::answer;
    }

    /// One call asks; with a hook, none of these: somebody else does, and is told again where that leads to nothing.
    flow revalidate(call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (by_->options_.on_stale) {
            if (old_->is_to_be_told(call.now, by_->options_.stale_while_revalidate / 10)) by_->options_.on_stale(key_);
            return give_stale(call, stale_cause::revalidating, {}, out);
        }
        auto found = by_->table_.lead_or_find(key_, old_, call.now);
        if (found.newer) return look_again(std::move(found.newer), call, out, at);
        if (found.leads) return lead(std::move(found.under_way), call, out, at);
        return give_stale(call, stale_cause::revalidating, {}, out);
    }

    /// By what is kept now.
    flow look_again(kept now, call_context& call, outcome_slot<T>& out, pause_point& at) {
        const freshness is = judged(call, now);
        if (is == freshness::fresh) return give(call, *now, out);
        old_ = is == freshness::expired ? nullptr : now;
        seen_ = std::move(now);
        return is == freshness::revalidate ? revalidate(call, out, at) : lead_or_follow(call, out, at);
    }

    flow lead_or_follow(call_context& call, outcome_slot<T>& out, pause_point& at) {
        for (;;) {
            auto found = by_->table_.lead_or_find(key_, seen_, call.now);
            if (found.leads) return lead(std::move(found.under_way), call, out, at);
            if (found.newer) return look_again(std::move(found.newer), call, out, at);
            place_.emplace(call.parked());
            flight_ = std::move(found.under_way);
            if (by_->table_.follow(key_, *flight_, *place_)) return wait(call, at);
            place_.reset();  // it has landed meanwhile
            flight_ = nullptr;
        }
    }

    flow wait(const call_context& call, pause_point& at) const noexcept {
        at.until = call.deadline;
        return flow::pause;
    }

    flow lead(std::shared_ptr<typename table::flight> on, call_context& call, outcome_slot<T>& out, pause_point& at) {
        flight_ = std::move(on);
        leads_ = true;
        return ask(call, out, at);
    }

    /// The durable tier first, where memory has nothing.
    flow ask(call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (old_ != nullptr || call.said().max_age <= duration::zero()) return flow::inward;
        const duration limit = std::min(by_->options_.store_limit, left_of(call) / 2);  // the rest is for asking
        std::optional<cell_request> what = by_->tier_.read(key_, limit);
        if (!what) return flow::inward;
        store_until_ = add(call.now.get(), limit);
        store_wait_.begin(*by_->tier_.store(), *std::move(what), call);
        return hear_store(call, out, at);
    }
    flow hear_store(call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (!store_wait_.is_over()) {
            const instant now = call.now;
            if (now >= call.deadline) {
                store_wait_.leave();
                give_up();
                return ran_out(call, out);
            }
            if (now < store_until_) {
                at.until = std::min(store_until_, call.deadline);
                return flow::pause;
            }
        }
        const cell_result said = store_wait_.is_over() ? store_wait_.take() : silence();
        if (!said) {
            const std::string words = said.error().words();
            call.emit(by_->layer_, [&] { return cache_store_failed{words}; });
        } else if (said->found) {
            remember(call, *said->found);
        }
        return old_ == nullptr ? flow::inward : go_on_with_found(call, out, at);
    }
    /// As with what is found in memory, for this call and for those who wait.
    flow go_on_with_found(call_context& call, outcome_slot<T>& out, pause_point& at) {
        const std::size_t bytes = by_->size_of(old_->out);
        const freshness is = judged(call, old_);
        if (is != freshness::fresh && (is != freshness::revalidate || !by_->options_.on_stale)) {
            by_->table_.show(key_, flight_, old_, bytes, call.now);
            return flow::inward;
        }
        (void)land(old_, bytes, [] {});
        return look_again(old_, call, out, at);
    }
    /// A store that does not keep to the limit that it was told.
    [[nodiscard]] cell_result silence() {
        store_wait_.leave();
        return std::unexpected{error{std::make_error_code(std::errc::timed_out)}};
    }
    /// What was found there is what memory would have had.
    void remember(call_context& call, const cell& there) {
        std::optional<T> value = by_->tier_.decoded(there);
        if (!value) {
            call.emit(by_->layer_, [&] { return cache_store_failed{"what is stored cannot be read"}; });
            return;
        }
        const instant born = add(call.now.get(), -there.age);
        const kept found = made(outcome<T>{std::in_place, *std::move(value)}, born, call);
        if (judged(call, found) != freshness::expired) old_ = found;
    }

    [[nodiscard]] kept made(outcome<T> out, instant born, call_context& call) const {
        const double share = by_->options_.jitter > 0 ? call.random().unit() : 0.0;
        return std::make_shared<const kept_outcome_of<T>>(std::move(out), born,
                                                          cache_kernel{by_->options_}.fresh_for(share));
    }

    template <class Begin>
    typename table::landing land(kept outcome, std::optional<std::size_t> bytes_to_keep, Begin&& begin_change) {
        const auto how = by_->table_.land(key_, *flight_, std::move(outcome), bytes_to_keep, begin_change);
        leads_ = false;
        flight_ = nullptr;
        return how;
    }
    void keep(call_context& call, const outcome<T>& out) {
        kept copy = made(out, call.now, call);
        const std::size_t bytes = by_->size_of(copy->out);  // a copy has no room to spare
        tier_change change = by_->tier_.change(key_);
        // what throws before leaves the question to the next
        const auto how = land(std::move(copy), bytes, [&] { change.begin_write(); });
        if (how == table::landing::overtaken) return;
        if (how == table::landing::too_large) call.emit(by_->layer_, [&] { return cache_entry_refused{bytes}; });
        by_->tier_.write(std::move(change), *out.result(), cache_kernel{by_->options_}.useful_for(),
                         limit_of_change(call));
        tell_of_changes(call);
    }
    void keep_negative(call_context& call, const outcome<T>& out) {
        if (by_->options_.negative_for == duration::zero()) return share(call, out);
        kept copy = made(out, call.now, call);
        const std::size_t bytes = by_->size_of(copy->out);
        tier_change change = by_->tier_.change(key_);
        // it takes the place of what was kept, in a store too
        const auto how = land(std::move(copy), bytes, [&] { change.begin_erasure(); });
        if (how == table::landing::overtaken) return;
        if (how == table::landing::too_large) call.emit(by_->layer_, [&] { return cache_entry_refused{bytes}; });
        std::move(change).erase(limit_of_change(call));
        tell_of_changes(call);
    }
    /// Those who wait get the failure, too: it is theirs as much.
    void share(call_context& call, const outcome<T>& out) {
        (void)land(made(out, call.now, call), std::nullopt, [] {});
    }

    /// What was not written or erased since anybody was told.
    void tell_of_changes(call_context& call) {
        if (!by_->tier_.has_failed()) return;
        const std::string words = by_->tier_.take_failure();
        if (!words.empty()) call.emit(by_->layer_, [&] { return cache_store_failed{words}; });
    }
    /// Of each of the two questions that it takes.
    [[nodiscard]] duration limit_of_change(call_context& call) const {
        return std::min(by_->options_.store_limit, left_of(call) / 2);
    }
    [[nodiscard]] static duration left_of(call_context& call) {
        return call.deadline == never ? forever : std::max(between(call.now, call.deadline), duration::zero());
    }

    /// Whether what a leader got may be this call's: an answer to a question that began before it may be older than the call wants it.
    [[nodiscard]] bool suits(call_context& call, const typename table::flight& on) const {
        const outcome<T>& got = on.outcome->out;
        const bool is_answer = got.is_success() || got.meaning() == verdict::permanent;
        return !is_answer || on.began >= since_ || between(on.began, since_) <= call.said().max_age;
    }

    /// To a follower: what the leader got.
    flow give_shared(call_context& call, const kept_outcome_of<T>& what, outcome_slot<T>& out) {
        const bool is_its_own = what.out.from().source.empty();  // and not of a fallback inside, which stays marked
        if (what.out.is_success() && is_its_own) return give(call, what, out);
        out.emplace(what.out);
        if (what.out.is_success()) return flow::answer;
        stand_in(call, out);
        return flow::outward;
    }

    /// What there is in a failure's place.
    void stand_in(call_context& call, outcome_slot<T>& out) {
        const verdict meaning = out->meaning();
        if (meaning != verdict::transient && meaning != verdict::rejected) return;
        const std::string words = out->has_value() ? words_of(out->judged()) : out->failure().message();
        if (old_ != nullptr && old_->out.is_success() && judged(call, old_) != freshness::expired) {
            (void)give_stale(call, stale_cause::failed, words, out);
            return;
        }
        if (!by_->default_ || call.said().max_age <= duration::zero()) return;  // it wants the dependency's own
        call.emit(by_->layer_, [&] { return cache_default_used{words}; });
        out.emplace(std::in_place, *by_->default_);
        out->mark_degraded(by_->layer_);
    }

    flow ran_out(call_context& call, outcome_slot<T>& out) {
        out.emplace(call.deadline_is_ours ? verdict::transient : verdict::ignored, std::unexpect,
                    errc::deadline_exceeded, name{}, call.operation());
        call.ran_out = true;
        return flow::outward;
    }

    /// Neither leads nor follows.
    void give_up() noexcept {
        if (flight_ == nullptr) return;
        if (std::exchange(leads_, false))
            by_->table_.hand_over(key_, *flight_);
        else
            by_->table_.leave(key_, *flight_, *place_);
        flight_ = nullptr;
        place_.reset();
    }

    Cache* by_ = nullptr;
    cache_key key_;
    kept seen_;  // what was kept when it looked last
    kept old_;   // the same, where it may be given in need
    bool leads_ = false;
    instant since_{};                                 // when it came
    std::shared_ptr<typename table::flight> flight_;  // which it leads, or follows
    late<waiter> place_;
    cell_wait store_wait_;
    instant store_until_ = never;
};

}  // namespace cutwater::detail
