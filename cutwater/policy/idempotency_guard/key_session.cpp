#include "cutwater/policy/idempotency_guard/key_session.hpp"

#include <algorithm>
#include <utility>

#include "cutwater/policy/idempotency_guard/events.hpp"

namespace cutwater::detail {

namespace {

constexpr unsigned most_tries = 16;  // against others who reserve and release the same key all the time
constexpr duration longest_poll = 1s;

void erase(cell_store& store, std::string key, cell_version version, duration limit) noexcept {
    store.begin({erase_cell{std::move(key), version}, limit}, [](const cell_result&) noexcept {});
}

/// Gives back a reservation of which nobody knows whether it was made.
void disown(cell_store& store, std::string key, std::uint64_t holder, duration limit) noexcept {
    cell_request asked{read_cell{key}, limit};
    store.begin(std::move(asked), [&store, key = std::move(key), holder, limit](cell_result said) mutable noexcept {
        if (!said || !said->found) return;
        const auto there = idempotency_record::decoded(said->found->value);
        if (there && there->is == idempotency_record::state::in_use && there->holder == holder)
            erase(store, std::move(key), said->found->version, limit);
    });
}

}  // namespace

key_session::step key_session::enter(const key_keeper& by, call_context& call, pause_point& at) {
    const call_options& said = call.said();
    sent_before_ = call.sent;
    if (said.id.empty()) {
        if (by.options.without_key == without_key::unguarded) return step::execute;
        return refuse(by, errc::key_missing, call);
    }
    const std::string_view operation = (said.operation.empty() ? by.layer : said.operation).view();
    const std::size_t size = said.id.size() + operation.size() + said.tenant.size();
    if (size > by.options.max_key)
        return refuse(by, errc::key_missing, call,
                      "the idempotency key has " + std::to_string(size) +
                          " bytes with its operation and tenant; max_key is " + std::to_string(by.options.max_key));
    cell_ = idempotency_cell(said.tenant, operation, said.id);
    if (cell_.contains('\0')) return refuse(by, errc::key_missing, call, "the idempotency key has a zero byte");
    record_ = {.holder = call.random()(), .lease = by.options.lease, .fingerprint = std::string{said.fingerprint}};
    gives_up_ = add(call.now.get(), by.options.max_wait);
    poll_ = by.options.poll;
    return reserve(by, 0, call, at);
}

key_session::step key_session::reserve(const key_keeper& by, cell_version over, call_context& call, pause_point& at) {
    if (++tries_ > most_tries) return refuse(by, errc::key_in_use, call);
    began_ = call.now;
    bytes_ = record_.encoded();
    const duration lives = add(by.options.lease, by.options.keep_for);  // in use, then in doubt
    return ask(
        by, phase::reserving,
        {swap_cell{.key = cell_, .expected = over, .value = bytes_, .time_to_live = lives}, by.options.store_limit},
        call, at);
}

key_session::step key_session::look(const key_keeper& by, call_context& call, pause_point& at) {
    return ask(by, phase::looking, {read_cell{cell_}, by.options.store_limit}, call, at);
}

/// What was reserved for a call that has gone is given back.
key_session::step key_session::ask(const key_keeper& by, phase next, cell_request what, call_context& call,
                                   pause_point& at) {
    phase_ = next;
    const instant now = call.now;
    until_ = add(now, by.options.store_limit);
    if (comes_before()) what.limit = std::clamp(between(now, call.deadline), duration::zero(), what.limit);
    cell_wait::heir unclaimed;
    if (next == phase::reserving)
        unclaimed = [&store = by.store, key = cell_, holder = record_.holder,
                     limit = by.options.store_limit](cell_result said) noexcept {
            if (!said) return disown(store, key, holder, limit);
            if (said->done) erase(store, key, said->version, limit);
        };
    wait_.begin(by.store, std::move(what), call, std::move(unclaimed));
    if (!wait_.is_over()) return pause(call, at);
    return hear(by, wait_.take(), call, at);
}

key_session::step key_session::resume(const key_keeper& by, call_context& call, pause_point& at) {
    const instant now = call.now;
    if (phase_ == phase::sleeping) {
        if (now >= call.deadline) return too_late(call);
        return now < until_ ? pause(call, at) : look(by, call, at);
    }
    if (wait_.is_over()) return hear(by, wait_.take(), call, at);
    if (comes_before() && now >= call.deadline) {
        wait_.leave();
        return too_late(call);
    }
    if (now < until_) return pause(call, at);
    wait_.leave();
    return hear(
        by,
        std::unexpected{
            error{std::make_error_code(std::errc::timed_out), by.store.store_name(), call.operation()}.with_limit(
                by.options.store_limit)},
        call, at);
}

key_session::step key_session::hear(const key_keeper& by, cell_result said, call_context& call, pause_point& at) {
    if (!comes_before()) return written(by, said, call, at);
    if (!said)
        return call.now.get() < call.deadline ? without_store(by, said.error(), call)
                                              : too_late_to_know(by, said.error(), call);
    if (phase_ == phase::reserving) return reserved(by, *std::move(said), call, at);
    in_use_for_.reset();
    return said->found ? found(by, *said->found, call, at) : reserve(by, 0, call, at);
}

key_session::step key_session::reserved(const key_keeper& by, cell_reply said, call_context& call, pause_point& at) {
    if (said.done) return execute(by, said.version, call);
    in_use_for_.reset();
    return said.found ? found(by, *said.found, call, at) : reserve(by, 0, call, at);
}

key_session::step key_session::found(const key_keeper& by, const cell& there, call_context& call, pause_point& at) {
    std::optional<idempotency_record> record = idempotency_record::decoded(there.value);
    age_ = there.age;
    switch (idempotency_kernel{by.options}.judge(record, there.age, record_.holder, record_.fingerprint)) {
        case key_verdict::ours: return execute(by, there.version, call);
        case key_verdict::replay:
            outcome_ = std::move(record->outcome);
            phase_ = phase::outside;
            call.emit(by.layer, [&] { return idempotent_replayed{age_}; });
            return step::replay;
        case key_verdict::reused: return refuse(by, errc::key_reused, call);
        case key_verdict::in_use: return in_use(by, *record, call, at);
        case key_verdict::take_over:
            call.emit(by.layer, [&] { return idempotent_taken_over{age_}; });
            return reserve(by, there.version, call, at);
        case key_verdict::in_doubt: return refuse(by, errc::in_doubt, call);
        case key_verdict::unreadable: break;
    }
    return refuse(by, errc::in_doubt, call, "what is stored under the idempotency key cannot be read");
}

key_session::step key_session::in_use(const key_keeper& by, const idempotency_record& there, call_context& call,
                                      pause_point& at) {
    const instant now = call.now;
    in_use_for_ = there.lease - age_;
    if (by.options.while_in_use == while_in_use::wait && now < gives_up_) {
        phase_ = phase::sleeping;
        until_ = std::min(add(now, poll_), gives_up_);
        poll_ = std::min(add(poll_, poll_), std::max(longest_poll, by.options.poll));
        return pause(call, at);
    }
    const step refused = refuse(by, errc::key_in_use, call);
    why_->with_retry_after(std::clamp(*in_use_for_, duration{1ms}, duration{1s}));
    return refused;
}

key_session::step key_session::execute(const key_keeper& by, cell_version version, call_context& call) {
    phase_ = phase::executing;
    version_ = version;
    outer_deadline_ = call.deadline;
    outer_is_ours_ = call.deadline_is_ours;
    const instant own = add(began_, by.options.lease);
    tightened_ = own < call.deadline;
    if (tightened_) {
        call.deadline = own;
        call.deadline_is_ours = true;
    }
    return call.now.get() < call.deadline ? step::execute : too_late_to_execute(by, call);
}

/// The store has taken longer than there was time: what was reserved is given back, and nothing is sent.
key_session::step key_session::too_late_to_execute(const key_keeper& by, call_context& call) {
    erase(by.store, cell_, version_, by.options.store_limit);
    const step refused = too_late(call);
    unbind(by, call, &*why_);
    return refused;
}

void key_session::unbind(const key_keeper& by, call_context& call, error* failure) noexcept {
    call.deadline = outer_deadline_;
    call.deadline_is_ours = outer_is_ours_;
    if (!tightened_ || failure == nullptr || !call.ran_out) return;
    if (failure->code() != errc::deadline_exceeded || !failure->layer().empty()) return;
    failure->with_code(errc::timed_out).with_layer(by.layer).with_limit(by.options.lease);
}

key_session::step key_session::leave(const key_keeper& by, afterwards then, std::string outcome, call_context& call,
                                     pause_point& at) {
    if (then == afterwards::keep && outcome.size() > by.options.max_outcome)
        return lose(by, "the outcome is larger than max_outcome", call);
    if (then != afterwards::keep) call.emit(by.layer, [&] { return idempotent_held{then}; });
    if (then == afterwards::hold) {
        phase_ = phase::outside;
        return step::end;
    }
    tries_ = 0;
    if (then == afterwards::release)
        return ask(by, phase::releasing, {erase_cell{cell_, version_}, by.options.store_limit}, call, at);
    record_.is = idempotency_record::state::done;
    record_.outcome = std::move(outcome);
    bytes_ = record_.encoded();
    return ask(by, phase::committing,
               {swap_cell{.key = cell_, .expected = version_, .value = bytes_, .time_to_live = by.options.keep_for},
                by.options.store_limit},
               call, at);
}

/// What was not told is asked for once more: a swap that was made finds what it wrote.
key_session::step key_session::written(const key_keeper& by, const cell_result& said, call_context& call,
                                       pause_point& at) {
    const bool commits = phase_ == phase::committing;
    if (said && (said->done || !commits || (said->found && said->found->value == bytes_))) {
        phase_ = phase::outside;
        return step::end;
    }
    if (!said && tries_++ == 0) {
        const duration limit = by.options.store_limit;
        if (!commits) return ask(by, phase::releasing, {erase_cell{cell_, version_}, limit}, call, at);
        return ask(by, phase::committing,
                   {swap_cell{.key = cell_, .expected = version_, .value = bytes_, .time_to_live = by.options.keep_for},
                    limit},
                   call, at);
    }
    return lose(by, !said ? said.error().message() : said->found ? "taken over" : "gone from the store", call);
}

key_session::step key_session::lose(const key_keeper& by, const std::string& reason, call_context& call) {
    phase_ = phase::outside;
    call.emit(by.layer, [&] { return idempotency_lost{reason}; });
    return step::end;
}

void key_session::disown_unheard(const key_keeper& by, const error& failure) noexcept {
    if (phase_ == phase::reserving && failure.executed() != effect::none)
        disown(by.store, cell_, record_.holder, by.options.store_limit);
}

key_session::step key_session::too_late_to_know(const key_keeper& by, const error& failure, call_context& call) {
    disown_unheard(by, failure);
    return too_late(call);
}

key_session::step key_session::without_store(const key_keeper& by, const error& failure, call_context& call) {
    disown_unheard(by, failure);
    phase_ = phase::outside;
    const std::string words = failure.message();
    if (in_use_for_) return without_news(by, words, call);
    const bool is_made = by.options.without_store == cutwater::without_store::unguarded;
    call.emit(by.layer, [&] { return idempotency_store_failed{by.options.without_store, words}; });
    if (is_made) return step::execute;
    why_.emplace(error{errc::store_unavailable, by.layer, call.operation()}.with_text(words));
    return step::refuse;
}

/// The store has said that the key is in use, and then says nothing more: the other may be at work, whatever is done without a store.
key_session::step key_session::without_news(const key_keeper& by, const std::string& words, call_context& call) {
    call.emit(by.layer, [&] { return idempotency_store_failed{cutwater::without_store::refused, words}; });
    const step refused =
        refuse(by, errc::key_in_use, call, "the key is in use, and the store cannot be asked again: " + words);
    why_->with_retry_after(std::clamp(*in_use_for_, duration{1ms}, duration{1s}));
    return refused;
}

key_session::step key_session::too_late(call_context& call) {
    phase_ = phase::outside;
    meaning_ = call.deadline_is_ours ? verdict::transient : verdict::ignored;
    why_.emplace(errc::deadline_exceeded, name{}, call.operation());
    call.ran_out = true;
    return step::refuse;
}

key_session::step key_session::refuse(const key_keeper& by, errc why, call_context& call, std::string text) {
    phase_ = phase::outside;
    why_.emplace(why, by.layer, call.operation());
    if (!text.empty()) why_->with_text(std::move(text));
    call.emit(by.layer, [&] { return idempotent_refused{to_text(why), age_}; });
    return step::refuse;
}

bool key_session::interrupt() noexcept {
    const bool was_made = !comes_before();
    wait_.leave();
    phase_ = phase::outside;
    return was_made;
}

/// What comes before the call ends at its deadline; what comes after it is short, and worth more than the deadline.
key_session::step key_session::pause(const call_context& call, pause_point& at) const noexcept {
    at.until = comes_before() ? std::min(until_, call.deadline) : until_;
    return step::wait;
}

}  // namespace cutwater::detail
