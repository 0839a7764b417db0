// The layers that trace: one round a call, one round each attempt.
//
//     cw::span_recorder seen;
//     cw::tracer tracer{seen};
//     cw::pipeline inventory{
//         cw::traced{tracer},             // outermost: the call, with its waits and all its attempts
//         cw::retry{{.max_attempts = 3}},
//         cw::bulkhead{{.max_concurrent = 10}},
//         cw::traced_attempt{tracer},     // innermost: each attempt by itself
//         cw::timeout{500ms},
//     };
//
// The call's span begins when the layer is entered, and its attempts' spans are inside of it: what lies between them (a retry's delay, a place in a
// queue) is the caller's own time. What layers tell (`core/events.hpp`) becomes an event of the span that they are inside of: here, retry and bulkhead of the call's,
// the timeout of the attempt's. Whoever heard it before, an `observe` outside of these, hears it as well.
//
// `attempt::trace()` is the context of the attempt's span, to be sent (`cw::inject` does). Attempts of a hedge are siblings; one that lost says so.
//
// A call that is not recorded costs a decision: no memory, and no reading of a clock. Nothing of this makes a call fail. Thread safety and lifetime: as the tracer's.
#pragma once

#include "cutwater/observe/trace/open_span.hpp"

namespace cutwater {

namespace detail {

/// What a layer that traces remembers between entering and leaving. It stays where it is: what is called refers to it.
class traced_session {
public:
    traced_session(tracer& by, call_context& call, span_role role) noexcept;
    traced_session(const traced_session&) = delete;
    traced_session& operator=(const traced_session&) = delete;
    ~traced_session();

    void end(const observation& seen, call_context& call) const noexcept;

private:
    void begin(call_context& call, span_role role);
    void open(call_context& call, span_start as);

    tracer* by_;
    listener* outer_audience_;
    const trace_context* outer_trace_;
    trace_context own_;
    std::shared_ptr<open_span> span_;  // null: it is not recorded
};

}  // namespace detail

/// Outermost: a span of the call.
class traced {
public:
    static constexpr std::string_view kind = "traced";
    using session = detail::traced_session;

    explicit traced(tracer& by) : by_{&by}, layer_{"traced"} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const tracer_options& options() const noexcept { return by_->options(); }
    [[nodiscard]] session before(call_context& call) const noexcept {
        return session{*by_, call, detail::span_role::call};
    }
    void after(const session& kept, const observation& seen, call_context& call) const noexcept {
        kept.end(seen, call);
    }

private:
    tracer* by_;
    name layer_;
};

/// Innermost, inside of retry and hedge: a span of each attempt.
class traced_attempt {
public:
    static constexpr std::string_view kind = "traced_attempt";
    static constexpr bool is_per_attempt = true;
    using session = detail::traced_session;

    explicit traced_attempt(tracer& by) : by_{&by}, layer_{"traced_attempt"} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] session before(call_context& call) const noexcept {
        return session{*by_, call, detail::span_role::attempt};
    }
    void after(const session& kept, const observation& seen, call_context& call) const noexcept {
        kept.end(seen, call);
    }

private:
    tracer* by_;
    name layer_;
};

}  // namespace cutwater
