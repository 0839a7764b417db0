#include "cutwater/drive/work/work_desk.hpp"

#include <algorithm>
#include <limits>

namespace cutwater {

namespace {

/// As many may wait for a place as there are.
queue_rules rules_of_places(const work_queue_options& o) { return {.max_length = o.max_length}; }

}  // namespace

// --- a task ------------------------------------------------------------------------------------------------------------

queued_task::queued_task(work_desk& desk, const call_options& said)
    : work_item{said.importance, said.deadline}, desk_{desk}, said_{said} {
    own(said);
    if (desk.is_watched()) posted_ = desk.lent().now();
    if (!said.stop.stop_possible()) {
        said_.stop = desk.stop_token();
    } else {
        stop_.emplace(*this, said.stop, desk.stop_token());
        said_.stop = stop_->token();
    }
}

queued_task::~queued_task() = default;

/// What the texts point at need not outlive the call that posts.
void queued_task::own(const call_options& said) {
    texts_.reserve(said.id.size() + said.tenant.size() + said.target.size());
    const auto kept = [&](std::string_view text) {
        texts_.append(text);
        return std::string_view{texts_}.substr(texts_.size() - text.size());
    };
    said_.id = kept(said.id);
    said_.tenant = kept(said.tenant);
    said_.target = kept(said.target);
}

error queued_task::left_out(errc why) const {
    error e{why, desk_.layer_name(), said_.operation};
    if (!said_.id.empty()) e.with_call_id(said_.id);
    return e;
}

void queued_task::wake() noexcept { desk_.wake(*this); }

void queued_task::either_stop::asks::operator()() const noexcept {
    stop.source_.request_stop();
    task.desk_.call_off(task);
}

// --- the desk ----------------------------------------------------------------------------------------------------------

work_desk::work_desk(work_queue_options options, environment& lent, listener* hears)
    : options_{validated("work_queue", std::move(options))}, layer_{options_.name}, lent_{lent}, hears_{hears},
      places_{options_.max_length, rules_of_places(options_)} {
    if (options_.rate > 0) rate_.emplace(options_.limit());
}

void work_desk::drop_all() noexcept {
    while (work_item* const left = line_.take_any()) static_cast<queued_task*>(left)->drop();
}

error work_desk::refuse(errc why, const call_options& said) {
    tell(said, [&] { return work_refused{options_.max_length, options_.when_full, why == errc::queue_closed}; });
    error e{why, layer_, said.operation};
    if (!said.id.empty()) e.with_call_id(said.id);
    return e;
}

std::optional<std::expected<work_place, error>> work_desk::find_place(const call_options& said) {
    if (places_.try_take() != 0) return work_place{&places_, lent_};
    if (has_expired_leave() && places_.try_take() != 0) return work_place{&places_, lent_};
    switch (options_.when_full) {
        case queue_overflow::block: return std::nullopt;
        case queue_overflow::drop_oldest: return work_place{nullptr, lent_};
        case queue_overflow::refuse: break;
    }
    return std::unexpected{refuse(errc::queue_full, said)};
}

/// One for each that finds the queue full: as many as are posted, and no more for any of them. What it frees goes to who waits for
/// a place, if somebody does. Without deadlines this is one load.
bool work_desk::has_expired_leave() noexcept {
    if (may_expire_at_.load(std::memory_order::relaxed) == never) return false;
    const instant now = lent_.now();
    if (may_expire_at_.load(std::memory_order::relaxed) > now) return false;
    task_handle expired;
    {
        const std::scoped_lock lock{mutex_};
        expired.reset(static_cast<queued_task*>(line_.take_expired(now)));
        may_expire_at_.store(line_.next_expiry(), std::memory_order::relaxed);
    }
    if (expired == nullptr) return false;
    tell_unbegun(*expired, errc::expired);
    expired.release()->dismiss(errc::expired);
    const work_place given_back{&places_, lent_};  // when the lock is free
    const std::scoped_lock lock{mutex_};
    vacate_locked();
    return true;
}

std::expected<void, error> work_desk::enter(task_handle task, work_place place, const call_options& said) {
    task_handle displaced;
    unsigned held = 0;
    std::optional<errc> refused;
    {
        const std::scoped_lock lock{mutex_};
        line_.make_room(std::size_t{held_} + 1);
        if (!closed_ && place.is_of_another())
            displaced.reset(static_cast<queued_task*>(line_.take_displaced(task->importance())));
        if (closed_)
            refused = errc::queue_closed;
        else if (place.is_of_another() && displaced == nullptr)
            refused = errc::queue_full;
        else {
            if (displaced == nullptr) ++held_;
            held = held_;
            place.keep();
            queued_task& entered = *task.release();
            line_.enter(entered);
            may_expire_at_.store(std::min(may_expire_at_.load(std::memory_order::relaxed), entered.deadline()),
                                 std::memory_order::relaxed);
            if (entered.said_.stop.stop_requested()) line_.call_off(entered);
            stir_locked();
        }
    }
    if (refused) return std::unexpected{refuse(*refused, said)};
    tell(said, [&] { return work_queued{held}; });
    if (displaced != nullptr) {
        tell_unbegun(*displaced, errc::displaced);
        displaced.release()->dismiss(errc::displaced);
    }
    return {};
}

queued_task* work_desk::take_locked(moment& now) {
    rate_allows_at_ = never;
    line_.let_come_back(now);
    auto* next = static_cast<queued_task*>(line_.take_leaving(now));
    if (next == nullptr) {
        if (running_ >= options_.workers || !line_.has_waiting()) return nullptr;
        auto paid = rate_ ? rate_->reserve(now, duration::zero()) : std::nullopt;
        if (rate_ && !paid) {
            rate_allows_at_ = add(now, rate_->read(now).retry_after);
            return nullptr;
        }
        next = static_cast<queued_task*>(line_.take());
        if (paid) next->paid_.emplace(std::move(*paid));
    }
    ++running_;
    if (closed_) look_for_end_locked();
    return next;
}

instant work_desk::next_look_locked() const noexcept { return std::min(line_.next_change(), rate_allows_at_); }

void work_desk::pay_back(queued_task& task) noexcept {
    if (task.paid_) task.paid_->cancel(lent_.now());
}

void work_desk::pause(queued_task& task, instant until) noexcept {
    const std::scoped_lock lock{mutex_};
    --running_;
    task.paid_.reset();
    line_.rest(task, until);
    if (std::exchange(task.woken_, false)) line_.come_back(task);
    if (task.said_.stop.stop_requested()) line_.call_off(task);
    freed_locked();
}

void work_desk::ended() noexcept {
    const work_place given_back{&places_, lent_};  // when the lock is free
    const std::scoped_lock lock{mutex_};
    --running_;
    vacate_locked();
    freed_locked();
}

void work_desk::vacate_locked() noexcept {
    --held_;
    look_for_end_locked();
}

void work_desk::wake(queued_task& task) noexcept {
    const std::scoped_lock lock{mutex_};
    if (line_.come_back(task))
        stir_locked();
    else
        task.woken_ = true;
}

void work_desk::call_off(queued_task& task) noexcept {
    const std::scoped_lock lock{mutex_};
    line_.call_off(task);
    stir_locked();
}

std::optional<errc> work_desk::begin(const queued_task& task) noexcept {
    const auto why = why_unwanted(task.said());
    if (why)
        tell_unbegun(task, *why);
    else
        tell(task.said(), [&] { return work_started{between(task.posted(), lent_.now())}; });
    return why;
}

/// The token of a task that is stopped does not say by whom.
std::optional<errc> work_desk::why_unwanted(const call_options& said) noexcept {
    if (stop_.stop_requested()) return errc::queue_closed;
    if (said.stop.stop_requested()) return errc::withdrawn;
    if (said.deadline != never && said.deadline <= lent_.now()) return errc::expired;
    return std::nullopt;
}

void work_desk::tell_unbegun(const queued_task& task, errc why) noexcept {
    if (hears_ == nullptr) return;
    const duration queued_for = between(task.posted(), lent_.now());
    switch (why) {
        case errc::displaced: return deliver(task.said(), work_displaced{queued_for});
        case errc::expired: return deliver(task.said(), work_expired{queued_for});
        default: return deliver(task.said(), work_withdrawn{queued_for});
    }
}

void work_desk::deliver_event(const event& e) noexcept {
    try {
        hears_->on_event(e);
    } catch (...) {  // NOLINT(bugprone-empty-catch): watching a queue must not fail it
    }
}

void work_desk::look_for_end_locked() noexcept {
    if (closed_ && held_ == 0)
        for (waker* const waits : for_the_end_) waits->wake();
    if (is_over_locked()) over_locked();
}

void work_desk::close() noexcept {
    {
        const std::scoped_lock lock{mutex_};
        if (std::exchange(closed_, true)) return;
        look_for_end_locked();
    }
    places_.resize(std::numeric_limits<int>::max());  // whoever waits for a place looks, and finds it closed
}

void work_desk::stop() noexcept {
    close();
    if (!stop_.request_stop()) return;
    unsigned held = 0;
    {
        const std::scoped_lock lock{mutex_};
        held = held_;
        line_.call_off_all();
        stir_locked();
        look_for_end_locked();
    }
    tell(nothing_said, [&] { return work_queue_stopped{held}; });
}

unsigned work_desk::held() const noexcept {
    const std::scoped_lock lock{mutex_};
    return held_;
}
unsigned work_desk::waiting() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(line_.waiting());
}
unsigned work_desk::running() const noexcept {
    const std::scoped_lock lock{mutex_};
    return running_;
}

