// The shedder at the door of a service that is asked for more than it can do. Each trace is kept beside this file and drawn on the room's page.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using sim::latency;

double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// One who calls, again and again, and what became of it in the last second.
struct caller {
    caller(sim::world& in, sim::sender through, call_options said) : all{in, std::move(through), said} {
        all.set_patience(1s);
    }
    sim::clients all;
    sim::tally last;
};

/// A service of a thousand calls a second behind a shedder, and several who call it.
class door {
public:
    explicit door(load_shedder_options o) : shedder{std::move(o)} {}

    caller& add(const std::string& who, call_options said) {
        callers.push_back(std::make_unique<caller>(here, sim::via(here, guarded, backend), said));
        caller& c = *callers.back();
        seen.column(who + " [calls/s]", [&c] { return static_cast<double>((c.last = c.all.take_seen()).succeeded); });
        return c;
    }
    void begin() {
        seen.column("load [of its target]", [this] { return shedder.load(); });
        seen.begin();
    }
    void after(duration d, std::function<void()> what) { here.after(d + 1us, std::move(what)); }
    [[nodiscard]] double mean(const std::string& who, duration from, duration to) const {
        return seen.mean(who + " [calls/s]", from, to);
    }

    load_shedder shedder;
    pipeline<reference<load_shedder>> guarded{ref(shedder)};
    sim::world here{7};
    sim::service backend{here, {.workers = 10, .takes = latency::exponential(10ms)}};
    std::vector<std::unique_ptr<caller>> callers;
    sim::trace seen{here, 1s};
};

/// Jain's index: 1 where all have as much, 1/n where one has everything.
double fairness(const std::vector<double>& shares) {
    double sum = 0;
    double squares = 0;
    for (const double s : shares) sum += s, squares += s * s;
    return sum * sum / (static_cast<double>(shares.size()) * squares);
}

TEST(shedding_loop, T85_at_twice_the_capacity_what_matters_is_served_and_the_rest_is_shed) {
    door d{{.target_concurrent = 30}};
    const double share[] = {400, 600, 600, 400};
    for (std::size_t level = 0; level < criticality_levels; ++level)
        d.add(std::string{to_text(static_cast<criticality>(level))}, {.importance = static_cast<criticality>(level)});
    const auto all_call = [&](double times) {
        for (std::size_t i = 0; i < criticality_levels; ++i) d.callers[i]->all.arrive(times * share[i]);
    };
    d.begin();
    all_call(0.4);
    d.after(20s, [&] { all_call(1); });
    d.after(60s, [&] { all_call(0.4); });
    std::vector<duration> critical_took;
    double asked = 0;  // by those who matter least, from two seconds after the overload on
    double served = 0;
    for (int s = 0; s < 80; ++s) {
        d.here.run_for(1s);
        if (s >= 20 && s < 60) critical_took.push_back(d.callers[0]->last.percentile(0.99));
        if (s < 62) continue;
        asked += static_cast<double>(d.callers[3]->last.calls());
        served += static_cast<double>(d.callers[3]->last.succeeded);
    }
    double goodput = 0;
    for (const char* who : {"critical", "default", "sheddable", "best_effort"}) goodput += d.mean(who, 20s, 60s);
    EXPECT_GE(goodput, 950) << "of a thousand";
    EXPECT_GE(d.mean("critical", 20s, 60s), 0.98 * 400);
    EXPECT_GE(d.mean("default", 20s, 60s), 0.80 * 600);
    EXPECT_LE(d.mean("best_effort", 22s, 60s), 0.05 * 400);
    EXPECT_LE(ms(std::ranges::max(critical_took)), 150);
    EXPECT_NEAR(asked, 160 * 18, 200);
    EXPECT_GE(served, 0.99 * asked) << "two seconds after the overload everybody is served";
    EXPECT_FALSE(d.shedder.sheds());
    testing::expect_golden(d.seen.csv(), "traces/criticalities.csv");
}

