// Closed loops: what a hedge does for those who call, and what it costs those who are called.

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/hedge/hedge.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

TEST(hedge_in_a_world, the_first_answer_counts_and_the_others_are_nobodys) {
    hedge eager{{.delay = 50ms, .unstated_means = idempotency::idempotent}};
    bulkhead inside{{.max_concurrent = 10}};
    pipeline guarded{timeout{1s}, ref(eager), ref(inside)};
    sim::world world;
    int calls = 0;
    const auto callee = [&](const attempt&, const sim::reply<int>& answer) {
        const int number = ++calls;
        world.after(number == 1 ? 10s : 20ms, [answer, number] { (void)answer.give(number); });
    };
    std::optional<result<int>> told;
    duration at{};
    sim::send<int>(world, guarded, {}, callee, [&](const result<int>& r) { told.emplace(r), at = world.elapsed(); });
    world.run();
    ASSERT_TRUE(told);
    EXPECT_EQ(*told, 2);
    EXPECT_EQ(at, 70ms);
    EXPECT_EQ(inside.in_use(), 0U);
}

double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// Ten replicas, each of which is asked in turn. After 20 s the last one becomes twenty times as slow, for 20 s.
class replicas {
public:
    explicit replicas(sim::world& in) {
        for (int i = 0; i < 10; ++i)
            each_.emplace_back(in, sim::service_options{.workers = 50, .takes = sim::latency::exponential(10ms)});
        in.after(20s, [this] { each_.back().set_takes(sim::latency::exponential(200ms)); });
        in.after(40s, [this] { each_.back().set_takes(sim::latency::exponential(10ms)); });
    }
    void operator()(const attempt& a, sim::reply<void> answer) { each_[asked_++ % each_.size()](a, std::move(answer)); }
    [[nodiscard]] double take_asked() { return static_cast<double>(asked_ - std::exchange(told_, asked_)); }

private:
    std::deque<sim::service> each_;
    std::size_t asked_ = 0;
    std::size_t told_ = 0;
};

/// A thousand calls a second, and what became of them.
template <class Pipeline>
struct shop {
    explicit shop(Pipeline& through)
        : service{here}, callers{here, sim::via(here, through, service), {.idempotent = idempotency::idempotent}} {
        seen.column("p50 [ms]", [this] { return ms((last = callers.take_seen()).percentile(0.5)); });
        seen.column("p99 [ms]", [this] { return ms(last.percentile(0.99)); });
        seen.column("answered [calls/s]", [this] { return static_cast<double>(last.succeeded); });
        seen.column("asked [calls/s]", [this] { return service.take_asked(); });
        seen.begin();
        callers.arrive(1000);
        here.run_for(60s);
    }
    [[nodiscard]] double added_load(duration from, duration to) const {
        return seen.mean("asked [calls/s]", from, to) / seen.mean("answered [calls/s]", from, to) - 1;
    }

    sim::world here{7};
    replicas service;
    sim::clients callers;
    sim::tally last;
    sim::trace seen{here, 1s};
};

/// A hedge whose delay follows what attempts take: those that this share of them is quicker than.
auto hedged_beyond(double percentile) {
    const auto usual = std::make_shared<latency_estimate>(latency_estimate_options{.window = 10s});
    return pipeline{timeout{2s}, hedge{{.delay = 50ms, .percentile = percentile, .estimate = usual}},
                    adaptive_timeout{{.floor = 1s, .ceiling = 1s, .estimate = usual}}};
}

TEST(hedge_in_a_world, one_slow_replica_among_ten_makes_no_call_slow) {
    pipeline alone{timeout{2s}};
    auto one_in_ten = hedged_beyond(0.9);
    const shop without{alone};
    const shop with{one_in_ten};
    const double healthy = without.seen.mean("p99 [ms]", 5s, 20s);
    EXPECT_GT(without.seen.mean("p99 [ms]", 25s, 40s), 5 * healthy) << "what a slow replica does to those who meet it";
    EXPECT_LT(with.seen.mean("p99 [ms]", 5s, 20s), healthy) << "also where all are well";
    EXPECT_LT(with.seen.mean("p99 [ms]", 25s, 40s), 1.5 * healthy);
    EXPECT_NEAR(healthy, 46, 1) << "the page's figures, as those below";
    EXPECT_NEAR(without.seen.mean("p99 [ms]", 25s, 40s), 438, 1);
    EXPECT_NEAR(with.seen.mean("p99 [ms]", 5s, 20s), 35, 1);
    EXPECT_NEAR(with.seen.mean("p99 [ms]", 25s, 40s), 65, 1);
    testing::expect_golden(with.seen.csv(), "traces/slow_replica_90.csv");
    testing::expect_golden(without.seen.csv(), "traces/slow_replica_alone.csv");
}

TEST(hedge_in_a_world, T69_it_sends_as_many_more_as_its_percentile_says_and_no_more) {
    auto one_in_twenty = hedged_beyond(0.95);
    auto one_in_ten = hedged_beyond(0.9);
    const shop few{one_in_twenty};
    const shop many{one_in_ten};
    for (const auto& [from, to] : {std::pair{5s, 20s}, std::pair{25s, 40s}, std::pair{45s, 60s}}) {
        EXPECT_NEAR(few.added_load(from, to), 0.05, 0.01) << "from " << from.count() << " s";
        EXPECT_NEAR(many.added_load(from, to), 0.10, 0.015) << "from " << from.count() << " s";
    }
    EXPECT_GT(few.seen.mean("p99 [ms]", 25s, 40s), 2 * many.seen.mean("p99 [ms]", 25s, 40s))
        << "one in ten meets the slow one, and one in twenty is asked again";
    EXPECT_NEAR(few.seen.mean("p99 [ms]", 5s, 20s), 38, 1);
    EXPECT_NEAR(few.seen.mean("p99 [ms]", 25s, 40s), 149, 1);
    testing::expect_golden(few.seen.csv(), "traces/slow_replica_95.csv");
}

}  // namespace
}  // namespace cutwater
