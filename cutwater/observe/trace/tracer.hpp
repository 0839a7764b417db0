// Who decides what is recorded of calls, and hands spans that have ended to a sink.
//
//     cw::span_recorder seen;                                         // or a `cw::otlp_exporter`
//     cw::tracer tracer{seen, {.share = 0.1}};
//     cw::pipeline inventory{cw::traced{tracer}, cw::retry{}, cw::traced_attempt{tracer}, cw::timeout{500ms}};
//
// One for a process, as a rule; any number of pipelines may have the same. A call whose caller says a trace (`call_options::trace`) belongs to that, and
// another begins one. Whether it is recorded is the caller's decision, or `share`'s; either is told to who is called, by the flag `sampled`.
//
// Time: spans have wall time, and calls another. The wall clock is read once, together with the monotonic one, and every instant is
// moved by the difference: durations and order within a process are exact, whatever the wall clock does. When that is set or drifts, spans go on
// by what it was; `resync` reads it again, for spans that begin afterwards. A call and its attempts go by one reading.
//
// Memory of one call: a span, and as many of its attempts as `max_held` where `keep` is `failures_too`. A span is bounded by the options.
// Thread safety: every member, from any thread. Lifetime: the sink outlives it, and it the calls of the pipelines that it is in, attempts that have lost a
// race included. Errors: the constructor throws `invalid_options`, and what the wall clock throws.
#pragma once

#include <atomic>
#include <cstdint>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/observe/trace/options.hpp"
#include "cutwater/observe/trace/span.hpp"

namespace cutwater {

class tracer {
public:
    /// `time`: what calls go by; a test's, in virtual time.
    explicit tracer(span_sink& to, tracer_options options = {}, environment& time = this_machine);
    tracer(const tracer&) = delete;
    tracer& operator=(const tracer&) = delete;
    ~tracer() = default;

    [[nodiscard]] const tracer_options& options() const noexcept { return options_; }
    [[nodiscard]] span_sink& sink() const noexcept { return *to_; }

    /// Reads the wall clock again.
    void resync();
    /// What is to be added to an instant to have the time since 1970.
    [[nodiscard]] duration wall_offset() const noexcept { return duration{offset_.load(std::memory_order_relaxed)}; }

    /// Whether a trace is recorded: `parent` is who says so already, or null.
    [[nodiscard]] bool samples(const trace_context* parent, const trace_id& id) const noexcept;

    /// What could not be recorded, for want of memory: spans, and events of spans.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
    /// Spans whose call was destroyed before it ended: they are told to nobody.
    [[nodiscard]] std::uint64_t abandoned() const noexcept { return abandoned_.load(std::memory_order_relaxed); }

    void count_lost() noexcept { lost_.fetch_add(1, std::memory_order_relaxed); }
    void count_abandoned() noexcept { abandoned_.fetch_add(1, std::memory_order_relaxed); }

private:
    span_sink* to_;
    tracer_options options_;
    environment* time_;
    std::atomic<duration::rep> offset_{0};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> abandoned_{0};
};

}  // namespace cutwater
