// One slow endpoint among ten: what a hedge does about it, what endpoints do that look where they send, and both together. Each trace is kept
// beside this file and drawn on the room's page.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "cutwater/policy/endpoints/cluster_test.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

/// Thirty seconds each: all are well; a is ten times as slow; it is well again.
struct slow_phases {
    double p50[3];
    double p99[3];
    double extra[3];  // requests beside the first of each call, as a share of the calls
    double success[3];
};

/// As the page's table has it.
std::string line_of(const slow_phases& p) {
    char line[160];
    std::snprintf(line, sizeof line, "median %.0f %.0f %.0f ms, 99th %.0f %.0f %.0f ms, extra %.1f %.1f %.1f %%",
                  p.p50[0], p.p50[1], p.p50[2], p.p99[0], p.p99[1], p.p99[2], 100 * std::abs(p.extra[0]),
                  100 * std::abs(p.extra[1]), 100 * std::abs(p.extra[2]));
    return line;
}

/// `file`: the trace of it.
template <class Through>
slow_phases with_one_slow(const endpoints_options& o, Through through, std::string_view file) {
    cluster c{o, std::move(through), roomy, 1000};
    std::uint64_t told = 0;
    sim::trace told_of{c.here, 1s};
    told_of.column("median [ms]", [&] { return ms(c.last.percentile(0.5)); });
    told_of.column("99th percentile [ms]", [&] { return ms(c.last.percentile(0.99)); });
    told_of.column("to a [calls/s]", [&] { return c.seen.values("to a [calls/s]").back(); });
    told_of.column("to b [calls/s]", [&] { return c.seen.values("to b [calls/s]").back(); });
    told_of.column("extra requests [%]", [&] {
        const auto sent = static_cast<double>(c.attempts - std::exchange(told, c.attempts));
        return 100 * (sent / static_cast<double>(c.last.calls()) - 1);
    });
    told_of.begin();
    slow_phases all{};
    for (std::size_t i = 0; i < 3; ++i) {
        c.services[0]->set_takes(i == 1 ? usual.times(10) : usual);
        const auto phase = c.run(30s);
        all.p50[i] = phase.p50;
        all.p99[i] = phase.p99;
        all.extra[i] = phase.load - 1;
        all.success[i] = phase.success;
    }
    testing::expect_golden(told_of.csv(), file);
    c.here.end();
    return all;
}

/// What further attempts are paid from, whoever makes them; and what attempts take.
struct shared_between_attempts {
    retry_budget extra{{.name = "extra", .ratio = 0.045, .min_per_second = 0}};
    std::shared_ptr<latency_estimate> takes =
        std::make_shared<latency_estimate>(latency_estimate_options{.window = 10s});

    [[nodiscard]] retry again() { return retry{{.max_attempts = 3, .base_delay = 1ms, .budget = &extra}}; }
    [[nodiscard]] hedge beside() {
        return hedge{{.delay = 50ms,
                      .unstated_means = idempotency::idempotent,
                      .budget = &extra,
                      .percentile = 0.95,
                      .estimate = takes}};
    }
    [[nodiscard]] adaptive_timeout each() const {
        return adaptive_timeout{{.initial = 500ms, .floor = 50ms, .ceiling = 500ms, .estimate = takes}};
    }
};

TEST(slow_endpoint_loop, T33_a_hedge_and_ejection_keep_the_percentile_for_five_per_cent_more_requests) {
    shared_between_attempts h;
    shared_between_attempts e;
    shared_between_attempts b;
    const auto nothing = [](endpoints&) { return pipeline{timeout{1s}}; };
    const auto hedged = [&](endpoints&) { return pipeline{timeout{1s}, h.again(), h.beside(), h.each()}; };
    const auto ejected = [&](endpoints& shop) { return pipeline{timeout{1s}, e.again(), ref(shop), e.each()}; };
    const auto both = [&](endpoints& shop) {
        return pipeline{timeout{1s}, b.again(), b.beside(), ref(shop), b.each()};
    };
    const slow_phases alone = with_one_slow(set_of(10), nothing, "traces/slow_alone.csv");
    const slow_phases by_hedge = with_one_slow(set_of(10), hedged, "traces/slow_hedged.csv");
    const slow_phases by_ejection = with_one_slow(watchful(), ejected, "traces/slow_ejected.csv");
    const slow_phases by_both = with_one_slow(watchful(), both, "traces/slow_both.csv");

    EXPECT_EQ(line_of(alone), "median 10 11 10 ms, 99th 40 212 39 ms, extra 0.0 0.0 0.0 %");
    EXPECT_EQ(line_of(by_hedge), "median 10 11 10 ms, 99th 36 127 36 ms, extra 4.5 4.5 4.0 %");
    EXPECT_EQ(line_of(by_ejection), "median 10 10 10 ms, 99th 40 41 40 ms, extra 0.1 0.1 0.1 %");
    EXPECT_EQ(line_of(by_both), "median 10 10 10 ms, 99th 35 39 35 ms, extra 4.5 4.5 4.5 %");

    const double healthy = alone.p99[0];
    EXPECT_GE(alone.p99[1], 5 * healthy);
    EXPECT_LE(by_hedge.p99[1], 0.7 * alone.p99[1]);
    EXPECT_GE(by_hedge.p99[1], 2 * healthy) << "one in ten is slow, and one in twenty may be asked again";
    EXPECT_LE(by_both.p99[0], 0.9 * healthy) << "what ejection alone does not do: those that chance makes slow";
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_LE(by_ejection.p99[i], 1.1 * healthy) << i;
        EXPECT_LE(by_ejection.extra[i], 0.002) << i;
        EXPECT_LE(by_both.p99[i], 1.5 * healthy) << i;
        EXPECT_LE(by_both.p99[i], 1.5 * by_both.p99[0]) << i;
        EXPECT_LE(by_both.extra[i], 0.05) << i;
        EXPECT_LE(by_hedge.extra[i], 0.05) << i;
        EXPECT_GE(by_both.success[i], 0.9999) << i;
    }
}

}  // namespace
}  // namespace cutwater
