// Who ended an attempt that failed: itself, the deadline, or the caller. What both drivers say, so that they say the same.
#pragma once

#include <system_error>

#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater::detail {

/// An attempt that failed after its caller had stopped caring says nothing but that, and one that the deadline interrupted
/// is the deadline's. So is a failure that comes at or after the deadline and is about time: a callable that bounds itself.
template <class T>
void attribute_failure(outcome<T>& out, call_context& call, bool interrupted = false) {
    call.ran_out = false;
    if (out.has_value()) return;  // judged a failure, and still the answer
    error& failure = out.failure();
    const auto blame = [&](errc code, verdict meaning) {
        failure = error{code, {}, call.operation()}.with_cause(failure.cause());
        out.judge({.meaning = meaning});
    };
    if (call.cancelled) return blame(errc::cancelled, verdict::cancelled);
    const auto ran_into_it = [&] {
        const bool about_time = failure.code() == condition::timeout || failure.code() == std::errc::operation_canceled;
        return about_time && call.deadline != never && call.now.get() >= call.deadline;
    };
    call.ran_out = interrupted || ran_into_it();
    if (call.ran_out) blame(errc::deadline_exceeded, call.deadline_is_ours ? verdict::transient : verdict::ignored);
}

}  // namespace cutwater::detail
