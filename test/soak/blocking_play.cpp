#include "test/soak/blocking_play.hpp"

#include <algorithm>

namespace cutwater::soak {

void blocking_play::run() {
    for (const call_plan& p : scene_.plans) {
        time_.after(p.begins, [this, &p] { call(p); });
        if (p.cancelled) time_.after(p.begins + *p.cancelled, [this, &p] { stops_[p.number].request_stop(); });
    }
    while (time_.advance_to_next()) {}
    scene_.config.check_at_the_end(time_.present(), scene_.book, scene_.found);
}

void blocking_play::call(const call_plan& p) {
    call_options said = p.said;
    said.stop = stops_[p.number].get_token();
    if (p.patience) said.deadline = time_.in(*p.patience);
    call_entry& entry = scene_.book.at(p.number);
    ++entry.begun;
    const result<int> r = time_.run(scene_.config.pipeline(p.pipeline), said, [&](attempt& a) { return serve(p, a); });
    if (r || r.error().code()) ++entry.answered;
}

std::expected<int, std::error_code> blocking_play::serve(const call_plan& p, const attempt& a) {
    const call_book::visit inside{scene_.book, p.number};
    const attempt_plan& what = p.attempt_of(scene_.book.at(p.number).served);
    if (const std::error_code cut_short = pass(a, what)) return std::unexpected{cut_short};
    return what.result();
}

/// Lets the time of an attempt pass; says what cut it short, if anything did.
std::error_code blocking_play::pass(const attempt& a, const attempt_plan& what) {
    const instant done = time_.in(what.takes);
    const instant until = what.deaf ? done : std::min(done, a.deadline());
    while (time_.present() < until) {
        if (!what.deaf && a.stop_requested()) return std::make_error_code(std::errc::operation_canceled);
        const instant next = time_.next_scheduled().value_or(until);
        time_.pass(between(time_.present(), std::clamp(next, time_.present(), until)));
    }
    return until < done ? std::make_error_code(std::errc::timed_out) : std::error_code{};
}

}  // namespace cutwater::soak
