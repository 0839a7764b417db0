// What is right about an objective: counts over several windows, the error budget, burn rates and alerts. Pure, without threads or clocks.
//
//     cw::slo_kernel orders{{.name = "orders", .target = 0.999}};
//     orders.count({.good = 990, .bad = 10}, now);                   // 1 % bad, of which 0.1 % is allowed
//     orders.burn_rate(cw::slo_window::hour, now);                   // 10: the budget of a window is gone in a tenth of it
//     orders.judge(now);                                             // the alerts that have begun or ended
//
// *Error budget.* Of the calls of the objective's window a share of `1 - target` may be bad. What is left of that: 1 where none was bad, 0 where it is
// spent, below 0 where more was.
//
// *Burn rate.* The share of bad calls, over the share that may be. At 1 the budget lasts exactly as long as the window.
//
// *Alerts* are those of the SRE workbook (https://sre.google/workbook/alerting-on-slos/, "Multiwindow, Multi-Burn-Rate Alerts"): a burn rate is exceeded over a long
// window, so that it matters, and over a short one, so that it still goes on, and that the alert ends soon after it has.
//
// | severity | burn rate | long | short | of the budget of 30 days |
// |---|---|---|---|---|
// | page | 14.4 | 1 h | 5 min | 2 % |
// | page | 6 | 6 h | 30 min | 5 % |
// | ticket | 3 | 1 d | 2 h | 10 % |
// | ticket | 1 | 3 d | 6 h | 10 % |
//
// Where a target is so low that all calls could be bad below such a rate (14.4 at 90 %), the rate at which 9 in 10 calls are bad counts in its place. Below `min_calls`
// in the long window there is no alert.
//
// *Windows* move in 60 steps each: one of an hour is what came in the last 59 to 60 minutes. A gap that is longer leaves nothing. What began is counted from its
// beginning: after five minutes all windows say the same. An instant that lies before another counts as that other.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "cutwater/core/instant.hpp"
#include "cutwater/observe/slo/options.hpp"
#include "cutwater/observe/slo/slo_ring.hpp"

namespace cutwater {

/// The windows over which burn rates are known.
enum class slo_window : std::uint8_t {
    five_minutes,
    half_hour,
    hour,
    two_hours,
    six_hours,
    day,
    three_days,
    objective,  ///< the objective's own
};
inline constexpr std::size_t slo_windows = 8;

[[nodiscard]] constexpr std::string_view to_text(slo_window w) noexcept {
    constexpr std::string_view texts[] = {"5m", "30m", "1h", "2h", "6h", "1d", "3d", "objective"};
    return w <= slo_window::objective ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}
[[nodiscard]] constexpr duration length_of(slo_window w, const slo_options& of) noexcept {
    using std::chrono::hours;
    using std::chrono::minutes;
    constexpr duration lengths[] = {minutes{5}, minutes{30}, hours{1}, hours{2}, hours{6}, hours{24}, hours{72}};
    return w < slo_window::objective ? lengths[static_cast<std::uint8_t>(w)] : of.window;
}

enum class slo_severity : std::uint8_t {
    page,    ///< wakes somebody up
    ticket,  ///< is looked at in the next days
};
[[nodiscard]] constexpr std::string_view to_text(slo_severity s) noexcept {
    constexpr std::string_view texts[] = {"page", "ticket"};
    return s <= slo_severity::ticket ? texts[static_cast<std::uint8_t>(s)] : "unknown";
}

struct slo_rule {
    slo_severity severity{};
    double burn = 0;
    slo_window over{};   ///< the long window
    slo_window still{};  ///< the short one

