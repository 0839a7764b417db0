// An adaptive timeout: as `timeout`, with a limit that follows how long what is inside takes.
//
//     cw::adaptive_timeout patience{{.name = "search", .initial = 500ms, .ceiling = 2s}};
//     cw::pipeline guarded{cw::timeout{3s}, cw::retry{}, cw::ref(patience)};
//     const cw::duration limit = patience.read(cw::now()).limit;
//
// Contract. The limit of a call is fixed when it begins: percentile · factor, between floor and ceiling; `initial` until there are enough
// samples; never beyond the deadline around it. Where `strain` says so it goes towards the floor: floor + (limit - floor) · (1 - strain).
// What it learns, and what follows from that, is in `kernel.hpp` and `latency_counts.hpp`: a call that was cut off, by this limit or another, counts
// as "at least so long", so that the limit does not follow its own cuts down.
//
// Whom it interrupts, what it does not undo, and whose error it is: as with `timeout`. The error is `errc::timed_out` with this layer's name and the
// limit that was in force for that call. What `strain` throws fails the call in whose thread it is asked; until it has an answer again, and where
// it says NaN, it counts as what it said last.
//
// Thread safety: every member, from any thread. Cost: a reading of the clock when what is inside has ended, and one atomic operation. Memory: that
// of its estimate, 34 KB, unless one is given.
#pragma once

#include <atomic>
#include <memory>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/adaptive_timeout/events.hpp"
#include "cutwater/policy/adaptive_timeout/kernel.hpp"
#include "cutwater/policy/adaptive_timeout/options.hpp"

namespace cutwater {

/// Where an adaptive timeout stands, and why.
struct adaptive_timeout_reading {
    std::uint64_t samples = 0;                       ///< in the window
    double censored_share = 0;                       ///< of those: cut off, or failed before
    std::optional<latency_percentile> percentile{};  ///< none where there are too few samples
    double strain = 0;                               ///< as it was said last
    duration limit{};                                ///< of a call that begins now
};

class adaptive_timeout : public works_alone<adaptive_timeout> {
public:
    static constexpr std::string_view kind = "adaptive_timeout";

    /// Throws `invalid_options`.
    explicit adaptive_timeout(adaptive_timeout_options options = {});
    adaptive_timeout(const adaptive_timeout&) = delete;  // one for all who call the dependency: cw::ref(patience)
    adaptive_timeout(adaptive_timeout&&) noexcept = default;
    adaptive_timeout& operator=(const adaptive_timeout&) = delete;
    adaptive_timeout& operator=(adaptive_timeout&&) noexcept = default;
    ~adaptive_timeout() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const adaptive_timeout_options& options() const noexcept { return *options_; }

    /// What is known of one call.
    struct session {
        instant began{};
        duration limit{};
        unsigned sent = 0;  ///< attempts of the call before
    };

    [[nodiscard]] session before(call_context& call) {
        const instant now = call.now;
        return {.began = now, .limit = decide(call, now), .sent = call.sent};
    }
    [[nodiscard]] static duration limit_of(const session& s) noexcept { return s.limit; }
    void on_timeout(const session& s, call_context& call) const {
        call.emit(layer_, [&] { return adaptive_timed_out{s.limit}; });
    }
    void after(const session& s, const observation& seen, call_context& call) noexcept;

    [[nodiscard]] instant deadline_for(call_context& call, instant now) { return add(now, decide(call, now)); }
    /// Of the call that began last.
    [[nodiscard]] duration limit() const noexcept { return duration{state_->limit.load(std::memory_order_relaxed)}; }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::timeout_limit, std::chrono::duration<double>(limit()).count());
    }

    [[nodiscard]] adaptive_timeout_reading read(instant now) const noexcept;
    /// For whoever else wants to know how long things take, as a hedge does.
    [[nodiscard]] const std::shared_ptr<latency_estimate>& estimate() const noexcept { return estimate_; }

private:
    static constexpr duration strain_every = 100ms;

    struct state {
        explicit state(duration initial) noexcept
            : base{initial.count()}, limit{initial.count()}, told{initial.count()} {}
        std::atomic<duration::rep> base;   ///< the limit without strain
        std::atomic<duration::rep> limit;  ///< with it
        std::atomic<duration::rep> told;   ///< by the last event
        std::atomic<double> strain{0};
        std::atomic<duration::rep> strain_asked{instant::min().time_since_epoch().count()};
    };

    [[nodiscard]] duration decide(call_context& call, instant now) {
        if (options_->strain) ask_strain(now);
        const auto known = estimate_->percentile(options_->percentile, now);
        const duration base = kernel_.base_after(duration{state_->base.load(std::memory_order_relaxed)}, known);
        const duration limit = kernel_.limit(base, state_->strain.load(std::memory_order_relaxed));
        if (state_->limit.load(std::memory_order_relaxed) != limit.count() ||
            state_->base.load(std::memory_order_relaxed) != base.count()) [[unlikely]]
            change(base, limit, known, call);
        return limit;
    }
    void change(duration base, duration limit, const std::optional<latency_percentile>& known, call_context& call);
    void ask_strain(instant now);

    std::unique_ptr<const adaptive_timeout_options> options_;
    name layer_;
    adaptive_timeout_kernel kernel_;
    std::shared_ptr<latency_estimate> estimate_;
    std::unique_ptr<state> state_;
};

}  // namespace cutwater
