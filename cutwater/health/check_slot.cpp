#include "cutwater/health/check_slot.hpp"

#include <algorithm>
#include <utility>

#include "cutwater/core/text.hpp"

namespace cutwater::detail {

check_slot::check_slot(check_options options, check_function ask, instant now, health_status worst)
    : options_{std::move(options)}, ask_{std::move(ask)}, kernel_{options_.thresholds(worst), now}, since_{now},
      next_due_{now} {}

auto check_slot::look(instant now, random_source& random) -> looked {
    looked seen;
    const bool is_late = state_ != state::idle && !given_up_ && add(since_, options_.timeout) <= now;
    if (is_late) {
        give_up(now, seen);
    } else if (given_up_ && state_ == state::running && next_due_ <= now) {
        seen.was =
            hear(check_result::failed("it has not returned for " + to_text(between(since_, now))), now, seen.was_for);
    }
    if (next_due_ > now) return seen;
    next_due_ = add(now, options_.period - random.below(scale(options_.period, options_.jitter)));
    if (state_ == state::idle) {
        state_ = state::queued;
        since_ = now;
        seen.is_to_run = true;
    }
    return seen;
}

instant check_slot::next_look() const noexcept {
    const bool is_awaited = state_ != state::idle && !given_up_;
    return is_awaited ? std::min(next_due_, add(since_, options_.timeout)) : next_due_;
}

void check_slot::give_up(instant now, looked& seen) {
    given_up_ = true;
    seen.was_given_up = true;
    seen.has_begun = state_ == state::running;
    if (!seen.has_begun) {
        had_no_thread_ = true;
        return;
    }
    took_ = options_.timeout;
    seen.was = hear(check_result::failed("no answer within " + to_text(options_.timeout)), now, seen.was_for);
}

check_run check_slot::begin(instant now) {
    state_ = state::running;
    given_up_ = false;
    since_ = now;
    stop_ = std::stop_source{};
    return {.deadline = add(now, options_.timeout), .stop_token = stop_.get_token()};
}

auto check_slot::end(check_result said, instant now) -> ended {
    ended how{.was_given_up = given_up_, .took = between(since_, now)};
    withdraw();
    if (how.was_given_up) return how;
    took_ = how.took;
    how.was = hear(std::move(said), now, how.was_for);
    return how;
}

std::optional<health_status> check_slot::hear(check_result said, instant now, duration& was_for) {
    const health_status before = kernel_.status(now);
    was_for = between(kernel_.since(now), now);
    if (said.status != health_status::unhealthy) has_worked_ = true;
    if (said.status != health_status::healthy) {
        last_error_ = said.detail;
        last_error_at_ = now;
        if (said.what_to_do.empty()) said.what_to_do = options_.what_to_do;
    }
    const bool is_first = !kernel_.has_result();
    if (latest_stands()) stood_until_ = now;
    had_no_thread_ = false;
    (void)kernel_.report(said.status, now);
    latest_ = std::move(said);
    return is_first                        ? std::optional{health_status::healthy}
           : kernel_.status(now) != before ? std::optional{before}
                                           : std::nullopt;
}

bool check_slot::latest_stands() const noexcept {
    return had_no_thread_ && kernel_.has_result() && kernel_.latest_status() != health_status::unhealthy;
}

bool check_slot::keeps_away(instant now, std::uint64_t seed) const noexcept {
    if (latest_stands() || kernel_.status(now) != health_status::unhealthy) return false;
    return options_.leaving().leaves_at(std::max(kernel_.since(now), stood_until_), seed) <= now;
}

check_report check_slot::report(instant now) const {
    check_report told{.name = options_.name,
                      .status = kernel_.status(now),
                      .importance = options_.importance,
                      .readiness = options_.readiness,
                      .startup = options_.startup,
                      .since = between(kernel_.since(now), now),
                      .took = took_,
                      .hangs = given_up_,
                      .detail = latest_.detail,
                      .last_error = last_error_};
    if (kernel_.has_result()) told.age = between(kernel_.latest_result(), now);
    if (told.status != health_status::healthy)
        told.what_to_do = latest_.what_to_do.empty() ? options_.what_to_do : latest_.what_to_do;
    if (last_error_at_) told.last_error_age = between(*last_error_at_, now);
    tell_why_nothing_is_known(told, now);
    return told;
}

void check_slot::tell_why_nothing_is_known(check_report& told, instant now) const {
    const bool has_news = kernel_.has_result() && !kernel_.is_stale(now);
    if (given_up_ && state_ == state::queued) {
        told.detail = "no thread was free for " + to_text(between(since_, now)) + ": other checks hang";
        if (!has_news) told.what_to_do = "Look at the checks that hang, or give the health_runner more threads.";
    } else if (!has_news && state_ == state::idle) {
        told.detail = kernel_.has_result() ? "its latest result is too old" : "it has not run yet";
        told.what_to_do = "Nobody runs the checks: is there a health_runner?";
    } else if (!has_news) {
        told.detail = "there is no result yet: its run is under way";
        told.what_to_do = "Wait for what it says.";
    }
}

}  // namespace cutwater::detail
