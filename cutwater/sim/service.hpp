// A service with a capacity: so many requests are worked on at once, the others wait, and it does not know who has given up on it.
//
//     cw::sim::service backend{world, {.workers = 10, .takes = cw::sim::latency::exponential(10ms)}};     // 1000 calls a second
//     world.after(30s, [&] { backend.set_workers(5); });                                                  // half of it is lost
//
// That is what makes overload a trap: work for callers that have timed out takes the place of work that somebody waits for.
// Lifetime: outlives the world's events. Thread safety: none, as the world's.
#pragma once

#include <deque>
#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/sim/latency.hpp"
#include "cutwater/sim/reply.hpp"
#include "cutwater/sim/world.hpp"

namespace cutwater::sim {

using namespace std::chrono_literals;

struct service_options {
    unsigned workers = 10;        ///< requests that are worked on at once
    unsigned max_queue = 10'000;  ///< requests that wait for a worker; more are refused at once
    latency takes = latency::exponential(10ms);
    double failure_rate = 0;  ///< how many of them fail after having been worked on
};

class service {
public:
    /// Throws `std::invalid_argument` where the failure rate is not from 0 to 1.
    service(world& in, service_options options);
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    ~service() = default;

    /// A request; for `send`, by reference: `std::ref(backend)`.
    void operator()(const attempt& a, reply<void> answer);

    /// From now on; what has begun goes on as it began.
    void set_workers(unsigned workers);
    void set_takes(latency takes) { options_.takes = std::move(takes); }
    void set_failure_rate(double share);

    /// Calls a second that it can answer.
    [[nodiscard]] double capacity() const noexcept;
    [[nodiscard]] unsigned working() const noexcept { return working_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }

    struct counts {
        std::uint64_t answered = 0;  ///< to somebody who waited
        std::uint64_t failed = 0;
        std::uint64_t refused = 0;  ///< the queue was full
        std::uint64_t wasted = 0;   ///< worked on for nobody
    };
    [[nodiscard]] const counts& counted() const noexcept { return counted_; }

private:
    void begin(reply<void> answer);
    void begin_those_who_wait();
    void end(const reply<void>& answer);

    world& world_;
    service_options options_;
    counts counted_;
    unsigned working_ = 0;
    std::deque<reply<void>> queue_;
};

}  // namespace cutwater::sim