// --- waiting for a place -------------------------------------------------------------------------------------------------

place_wait::place_wait(work_desk& desk, waker& waits, const call_options& said) noexcept
    : desk_{desk}, said_{said}, w_{waits} {
    w_.importance = said.importance;
}

auto place_wait::begin() -> answer {
    const instant now = desk_.lent().now();
    w_.until = std::min(add(now, desk_.options().max_wait), said_.deadline);
    if (w_.until <= now) return in_vain();
    switch (desk_.places_.take_or_queue(w_, now)) {
        case shared_permits::answer::taken: return work_place{&desk_.places_, desk_.lent()};
        case shared_permits::answer::full: return std::unexpected{desk_.refuse(errc::queue_full, said_)};
        case shared_permits::answer::queued: break;
    }
    return std::nullopt;
}

auto place_wait::look_again() -> answer {
    using enum shared_permits::wait_state;
    switch (desk_.places_.look(w_)) {
        case granted: return work_place{&desk_.places_, desk_.lent()};
        case turned_away: return std::unexpected{desk_.refuse(*w_.turned_away(), said_)};
        case waits: break;
    }
    return desk_.lent().now() < w_.until ? std::nullopt : in_vain();
}

auto place_wait::in_vain() -> answer {
    error e = desk_.refuse(errc::wait_timed_out, said_);
    if (w_.until < said_.deadline) e.with_limit(desk_.options().max_wait);
    return std::unexpected{std::move(e)};
}

std::unexpected<error> place_wait::cancelled() {
    error e{errc::cancelled, desk_.layer_name(), said_.operation};
    if (!said_.id.empty()) e.with_call_id(said_.id);
    return std::unexpected{std::move(e)};
}

// --- waiting for the end -------------------------------------------------------------------------------------------------

drain_wait::drain_wait(work_desk& desk, waker& waits, duration within)
    : desk_{desk}, waits_{waits}, began_{desk.lent().now()}, until_{add(began_, within)} {
    desk_.close();
    const std::scoped_lock lock{desk_.mutex_};
    desk_.for_the_end_.push_back(&waits_);
}

drain_wait::~drain_wait() {
    const std::scoped_lock lock{desk_.mutex_};
    std::erase(desk_.for_the_end_, &waits_);
}

bool drain_wait::goes_on() const { return desk_.held() > 0 && desk_.lent().now() < until_; }

unsigned drain_wait::end() {
    const unsigned left = desk_.held();
    desk_.tell(nothing_said, [&] { return work_queue_drained{left, between(began_, desk_.lent().now())}; });
    return left;
}

}  // namespace cutwater
