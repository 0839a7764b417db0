// The knobs of fault injection, with the defaults in force.
//
//     cw::fault_options drill{
//         .name = "drill",
//         .rules = {{.name = "resets", .what = cw::injection::failure(std::errc::connection_reset), .when = cw::fault_when::share(0.1)},
//                   {.name = "slow", .what = cw::injection::latency(cw::fault_latency::constant(20ms)), .tenant = "tests"}},
//         .seed = 7,
//         .armed = cw::arming::on,
//     };
#pragma once

#include <string>
#include <vector>

#include "cutwater/core/options.hpp"
#include "cutwater/policy/fault/injection.hpp"
#include "cutwater/policy/fault/when.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// Whether faults are injected.
enum class arming : std::uint8_t { off, on };

[[nodiscard]] constexpr std::string_view to_text(arming a) noexcept {
    constexpr std::string_view texts[] = {"off", "on"};
    return a <= arming::on ? texts[static_cast<std::uint8_t>(a)] : "unknown";
}

/// What the chances of an attempt come from, besides the seed and the rule's name.
enum class fault_draw : std::uint8_t {
    by_order,  ///< its number among those that the rule sees
    by_call,  ///< `call_options::id` and the number of the attempt: the same call fares the same, whatever comes in between
};

[[nodiscard]] constexpr std::string_view to_text(fault_draw d) noexcept {
    constexpr std::string_view texts[] = {"by_order", "by_call"};
    return d <= fault_draw::by_call ? texts[static_cast<std::uint8_t>(d)] : "unknown";
}

/// One fault: what is done, and to which attempts.
struct fault_rule {
    std::string name;
    injection what;
    fault_when when{};
    std::string operation{};        ///< only calls of it; empty: of any
    std::string target{};           ///< only attempts that go to it (`attempt::target()`); empty: to any
    std::string tenant{};           ///< only calls on its behalf; empty: on anybody's
    instant from = instant::min();  ///< only attempts that begin then or later,
    instant until = never;          ///< and before this
    fault_draw draw = fault_draw::by_order;

    /// `resets: error "injected: Connection reset by peer", share 0.1`
    [[nodiscard]] std::string text() const;
};

/// In brackets, first to last; `none` where there is none.
[[nodiscard]] std::string to_text(const std::vector<fault_rule>& rules);

struct fault_options {
    std::string name = "fault";
    std::vector<fault_rule> rules{};
    std::uint64_t seed = 0;
    duration max_hang = 60s;
    arming armed = arming::off;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "says in errors and events who injected it");
        visit("rules", self.rules, any_value,
              "asked in order; the first that fires is what is done to the attempt, see below");
        visit("seed", self.seed, any_value, "the same seed gives the same faults");
        visit("max_hang", self.max_hang, within<duration>(1ms, 1h),
              "longest time that an attempt is held, by a hang or a latency, where nothing ends it before");
        visit("armed", self.armed, within(arming::off, arming::on), "whether faults are injected from the beginning");
    }
    void cross_check(option_problems& problems) const;
};

}  // namespace cutwater