TEST(shedding_loop, T85_bursts_of_what_matters_least_take_nothing_from_what_is_critical) {
    door d{{.target_concurrent = 30}};
    d.add("critical", {.importance = criticality::critical}).all.arrive(1500);
    auto& jobs = d.add("best_effort", {.importance = criticality::best_effort}).all;
    d.begin();
    d.after(5s, [&] { jobs.tick_together(400, 500ms); });
    d.here.run_for(35s);
    EXPECT_GE(d.mean("critical", 5s, 35s), 950) << "of a thousand";
    EXPECT_LE(d.mean("best_effort", 6s, 35s), 1);
}

TEST(shedding_loop, a_noisy_neighbour_takes_nothing_from_the_others) {
    door d{{.target_concurrent = 30}};
    for (const char* who : {"a", "b", "c", "noisy"}) d.add(who, {.tenant = who}).all.arrive(150);
    d.begin();
    d.after(20s, [&] { d.callers[3]->all.arrive(5000); });
    d.here.run_for(60s);
    for (const char* quiet : {"a", "b", "c"}) EXPECT_GE(d.mean(quiet, 21s, 60s), 0.95 * 150) << quiet;
    EXPECT_GE(d.mean("noisy", 21s, 60s), 400) << "it has what the others leave";
    testing::expect_golden(d.seen.csv(), "traces/noisy_neighbour.csv");
}

TEST(shedding_loop, a_noisy_neighbour_that_comes_in_bursts_takes_nothing_from_the_others_either) {
    for (const duration pause : {100ms, 250ms, 500ms, 1000ms}) {  // 5000 a second, whatever the pause
        door d{{.target_concurrent = 30}};
        for (const char* who : {"a", "b", "noisy"}) d.add(who, {.tenant = who});
        d.callers[0]->all.arrive(150), d.callers[1]->all.arrive(150);
        d.begin();
        d.callers[2]->all.tick_together(static_cast<unsigned>(5000 * pause / 1s), pause);
        d.here.run_for(10s);  // the first burst comes before there is anything to be seen, and is let in whole
        std::vector<duration> took;
        for (int s = 10; s < 40; ++s) {
            d.here.run_for(1s);
            took.push_back(d.callers[0]->last.percentile(0.99));
        }
        for (const char* quiet : {"a", "b"}) EXPECT_GE(d.mean(quiet, 10s, 40s), 0.95 * 150) << quiet << ms(pause);
        EXPECT_GE(d.mean("noisy", 10s, 40s), 150) << ms(pause) << ": a fair share";
        std::ranges::sort(took);
        EXPECT_LE(ms(took[took.size() / 2]), 300) << ms(pause);
    }
}

TEST(shedding_loop, an_overload_that_comes_after_an_idle_time_loses_little_of_what_can_be_done) {
    for (const unsigned inside : {12U, 30U, 100U})
        for (const double before : {10.0, 100.0, 800.0}) {
            door d{{.target_concurrent = inside}};
            d.add("all", {}).all.arrive(before);
            d.begin();
            d.after(20s, [&] { d.callers[0]->all.arrive(2000); });
            d.here.run_for(50s);
            EXPECT_GE(d.mean("all", 20s, 21s), 750) << "the first second after " << before << " with " << inside;
            EXPECT_GE(d.mean("all", 21s, 50s), inside == 12 ? 880 : 950) << "after " << before << " with " << inside;
        }
}

TEST(shedding_loop, tenants_who_all_want_more_than_there_is_have_the_same) {
    door d{{.target_concurrent = 30}};
    const char* names[] = {"a", "b", "c", "d", "e"};
    double rate = 300;
    for (const char* who : names) d.add(who, {.tenant = who}).all.arrive(rate *= 1.5);
    d.begin();
    d.here.run_for(60s);
    std::vector<double> shares;
    for (const char* who : names) shares.push_back(d.mean(who, 10s, 60s));
    EXPECT_GE(fairness(shares), 0.98);
}

