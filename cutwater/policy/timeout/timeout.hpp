// A timeout: bounds the time of everything inside it.
//
//     cw::pipeline guarded{
//         cw::timeout{2s},                                        // the whole call: attempts, waits and sleeps
//         cw::retry{},
//         cw::timeout{{.name = "attempt", .after = 500ms}},       // each attempt
//     };
//
// Contract. The deadline is the earliest of this limit, the limits around it and the caller's own; the callable sees it
// as `attempt::deadline()`. The coroutine driver cancels the attempt when it passes; the blocking driver cannot stop a
// thread, so the callable must bound itself by the deadline, or run on a `worker_pool`, where the call gives up waiting.
// A value that arrives late is still the value. The error is `errc::timed_out` with this layer's name and limit, kept
// apart from the caller's deadline (`errc::deadline_exceeded`) and the caller's cancellation (`errc::cancelled`).
//
// What it does *not* do: undo what the dependency did, or know whether it did it.
// Thread safety: immutable.
#pragma once

#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/policy/timeout/events.hpp"
#include "cutwater/policy/timeout/kernel.hpp"

namespace cutwater {

class timeout : public works_alone<timeout> {
public:
    static constexpr std::string_view kind = "timeout";

    /// Throws `invalid_options`.
    explicit timeout(timeout_options options = {})
        : options_{validated(kind, std::move(options))}, layer_{options_.name}, kernel_{options_.after} {}
    explicit timeout(duration after) : timeout{timeout_options{.after = after}} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const timeout_options& options() const noexcept { return options_; }

    [[nodiscard]] instant deadline_for(call_context&, instant now) const noexcept { return kernel_.deadline_for(now); }
    [[nodiscard]] duration limit() const noexcept { return kernel_.limit(); }
    void on_timeout(call_context& call) const {
        call.emit(layer_, [&] { return timed_out{limit()}; });
    }

private:
    timeout_options options_;
    name layer_;
    timeout_kernel kernel_;
};

}  // namespace cutwater
