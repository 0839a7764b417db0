#include "cutwater/drive/work/place_wait.hpp"

namespace cutwater {

// --- a place -----------------------------------------------------------------------------------------------------------

place_wait::place_wait(work_desk& desk, waker& waits, const call_options& said) noexcept
    : desk_{desk}, said_{said}, place_{waits}, sooner_{waits} {
    place_.importance = said.importance;
}

place_wait::~place_wait() {
    desk_.places_.leave(place_);
    const std::scoped_lock lock{desk_.mutex_};
    desk_.watch_expiries_.remove(sooner_);
}

auto place_wait::begin() -> answer {
    const instant now = desk_.lent().now();
    place_.until = std::min(add(now, desk_.options().max_wait), said_.deadline);
    if (place_.until <= now) return in_vain();
    switch (desk_.places_.take_or_queue(place_, now)) {
        case shared_permits::answer::taken: return work_place{&desk_.places_, desk_.lent()};
        case shared_permits::answer::full: return std::unexpected{desk_.refuse(errc::queue_full, said_)};
        case shared_permits::answer::queued: break;
    }
    watch();
    return std::nullopt;
}

/// What leaves gives its place to the first of those who wait, which need not be this one.
auto place_wait::look_again() -> answer {
    using enum shared_permits::wait_state;
    desk_.has_expired_leave();
    switch (desk_.places_.look(place_)) {
        case granted: return work_place{&desk_.places_, desk_.lent()};
        case turned_away: return std::unexpected{desk_.refuse(*place_.turned_away(), said_)};
        case waits: break;
    }
    if (desk_.lent().now() >= place_.until) return in_vain();
    watch();
    return std::nullopt;
}

void place_wait::watch() noexcept {
    const std::scoped_lock lock{desk_.mutex_};
    if (!sooner_.is_queued()) desk_.watch_expiries_.push(sooner_);
    next_expiry_ = desk_.may_leave_locked() ? desk_.line_.next_expiry() : never;
}

auto place_wait::in_vain() -> answer {
    error e = desk_.refuse(errc::wait_timed_out, said_);
    if (place_.until < said_.deadline) e.with_limit(desk_.options().max_wait);
    return std::unexpected{std::move(e)};
}

std::unexpected<error> place_wait::cancelled() {
    error e{errc::cancelled, desk_.layer_name(), said_.operation};
    if (!said_.id.empty()) e.with_call_id(said_.id);
    return std::unexpected{std::move(e)};
}

// --- the end -----------------------------------------------------------------------------------------------------------

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

bool drain_wait::goes_on() const { return desk_.untold() > 0 && desk_.lent().now() < until_; }

unsigned drain_wait::end() {
    const unsigned left = desk_.untold();
    desk_.tell(nothing_said, [&] { return work_queue_drained{left, between(began_, desk_.lent().now())}; });
    return left;
}

}  // namespace cutwater
