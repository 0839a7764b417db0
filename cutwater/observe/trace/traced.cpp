#include "cutwater/observe/trace/traced.hpp"

#include <utility>

namespace cutwater::detail {

namespace {

/// A new span of the same trace; without one, of a new trace.
trace_context span_in(const trace_context* parent, random_source& random) {
    trace_context made;
    if (parent != nullptr)
        made = *parent;
    else
        made = {.trace = trace_id::random(random), .flags = trace_context::random};
    made.span = span_id::random(random);
    return made;
}

/// Nothing is sent any more: its caller has cancelled, or its time is over.
bool is_over(call_context& call) {
    return call.said().stop.stop_requested() || (call.deadline != never && call.deadline <= call.now.get());
}

}  // namespace

traced_session::traced_session(tracer& by, call_context& call, span_role role) noexcept
    : by_{&by}, outer_audience_{call.audience}, outer_trace_{call.trace} {
    try {
        begin(call, role);
    } catch (...) {  // there is no memory: the call goes on
        by_->count_lost();
    }
}

traced_session::~traced_session() {
    if (span_ && !span_->has_ended()) by_->count_abandoned();
}

void traced_session::begin(call_context& call, span_role role) {
    const trace_context* const parent = call.trace;
    if (auto around = open_span::of(*by_, call)) {
        return open(call, {role, span_in(parent, call.random()), parent->span, std::move(around)});
    }
    const bool is_decided = parent != nullptr && by_->options().caller == caller_decision::followed;
    const bool may_fail = role == span_role::call && by_->options().keep == kept_spans::failures_too;
    if (is_decided && !parent->is_sampled() && !may_fail) return;  // goes on as it came
    own_ = span_in(parent, call.random());
    const bool sampled = by_->samples(parent, own_.trace);
    own_.flags =
        static_cast<std::uint8_t>((own_.flags & trace_context::random) | (sampled ? trace_context::sampled : 0));
    if (sampled || may_fail) return open(call, {role, own_, parent != nullptr ? parent->span : span_id{}, nullptr});
    call.trace = &own_;  // whoever is called does as is done here
}

void traced_session::open(call_context& call, span_start as) {
    if (as.role == span_role::attempt && is_over(call)) return;
    span_ = std::make_shared<open_span>(*by_, std::move(as), call);
    call.trace = &span_->context();
    call.audience = span_.get();
}

void traced_session::end(const observation& seen, call_context& call) const noexcept {
    call.audience = outer_audience_;
    call.trace = outer_trace_;
    if (!span_ || span_->has_ended()) return;
    try {
        span_->end(seen, call);
    } catch (...) {
        by_->count_lost();
    }
}

}  // namespace cutwater::detail
