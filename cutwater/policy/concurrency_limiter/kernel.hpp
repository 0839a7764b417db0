// What is right for a concurrency limiter, without threads: how the limit moves with what is seen.
//
// Time is cut into epochs. In the first quarter of one what went before ends, and nothing is counted; calls that begin in the next two are;
// in the last one they end. So a sample belongs to the limit under which it began, and what a limit did is judged by its own calls.
//
//     [ settle | count : count | drain ]         each a half of `window()` long
//
// - A limit moves only on what was seen; where nothing was, or too little was in flight to need it, it holds.
// - It does not rise where nothing was answered.
// - It is never below `min_limit` nor above `max_limit`. While a probe runs the limit in force is lower than the one that was found.
// - Calls that have not ended yet count as having taken as long as they are old.
// - What failed for want of capacity (`dropped`) is no sample of latency: failing fast does not look like being fast.
// - A call whose deadline passed while it was under way for longer than is no sign of a queue failed for want of capacity. One that its caller
//   cancelled, or that had less time than it takes, says nothing.
//
// A value. Thread safety: none.
#pragma once

#include "cutwater/core/random.hpp"
#include "cutwater/policy/concurrency_limiter/idle_latency.hpp"
#include "cutwater/policy/concurrency_limiter/limit_rules.hpp"
#include "cutwater/policy/concurrency_limiter/options.hpp"

namespace cutwater {

/// What was seen of the calls that began in an epoch.
struct epoch_seen {
    std::uint64_t answered = 0;
    std::uint64_t dropped = 0;  ///< signs of overload
    std::uint64_t dropped_late =
        0;  ///< of calls that began before; they count only where nothing that began in it has ended
    std::uint64_t outstanding = 0;  ///< not ended yet
    duration typical{};             ///< the mean of the answered
    duration slow{};                ///< the 90th percentile of them
    duration age{};                 ///< of those that have not ended, their mean
    unsigned most_in_flight = 0;
};

class concurrency_kernel {
public:
    explicit concurrency_kernel(const concurrency_limiter_options& options)
        : options_{options}, limit_{static_cast<double>(options.first_limit())}, window_{options.window} {}

    /// The limit in force.
    [[nodiscard]] unsigned limit() const noexcept;
    /// The limit that was found; while a probe runs it is not in force.
    [[nodiscard]] unsigned found() const noexcept { return static_cast<unsigned>(limit_); }
    [[nodiscard]] bool is_probing() const noexcept { return idle_.is_probing(); }
    [[nodiscard]] duration idle() const noexcept { return idle_.value(); }
    /// How long calls are counted in the epoch that begins now, which is twice as long.
    [[nodiscard]] duration window() const noexcept { return window_; }
    /// How long a call may take that is no sign of a queue; zero where nothing is known.
    [[nodiscard]] duration tolerated() const noexcept {
        return duration{static_cast<duration::rep>(static_cast<double>(idle().count()) * options_.tolerance)};
    }
    /// Whether so many calls, the mean of whose latencies is known this well, say enough. Else an epoch is longer, up to `max_window`.
    [[nodiscard]] bool is_enough(std::uint64_t calls, double standard_error) const noexcept {
        return calls >= options_.min_samples && standard_error <= known_well;
    }

    /// Whether most of the calls that count have ended. Those that are slow end last: without them all would look fast.
    [[nodiscard]] static bool is_most(std::uint64_t outstanding, std::uint64_t ended) noexcept {
        return outstanding * 20 <= ended;
    }

    /// An epoch has ended. `random`: so that the probes of many limiters are not made at the same time.
    void learn(const epoch_seen& seen, instant now, random_source& random) noexcept;

private:
    static constexpr double known_well = 0.15;

    [[nodiscard]] static duration typical_of(const epoch_seen& seen) noexcept;
    void learn_at_full_limit(const epoch_seen& seen, bool overloaded) noexcept;
    void learn_of_probe(const epoch_seen& seen) noexcept;
    void plan_probe(const epoch_seen& seen, instant now, random_source& random) noexcept;
    void lower() noexcept;
    [[nodiscard]] bool is_due(instant now, random_source& random) noexcept;
    [[nodiscard]] bool measures_latency() const noexcept { return options_.rule != limit_rule::aimd; }

    concurrency_limiter_options options_;
    double limit_;
    unsigned at_last_probe_ = 0;  // the most that was found since then
    unsigned lowered_ = 0;        // the limit in force while a probe runs
    duration window_;
    idle_latency idle_;
    instant probe_at_ = instant::min();
    unsigned epochs_ = 0;             // that were told of, until the first probe
    unsigned first_probe_after_ = 0;  // so many; 0: not drawn yet
    bool hurries_ = false;            // the next probe was brought forward
};

}  // namespace cutwater
