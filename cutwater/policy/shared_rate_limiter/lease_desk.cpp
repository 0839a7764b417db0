#include "cutwater/policy/shared_rate_limiter/lease_desk.hpp"

#include <algorithm>
#include <utility>

#include "cutwater/store/in_turn.hpp"

namespace cutwater {

namespace {

constexpr unsigned most_tries = 8;  // against others who come between
constexpr duration margin = 1s;     // what a store may round a time to live by
constexpr duration shortest_rest = 1ms;
constexpr duration longest_rest = 50ms;

}  // namespace

lease_desk::lease_desk(cell_store& store, const shared_rate_limiter_options& options)
    : options_{options}, rule_{options.rule()}, key_{options.cell_key()}, usable_for_{options.usable_for()},
      store_{store}, known_{rule_, options.lease}, share_{options.share()} {}

// ---- calls ----

lease_desk::said lease_desk::look(unsigned n, call_context& call) {
    const instant now = call.now;
    // What is more than a lease is not kept in hand: it goes to who stands in line for it.
    asking may = n > options_.lease ? asking::not_now : asking::allowed;
    for (;;) {
        question next;
        said told;
        {
            const std::scoped_lock held{lock_};
            take_in_locked(now);
            is_to_tell_ = false;
            told = try_locked(n, call, may, next);
            lay_out_locked(now);
        }
        if (!next.what) return told;
        ask(std::move(next));
        if (told.what == answer::taken || may == asking::not_now) return told;
        may = asking::not_now;
    }
}

lease_desk::said lease_desk::enqueue(waiter& w, call_context& call) {
    const instant now = call.now;
    question next;
    said told;
    {
        const std::scoped_lock held{lock_};
        take_in_locked(now);
        told = try_locked(w.weight, call, asking::not_now, next);
        if (told.what == answer::waits && line_.size() >= options_.max_queue) {
            told = {.what = answer::full, .wait = std::max(known_.wait_for(w.weight, now), rule_.refill_of(1))};
        } else if (told.what == answer::waits) {
            line_.push(w);
            next = serve_locked(now, call.surroundings());
            told.until = next_look_locked(w);
        }
        lay_out_locked(now);
    }
    ask(std::move(next));
    return told;
}

lease_desk::said lease_desk::look_again(waiter& w, call_context& call) {
    const instant now = call.now;
    question next;
    said told;
    {
        const std::scoped_lock held{lock_};
        take_in_locked(now);
        next = serve_locked(now, call.surroundings());
        if (w.take_grant()) {
            told = {.what = answer::taken, .permits = {w.weight, w.mark}};
            if (leased_permits::is_over(w.mark, now)) {  // its driver has not run it for so long
                told = {};
                line_.push(w);
            }
        } else if (w.turned_away()) {
            told = turned_away_locked(w, now);
        }
        told.until = next_look_locked(w);
        lay_out_locked(now);
    }
    ask(std::move(next));
    return told;
}

/// A call with no place in line. Where a question is worth it, and allowed, `next` is that.
lease_desk::said lease_desk::try_locked(unsigned n, call_context& call, asking may, question& next) {
    const instant now = call.now;
    if (line_.empty() && n <= hand_.total()) {
        const taken_permits taken = hand_.take(n);
        next = refill_locked(now, call.surroundings());
        return {.what = answer::taken, .permits = taken};
    }
    const bool asks = may == asking::allowed && may_ask_locked(now) && line_.empty();
    const unsigned missing = n > hand_.total() ? n - hand_.total() : 1;
    if (is_down_) {
        if (asks) next = begin_locked(missing, now, call.surroundings());
        return next.what ? said{} : without_store_locked(n, now);
    }
    if (!is_under_way() && line_.empty()) {
        if (const duration wait = known_.wait_for(known_.worth_asking(missing), now); wait > duration::zero())
            return {.what = answer::exhausted, .wait = wait};
        if (now < asks_again_) return {.what = answer::contended, .wait = between(now, asks_again_)};
    }
    if (asks) next = begin_locked(missing, now, call.surroundings());
    return {};
}

lease_desk::said lease_desk::turned_away_locked(const waiter& w, instant now) {
    switch (*w.turned_away()) {
        case errc::store_unavailable: return without_store_locked(w.weight, now);
        case errc::rate_limited: {
            const unsigned there = hand_.total();
            const unsigned missing = w.weight > there ? w.weight - there : 1;
            return {.what = answer::exhausted, .wait = known_.wait_for(known_.worth_asking(missing), now)};
        }
        default:
            return {.what = answer::contended, .wait = std::max<duration>(shortest_rest, between(now, asks_again_))};
    }
}

lease_desk::said lease_desk::without_store_locked(unsigned n, instant now) {
    const duration again = std::max(duration::zero(), between(now, asks_again_));
    switch (options_.without_store) {
        case limit_without_store::refused: return {.what = answer::out_of_order, .wait = again};
        case limit_without_store::unguarded: return {.what = answer::unguarded};
        case limit_without_store::local: break;
    }
    const duration wait = share_.take(n, now);
    if (wait == duration::zero()) return {.what = answer::unguarded};
    return {.what = answer::share, .wait = wait == forever ? again : wait};
}

void lease_desk::leave(waiter& w) noexcept {
    const std::scoped_lock held{lock_};
    const bool was_granted = w.take_grant();
    line_.remove(w);
    if (was_granted) {
        hand_.take_in();
        try {
            put_back_locked({w.weight, w.mark});
        } catch (...) {}  // NOLINT(bugprone-empty-catch): where memory is missing they are not used
    }
    if (!line_.empty()) return line_.wake_first();
    if (was_granted) hand_.lay_out(options_.lease / 2, leased_permits::then::tell);
}

void lease_desk::give_back(const taken_permits& unused, call_context& call) {
    const instant now = call.now;
    question next;
    {
        const std::scoped_lock held{lock_};
        take_in_locked(now);
        put_back_locked(unused);
        next = serve_locked(now, call.surroundings());
        lay_out_locked(now);
    }
    ask(std::move(next));
}

/// Which lease they were of is not known any more: to the store nothing of them goes back.
void lease_desk::put_back_locked(const taken_permits& unused) {
    hand_.add({.count = unused.count, .end = unused.end, .taken = instant::min()});
}

// ---- the store ----

void lease_desk::ask(question next) noexcept {
    if (!next.what) return;
    ask_in_turn(store_, std::move(next), [self = shared_from_this()](const question& asked, const cell_result& reply) {
        return self->answered(asked, reply);
    });
}

lease_desk::question lease_desk::answered(const question& asked, const cell_result& reply) {
    const instant now = asked.lent->now();
    const std::scoped_lock held{lock_};
    take_in_locked(now);
    question next = heard_locked(asked, reply, now);
    if (!next.what) next = serve_locked(now, *asked.lent);
    lay_out_locked(now);
    return next;
}

lease_desk::question lease_desk::heard_locked(const question& asked, const cell_result& reply, instant now) {
    const bool is_late = asked.flight != flight_.number;
    if (!reply) return is_late ? question{} : failed_locked(reply.error(), now);
    if (reply->done) {
        hand_.add(asked.worth);
        leased_ += asked.worth.count;
    }
    if (is_late) return {};
    end_outage_locked(now);
    known_.took(between(asked.worth.taken, now));
    if (!reply->done) return lost_locked(reply->found, now);
    keep_locked(asked, reply->version, now);
    return {};
}

void lease_desk::keep_locked(const question& asked, cell_version version, instant now) {
    known_.wrote(version, asked.backlog, now, dice_->unit());
    news_.leased += asked.worth.count;
    news_.questions += flight_.tries + flight_.failures + 1;
    news_.took = between(flight_.began, now);
    end_flight_locked();
}

/// Somebody has come between. What is there is known now.
lease_desk::question lease_desk::lost_locked(const std::optional<cell>& found, instant now) {
    if (found)
        known_.found(found->version, rate_backlog::decoded(found->value).value_or(rule_.full()), add(now, -found->age),
                     dice_->unit());
    else
        known_.found_nothing();
    flight_.given_back = 0;
    if (++flight_.tries < most_tries) {
        question next = compose_locked(now);
        if (!next.what) known_.lost();
        return next;
    }
    known_.lost();
    end_flight_locked();
    // not all of them at once again
    asks_again_ = add(now, scale(std::clamp(rule_.refill_of(1), shortest_rest, longest_rest), 1 + dice_->unit()));
    turn_away_all_locked(errc::refused);
    return {};
}

/// Whether the swap was made is not known: what it would have given back is not given back again.
lease_desk::question lease_desk::failed_locked(const error& why, instant now) {
    over_.erase(over_.begin(), over_.begin() + static_cast<std::ptrdiff_t>(std::exchange(flight_.given_back, 0)));
    if (!is_down_ && flight_.failures++ == 0) return compose_locked(now);
    begin_outage_locked(why.message(), now);
    return {};
}

lease_desk::question lease_desk::begin_locked(unsigned need, instant now, environment& lent) {
    if (!dice_) dice_.emplace(lent.random()());
    flight_ = {.number = ++flights_, .need = need, .began = now, .lent = &lent};
    return compose_locked(now);
}

/// The next question, from what is known; none, and the flight is over, where there is no permit to be had.
lease_desk::question lease_desk::compose_locked(instant now) {
    rate_backlog backlog = known_.backlog(now);
    for (const leased_permits::batch& unused : over_)
        rule_.give_back(backlog, unused.count, between(unused.taken, now));
    flight_.given_back = over_.size();
    if (rule_.wait_for(backlog, known_.worth_asking(flight_.need)) > duration::zero()) {
        flight_ = {};
        return {};
    }
    const unsigned most = known_.most_in_hand(now);
    const unsigned room = most > hand_.total() ? most - hand_.total() : 0;
    const unsigned n = rule_.take(backlog, flight_.need, std::max(flight_.need, room));
    question next{.flight = flight_.number,
                  .worth = {.count = n, .end = leased_permits::end_of(add(now, usable_for_)), .taken = now},
                  .backlog = backlog,
                  .lent = flight_.lent};
    next.what = cell_request{.what = swap_cell{.key = key_,
                                               .expected = known_.version(),
                                               .value = backlog.encoded(),
                                               .time_to_live = add(backlog.rounded_up(), margin)},
                             .limit = options_.store_limit};
    return next;
}

/// Lets in whose permits are in hand, in their order, and has more leased where that is worth it; whose are not to be had is turned away.
lease_desk::question lease_desk::serve_locked(instant now, environment& lent) {
    while (waiter* const first = line_.first()) {
        const unsigned there = hand_.total();
        const unsigned missing = first->weight > there ? first->weight - there : 0;
        if (missing == 0) {
            first->mark = hand_.take(first->weight).end;
            line_.grant(*first);
        } else if (is_under_way()) {
            return {};
        } else if (is_down_) {
            line_.turn_away(*first, errc::store_unavailable);
        } else if (known_.wait_for(known_.worth_asking(missing), now) > duration::zero()) {
            line_.turn_away(*first, errc::rate_limited);
        } else if (now < asks_again_) {
            line_.turn_away(*first, errc::refused);
        } else {
            return begin_locked(missing, now, lent);
        }
    }
    return refill_locked(now, lent);
}

lease_desk::question lease_desk::refill_locked(instant now, environment& lent) {
    const bool are_few = hand_.total() <= known_.most_in_hand(now) / 2;
    if (!are_few || !may_ask_locked(now) || known_.wait_for(known_.worth_asking(1), now) > duration::zero()) return {};
    return begin_locked(1, now, lent);
}

void lease_desk::end_flight_locked() noexcept {
    over_.erase(over_.begin(), over_.begin() + static_cast<std::ptrdiff_t>(flight_.given_back));
    flight_ = {};
}

void lease_desk::end_overdue_locked(instant now) {
    if (is_under_way() && now >= add(flight_.began, options_.store_limit))
        begin_outage_locked("it has not answered within store_limit", now);
}

void lease_desk::begin_outage_locked(std::string why, instant now) {
    end_flight_locked();
    asks_again_ = add(now, options_.retry_store_every);
    if (!is_down_) {
        is_down_ = true;
        down_since_ = now;
        share_.begin(now);
        news_.failure = std::move(why);
    }
    turn_away_all_locked(errc::store_unavailable);
}

void lease_desk::end_outage_locked(instant now) {
    if (!std::exchange(is_down_, false)) return;
    asks_again_ = now;
    news_.back_after = between(down_since_, now);
    is_to_tell_ = true;
}

void lease_desk::turn_away_all_locked(errc why) noexcept {
    while (waiter* const first = line_.first()) line_.turn_away(*first, why);
}

// ---- what is in hand ----

instant lease_desk::next_look_locked(const waiter& w) const {
    return is_under_way() ? std::min(w.until, add(flight_.began, options_.store_limit)) : w.until;
}

void lease_desk::take_in_locked(instant now) {
    hand_.take_in();
    end_overdue_locked(now);
    const unsigned before = hand_.total();
    hand_.drop_over(now, over_);
    known_.left_over(before - hand_.total());
    if (!is_under_way())
        std::erase_if(over_,
                      [&](const auto& unused) { return between(unused.taken, now) >= rule_.refill_of(unused.count); });
}

/// Nobody takes past the line.
void lease_desk::lay_out_locked(instant now) {
    if (!line_.empty()) return;
    hand_.trim(options_.lease, over_);
    if (is_to_tell_) return hand_.lay_out(options_.lease, leased_permits::then::tell);
    const bool is_worth_it = may_ask_locked(now) && known_.wait_for(known_.worth_asking(1), now) == duration::zero();
    hand_.lay_out(known_.most_in_hand(now) / 2,
                  is_worth_it ? leased_permits::then::tell : leased_permits::then::nothing);
}

lease_desk::news lease_desk::take_news() {
    const std::scoped_lock held{lock_};
    return std::exchange(news_, {});
}

unsigned lease_desk::queued() const {
    const std::scoped_lock held{lock_};
    return static_cast<unsigned>(line_.size());
}

unsigned lease_desk::in_hand() {
    const std::scoped_lock held{lock_};
    hand_.take_in();
    const unsigned there = hand_.total();
    if (line_.empty()) hand_.lay_out(options_.lease / 2, leased_permits::then::tell);
    return there;
}

std::uint64_t lease_desk::leased() const {
    const std::scoped_lock held{lock_};
    return leased_;
}

}  // namespace cutwater
