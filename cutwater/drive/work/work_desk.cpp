#include "cutwater/drive/work/work_desk.hpp"

#include <algorithm>
#include <limits>

#include "cutwater/core/call_scope.hpp"

namespace cutwater {

namespace {

/// As many may wait for a place as there are.
queue_rules rules_of_places(const work_queue_options& o) { return {.max_length = o.max_length}; }

}  // namespace

// --- a task ------------------------------------------------------------------------------------------------------------

queued_task::queued_task(work_desk& desk, const call_options& said)
    : work_item{said.importance, said.deadline}, desk_{desk}, trace_{said.trace}, said_{said} {
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
    texts_.reserve(said.id.size() + said.tenant.size() + said.target.size() + said.fingerprint.size());
    const auto kept = [&](std::string_view text) {
        texts_.append(text);
        return std::string_view{texts_}.substr(texts_.size() - text.size());
    };
    said_.id = kept(said.id);
    said_.tenant = kept(said.tenant);
    said_.target = kept(said.target);
    said_.fingerprint = kept(said.fingerprint);
    said_.trace = trace_.get();
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

// --- tasks that leave ----------------------------------------------------------------------------------------------------

void leaving_tasks::push(queued_task& task) noexcept {
    (last_ != nullptr ? last_->leaves_before_ : first_) = &task;
    last_ = &task;
}

queued_task* leaving_tasks::pop() noexcept {
    queued_task* const oldest = first_;
    if (oldest != nullptr) first_ = std::exchange(oldest->leaves_before_, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    return oldest;
}

thread_local work_desk::telling* work_desk::telling::innermost = nullptr;

work_desk::telling::telling(const work_desk& of) noexcept : of_{of}, outer_{std::exchange(innermost, this)} {}
work_desk::telling::~telling() { innermost = outer_; }

work_desk::telling* work_desk::telling::here(const work_desk& of) noexcept {
    for (telling* each = innermost; each != nullptr; each = each->outer_)
        if (&each->of_ == &of) return each;
    return nullptr;
}

void work_desk::has_left(queued_task& task) noexcept {
    if (telling* const outer = telling::here(*this)) return outer->next.push(task);
    telling here{*this};
    for (queued_task* left = &task; left != nullptr; left = here.next.pop()) tell_left(*left);
}

void work_desk::tell_left(queued_task& task) noexcept {
    {
        const call_scope away{no_scope};  // of whoever posts
        task.dismiss(task.leaves_for_);
    }
    const std::scoped_lock lock{mutex_};
    if (untold_-- == options_.max_length) have_watchers_look_locked();
    look_for_end_locked();
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
    if (auto found = free_place()) return std::move(*found);
    switch (options_.when_full) {
        case queue_overflow::block: return std::nullopt;
        case queue_overflow::drop_oldest: return work_place{nullptr, lent_};
        case queue_overflow::refuse: break;
    }
    return std::unexpected{refuse(errc::queue_full, said)};
}

/// One leaves for each that finds the queue full: as many as are posted, and no more for any of them. Its end, which may post in its
/// turn, is told when its place is had.
std::optional<work_place> work_desk::free_place() noexcept {
    if (places_.try_take() != 0) return work_place{&places_, lent_};
    queued_task* const left = take_expired();
    if (left == nullptr) return std::nullopt;
    std::optional<work_place> place{std::in_place, &places_, lent_};
    if (options_.when_full == queue_overflow::block) {  // it goes to who waits for a place, if somebody does
        place.reset();
        if (places_.try_take() != 0) place.emplace(&places_, lent_);
    }
    has_left(*left);
    return place;
}

bool work_desk::has_expired_leave() noexcept {
    queued_task* const left = take_expired();
    if (left == nullptr) return false;
    { const work_place given_back{&places_, lent_}; }
    has_left(*left);
    return true;
}

/// Its place stays taken. Without deadlines this is one load.
queued_task* work_desk::take_expired() noexcept {
    if (may_expire_at_.load(std::memory_order::relaxed) == never) return nullptr;
    const instant now = lent_.now();
    if (may_expire_at_.load(std::memory_order::relaxed) > now) return nullptr;
    queued_task* left = nullptr;
    {
        const std::scoped_lock lock{mutex_};
        if (!may_leave_locked()) return nullptr;
        work_item* const expired = line_.take_expired(now);
        may_expire_at_.store(line_.next_expiry(), std::memory_order::relaxed);
        if (expired == nullptr) return nullptr;
        left = &leaves_locked(*expired, errc::expired);
        vacate_locked();
    }
    tell_unbegun(*left, errc::expired);
    return left;
}

queued_task& work_desk::leaves_locked(work_item& item, errc why) noexcept {
    auto& task = static_cast<queued_task&>(item);
    task.leaves_for_ = why;
    ++untold_;
    return task;
}

/// What is found full may have room again: the task was made in the meantime, which is its user's code.
std::expected<void, error> work_desk::enter(task_handle task, work_place place, const call_options& said) {
    if (place.is_of_another())
        if (auto found = free_place()) place = std::move(*found);
    entry made;
    {
        const std::scoped_lock lock{mutex_};
        line_.make_room(std::size_t{held_} + 1);
        made = take_in_locked(*task, place);
        if (!made.refused && hears_ == nullptr) line_up_locked(*task.release());
    }
    if (made.refused) return std::unexpected{refuse(*made.refused, said)};
    if (made.displaced != nullptr) tell_unbegun(*made.displaced, errc::displaced);
    if (task != nullptr) {  // somebody listens: what becomes of it is told after this
        tell(said, [&] { return work_queued{made.held}; });
        const std::scoped_lock lock{mutex_};
        line_up_locked(*task.release());
    }
    if (made.displaced != nullptr) has_left(*made.displaced);
    return {};
}

/// It has a place from here on, and is held.
work_desk::entry work_desk::take_in_locked(const queued_task& task, work_place& place) {
    if (closed_) return {.refused = errc::queue_closed};
    if (place.is_of_another() && places_.try_take() != 0) place = work_place{&places_, lent_};
    entry made;
    if (!place.is_of_another()) {
        ++held_;
    } else {
        const bool may_displace = may_leave_locked() && telling::here(*this) == nullptr;
        work_item* const oldest = may_displace ? line_.take_displaced(task.importance()) : nullptr;
        if (oldest == nullptr) return {.refused = errc::queue_full};
        made.displaced = &leaves_locked(*oldest, errc::displaced);
    }
    place.keep();
    made.held = held_;
    return made;
}

void work_desk::line_up_locked(queued_task& task) noexcept {
    line_.enter(task);
    if (task.deadline() < may_expire_at_.load(std::memory_order::relaxed)) {
        may_expire_at_.store(task.deadline(), std::memory_order::relaxed);
        have_watchers_look_locked();
    }
    if (task.said_.stop.stop_requested()) line_.call_off(task);
    stir_locked();
}

void work_desk::have_watchers_look_locked() noexcept {
    while (!watch_expiries_.empty()) watch_expiries_.grant_first();
}

queued_task* work_desk::take_locked(moment& now) {
    rate_allows_at_ = never;
    line_.let_come_back(now);
    auto* next = static_cast<queued_task*>(line_.take_leaving(now));
    if (next == nullptr) {
        if (running_ >= options_.workers || !line_.has_waiting()) return nullptr;
        // who is called back owes what it sends: it holds a permit that others wait for
        const duration longest = line_.is_called_back_next() ? forever : duration::zero();
        auto paid = rate_ ? rate_->reserve(now, longest) : std::nullopt;
        if (rate_ && !paid && longest != forever) {
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
    const std::scoped_lock lock{mutex_};
    const work_place given_back{&places_, lent_};
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

std::optional<errc> work_desk::begin(queued_task& task) noexcept {
    const auto why = why_unwanted(task.said());
    if (why)
        tell_unbegun(task, *why);
    else
        tell(task.said(), [&] { return work_started{between(task.posted(), task.began_ = lent_.now())}; });
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
    const auto queued_for = [&] { return between(task.posted(), lent_.now()); };
    const auto reason = why == errc::queue_closed ? withdrawal::stopped : withdrawal::cancelled;
    switch (why) {
        case errc::displaced: return tell(task.said(), [&] { return work_displaced{queued_for()}; });
        case errc::expired: return tell(task.said(), [&] { return work_expired{queued_for()}; });
        default: return tell(task.said(), [&] { return work_withdrawn{queued_for(), reason}; });
    }
}

void work_desk::tell_ended(const queued_task& task, unsigned sent, const observation& seen) noexcept {
    const auto took = [&] { return between(task.began_, lent_.now()); };
    if (seen.failure == nullptr) return tell(task.said(), [&] { return work_completed{took(), sent, seen.meaning()}; });
    tell(task.said(),
         [&] { return work_failed{took(), sent, seen.meaning(), seen.failure->type(), seen.failure->words()}; });
}

void work_desk::look_for_end_locked() noexcept {
    if (closed_ && held_ + untold_ == 0)
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
unsigned work_desk::untold() const noexcept {
    const std::scoped_lock lock{mutex_};
    return held_ + untold_;
}
unsigned work_desk::waiting() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(line_.waiting());
}
unsigned work_desk::running() const noexcept {
    const std::scoped_lock lock{mutex_};
    return running_;
}

}  // namespace cutwater
