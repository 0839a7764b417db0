// A load shedder: when there is more to do than can be done, what matters less is refused, at once and cheaply, so that the rest is served.
//
//     cw::load_shedder door{{.name = "door", .target_concurrent = 100}};
//     cw::pipeline serve{cw::ref(door), cw::timeout{1s}};
//     serve.run({.importance = cw::criticality::critical, .tenant = "acme"}, f);
//
// Contract. How loaded it is comes from the calls inside (`target_concurrent`), from delays that are told (`note_delay` against `max_delay`), and from
// `signals` of the user's (CPU, memory); the highest counts, 1 being as much as there should be. In an overload it lets in as much as ends,
// what matters more first, and shares what is left of a level among tenants. A refusal is `errc::load_shed` with `retry_after`.
// What a signal throws fails the call in whose thread it is asked. Until it has an answer again it counts as what it said last; so does one that
// says NaN, which fails no call. What `tenant_hash` throws fails its call.
//
// Tenants are told apart by a hash with a seed of this instance's; those that fall together share their fate. Where tenants choose their own names and
// may wish each other ill, give a keyed hash: `tenant_hash`.
// Thread safety: every member, from any thread. Cost: four atomic operations and a reading of the clock a call; a
// refusal is one of each. Memory: 5.5 KB.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/load_shedder/events.hpp"
#include "cutwater/policy/load_shedder/options.hpp"
#include "cutwater/policy/load_shedder/shared_windows.hpp"

namespace cutwater {

class load_shedder : public works_alone<load_shedder> {
public:
    static constexpr std::string_view kind = "load_shedder";
    static constexpr bool holds_work = true;  // who has given up on a call has not made it end
    struct ticket {};

    /// Throws `invalid_options`.
    explicit load_shedder(load_shedder_options options);
    load_shedder(const load_shedder&) = delete;  // one for all that share the load: cw::ref(shedder)
    load_shedder(load_shedder&&) noexcept = default;
    load_shedder& operator=(const load_shedder&) = delete;
    load_shedder& operator=(load_shedder&&) noexcept = default;
    ~load_shedder() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const load_shedder_options& options() const noexcept { return options_; }

    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);
    void settle(ticket&, const observation&, call_context&, moment&) noexcept { windows_->leave(); }
    void abandon(ticket&) noexcept { windows_->leave(); }

    /// How long something waited that has just been begun: a request for a thread, a task for its turn. Of each importance the least of a window counts,
    /// and of those the highest. While nothing is told and somebody is inside, what was told last goes on to count.
    void note_delay(duration d, criticality importance = criticality::normal) noexcept {
        windows_->note_delay(level_of(importance), d);
    }

    [[nodiscard]] bool sheds() const noexcept { return windows_->sheds(); }
    /// Of the last window; 1 is as much as there should be.
    [[nodiscard]] double load() const noexcept { return windows_->load(); }
    [[nodiscard]] unsigned in_use() const noexcept { return windows_->inside(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const {
        const bool is_idle = in_use() == 0 && windows_->is_over(now);  // nobody has come since: the next call is let in
        seen(metrics::load, is_idle ? 0 : load());
        seen(metrics::calls_in_flight, in_use());
        seen(metrics::shedding, sheds() && !is_idle ? 1 : 0);
    }

private:
    [[nodiscard]] std::size_t slot_of(std::string_view tenant) const;
    void close_window(call_context& call, instant now);
    [[nodiscard]] std::exception_ptr ask_signals() noexcept;

    load_shedder_options options_;
    name layer_;
    std::unique_ptr<shared_windows> windows_;
    std::vector<double> told_;  // by each signal; of the thread that has claimed the window
};

}  // namespace cutwater
