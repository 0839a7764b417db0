// A listener that keeps objectives: how much of their error budgets is left, how fast it is spent, and whether that is too fast.
//
//     const cw::slo_options orders{.name = "orders", .operations = {"place_order"}, .target = 0.999, .latency = 250ms};
//     cw::slo_tracker objectives{{orders}};
//     cw::pipeline shop{cw::observe{objectives}, cw::retry{}, cw::timeout{500ms}};
//     objectives.also(heard);                                       // any listener: of the calls' events, and of slo_burning and slo_recovered
//     const double left = objectives.read(cw::now()).front().budget_left;
//
// What counts is what users see: ends of calls, not attempts. An event that counts `metrics::calls` is the end of a
// call, with the verdict and the time that its measures say. Success within the latency is good; a slower one,
// `transient`, `permanent` and `rejected` are bad; who cancels says nothing. `ignored` is bad as well: that is how each
// call ends whose caller's deadline runs out while a dependency hangs. Where only what users have done wrong ends so, say
// `ignored_call::neither`. With `degraded_result::bad` each degraded result, too, makes a good call a bad one. Nothing
// is known of a call but its events, so that is not allowed beside a latency (a late degraded result would be counted
// twice), and a call counts twice that has two such results, or fails after one.
//
// Alerts are judged at most every 5 s, when a call ends; when none comes, `look` does it. The rules are in
// `kernel.hpp`. What it knows goes with the process, as do its alerts: those that outlast it are Prometheus', from the
// same objectives (`cutwater slo rules`). Where two threads judge at once (one by `look`, say), the end of an alert
// may be told before its beginning: an event's `at` says which was later.
//
// Cost of a call's end: for each objective that it belongs to, three operations on atomics; once in 5 s, one waits for
// a lock. Thread safety: every member, from any thread; `also` before the first event. What is behind it is called
// under no lock. Lifetime: it outlives the pipelines that it watches. Errors: the constructor throws
// `invalid_options`; `on_event` nothing.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/core/metric.hpp"
#include "cutwater/observe/slo/events.hpp"
#include "cutwater/observe/slo/kernel.hpp"

namespace cutwater {

/// How an objective stands.
struct slo_reading {
    name objective{};
    double target = 0;
    double budget_left = 1;  ///< share of the error budget; below 0 it is overspent
    std::array<double, slo_windows> burn{};
    slo_counts seen{};  ///< in the objective's window
    bool pages = false;
    bool tickets = false;

    [[nodiscard]] double burn_rate(slo_window over) const noexcept { return burn[static_cast<std::size_t>(over)]; }
};

class slo_tracker final : public listener {
public:
    /// From one on, each with a name of its own.
    explicit slo_tracker(std::vector<slo_options> objectives);
    slo_tracker(const slo_tracker&) = delete;
    slo_tracker& operator=(const slo_tracker&) = delete;
    ~slo_tracker();

    void on_event(const event& e) noexcept override;

    /// Hands each event on to `next`, too, and those of the objectives; it outlives this. Before the first event.
    slo_tracker& also(listener& next) noexcept { return next_ = &next, *this; }

    /// Judges all objectives, and tells what has changed: for a time in which no call ends.
    void look(instant now) noexcept;

    /// In the order in which they were given.
    [[nodiscard]] std::vector<slo_reading> read(instant now) const;
    void gauges(instant now, gauge_visitor& seen) const;

private:
    struct kept;
    void judge(kept& of, instant now) const noexcept;
    void tell(const kept& of, const slo_changes& changed, double budget_left, instant now) const noexcept;
    void hand_on(const event& e) const noexcept;

    std::vector<std::unique_ptr<kept>> all_;
    listener* next_ = nullptr;
};

}  // namespace cutwater
