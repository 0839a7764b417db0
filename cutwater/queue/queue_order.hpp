// Who is next in a queue, and who has waited too long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// Among calls that matter alike; those that matter more always go first.
enum class queue_order : std::uint8_t {
    fifo,           ///< first come, first served
    adaptive_lifo,  ///< the same, but the newest first while the queue does not drain: it is the one still wanted
    codel,          ///< first come, first served; while the queue does not drain, who has waited long is turned away
};

[[nodiscard]] constexpr std::string_view to_text(queue_order o) noexcept {
    constexpr std::string_view texts[] = {"fifo", "adaptive_lifo", "codel"};
    return o <= queue_order::codel ? texts[static_cast<std::uint8_t>(o)] : "unknown";
}

/// The rules of a queue.
struct queue_rules {
    std::size_t max_length = 0;
    queue_order order = queue_order::fifo;
    duration target = 5ms;      ///< codel: the delay that a queue may have for good
    duration interval = 100ms;  ///< how long a queue may take to drain
};

/// The knobs of a gate with such a queue: `max_queue`, `max_wait`, `order`, `queue_target`, `queue_interval`.
void visit_queue_fields(auto& self, auto&& visit) {
    visit("max_queue", self.max_queue, within(0U, 1'000'000U),
          "calls that may wait for a permit; what matters more goes first");
    visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h), "how long one may wait, within its deadline");
    visit("order", self.order, within(queue_order::fifo, queue_order::codel),
          "who is next: the oldest (fifo), the newest while the queue does not drain (adaptive_lifo), the oldest, but "
          "nobody "
          "who has waited long while it does not drain (codel)");
    visit("queue_target", self.queue_target, within<duration>(1us, 1h),
          "codel: the delay that the queue may have for good");
    visit("queue_interval", self.queue_interval, within<duration>(1ms, 1h),
          "adaptive_lifo, codel: how long the queue may take to drain");
}

/// Which of them mean anything.
[[nodiscard]] constexpr bool queue_option_applies(std::string_view option, queue_order order) {
    if (option == "queue_target") return order == queue_order::codel;
    return option != "queue_interval" || order != queue_order::fifo;
}

void cross_check_queue(const auto& options, option_problems& problems) {
    if (options.order == queue_order::codel && options.queue_interval <= options.queue_target)
        problems.push_back({"queue_interval", to_exact_text(options.queue_interval), "more than queue_target"});
}

[[nodiscard]] queue_rules rules_of_queue(const auto& options) noexcept {
    return {options.max_queue, options.order, options.queue_target, options.queue_interval};
}

}  // namespace cutwater