TEST(shedding_loop, its_target_is_no_bound_on_the_calls_inside) {
    door d{{.target_concurrent = 12}};
    caller& all = d.add("all", {});
    unsigned most = 0;
    std::function<void()> look = [&] {
        most = std::max(most, d.shedder.in_use());
        d.here.after(1ms, look);
    };
    look();
    d.after(5s, [&] { all.all.arrive(2000); });
    d.begin();
    d.here.run_for(10s);
    EXPECT_GT(most, 2 * 12U);
}

/// How many calls a second of what is critical, a quarter of twice the capacity, are served with a limiter inside of the shedder.
double critical_served(unsigned target, unsigned max_queue) {
    load_shedder shedder{{.name = "door", .target_concurrent = target}};
    concurrency_limiter limiter{{.name = "limit", .max_queue = max_queue}};
    pipeline guarded{ref(shedder), ref(limiter)};
    sim::world here{7};
    sim::service backend{here, {.workers = 10, .takes = latency::exponential(10ms)}};
    std::vector<std::unique_ptr<caller>> callers;
    for (std::size_t level = 0; level < criticality_levels; ++level) {
        const call_options said{.importance = static_cast<criticality>(level)};
        callers.push_back(std::make_unique<caller>(here, sim::via(here, guarded, backend), said));
        callers.back()->all.arrive(500);
    }
    here.run_for(10s);
    (void)callers[0]->all.take_seen();
    here.run_for(30s);
    here.end();
    return static_cast<double>(callers[0]->all.seen().succeeded) / 30;
}

TEST(shedding_loop, importance_counts_where_the_target_is_below_what_a_limiter_inside_holds) {
    EXPECT_LE(critical_served(30, 0), 300) << "the limiter refuses first, and by chance";
    EXPECT_GE(critical_served(30, 100), 480);
    EXPECT_GE(critical_served(12, 0), 480);
}

TEST(shedding_loop, driven_by_delay_it_keeps_the_delay) {
    sim::world here{7};
    load_shedder shedder{{.max_delay = 20ms}};
    pipeline<reference<load_shedder>> guarded{ref(shedder)};
    sim::service backend{here, {.workers = 10, .takes = latency::constant(10ms)}};
    const auto told = [&](const attempt& a,
                          sim::reply<void> answer) {  // a service that says how long a request waited for a worker
        here.after(1us * static_cast<int>(backend.queued() * 1000), [&] {});
        shedder.note_delay(backend.queued() * 1ms);
        backend(a, std::move(answer));
    };
    sim::clients all{here, [&](const call_options& said, std::function<void(const result<void>&)> done) {
                         sim::send<void>(here, guarded, said, told, std::move(done));
                     }};
    all.set_patience(1s);
    all.arrive(2000);
    here.run_for(10s);
    (void)all.take_seen();
    here.run_for(30s);
    EXPECT_GE(static_cast<double>(all.seen().succeeded) / 30, 900);
    EXPECT_LE(ms(all.seen().percentile(0.99)), 150);
    here.end();
}

TEST(shedding_loop, driven_by_a_signal_it_follows_it) {
    double cpu = 0.5;
    load_shedder shedder{{.signals = {[&] { return cpu; }}}};
    pipeline<reference<load_shedder>> guarded{ref(shedder)};
    sim::world here{7};
    sim::service backend{here, {.workers = 1000, .takes = latency::constant(1ms)}};
    sim::clients all{here, sim::via(here, guarded, backend), {.importance = criticality::best_effort}};
    all.arrive(1000);
    here.run_for(5s);
    EXPECT_EQ(all.take_seen().refused, 0U);
    cpu = 1.5;
    here.run_for(5s);
    EXPECT_GT(all.take_seen().refused, 2000U);
    here.run_for(5s);
    EXPECT_GT(all.take_seen().refused, 4000U) << "less and less is let in while it is overloaded";
    cpu = 0.5;
    here.run_for(10s);
    (void)all.take_seen();
    here.run_for(5s);
    EXPECT_EQ(all.take_seen().refused, 0U);
}

}  // namespace
}  // namespace cutwater
