#include "cutwater/policy/shared_retry_budget/budget_desk.hpp"

#include <algorithm>
#include <utility>

#include "cutwater/store/in_turn.hpp"

namespace cutwater {

namespace {

constexpr unsigned most_tries = 8;  // against others who come between
constexpr std::uint32_t room = gathered_cell<std::atomic>::most;

constexpr duration cell_lives = std::chrono::hours{24};  // after the last question of anybody

}  // namespace

budget_desk::budget_desk(cell_store& store, const shared_retry_budget_options& options)
    : options_{options}, rule_{options.rule()}, share_{options.share()}, key_{options.cell_key()}, store_{store},
      wanted_{options.lease}, outage_{options.retry_store_every} {
    originals_.open_mine(subject, room);
}

// ---- originals ----

void budget_desk::look(instant now, environment& lent) {
    question next;
    {
        const std::scoped_lock held{lock_};
        look_locked(now);
        next = ask_if_worth_locked(now, lent);
        plan_locked(now);
    }
    ask(std::move(next));
}

/// The cell is closed, or full, or others count in it as well.
void budget_desk::count_slowly() {
    const std::scoped_lock held{lock_};
    const counter::cell::seen seen = originals_.mine().look();
    if (counter::cell::is_closed(seen)) {
        originals_.open_mine(subject, room);
    } else if (counter::cell::is_full(seen)) {
        counted_ += originals_.close_all(room);
        originals_.open_used(subject, room);
    } else {
        originals_.spread();
    }
    ++counted_;
}

void budget_desk::gather_locked(instant now) {
    counted_ += originals_.close_all(room);
    originals_.open_used(subject, room);
    std::uint64_t came = std::exchange(counted_, 0);
    const instant since = std::exchange(gathered_, now);
    if (between(since, now) > options_.window) came = 0;
    if (outage_.is_on()) {
        local_ = share_.aged(local_, between(local_since_, now));
        local_since_ = std::max(local_since_, now);
        share_.deposit(local_, came);
        return;
    }
    forget_old_locked(now);
    if (untold_.originals == 0) untold_.since = since;
    untold_.originals += came;
}

/// What is as old as a window pays for nothing.
void budget_desk::forget_old_locked(instant now) {
    if (between(untold_.since, now) > options_.window) untold_.originals = 0;
}

// ---- further attempts ----

budget_desk::answer budget_desk::try_charge(instant now, environment& lent) {
    question next;
    answer told{};
    {
        const std::scoped_lock held{lock_};
        look_locked(now);
        told = take_locked(now);
        next = ask_if_worth_locked(now, lent);
        plan_locked(now);
    }
    if (!next.what) return told;
    ask(std::move(next));
    if (told == answer::paid || told == answer::paid_locally) return told;
    const std::scoped_lock held{lock_};  // there are stores that answer at once
    return take_locked(now);
}

budget_desk::answer budget_desk::take_locked(instant now) {
    is_used_ = true;
    wanted_ = options_.lease;
    if (usable_locked(now) > 0) {
        --hand_.count;
        return answer::paid;
    }
    if (!outage_.is_on()) return is_under_way() ? answer::leasing : answer::exhausted;
    if (options_.without_store == budget_without_store::refused) return answer::store_unavailable;
    return share_.take(local_, 1) > 0 ? answer::paid_locally : answer::share;
}

void budget_desk::refund(paid_from where) noexcept {
    const std::scoped_lock held{lock_};
    if (where == paid_from::share) {
        if (outage_.is_on()) share_.give_back(local_, 1);  // the share of an outage that is over is nobody's
        return;
    }
    if (hand_.count + std::max(flight_.takes, flight_.gives_back) < options_.lease) ++hand_.count;
}

// ---- the store ----

void budget_desk::look_locked(instant now) {
    if (is_under_way() && now >= add(flight_.asked, options_.store_limit))
        begin_outage_locked("it has not answered within store_limit", now);
    gather_locked(now);
}

budget_desk::question budget_desk::ask_if_worth_locked(instant now, environment& lent) {
    if (is_under_way() || !outage_.may_ask(now)) return {};
    const unsigned usable = usable_locked(now);
    retry_credit there = known_locked(now);
    rule_.deposit(there, untold_.originals);
    if (now >= hand_.end) rule_.give_back(there, hand_.count);
    const bool is_low = usable <= wanted_ / 2;
    const bool is_worth_it = is_low && rule_.take(there, wanted_) >= (wanted_ + 1) / 2;
    const bool is_time = now >= tells_again_ && (untold_.originals > 0 || hand_.count < wanted_);
    if (!is_time && !is_worth_it && !outage_.is_on()) return {};
    flight_ = {.number = ++flights_, .began = now, .lent = &lent};
    tells_again_ = add(now, options_.tells_every());
    return compose_locked(now);
}

/// The next question, from what is known. Where there is nothing to tell and nothing to be had it is what others have brought; then none, and the flight is
/// over.
budget_desk::question budget_desk::compose_locked(instant now) {
    if (flight_.tells.originals == 0) flight_.tells.since = untold_.since;
    flight_.tells.originals += std::exchange(untold_.originals, 0);
    give_back_unused_locked(now);
    retry_credit credit = known_locked(now);
    rule_.deposit(credit, flight_.tells.originals);
    rule_.give_back(credit, flight_.gives_back);
    flight_.takes = rule_.take(credit, wanted_ > hand_.count ? wanted_ - hand_.count : 0);
    flight_.asked = now;
    question next{.flight = flight_.number, .credit = credit};
    if (flight_.takes == 0 && flight_.gives_back == 0 && flight_.tells.originals == 0) {
        if (flight_.has_learned) return end_flight_locked(now), question{};
        next.what = cell_request{.what = read_cell{key_}, .limit = options_.store_limit};
        next.reads = true;
        return next;
    }
    next.what = cell_request{
        .what =
            swap_cell{.key = key_, .expected = known_.version, .value = credit.encoded(), .time_to_live = cell_lives},
        .limit = options_.store_limit};
    return next;
}

/// Where none of them was used, half as many will do.
void budget_desk::give_back_unused_locked(instant now) {
    if (now < hand_.end || hand_.count == 0) return;
    flight_.gives_back += std::exchange(hand_.count, 0);
    if (!is_used_) wanted_ = std::max(1U, wanted_ / 2);
}

void budget_desk::ask(question next) noexcept {
    if (!next.what) return;
    ask_in_turn(store_, std::move(next), [self = shared_from_this()](const question& asked, const cell_result& reply) {
        return self->answered(asked, reply);
    });
}

budget_desk::question budget_desk::answered(const question& asked, const cell_result& reply) {
    const std::scoped_lock held{lock_};
    if (asked.flight != flight_.number) return {};  // too late: what it is worth is lost
    const instant now = flight_.lent->now();
    if (now >= add(flight_.asked, options_.store_limit)) {
        begin_outage_locked("it has not answered within store_limit", now);
        return {};
    }
    question next;
    if (!reply)
        next = failed_locked(reply.error(), now);
    else if (asked.reads || !reply->done)
        next = learn_locked(reply->found, now);
    else
        keep_locked(asked, reply->version, now);
    plan_locked(now);
    return next;
}

void budget_desk::keep_locked(const question& asked, cell_version version, instant now) {
    known_ = {.version = version, .credit = asked.credit, .since = now};
    hand_.count += flight_.takes;
    hand_.end = add(flight_.asked, options_.lease_for);
    is_used_ = false;
    leased_ += flight_.takes;
    leased_ -= flight_.gives_back;
    news_.attempts += flight_.takes;
    news_.originals += flight_.tells.originals;
    end_flight_locked(now);
}

void budget_desk::end_flight_locked(instant now) {
    outage_.end(now);
    news_.questions += flight_.tries + flight_.failures + 1;
    news_.took = between(flight_.began, now);
    flight_ = {};
}

/// Somebody has come between, or it was only to be read. What is there is known now.
budget_desk::question budget_desk::learn_locked(const std::optional<cell>& found, instant now) {
    outage_.end(now);
    flight_.has_learned = true;
    known_ = {};
    if (found)
        known_ = {.version = found->version,
                  .credit = retry_credit::decoded(found->value).value_or(retry_credit{}),
                  .since = add(now, -found->age)};
    if (++flight_.tries < most_tries) return compose_locked(now);
    put_back_locked();
    return {};
}

/// What was not made is to be told, and given back, by the next question.
void budget_desk::put_back_locked() {
    hand_.count += flight_.gives_back;  // unusable, as it was
    if (flight_.tells.originals > 0) untold_.since = flight_.tells.since;
    untold_.originals += flight_.tells.originals;
    flight_ = {};
}

/// Whether the swap was made is not known: neither what it would have given back nor what it would have told is told again.
budget_desk::question budget_desk::failed_locked(const error& why, instant now) {
    leased_ -= std::exchange(flight_.gives_back, 0);
    flight_.tells = {};
    flight_.takes = 0;
    if (!outage_.is_on() && flight_.failures++ == 0) return compose_locked(now);
    begin_outage_locked(why.message(), now);
    return {};
}

void budget_desk::begin_outage_locked(std::string why, instant now) {
    leased_ -= flight_.gives_back;
    flight_ = {};
    if (!outage_.begin(std::move(why), now)) return;
    local_ = share_.fresh();
    local_since_ = now;
    share_.deposit(local_, std::exchange(untold_.originals, 0));
}

/// Where no cell is known there is what a new one begins with.
retry_credit budget_desk::known_locked(instant now) const {
    if (known_.version == 0) return rule_.fresh();
    return rule_.aged(known_.credit, between(known_.since, now));
}

/// When an original is to look here again.
void budget_desk::plan_locked(instant now) {
    instant next = std::max(tells_again_, outage_.asks_again());
    if (is_under_way()) next = add(flight_.asked, options_.store_limit);
    if (hand_.count > 0 && hand_.end > now && !is_under_way() && !outage_.is_on()) next = std::min(next, hand_.end);
    looks_at_.store(next, std::memory_order_relaxed);
    has_news_.store(outage_.has_news() || news_.questions > 0, std::memory_order_relaxed);
}

// ---- what is told ----

budget_desk::news budget_desk::take_news() {
    const std::scoped_lock held{lock_};
    has_news_.store(false, std::memory_order_relaxed);
    news heard = std::exchange(news_, {});
    heard.store = outage_.take_news();
    return heard;
}

unsigned budget_desk::in_hand(instant now) const {
    const std::scoped_lock held{lock_};
    return usable_locked(now);
}

std::uint64_t budget_desk::leased() const {
    const std::scoped_lock held{lock_};
    return leased_;
}

double budget_desk::balance(instant now) const {
    const std::scoped_lock held{lock_};
    return known_locked(now).attempts();
}

}  // namespace cutwater
