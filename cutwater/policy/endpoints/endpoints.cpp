#include "cutwater/policy/endpoints/endpoints.hpp"

#include <algorithm>

#include "cutwater/policy/endpoints/events.hpp"

namespace cutwater {

endpoints::endpoints(endpoints_options options)
    : options_{std::make_unique<const endpoints_options>(validated(kind, std::move(options)))}, layer_{options_->name},
      shared_{std::make_unique<shared_endpoints>(*options_)} {}

admission<endpoints::ticket> endpoints::admit(call_context& call, moment& now) {
    ticket t;
    auto answer = shared_->ask(t, now, call.random(), call.tried());
    if (answer == shared_endpoints::quick::unknown) {
        told_changes changes;
        answer = shared_->ask_slowly(t, now, call.random(), call.tried(), changes);
        tell(changes, call);
    }
    if (answer == shared_endpoints::quick::refused) return refuse(call, now);
    send(t, call);
    return t;
}

admission<endpoints::ticket> endpoints::refuse(call_context& call, instant now) const {
    const std::optional<duration> wait = shared_->retry_after(now);
    call.emit(layer_, [&] {
        const endpoints_reading seen = shared_->read(now);
        const auto ejected = std::ranges::count(seen.each, endpoint_state::ejected, &endpoint_reading::state);
        return endpoint_refused{static_cast<unsigned>(ejected), static_cast<unsigned>(seen.each.size()),
                                wait.value_or(forever)};
    });
    return refusal{.reason = errc::no_endpoint, .retry_after = wait};
}

endpoint_end endpoints::end_of(const observation& seen) const {
    if (!judges_dependency(seen.meaning())) return endpoint_end::neutral;
    if (seen.meaning() == verdict::success) return endpoint_end::success;
    if (options_->should_count) return options_->should_count(seen) ? endpoint_end::failure : endpoint_end::neutral;
    return endpoint_end::failure;
}

void endpoints::settle(ticket& t, const observation& seen, call_context& call, moment& now) {
    const permit<endpoints> held{*this, t};  // whatever is thrown below, the place becomes free
    orphaned(t, seen, call, now);
}

void endpoints::orphaned(ticket& t, const observation& seen, call_context& call, moment& now) {
    call.target = call.said().target;
    if (seen.meaning() == verdict::cancelled && call.lost_at() != never)
        return shared_->lose(t, std::min(now.get(), call.lost_at()));
    if (seen.meaning() == verdict::transient) heed_wish(t, seen, call, now);
    const endpoint_end how = end_of(seen);
    if (how == endpoint_end::neutral) return;
    const told_changes changes = shared_->count(t, how, now);
    if (!changes.empty()) [[unlikely]]
        tell(changes, call);
}

/// It is that endpoint's, and is kept here for all calls: this one need not wait for it where it can go elsewhere.
void endpoints::heed_wish(const ticket& t, const observation& seen, call_context& call, moment& now) {
    const duration wish = seen.retry_after().value_or(duration::zero());
    if (wish <= duration::zero()) return call.tried().keep_wish(false);  // a race may still have another's
    shared_->rest(t, add(now, std::min(wish, options_->max_ejection)));
    call.tried().keep_wish(shared_->has_awake(now));
}

void endpoints::replace(const endpoint_list& list, instant now) {
    option_problems problems;
    check(list, problems);
    if (!problems.empty()) throw invalid_options{kind, options_->name, std::move(problems)};
    shared_->replace(list, now);
}

void endpoints::gauges(instant now, gauge_visitor& seen) const {
    const endpoints_reading all = read(now);
    for (const endpoint_state each : {endpoint_state::healthy, endpoint_state::returning, endpoint_state::ejected})
        seen(metrics::endpoints, static_cast<double>(std::ranges::count(all.each, each, &endpoint_reading::state)),
             to_text(each));
}

void endpoints::tell(const told_changes& changes, call_context& call) const {
    for (const auto& [c, address] : changes) switch (c.what) {
            case endpoint_change::kind::ejected:
                call.emit(layer_, [&] {
                    return endpoint_ejected{address, c.cause, c.how_long, c.in_a_row, c.ejected_now, c.of};
                });
                break;
            case endpoint_change::kind::returned:
                call.emit(layer_, [&] { return endpoint_returned{address, c.how_long, c.ejected_now, c.of}; });
                break;
            case endpoint_change::kind::panic_began:
                call.emit(layer_, [&] { return endpoints_panic_began{c.ejected_now, c.of}; });
                break;
            case endpoint_change::kind::panic_ended:
                call.emit(layer_, [&] { return endpoints_panic_ended{c.ejected_now, c.of}; });
                break;
        }
}

}  // namespace cutwater
