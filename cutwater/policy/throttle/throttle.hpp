// An adaptive throttle: where a dependency refuses more than it accepts, calls are rejected here, by chance, as many as it takes
// for the dependency to be sent `k` times what it accepts.
//
//     cw::throttle search_load{{.name = "search"}};
//     cw::pipeline guarded{cw::retry{}, cw::ref(search_load), cw::timeout{500ms}};
//
//     cw::random_source dice{42};                                       // by hand, without a pipeline
//     if (!search_load.should_reject(cw::now(), dice)) ...              // then record_accepted(cw::now()), record_failed(cw::now())
//
// One instance for each dependency, shared by everything that calls it.
//
// Contract. The formula is that of "Site Reliability Engineering" (Beyer, Jones, Petoff and Murphy, 2016), chapter "Handling
// Overload", client-side throttling: of the calls of the last `window`, reject with probability
//
//     max(0, (requests - k * accepts) / (requests + 1))                 at most max_rejection; zero below min_calls
//
// A call counts when its end is known: `success` and `permanent` as a request and an accept (the dependency has dealt with it),
// `transient` as a request. One that the throttle rejects is a request too. What was ignored, cancelled, abandoned or rejected by
// another policy of ours counts for nothing. A rejection is `errc::throttled`, without `retry_after`: nobody knows it.
//
// Exactness: as `kernel.hpp` says, which also says when the probability is computed; by calls in some order in which none comes
// before another that had ended when it began. Time: instants come from one monotonic clock; those of concurrent calls may be a
// little out of order. Thread safety: every member, from any thread; user code never runs under the lock.
//
// Cost: while nothing is rejected, admission is one load, and an accepted call one word that threads do not share. A rejection
// is the time, a random number, and one such word, whoever listens. Failures, and accepted calls while something is rejected, take a lock.
// Memory: 640 bytes for each window (one, or four), and 1 KB more for each that threads contend for.
#pragma once

#include <array>
#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/throttle/options.hpp"
#include "cutwater/policy/throttle/reading.hpp"
#include "cutwater/policy/throttle/shared_throttle.hpp"

namespace cutwater {

class throttle : public works_alone<throttle> {
public:
    static constexpr std::string_view kind = "throttle";
    struct ticket {};

    /// Throws `invalid_options`.
    explicit throttle(throttle_options options = {});
    throttle(const throttle&) = delete;  // one for all who call the dependency: cw::ref(throttle)
    throttle(throttle&&) noexcept = default;
    throttle& operator=(const throttle&) = delete;
    throttle& operator=(throttle&&) noexcept = default;
    ~throttle() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const throttle_options& options() const noexcept { return *options_; }

    [[nodiscard]] bool try_admit(ticket&, call_context& call, moment&) noexcept {
        return window_of(call.said().importance).rejects_none();
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        shared_throttle& window = window_of(call.said().importance);
        if (window.rejects_none()) [[likely]]
            return ticket{};
        const double dice = call.random().unit();
        switch (const auto [what, by] = window.ask_quickly(now, dice); what) {
            case shared_throttle::quick::rejected: return reject(by, call);
            case shared_throttle::quick::passes: return ticket{};
            case shared_throttle::quick::unknown: break;
        }
        return admit_slowly(window, dice, call, now);
    }

    void settle(ticket&, const observation& seen, call_context& call, moment& now) {
        shared_throttle& window = window_of(call.said().importance);
        if (seen.meaning() == verdict::success && window.count_accepted(now)) [[likely]]
            return;
        settle_slowly(window, seen, call, now);
    }
    void abandon(ticket&) noexcept {}

    /// By hand. Whether a call is not to be made; it has been counted then.
    [[nodiscard]] bool should_reject(instant now, random_source& dice, criticality importance = criticality::normal);
    /// What became of a call that was made.
    void record_accepted(instant now, criticality importance = criticality::normal);
    void record_failed(instant now, criticality importance = criticality::normal);

    /// The counts of the window that calls of that importance are counted in, and what follows from them.
    [[nodiscard]] throttle_reading read(instant now, criticality importance = criticality::normal) const {
        return window_of(importance).read(now);
    }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const {
        for (const criticality each :
             {criticality::critical, criticality::normal, criticality::sheddable, criticality::best_effort})
            seen(metrics::rejection, read(now, each).probability, to_text(each));
    }

    /// Whether nothing is counted in any of its windows, so that it decides as a new one would: for `keyed`. An end that nobody has told
    /// yet is told by the next call.
    [[nodiscard]] bool is_fresh(instant now) const noexcept;

private:
    [[nodiscard]] shared_throttle& window_of(criticality importance) const noexcept {
        return *windows_[level_of(importance) & last_window_];
    }
    [[nodiscard]] admission<ticket> admit_slowly(shared_throttle& window, double dice, call_context& call, moment& now);
    [[nodiscard]] admission<ticket> reject(const throttle_reading& by, call_context& call) const {
        if (call.audience != nullptr) [[unlikely]]
            tell_rejected(by, call);
        return admission<ticket>{std::in_place_type<refusal>, errc::throttled};
    }
    void settle_slowly(shared_throttle& window, const observation& seen, call_context& call, moment& now);
    [[nodiscard]] bool counts(const observation& seen) const;
    void tell(const throttle_change& change, call_context& call) const;
    void tell_rejected(const throttle_reading& by, call_context& call) const;

    std::unique_ptr<const throttle_options> options_;
    name layer_;
    std::size_t last_window_;  // 0: there is one
    std::array<std::unique_ptr<shared_throttle>, criticality_levels> windows_;
};

}  // namespace cutwater
