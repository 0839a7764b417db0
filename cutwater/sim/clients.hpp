// Who calls, how often, and how it went.
//
//     cw::sim::clients shop{world, cw::sim::via(world, pipeline, backend), {.importance = cw::criticality::critical}};
//     shop.arrive(800);                          // 800 a second from now on, whatever comes of them: an open loop
//     shop.keep_busy(50, 100ms);                 // 50 that call again 100 ms after their answer: a closed one
//     shop.tick_together(1000, 1s);              // 1000 at the same instant, every second: lock-step
//     world.run_for(60s);
//     shop.seen().succeeded, shop.seen().percentile(0.99)
//
//     shop.seen().ended_by("door", cw::errc::load_shed)       // who was turned away by whom
//
// Thread safety: none, as the world's. Lifetime: outlives the world's events; the texts of the call's options are copied.
// Errors: what cannot be (a rate below 0, a period of none) throws `std::invalid_argument`, which says what to give instead.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/core/result.hpp"
#include "cutwater/sim/send.hpp"

namespace cutwater::sim {

/// Makes one call, and says how it went.
using sender = std::function<void(const call_options&, std::function<void(const result<void>&)>)>;

/// Through a pipeline to a callee, both of which outlive it; a callee that is a temporary is kept, as long as anybody calls it.
template <class Pipeline, class Callee>
[[nodiscard]] sender via(world& in, Pipeline& through, Callee&& callee) {
    if constexpr (std::is_lvalue_reference_v<Callee>)
        return [&](const call_options& said, std::function<void(const result<void>&)> done) {
            send<void>(in, through, said, std::ref(callee), std::move(done));
        };
    else
        return [&in, &through, kept = std::make_shared<Callee>(std::forward<Callee>(callee))](
                   const call_options& said, std::function<void(const result<void>&)> done) {
            const auto call_it = [kept](const attempt& a, reply<void> answer) { (*kept)(a, std::move(answer)); };
            send<void>(in, through, said, call_it, std::move(done));
        };
}

/// How a call ended that gave no value.
struct ending {
    std::string layer;  ///< who said so; empty where it was no layer
    std::error_code code;

    friend auto operator<=>(const ending&, const ending&) = default;
};

/// How calls went. A call counts when it ends.
struct tally {
    std::uint64_t succeeded = 0;
    std::uint64_t refused = 0;  ///< by a policy: nothing was sent
    std::uint64_t timed_out = 0;
    std::uint64_t failed = 0;    ///< in any other way
    std::vector<duration> took;  ///< of those that succeeded, from when they were asked for

    std::map<ending, std::uint64_t> without_value;  ///< those that did not succeed, by who ended them and why

    void add(const result<void>& r, duration time);
    /// How many this layer ended with this code: `ended_by("door", cw::errc::load_shed)`.
    [[nodiscard]] std::uint64_t ended_by(std::string_view layer, std::error_code code) const;
    [[nodiscard]] std::uint64_t calls() const noexcept { return succeeded + refused + timed_out + failed; }
    /// How long the fastest `share` of those that succeeded took; zero where none did. `share`: from 0 to 1.
    [[nodiscard]] duration percentile(double share) const;
};

class clients {
public:
    clients(world& in, sender through, const call_options& said = nothing_said);
    clients(const clients&) = delete;
    clients& operator=(const clients&) = delete;
    ~clients() = default;

    /// How long each of them waits for an answer: 0 or more.
    void set_patience(duration d);

    /// Calls that arrive at random (a Poisson process), so many a second, from 0 (nobody) to 1e9; replaces what was before.
    void arrive(double per_second);
    /// As many clients more, each of which calls, and again `think` after its answer; but never twice within a microsecond, so that time
    /// goes on where everybody is refused at once.
    void keep_busy(unsigned how_many, duration think);
    /// As many calls at the same instant, at once and then every `period`, which is above 0.
    void tick_together(unsigned how_many, duration period);
    /// No new call from now on.
    void stop() noexcept { ++generation_; }

    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
    [[nodiscard]] const tally& seen() const noexcept { return seen_; }
    /// What was seen since it was last taken.
    [[nodiscard]] tally take_seen() { return std::exchange(seen_, {}); }

private:
    void call(std::function<void()> then = {});
    void arrive_next(double per_second, unsigned generation);
    void go_round(duration think, unsigned generation);
    void tick(unsigned how_many, duration period, unsigned generation);

    world& world_;
    sender send_;
    std::string texts_;  // what is said, one after the other
    call_options said_;
    duration patience_ = forever;
    unsigned generation_ = 0;
    std::uint64_t sent_ = 0;
    tally seen_;
};

}  // namespace cutwater::sim
