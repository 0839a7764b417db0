#include "cutwater/policy/circuit_quorum/quorum_desk.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <algorithm>
#include <utility>

#include "cutwater/store/in_turn.hpp"

namespace cutwater {

namespace {

constexpr unsigned most_tries = 8;  // against others who come between
constexpr duration margin = std::chrono::seconds{1};
constexpr int cell_outlives = 4;                           // the cell lives longer than what is in it is remembered
constexpr int soonest_part = 10;                           // of `every`: no exchange sooner after another
constexpr std::uint64_t process_bits = (1ULL << 22U) - 1;  // of an instance: no number of a process has more

/// By chance, but for which process has drawn it.
std::uint64_t draw_instance(environment& lent) {
    return (lent.random()() & ~process_bits) | (static_cast<std::uint64_t>(getpid()) & process_bits);
}
bool is_another_process(std::uint64_t instance) {
    return ((instance ^ static_cast<std::uint64_t>(getpid())) & process_bits) != 0;
}

std::string key_for(const circuit_quorum_options& o, const circuit_breaker& breaker) {
    return "circuit/" + (o.key.empty() ? std::string{breaker.layer_name().view()} : o.key);
}

}  // namespace

quorum_desk::quorum_desk(cell_store& store, circuit_breaker& breaker, const circuit_quorum_options& options)
    : options_{options}, key_{key_for(options, breaker)}, store_{store}, breaker_{&breaker}, kernel_{options},
      outage_{options.every} {}

void quorum_desk::exchange(instant now, environment& lent) {
    question next;
    {
        const std::scoped_lock held{lock_};
        next = begin_locked(now, lent);
    }
    ask(std::move(next));
}

void quorum_desk::notice_open(instant now, environment& lent) {
    if (is_told_open_.load(std::memory_order_relaxed)) return;
    question next;
    {
        const std::scoped_lock held{lock_};
        if (breaker_ == nullptr || now < add(began_, options_.every / soonest_part)) return;
        if (breaker_->state(now) == circuit_state::open) next = begin_locked(now, lent);
    }
    ask(std::move(next));
}

void quorum_desk::forget_breaker() noexcept {
    const std::scoped_lock held{lock_};
    breaker_ = nullptr;
}

// ---- one exchange ----

quorum_desk::question quorum_desk::begin_locked(instant now, environment& lent) {
    if (id_ != 0 && is_another_process(id_)) {  // a child of a fork: what its parent has asked and told is the parent's
        id_ = 0;
        flight_ = {};
        is_left_out_ = false;
        is_told_open_.store(false, std::memory_order_relaxed);
    }
    if (breaker_ == nullptr || is_under_way_locked(now)) return {};
    began_ = now;
    next_ = add(now, scale(options_.every, 1 + options_.jitter * lent.random().unit()));
    plan_locked();
    if (breaker_->mode() != breaker_mode::automatic) return {};  // what is forced is no evidence
    flight_ = {.number = ++flights_, .asked = now, .ours = report_locked(now, lent), .lent = &lent};
    return compose_locked(now);
}

bool quorum_desk::is_under_way_locked(instant now) {
    if (flight_.number == 0) return false;
    if (now < add(flight_.asked, options_.store_limit)) return true;
    begin_outage_locked("it has not answered within store_limit", now);
    return false;
}

circuit_report quorum_desk::report_locked(instant now, environment& lent) {
    if (id_ == 0) id_ = draw_instance(lent);
    const circuit_state state = breaker_->state(now);
    const duration left = state == circuit_state::open ? breaker_->retry_after(now) : duration::zero();
    const window_counts seen = breaker_->counts(now);
    return {.instance = id_,
            .number = ++number_,
            .state = state,
            .since = kernel_.in_state_for(state, now, add(now, left)),
            .open_left = left,
            .calls = seen.calls,
            .failures = seen.failures};
}

quorum_desk::question quorum_desk::compose_locked(instant now) {
    flight_.asked = now;
    question next{.flight = flight_.number, .next = kernel_.compose(known_.said, flight_.ours, now)};
    next.what = cell_request{.what = swap_cell{.key = key_,
                                               .expected = known_.version,
                                               .value = next.next.encoded(),
                                               .time_to_live = add(cell_outlives * options_.stale_after, margin)},
                             .limit = options_.store_limit};
    return next;
}

void quorum_desk::ask(question next) noexcept {
    if (!next.what) return;
    ask_in_turn(store_, std::move(next), [self = shared_from_this()](const question& asked, const cell_result& reply) {
        return self->answered(asked, reply);
    });
}

quorum_desk::question quorum_desk::answered(const question& asked, const cell_result& reply) {
    const std::scoped_lock held{lock_};
    if (asked.flight != flight_.number || breaker_ == nullptr) return {};
    const instant now = flight_.lent->now();
    if (!is_under_way_locked(now)) return {};  // too late
    if (!reply) return failed_locked(reply.error(), now);
    if (!reply->done) return learn_locked(reply->found, now);
    known_ = {.version = reply->version, .said = asked.next};
    const auto ours = std::ranges::find(asked.next.reports, id_, &circuit_report::instance);
    const bool is_there = ours != asked.next.reports.end();
    if (!is_there && !std::exchange(is_left_out_, true)) news_.full = static_cast<unsigned>(asked.next.reports.size());
    if (is_there) is_left_out_ = false;
    is_told_open_.store(is_there && ours->state == circuit_state::open, std::memory_order_relaxed);
    end_locked(now);
    return {};
}

/// Somebody has come between. What is there is known now.
quorum_desk::question quorum_desk::learn_locked(const std::optional<cell>& found, instant now) {
    known_ = {};
    if (found)
        known_ = {.version = found->version, .said = circuit_bulletin::decoded(found->value, options_.max_instances)};
    unreadable_ += known_.said.unreadable;
    news_.unreadable += known_.said.unreadable;
    kernel_.hear(known_.said, id_, now);
    if (++flight_.tries < most_tries) return compose_locked(now);
    end_locked(now);  // it has heard, and tells the next time
    return {};
}

quorum_desk::question quorum_desk::failed_locked(const error& why, instant now) {
    if (!outage_.is_on() && flight_.failures++ == 0) return compose_locked(now);
    begin_outage_locked(why.message(), now);
    return {};
}

void quorum_desk::begin_outage_locked(std::string why, instant now) {
    flight_ = {};
    is_told_open_.store(false, std::memory_order_relaxed);
    (void)outage_.begin(std::move(why), now);
    plan_locked();
}

/// The next call is to come here: by time, or to tell.
void quorum_desk::plan_locked() noexcept {
    const bool is_to_tell = outage_.has_news() || news_.advice || news_.unreadable > 0 || news_.full;
    due_.store(is_to_tell ? instant::min() : next_, std::memory_order_relaxed);
}

/// Heeds what the others advise.
void quorum_desk::end_locked(instant now) {
    flight_ = {};
    outage_.end(now);
    const circuit_advice advice = kernel_.advise(breaker_->state(now), now, add(now, breaker_->retry_after(now)));
    if (advice != circuit_advice::none && breaker_->probe(now)) news_.advice = heeded{advice, kernel_.tally(now)};
    plan_locked();
}

// ---- what is told ----

quorum_desk::news quorum_desk::take_news() {
    const std::scoped_lock held{lock_};
    news heard = std::exchange(news_, {});
    heard.store = outage_.take_news();
    plan_locked();
    return heard;
}

circuit_tally quorum_desk::others(instant now) const {
    const std::scoped_lock held{lock_};
    return kernel_.tally(now);
}

std::uint64_t quorum_desk::unreadable() const {
    const std::scoped_lock held{lock_};
    return unreadable_;
}

}  // namespace cutwater
