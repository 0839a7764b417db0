// What is right about health: pure values without threads, clocks or I/O.
//
//     cw::health_kernel database{{.worse_after = 2, .better_after = 2}, now};
//     database.report(cw::health_status::unhealthy, now);            // the first result decides at once
//     cw::health_tally all;
//     all.add(database.status(now), cw::check_importance::critical);
//     all.status();                                                  // unhealthy
//
// *One check.* What its runs say becomes its status only when enough of them in a row agree: `worse_after` results that are worse
// than its status, `better_after` that are better. It then moves as far as all of them agree: of worse ones as far as the mildest,
// of better ones as far as the least good. One that says what the status is ends the row. A result that is older than `stale_after` is none:
// the status is then unhealthy, and the next result decides at once, as the first does.
// It is never worse than `worst`, whatever is said.
//
// *All of them.* All healthy: healthy. Any that is not: degraded. None that works, or a critical one that is unhealthy: unhealthy. What is
// optional counts for nothing. Nothing that counts: healthy.
//
// *Leaving.* When a replica takes no more requests because of a check: at once where what is checked is its own, and else after a time that each replica
// draws for itself, so that they do not all leave at the moment at which what they share fails.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/random.hpp"

namespace cutwater {

enum class health_status : std::uint8_t {
    healthy,
    degraded,   ///< works, and somebody should look
    unhealthy,  ///< does not work
};
[[nodiscard]] constexpr std::string_view to_text(health_status s) noexcept {
    constexpr std::string_view texts[] = {"healthy", "degraded", "unhealthy"};
    return s <= health_status::unhealthy ? texts[static_cast<std::uint8_t>(s)] : "unknown";
}

/// What a check is for the whole.
enum class check_importance : std::uint8_t {
    critical,  ///< unhealthy: so is the whole
    normal,    ///< not healthy: the whole is degraded
    optional,  ///< shown, and counts for nothing
};
[[nodiscard]] constexpr std::string_view to_text(check_importance i) noexcept {
    constexpr std::string_view texts[] = {"critical", "normal", "optional"};
    return i <= check_importance::optional ? texts[static_cast<std::uint8_t>(i)] : "unknown";
}

/// What it is to readiness that a check is unhealthy.
enum class readiness_effect : std::uint8_t {
    none,    ///< nothing: the replica goes on, and is degraded
    own,     ///< what only this replica has: it leaves at once
    shared,  ///< what all replicas have in common: it leaves late, and at a time of its own
};
[[nodiscard]] constexpr std::string_view to_text(readiness_effect e) noexcept {
    constexpr std::string_view texts[] = {"none", "own", "shared"};
    return e <= readiness_effect::shared ? texts[static_cast<std::uint8_t>(e)] : "unknown";
}

struct health_thresholds {
    unsigned worse_after = 2;
    unsigned better_after = 2;
    duration stale_after = forever;
    health_status worst = health_status::unhealthy;
};

/// The status of one check.
class health_kernel {
public:
    constexpr health_kernel(health_thresholds limits, instant begin) noexcept
        : limits_{limits}, since_{begin}, latest_{begin} {}

    /// What a run has said. Whether the status is another now.
    constexpr bool report(health_status said, instant now) noexcept {
        said = std::min(said, limits_.worst);
        if (!has_result_ || is_stale(now)) return decide(said, now);
        latest_ = now;
        if (said == level_) return in_a_row_ = 0, false;
        const bool is_worse = said > level_;
        if (in_a_row_ == 0 || is_worse != is_getting_worse_) {
            in_a_row_ = 0;
            toward_ = said;
        }
        is_getting_worse_ = is_worse;
        toward_ = is_worse ? std::min(toward_, said) : std::max(toward_, said);
        if (++in_a_row_ < (is_worse ? limits_.worse_after : limits_.better_after)) return false;
        return move_to(toward_, now);
    }

    [[nodiscard]] constexpr bool has_result() const noexcept { return has_result_; }
    [[nodiscard]] constexpr bool is_stale(instant now) const noexcept { return now > stale_at(); }
    /// The worst as long as there is no result.
    [[nodiscard]] constexpr health_status status(instant now) const noexcept {
        return !has_result_ || is_stale(now) ? limits_.worst : level_;
    }
    /// What it was when there was a result, however old that is; the worst where there never was one.
    [[nodiscard]] constexpr health_status latest_status() const noexcept { return level_; }
    /// Since when the status is what it is.
    [[nodiscard]] constexpr instant since(instant now) const noexcept {
        return has_result_ && is_stale(now) && level_ != limits_.worst ? stale_at() : since_;
    }
    [[nodiscard]] constexpr instant latest_result() const noexcept { return latest_; }

private:
    [[nodiscard]] constexpr instant stale_at() const noexcept { return add(latest_, limits_.stale_after); }
    /// There is no result to go on from: one is enough.
    constexpr bool decide(health_status said, instant now) noexcept {
        const bool stays = has_result_ && said == limits_.worst;  // what was too old was that, too
        const instant since_when = stays ? since(now) : now;
        latest_ = now;
        has_result_ = true;
        move_to(said, since_when);
        return !stays;
    }
    constexpr bool move_to(health_status to, instant now) noexcept {
        level_ = to;
        since_ = now;
        in_a_row_ = 0;
        return true;
    }

    health_thresholds limits_;
    instant since_;
    instant latest_;
    health_status level_ = health_status::unhealthy;
    health_status toward_ = health_status::unhealthy;
    unsigned in_a_row_ = 0;
    bool is_getting_worse_ = false;
    bool has_result_ = false;
};

/// The status of many together.
class health_tally {
public:
    constexpr void add(health_status s, check_importance i) noexcept {
        if (i == check_importance::optional) return;
        is_empty_ = false;
        if (s != health_status::unhealthy) one_works_ = true;
        if (s != health_status::healthy) all_healthy_ = false;
        if (s == health_status::unhealthy && i == check_importance::critical) critical_down_ = true;
    }
    [[nodiscard]] constexpr health_status status() const noexcept {
        if (is_empty_) return health_status::healthy;
        if (critical_down_ || !one_works_) return health_status::unhealthy;
        return all_healthy_ ? health_status::healthy : health_status::degraded;
    }

private:
    bool is_empty_ = true;
    bool one_works_ = false;
    bool all_healthy_ = true;
    bool critical_down_ = false;
};

/// When a replica leaves because of a check.
struct leaving_rule {
    readiness_effect effect = readiness_effect::none;
    duration unready_after{};
    duration unready_spread{};

    /// For a check that is unhealthy since then. `seed` is the replica's own; the same for the same two.
    [[nodiscard]] constexpr instant leaves_at(instant unhealthy_since, std::uint64_t seed) const noexcept {
        if (effect == readiness_effect::none) return never;
        if (effect == readiness_effect::own) return unhealthy_since;
        random_source drawn{seed ^ static_cast<std::uint64_t>(unhealthy_since.time_since_epoch().count())};
        return add(add(unhealthy_since, unready_after), drawn.below(unready_spread));
    }
};

}  // namespace cutwater
