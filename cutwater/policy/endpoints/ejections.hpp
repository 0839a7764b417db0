// Which endpoints are ejected, for how long, and what the others are drawn by.
//
// The rules are those of gRPC's proposal A50 (outlier detection) and of Envoy's consecutive failures:
//   1. Of those that had enough calls in the interval, if enough endpoints had: ejected is whose success rate is below
//      mean - factor * deviation (of the population), and then whose share of failures is above the maximum.
//   2. An ejection lasts base * (ejections in a row), at most the maximum, less a share of that at random. An endpoint that has not been ejected
//      at the end of an interval has worked one off.
//   3. At most max_ejected of them are ejected at once, rounded down; one of several always may, unless the share is 0.
//      (A50 looks before each ejection whether the share is reached, and may so be one above it.)
//   4. After its return an endpoint has a tenth of its weight, and more with each tenth of `ramp`.
// Where A50 returns endpoints at the end of an interval, here they return when their time is over.
//
// Thread safety: none. Time may stand still and jump forward.
#pragma once

#include <span>
#include <vector>

#include "cutwater/policy/endpoints/options.hpp"
#include "cutwater/policy/endpoints/plan.hpp"
#include "cutwater/policy/endpoints/reading.hpp"
#include "cutwater/policy/endpoints/tally.hpp"

namespace cutwater {

/// Something that listeners are told, and that begins an epoch of an endpoint's where it is about one.
struct endpoint_change {
    enum class kind : std::uint8_t { ejected, returned, panic_began, panic_ended };
    kind what{};
    std::size_t place = 0;     ///< ejected, returned: which
    ejection_cause cause{};    ///< ejected
    duration how_long{};       ///< ejected: until it returns; returned: until it has its weight
    unsigned in_a_row = 0;     ///< ejected
    unsigned ejected_now = 0;  ///< of all
    unsigned of = 0;

    friend bool operator==(const endpoint_change&, const endpoint_change&) = default;
};
using endpoint_changes = std::vector<endpoint_change>;

class endpoint_ejections {
public:
    explicit endpoint_ejections(const endpoints_options& options) noexcept : options_{&options} {}

    struct health {
        bool ejected = false;
        bool returning = false;
        instant since{};         // ejected: when it was; returning: when it returned
        instant until{};         // ejected: when it returns; returning: when it has its weight
        unsigned in_a_row = 0;   // ejections that are not worked off
        unsigned ejections = 0;  // ever
        double last_rate = 1;    // of success, in the last interval

        friend bool operator==(const health&, const health&) = default;
    };
    struct member {
        double weight = 1;
        bool is_ours = true;  // of our zone, or zones do not matter
        health state{};

        friend bool operator==(const member&, const member&) = default;
    };

    [[nodiscard]] const std::vector<member>& members() const noexcept { return members_; }
    /// In place of those before. Where too many of them are ejected, those that would be first return at once.
    void replace(std::vector<member> members, instant now, endpoint_changes& changes);

    [[nodiscard]] bool may_eject() const noexcept { return ejected_ < most_ejected(); }
    void eject(std::size_t place, ejection_cause cause, instant now, endpoint_changes& changes);
    /// What time has brought. `tallies`: of each, since the last interval.
    void advance(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes);
    /// Whether an interval is over, so that `advance` compares, and a new one begins.
    [[nodiscard]] bool is_interval_over(instant now) const noexcept { return now >= compare_at_; }

    [[nodiscard]] endpoint_plan plan(instant now, endpoint_changes& changes);

    /// By the first call, if by any: what is random here differs from what is in other processes.
    void stir(random_source& dice) noexcept {
        if (options_->ejection_jitter > 0 && salt_ == 0) salt_ = dice();
    }

    [[nodiscard]] unsigned ejected() const noexcept { return ejected_; }
    [[nodiscard]] bool panics() const noexcept { return panics_; }
    [[nodiscard]] double healthy() const noexcept;

    friend bool operator==(const endpoint_ejections&, const endpoint_ejections&) = default;

private:
    [[nodiscard]] unsigned count() const noexcept { return static_cast<unsigned>(members_.size()); }
    [[nodiscard]] unsigned most_ejected() const noexcept;
    void put_back(std::size_t place, instant now, endpoint_changes& changes);
    void put_back_those_in_excess(instant now, endpoint_changes& changes);
    void compare(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes);
    void compare_success_rates(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes);
    void compare_failure_shares(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes);
    [[nodiscard]] duration length_for(std::size_t place) const noexcept;
    [[nodiscard]] double weight_of(const member& m, instant now) const noexcept;
    /// When one returns, or has more of its weight.
    [[nodiscard]] instant next_return(instant now) const noexcept;
    [[nodiscard]] static instant next_step(const health& h, instant now, duration ramp) noexcept;
    void add_candidates(endpoint_plan& made, instant now) const;
    void look_at_panic(endpoint_changes& changes);

    const endpoints_options* options_;
    std::vector<member> members_;
    unsigned ejected_ = 0;
    bool panics_ = false;
    std::uint64_t salt_ = 0;
    instant compare_at_ = instant::min();  // before the first call: no interval has begun
};

}  // namespace cutwater
