// Ten services behind a set of endpoints, in a simulated world.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/endpoints/kernel_test.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"

namespace cutwater {

inline double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// Ten services behind a set of endpoints. What the calls go through is made of it: `through(shop)`; a hedge may stand there.
template <class Through>
class cluster {
public:
    cluster(endpoints_options o, Through through, sim::service_options each, double per_second)
        : shop{std::move(o)}, guarded{through(shop)} {
        for (int i = 0; i < 10; ++i) services.push_back(std::make_unique<sim::service>(here, each));
        all.arrive(per_second);
        columns();
    }

    void columns() {
        seen.column("99th percentile [ms]", [this] { return ms((last = all.take_seen()).percentile(0.99)); });
        seen.column("failed [calls/s]", [this] { return static_cast<double>(last.calls() - last.succeeded); });
        seen.column("to a [calls/s]", [this] { return static_cast<double>(std::exchange(sent[0], 0)); });
        seen.column("to b [calls/s]", [this] { return static_cast<double>(std::exchange(sent[1], 0)); });
        seen.column("ejected [endpoints]", [this] {
            return static_cast<double>(
                std::ranges::count(shop.read(here.now()).each, endpoint_state::ejected, &endpoint_reading::state));
        });
        seen.column("in all [endpoints]", [] { return 10.0; });
        seen.begin();
    }
    void operator()(const attempt& a, sim::reply<void> answer) {
        const auto which = a.target().empty() ? attempts % 10 : static_cast<std::size_t>(a.target()[0] - 'a');
        ++sent[which];
        ++attempts;
        (*services[which])(a, std::move(answer));
        longest_queue = std::max(longest_queue, services[which]->queued());
    }

    /// How it went for so long.
    struct phase {
        double p50 = 0;      // ms
        double p99 = 0;      // ms
        double load = 0;     // attempts for each call
        double success = 0;  // share of the calls
    };
    phase run(duration d) {
        const auto attempts_before = attempts;
        std::vector<duration> took;
        std::uint64_t calls = 0;
        std::uint64_t succeeded = 0;
        for (duration passed{}; passed < d; passed += 1s) {
            here.run_for(1s);
            took.insert(took.end(), last.took.begin(), last.took.end());
            calls += last.calls();
            succeeded += last.succeeded;
        }
        sim::tally whole;
        whole.took = took;
        return {.p50 = ms(whole.percentile(0.5)),
                .p99 = ms(whole.percentile(0.99)),
                .load = static_cast<double>(attempts - attempts_before) / static_cast<double>(calls),
                .success = static_cast<double>(succeeded) / static_cast<double>(calls)};
    }

    endpoints shop;
    decltype(std::declval<Through&>()(std::declval<endpoints&>())) guarded;
    sim::world here{7};
    std::vector<std::unique_ptr<sim::service>> services;
    sim::clients all{here, sim::via(here, guarded, *this)};
    sim::trace seen{here, 1s};
    sim::tally last;
    std::array<std::uint64_t, 10> sent{};
    std::uint64_t attempts = 0;
    std::size_t longest_queue = 0;
};

inline const sim::latency usual = sim::latency::lognormal(10ms, 40ms);
inline const sim::service_options roomy{.workers = 100, .takes = usual};

inline endpoints_options watchful() {
    return set_of(10, [](auto& o) {
        o.picker = endpoint_picker::least_latency;
        o.max_ejected = 0.3;
    });
}

}  // namespace cutwater
