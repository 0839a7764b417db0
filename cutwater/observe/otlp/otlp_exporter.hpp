// Sends spans to a collector: OTLP over HTTP, in JSON, from a thread of its own.
//
//     cw::otlp_exporter collector{{.url = "http://127.0.0.1:4318/v1/traces", .service = "shop"}};
//     cw::tracer tracer{collector};
//     cw::pipeline inventory{cw::traced{tracer}, cw::retry{}, cw::traced_attempt{tracer}};
//
// Contract. A call that ends leaves its spans here and goes on: it waits for a lock that is held for moments, never for the collector. Spans go out
// in batches, when one is full or `every` has passed; one request is under way at a time. What has no room in `max_queue` is dropped, the newest first, and
// counted, so that a collector that is dead, slow or hangs costs memory that is bounded by the options and nothing else.
//
// A request is sent through a pipeline: again after 429, 502, 503 and 504, and where no answer came, by a delay that grows and the server's
// `Retry-After`, which goes before; not after any other status, as the specification has it. A batch may be received twice, where the first answer was lost. What the
// collector says it has not taken (`partialSuccess`) is counted, and not sent again. `told` hears what that pipeline tells.
//
// The destructor sends what is left, for `shutdown_limit`, and then interrupts what is under way, which takes up to 50 ms more. A look-up of a name cannot be interrupted, and is left
// behind in a thread of its own until the system has an answer. In a child of a `fork` it sends nothing, and the destructor lets it go; nothing else is to be called there. One that the child makes itself has nothing to do with what its parent left behind.
// Source: https://opentelemetry.io/docs/specs/otlp/. Thread safety: every member, from any thread; `shutdown` and the destructor from one. Lifetime: it
// outlives tracers, and `told` outlives it. Errors: the constructor throws `invalid_options`, and `std::system_error` where there can be no thread.
#pragma once

#include <memory>
#include <string>

#include "cutwater/core/metric.hpp"
#include "cutwater/observe/otlp/kernel.hpp"
#include "cutwater/observe/otlp/options.hpp"

namespace cutwater {

class otlp_exporter final : public span_sink {
public:
    explicit otlp_exporter(otlp_options options = {});
    otlp_exporter(const otlp_exporter&) = delete;
    otlp_exporter& operator=(const otlp_exporter&) = delete;
    ~otlp_exporter();

    [[nodiscard]] name layer_name() const noexcept;
    [[nodiscard]] const otlp_options& options() const noexcept;

    void take(trace_span&& ended) noexcept override;

    /// Has all be sent that has been taken so far; whether that was answered for, or given up, within that time. Blocks.
    bool flush(duration within);
    /// The same, and nothing is taken afterwards. What is under way then is interrupted. Blocks.
    void shutdown(duration within) noexcept;

    [[nodiscard]] otlp_counts counts() const;
    /// Why the latest request came to nothing, in words; empty where none has.
    [[nodiscard]] std::string last_problem() const;

    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const;

private:
    class worker;
    std::unique_ptr<worker> worker_;
};

}  // namespace cutwater
