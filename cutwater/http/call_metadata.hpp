// What a call says of itself on the wire, so that who serves it knows when to give up and what may be left out.
//
//     const cw::call_options said{.operation = "get_stock"};
//     cw::http_fields fields;
//     pipeline.run(said, [&](cw::attempt& a) { cw::inject(fields, a); });          // before each sending
//
//     const cw::call_metadata got = cw::extract(fields);                           // where it arrives
//     const cw::call_scope here{got.options(cw::now())};                           // goes on with what is left
//     pipeline.run(cw::inherited({.operation = "get_stock"}), [&](cw::attempt& a) { cw::inject(fields, a); });
//
//     field                      value                  says
//     X-Request-Deadline         1600                   for so many milliseconds more the sender waits for the answer
//     grpc-timeout               1600m                  the same, as gRPC has it
//     X-Request-Attempt          2                      which attempt this is, those of the sender's callers counted; 1 is not sent
//     X-Request-Retries-Left     0                      how many more the receiver and all behind it may make together
//     X-Request-Criticality      sheddable              how much it matters; "default" is not sent
//     Idempotency-Key            "8e03978e-40d5"        this operation among all, the same in each attempt
//     traceparent                00-0af7…-b7ad…-01      the span that this attempt is, of which trace
//     tracestate                 congo=t61rcWkgMzE      what systems that trace say to themselves; not sent alone
//
// A deadline is relative, so that no two clocks have to agree: whoever gets it counts from its arrival, by a clock of its own that never
// jumps. The way there is in nobody's count; so less is sent than there is: `share` of what is left after `margin`. It is
// reckoned anew for each attempt, rounded down to whole milliseconds, and 0 means that there is no time. Where several are
// said, in several fields or by the receiver itself, the least counts.
//
// Nothing that is malformed is an error: it is ignored and counted. Of what stands once (all but the deadlines), two fields are
// malformed. Whom a request is from is not checked: take these fields from your own clients alone.
//
// A trace is handed on as it came where no layer traces (`cw::traced`). Several `tracestate` are one list, in their order; it is ignored, and its
// fields counted, where it is malformed, and not looked at without a `traceparent`.
//
// Sources: https://www.w3.org/TR/trace-context-2/ (traceparent, tracestate), draft-ietf-httpapi-idempotency-key-header (Idempotency-Key), RFC 9651 §3.3.3 (its string), grpc/doc/PROTOCOL-HTTP2.md
// (grpc-timeout), Google's SRE book, "Handling Overload" (criticality). The X- names are ours.
// Thread safety: functions of their arguments. Throws `std::bad_alloc`, and `inject` what it says.
#pragma once

#include <optional>
#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/core/trace_context.hpp"
#include "cutwater/http/http_fields.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// In which fields a deadline is sent.
enum class deadline_fields : std::uint8_t { request_deadline, grpc_timeout, both, none };

[[nodiscard]] constexpr std::string_view to_text(deadline_fields d) noexcept {
    constexpr std::string_view texts[] = {"request_deadline", "grpc_timeout", "both", "none"};
    return d <= deadline_fields::none ? texts[static_cast<std::uint8_t>(d)] : "unknown";
}

/// What `Idempotency-Key` is made of.
enum class key_on_wire : std::uint8_t {
    none,     ///< it is not sent
    call_id,  ///< `call_options::id`, which then must be unique among all operations of its receiver
};

[[nodiscard]] constexpr std::string_view to_text(key_on_wire k) noexcept {
    constexpr std::string_view texts[] = {"none", "call_id"};
    return k <= key_on_wire::call_id ? texts[static_cast<std::uint8_t>(k)] : "unknown";
}

/// In which fields a trace is sent.
enum class trace_fields : std::uint8_t { none, w3c };

[[nodiscard]] constexpr std::string_view to_text(trace_fields t) noexcept {
    constexpr std::string_view texts[] = {"none", "w3c"};
    return t <= trace_fields::w3c ? texts[static_cast<std::uint8_t>(t)] : "unknown";
}

struct metadata_options {
    std::string name = "call_metadata";
    deadline_fields deadline = deadline_fields::request_deadline;
    double share = 0.8;
    duration margin = 0s;
    key_on_wire key = key_on_wire::none;
    trace_fields trace = trace_fields::w3c;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "for what is wrong with these options");
        visit("deadline", self.deadline, within(deadline_fields::request_deadline, deadline_fields::none),
              "in which fields a deadline is sent");
        visit("share", self.share, within<double>(0.01, 1.0), "of what is left after `margin`, what is sent");
        visit("margin", self.margin, within<duration>(0s, 1h), "what the way there and back may take, at least");
        visit("key", self.key, within(key_on_wire::none, key_on_wire::call_id), "what `Idempotency-Key` is made of");
        visit("trace", self.trace, within(trace_fields::none, trace_fields::w3c),
              "in which fields the trace of the attempt is sent: w3c, or none");
    }
};

/// Writes what this attempt says of itself, in place of what stands there, from an earlier attempt or a request that is forwarded: attempt,
/// retries left and criticality go where this attempt says none. A deadline that stands there and is less stays, and so does a key, and a trace where this attempt is
/// of none.
///
/// Throws, and has written nothing: `invalid_options`, and `call_error` with `http_errc::invalid_request` where a key is to be sent and the id
/// is none that a field can hold (printable ASCII). A call without an id has no key.
void inject(http_fields& fields, const attempt& a, const metadata_options& options = {});
/// The same, where how much it matters and its id are not what the call of the attempt says, but `call`.
void inject(http_fields& fields, const attempt& a, const call_options& call, const metadata_options& options = {});

struct call_metadata {
    std::optional<duration> time_left{};  ///< the least that was said; `forever` is no limit
    unsigned attempt = 1;
    std::optional<unsigned> retries_left{};
    std::optional<criticality> importance{};
    std::string key{};  ///< of `Idempotency-Key`, without its quotes
    std::optional<trace_context> trace{};
    unsigned malformed = 0;  ///< fields of ours that were ignored

    /// `own`, tightened and completed by what was received at `received`. Its `id` and `trace` point into this, which has to outlive it.
    [[nodiscard]] call_options options(instant received, call_options own = {}) const&;
    call_options options(instant received, call_options own = {}) const&& = delete;  // keep what is pointed at

    friend bool operator==(const call_metadata&, const call_metadata&) = default;
};

[[nodiscard]] call_metadata extract(const http_fields& fields);

}  // namespace cutwater
