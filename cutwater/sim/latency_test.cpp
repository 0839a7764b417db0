#include "cutwater/sim/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "cutwater/sim/refused_test.hpp"

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;

struct drawn {
    std::vector<duration> sorted;

    explicit drawn(const latency& from) {
        random_source random{7};
        for (int i = 0; i < 100'000; ++i) sorted.push_back(from.sample(random));
        std::ranges::sort(sorted);
    }
    [[nodiscard]] double percentile_ms(double share) const {
        return in_ms(sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))]);
    }
    [[nodiscard]] double mean_ms() const {
        double sum = 0;
        for (const duration d : sorted) sum += in_ms(d);
        return sum / static_cast<double>(sorted.size());
    }
    static double in_ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }
};

void expect_mean_as_stated(const latency& l) {
    EXPECT_NEAR(drawn{l}.mean_ms(), drawn::in_ms(l.mean()), 0.02 * drawn::in_ms(l.mean()));
}

TEST(sim_latency, a_constant_is_always_the_same) {
    const drawn d{latency::constant(10ms)};
    EXPECT_EQ(d.sorted.front(), 10ms);
    EXPECT_EQ(d.sorted.back(), 10ms);
}

TEST(sim_latency, a_uniform_one_is_within_its_bounds_and_even) {
    const latency l = latency::uniform(10ms, 30ms);
    const drawn d{l};
    EXPECT_GE(d.sorted.front(), 10ms);
    EXPECT_LE(d.sorted.back(), 30ms);
    EXPECT_NEAR(d.percentile_ms(0.25), 15, 0.2);
    expect_mean_as_stated(l);
}

TEST(sim_latency, an_exponential_one_has_its_mean_and_its_median) {
    const latency l = latency::exponential(10ms);
    EXPECT_NEAR(drawn{l}.percentile_ms(0.5), 6.93, 0.15);  // mean · ln 2
    expect_mean_as_stated(l);
}

TEST(sim_latency, a_lognormal_one_has_the_percentiles_that_it_was_made_of) {
    const latency l = latency::lognormal(10ms, 80ms);
    const drawn d{l};
    EXPECT_NEAR(d.percentile_ms(0.5), 10, 0.2);
    EXPECT_NEAR(d.percentile_ms(0.99), 80, 3);
    expect_mean_as_stated(l);
}

TEST(sim_latency, a_mixture_takes_each_as_often_as_its_weight_says) {
    const latency l = latency::mixture({{9, latency::constant(1ms)}, {1, latency::constant(101ms)}});
    const drawn d{l};
    EXPECT_NEAR(static_cast<double>(std::ranges::count(d.sorted, duration{1ms})), 90'000, 500);
    EXPECT_EQ(l.mean(), 11ms);
    expect_mean_as_stated(l);
}

TEST(sim_latency, times_is_as_many_times_as_slow) {
    EXPECT_EQ(latency::constant(10ms).times(2.5).mean(), 25ms);
    EXPECT_EQ(drawn{latency::constant(10ms).times(2.5)}.sorted.back(), 25ms);
}

TEST(sim_latency, the_same_seed_gives_the_same) {
    EXPECT_EQ(drawn{latency::lognormal(5ms, 50ms)}.sorted, drawn{latency::lognormal(5ms, 50ms)}.sorted);
}

TEST(sim_latency, a_mixture_of_nothing_is_refused) {
    const latency some = latency::constant(1ms);
    EXPECT_EQ(refused_with([] { return latency::mixture({}); }),
              "sim::latency::mixture: the sum of the weights is 0; give a part or more, and one that is taken");
    EXPECT_NE(refused_with([&] { return latency::mixture({{0, some}}); }), "");
    EXPECT_EQ(refused_with([&] { return latency::mixture({{2, some}, {-1, some}}); }),
              "sim::latency::mixture: a weight is -1; give 0 or more: how often its part is taken");
    EXPECT_NE(refused_with([&] { return latency::mixture({{std::numeric_limits<double>::quiet_NaN(), some}}); }), "");
    EXPECT_NE(refused_with([&] { return latency::mixture({{std::numeric_limits<double>::infinity(), some}}); }), "");
}

TEST(sim_latency, what_takes_less_than_no_time_is_refused) {
    EXPECT_EQ(refused_with([] { return latency::constant(-1ms); }),
              "sim::latency::constant: d is -1ms; give 0 or more");
    EXPECT_NE(refused_with([] { return latency::exponential(-1ms); }), "");
    EXPECT_NE(refused_with([] { return latency::uniform(-1ms, 1ms); }), "");
    EXPECT_NE(refused_with([] { return latency::uniform(2ms, 1ms); }), "");
    EXPECT_NE(refused_with([] { return latency::lognormal(0ms, 1ms); }), "");
    EXPECT_NE(refused_with([] { return latency::lognormal(2ms, 1ms); }), "");
    EXPECT_NE(refused_with([] { return latency::constant(1ms).times(-1); }), "");
    EXPECT_NE(refused_with([] { return latency::constant(1ms).times(std::numeric_limits<double>::quiet_NaN()); }), "");
    EXPECT_EQ(refused_with([] { return latency::uniform(1ms, 1ms).times(0); }), "");
}

TEST(sim_latency, what_is_longer_than_there_is_takes_for_ever) {
    EXPECT_EQ(latency::constant(1h).times(1e30).mean(), forever);
}

}  // namespace
}  // namespace cutwater::sim
