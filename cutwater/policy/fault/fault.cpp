#include "cutwater/policy/fault/fault.hpp"

#include <stdexcept>
#include <utility>

#include "cutwater/policy/fault/events.hpp"

namespace cutwater {

fault::fault(fault_options options)
    : layer_{options.name.empty() ? "fault" : options.name},
      shared_{std::make_unique<shared_faults>(validated(kind, std::move(options)))} {}

admission<fault::ticket> fault::admit(call_context& call, moment& now) {
    ticket t{.of = shared_->in_force()};
    if (t.of == nullptr) return t;
    t.what = t.of->decide({.call = call.said(), .attempt = call.attempt, .target = call.target}, now);
    if (!t.what) return ticket{};
    const injection& what = injected(t);
    if (what.kind() == fault_kind::wrong_result) return t;  // counted where there is a value to change
    t.of->count(t.what.rule);
    tell(t, call);
    if (what.kind() == fault_kind::refusal) return what.why();
    return t;
}

instant fault::hold(waiter& w, ticket& t, call_context&, moment& now) {
    const instant until = add(now.get(), t.what.wait);
    shared_->hold(w, until);
    return until;
}

bool fault::held(waiter& w, ticket& t, moment& now) noexcept {
    const auto end = shared_->look(w, now);
    if (end == shared_faults::hold_end::freed) t.of = nullptr;
    return end == shared_faults::hold_end::not_yet;
}

std::optional<error> fault::answers(const ticket& t, call_context& call) const {
    if (t.of == nullptr) return std::nullopt;
    const injection& what = injected(t);
    const bool ends_it = what.kind() == fault_kind::error || what.kind() == fault_kind::hang;
    const bool is_late = call.deadline != never && call.now.get() >= call.deadline;
    if (!ends_it && !is_late) return std::nullopt;
    error failure = is_late ? error{make_error_code(std::errc::timed_out)}.with_text(
                                  "injected: " + std::string{to_text(what.kind())} + ", cut short by the deadline")
                            : what.error();
    failure.with_layer(layer_).with_operation(call.operation());
    return failure;
}

void fault::tell(const ticket& t, call_context& call) const {
    const fault_plan& by = t.of->plan(t.what.rule);
    call.emit(layer_, [&] {
        return fault_injected{
            .rule = by.called(), .what = by.rule().what.kind(), .attempt = call.attempt, .wait = t.what.wait};
    });
}

void fault::refuse_type(const ticket& t) {
    throw std::logic_error{"cutwater::fault: the rule " + t.of->plan(t.what.rule).rule().name +
                           " changes values of another type than the call gives; write "
                           "cw::injection::wrong_result<T> for its T, or name the operation that the rule is for"};
}

}  // namespace cutwater