    /// The burn rate that is too much for this objective.
    [[nodiscard]] constexpr double threshold(double allowance) const noexcept {
        constexpr double nearly_all = 0.9;
        return std::min(burn, nearly_all / allowance);
    }
};
inline constexpr std::array<slo_rule, 4> slo_rules{{
    {slo_severity::page, 14.4, slo_window::hour, slo_window::five_minutes},
    {slo_severity::page, 6, slo_window::six_hours, slo_window::half_hour},
    {slo_severity::ticket, 3, slo_window::day, slo_window::two_hours},
    {slo_severity::ticket, 1, slo_window::three_days, slo_window::six_hours},
}};

/// One rule's state at one objective.
struct slo_alert {
    slo_rule rule{};
    bool is_on = false;
    instant since{};    ///< when that began
    double burn = 0;    ///< over the long window, when it was last judged
    slo_counts seen{};  ///< in the long window, then
};

/// What has changed at an objective.
struct slo_change {
    slo_alert alert{};
    duration lasted{};  ///< of one that has ended: how long it was on
};

/// Up to one change for each rule.
class slo_changes {
public:
    void add(const slo_change& c) noexcept { all_[count_++] = c; }
    [[nodiscard]] const slo_change* begin() const noexcept { return all_.data(); }
    [[nodiscard]] const slo_change* end() const noexcept { return all_.data() + count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

private:
    std::array<slo_change, slo_rules.size()> all_{};
    std::size_t count_ = 0;
};

class slo_kernel {
public:
    explicit slo_kernel(slo_options of) : of_{std::move(of)} {
        for (std::size_t i = 0; i < slo_windows; ++i) rings_[i] = slo_ring{length_of(static_cast<slo_window>(i), of_)};
        for (std::size_t i = 0; i < slo_rules.size(); ++i) alerts_[i].rule = slo_rules[i];
    }

    [[nodiscard]] const slo_options& options() const noexcept { return of_; }

    void count(const slo_counts& more, instant now) noexcept {
        if (more == slo_counts{}) return;
        for (slo_ring& each : rings_) each.add(more, now);
    }

    [[nodiscard]] slo_counts counts(slo_window w, instant now) const noexcept {
        return rings_[static_cast<std::size_t>(w)].total(now);
    }
    [[nodiscard]] double burn_rate(slo_window w, instant now) const noexcept {
        return counts(w, now).bad_share() / of_.allowance();
    }
    /// Share of the error budget: 1 is all of it, below 0 it is overspent.
    [[nodiscard]] double budget_left(instant now) const noexcept { return 1 - burn_rate(slo_window::objective, now); }

    /// Whether a rule is exceeded now, whatever was before.
    [[nodiscard]] bool exceeds(const slo_rule& rule, instant now) const noexcept {
        const double most = rule.threshold(of_.allowance());
        return counts(rule.over, now).all() >= static_cast<std::int64_t>(of_.min_calls) &&
               burn_rate(rule.over, now) > most && burn_rate(rule.still, now) > most;
    }

    /// Brings the alerts up to now, and gives those that have begun or ended.
    [[nodiscard]] slo_changes judge(instant now) noexcept {
        slo_changes changed;
        for (slo_alert& each : alerts_) {
            each.burn = burn_rate(each.rule.over, now);
            each.seen = counts(each.rule.over, now);
            const bool is_on = exceeds(each.rule, now);
            if (is_on == each.is_on) continue;
            const duration lasted = each.is_on ? between(each.since, now) : duration::zero();
            each.is_on = is_on;
            each.since = now;
            changed.add({.alert = each, .lasted = lasted});
        }
        return changed;
    }
    /// As they were judged last.
    [[nodiscard]] const std::array<slo_alert, slo_rules.size()>& alerts() const noexcept { return alerts_; }
    [[nodiscard]] bool is_on(slo_severity s) const noexcept {
        return std::ranges::any_of(alerts_, [s](const slo_alert& a) { return a.is_on && a.rule.severity == s; });
    }

private:
    slo_options of_;
    std::array<slo_ring, slo_windows> rings_{};
    std::array<slo_alert, slo_rules.size()> alerts_{};
};

}  // namespace cutwater
