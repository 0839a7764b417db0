#include "cutwater/observe/trace/open_span.hpp"

#include <utility>

#include "cutwater/observe/trace/attributes.hpp"

namespace cutwater::detail {

namespace {

std::string name_of(span_role role, const call_context& call) {
    std::string text{call.operation().view()};
    if (role == span_role::attempt) text += text.empty() ? "attempt" : " attempt";
    return text.empty() ? "call" : text;
}

}  // namespace

open_span::open_span(tracer& by, span_start as, call_context& call)
    : by_{&by}, role_{as.role}, offset_{as.around ? as.around->offset_ : by.wall_offset()}, began_{call.now},
      next_{as.around ? as.around->next_ : call.audience}, around_{std::move(as.around)}, sent_before_{call.sent},
      is_wanted_{as.own.is_sampled()} {
    if (next_ != nullptr) next_kept_ = next_->kept();
    ended_.context = std::move(as.own);
    ended_.parent = as.parent;
    ended_.name = name_of(role_, call);
    ended_.kind = role_ == span_role::call ? span_kind::internal : span_kind::client;
    ended_.begin = unix_time(began_);
    if (around_) around_->child_began(began_);
}

std::shared_ptr<open_span> open_span::of(const tracer& by, const call_context& call) {
    auto* const found = dynamic_cast<open_span*>(call.audience);
    return found != nullptr && found->by_ == &by ? found->shared_from_this() : nullptr;
}

unix_nanoseconds open_span::unix_time(instant t) const noexcept {
    return unix_nanoseconds{cutwater::add(t.time_since_epoch(), offset_)};
}

// ---- what happens meanwhile ----

void open_span::on_event(const event& e) {
    try {
        record(e);
    } catch (...) {
        by_->count_lost();
    }
    if (next_ != nullptr) next_->on_event(e);
}

void open_span::record(const event& e) {
    if (has_ended_) return;  // told by an attempt that has lost
    if (ended_.events.size() >= by_->options().max_events) {
        ++ended_.dropped_events;
        return;
    }
    span_event made{.name = "cutwater." + std::string{e.kind().name}, .at = unix_time(e.origin().at), .attributes = {}};
    made.attributes.push_back({"cutwater.layer", std::string{e.origin().layer.view()}});
    if (e.origin().attempt > 0)
        made.attributes.push_back({"cutwater.attempt.number", std::int64_t{e.origin().attempt}});
    field_attributes fields{made.attributes, e.kind().name, by_->options().max_text};
    e.visit(fields);
    ended_.events.push_back(std::move(made));
}

// ---- its attempts ----

void open_span::child_began(instant at) noexcept {
    ++children_;
    if (under_way_++ == 0) busy_since_ = at;
}

void open_span::child_ended(instant at) noexcept {
    if (--under_way_ == 0) busy_ = cutwater::add(busy_, between(busy_since_, at));
}

void open_span::take_child(trace_span&& child) {
    if (is_wanted_) return by_->sink().take(std::move(child));
    if (has_ended_) return;
    if (held_.size() < by_->options().max_held)
        held_.push_back(std::move(child));
    else
        ++not_held_;
}

// ---- its end ----

void open_span::end(const observation& seen, call_context& call) {
    const instant now = call.now;
    has_ended_ = true;
    if (around_) around_->child_ended(now);
    ended_.end = unix_time(now);
    if (role_ == span_role::call)
        add_call(call, now);
    else
        add_attempt(call);
    add_outcome(seen);
    deliver();
}

void open_span::add_call(const call_context& call, instant now) {
    span_attributes& to = ended_.attributes;
    const std::size_t max_text = by_->options().max_text;
    if (!call.said().id.empty()) to.push_back({"cutwater.call.id", cut_off(call.said().id, max_text)});
    if (call.said().importance != criticality::normal)
        to.push_back({"cutwater.call.importance", std::string{to_text(call.said().importance)}});
    to.push_back({"cutwater.call.attempts", std::int64_t{call.attempt}});
    to.push_back({"cutwater.call.sent", std::int64_t{call.sent}});
    if (children_ == 0) return;
    if (under_way_ > 0) busy_ = cutwater::add(busy_, between(busy_since_, now));  // what has lost goes on
    to.push_back({"cutwater.call.callee_time", in_seconds(busy_)});
    to.push_back({"cutwater.call.caller_time", in_seconds(between(began_, now) - busy_)});
    if (not_held_ > 0) to.push_back({"cutwater.call.attempts_not_held", std::int64_t{not_held_}});
}

void open_span::add_attempt(const call_context& call) {
    span_attributes& to = ended_.attributes;
    to.push_back({"cutwater.attempt.number", std::int64_t{call.attempt}});
    if (call.said().earlier_attempts > 0)
        to.push_back({"cutwater.attempt.earlier", std::int64_t{call.earlier_attempts()}});
    if (call.sent == sent_before_) to.push_back({"cutwater.attempt.sent", false});
    if (call.lost_at() != never) to.push_back({"cutwater.attempt.lost", true});
    add_server(to, call.target, by_->options().max_text);
}

void open_span::add_outcome(const observation& seen) {
    span_attributes& to = ended_.attributes;
    const std::size_t max_text = by_->options().max_text;
    const verdict meaning = seen.meaning();
    to.push_back({"cutwater.verdict", std::string{to_text(meaning)}});
    if (const auto wish = seen.retry_after()) to.push_back({"cutwater.retry_after", in_seconds(*wish)});
    if (seen.failure == nullptr && !is_failure(meaning)) return;
    if (seen.failure == nullptr) {
        to.push_back(
            {"error.type", std::string{seen.judged.reason.empty() ? to_text(meaning) : seen.judged.reason.view()}});
        ended_.status_message = cut_off(words_of(seen.judged), max_text);
    } else {
        to.push_back({"error.type", cut_off(seen.failure->type(), max_text)});
        if (!seen.failure->layer().empty())
            to.push_back({"cutwater.error.layer", std::string{seen.failure->layer().view()}});
        ended_.status_message = cut_off(seen.failure->words(), max_text);
    }
    if (meaning == verdict::cancelled)
        ended_.status_message.clear();  // nobody's error
    else
        ended_.status = span_status::error;
}

void open_span::deliver() {
    if (around_) return around_->take_child(std::move(ended_));
    is_wanted_ = is_wanted_ || ended_.status == span_status::error;
    for (trace_span& child : held_)
        if (is_wanted_) by_->sink().take(std::move(child));
    held_.clear();
    if (is_wanted_) by_->sink().take(std::move(ended_));
}

}  // namespace cutwater::detail
