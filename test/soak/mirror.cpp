#include "test/soak/mirror.hpp"

#include "cutwater/core/text.hpp"

namespace cutwater::soak {

namespace {

std::string words_of(const rate_reading& r) {
    return cutwater::to_text(r.remaining) + " of " + cutwater::to_text(r.limit) + " permits, all in " +
           cutwater::to_text(r.reset) + ", one in " + cutwater::to_text(r.retry_after);
}

}  // namespace

// ---- rate limiter ----

void mirror<rate_limiter>::admitted(const ticket& t, call_context& call, instant now) {
    check(kernel_.admit(0, call.said().weight, now, duration::zero()) == kernel::answer::admitted,
          "it admits a call for which the kernel has no permits");
    check(kernel_.latest() == t.slot, "it gives other permits than the kernel");
    compare(now);
}

void mirror<rate_limiter>::asked(const admission<ticket>& answer, call_context& call, instant now) {
    if (const auto* const t = std::get_if<ticket>(&answer)) return admitted(*t, call, now);
    if (std::holds_alternative<wait_until>(answer)) return;  // it asks again, in line
    check(kernel_.admit(0, call.said().weight, now, duration::zero()) == kernel::answer::refused,
          "it refuses a call for which the kernel has permits");
    compare(now);
}

void mirror<rate_limiter>::lined_up(const admission<ticket>& answer, const waiter& w, call_context& call, instant now) {
    const duration patience = between(now, w.until) - (w.until == call.deadline ? duration{1} : duration::zero());
    const kernel::call asks{
        .who = id_of(w), .weight = call.said().weight, .importance = call.said().importance, .until = w.until};
    switch (kernel_.admit(asks, now, patience)) {
        case kernel::answer::admitted:
            check(std::holds_alternative<ticket>(answer), "it keeps a call waiting for which the kernel has permits");
            return compare(now);
        case kernel::answer::refused:
            check(std::holds_alternative<refusal>(answer), "it lets a call wait that the kernel refuses");
            return compare(now);
        case kernel::answer::queued: break;
    }
    line_.push_back(id_of(w));
    looked(answer, w, call, now);
}

void mirror<rate_limiter>::looked(const admission<ticket>& answer, const waiter& w, call_context& call, instant now) {
    if (call.deadline != never && now >= call.deadline)  // nothing is to be sent
        check(std::holds_alternative<refusal>(answer), "it lets a call in after its deadline");
    if (kernel_.is_turned_away(id_of(w)))
        return check(std::holds_alternative<refusal>(answer),
                     "it keeps somebody whom the kernel has put out of the line");
    const bool has_them = kernel_.look(id_of(w), now);
    if (has_them) std::erase(line_, id_of(w));
    check(has_them == std::holds_alternative<ticket>(answer), "of one who waits, it says otherwise than the kernel");
    if (!has_them && now >= w.until)
        check(std::holds_alternative<refusal>(answer), "somebody waits longer than he may");
    compare(now);
}

void mirror<rate_limiter>::left(const waiter& w) {
    kernel_.leave(id_of(w));
    std::erase(line_, id_of(w));
}

void mirror<rate_limiter>::settled(const ticket& t, const observation&, call_context& call, instant now,
                                   random_source&) {
    if (call.sent == t.sent) kernel_.give_back(t.slot, now);
    compare(now);
}

void mirror<rate_limiter>::at_a_stop(instant now) {
    kernel copy = kernel_;
    for (const auto who : line_)
        check(!copy.look(who, now), "somebody waits whose permits are there, and nobody has woken him");
}

void mirror<rate_limiter>::at_the_end(instant now) {
    check(line_.empty(), "somebody is still in line");
    compare(now);
}

void mirror<rate_limiter>::compare(instant now) {
    check(gate_.queued() == kernel_.queued(), "as many do not wait as in front of the kernel");
    if (kernel_.queued() != 0) return;
    const rate_reading its = gate_.read(now);
    const rate_reading right = kernel_.read(1, now);
    if (its != right) check(false, "it has " + words_of(its) + "; its kernel has " + words_of(right));
}

// ---- circuit breaker ----

void mirror<circuit_breaker>::admitted(const ticket& t, call_context&, instant now) {
    const auto its = kernel_.admit(now).ticket;
    check(its.has_value(), "it admits a call that the kernel refuses");
    check(!its || (its->lease == t.lease && its->epoch == t.epoch), "it gives another ticket than the kernel");
    compare(now);
}

void mirror<circuit_breaker>::asked(const admission<ticket>& answer, call_context& call, instant now) {
    if (const auto* const t = std::get_if<ticket>(&answer)) return admitted(*t, call, now);
    check(!kernel_.admit(now).ticket, "it refuses a call that the kernel admits");
    compare(now);
}

void mirror<circuit_breaker>::settled(const ticket& t, const observation& seen, call_context&, instant now,
                                      random_source& dice) {
    (void)kernel_.settle(t, verdict_of(t, seen, now), now, dice);
    compare(now);
}

void mirror<circuit_breaker>::at_the_end(instant now) {
    check(kernel_.leases_taken() == 0, "a probe has not been given back");
    check(gate_.counts(now) == kernel_.counts(now), "its window counts otherwise than the kernel's");
}

/// Its counts only now and then: to ask for them gathers what the lock-free path has counted, and would hide what that does.
void mirror<circuit_breaker>::compare(instant now) {
    check(gate_.state(now) == kernel_.state(now), "it is in another state than the kernel");
    check(gate_.retry_after(now) == kernel_.retry_after(now), "it says another retry_after than the kernel");
    if (++compared_ % 8 == 0)
        check(gate_.counts(now) == kernel_.counts(now), "its window counts otherwise than the kernel's");
}

circuit_verdict mirror<circuit_breaker>::verdict_of(const ticket& t, const observation& seen, instant now) const {
    const circuit_breaker_options& o = gate_.options();
    const bool cut_by_caller = seen.meaning() == verdict::ignored && seen.failure != nullptr &&
                               seen.failure->code() == errc::deadline_exceeded;
    const bool blamed = cut_by_caller && o.caller_deadline == deadline_blame::dependency;
    return {.meaning = blamed ? verdict::transient : seen.meaning(),
            .slow = o.slow_after != forever && between(t.started, now) >= o.slow_after};
}

}  // namespace cutwater::soak
