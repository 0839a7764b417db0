// What becomes of the whole: services that call each other and retry, and a service that fails for a while under clients who retry. The
// traces are kept beside this file and drawn on the room's page.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using sim::latency;

// ---- four services, one behind the other ----

/// How they know of each other's retries.
enum class knows : std::uint8_t {
    nothing,         ///< each has a retry
    its_own_budget,  ///< each has a retry and a budget
    its_caller,      ///< and is told what its caller does
};

/// A → B → C → D, and what D works with, which fails. Each has a retry of three attempts.
class chain {
public:
    explicit chain(knows what, double ratio = 0.2) : knows_{what} {
        for (int i = 0; i < 4; ++i) {
            budgets_.push_back(
                std::make_unique<retry_budget>(retry_budget_options{.ratio = ratio, .min_per_second = 1}));
            guarded_.emplace_back(
                retry{{.base_delay = 10ms, .budget = what == knows::nothing ? nullptr : budgets_.back().get()}});
        }
    }

    /// A request comes to A.
    void request() {
        ++requests_;
        serve(0, {}, [](const result<void>&) {});
    }
    void arrive(unsigned per_second, duration for_so_long) {
        const auto requests = static_cast<unsigned>(per_second * (for_so_long / 1s));
        for (unsigned i = 0; i < requests; ++i) here.after(duration{1s} / per_second * i, [this] { request(); });
    }

    /// What D worked with was asked, for each request.
    [[nodiscard]] double amplification() const { return static_cast<double>(asked_) / static_cast<double>(requests_); }
    [[nodiscard]] std::uint64_t take_asked() { return std::exchange(newly_asked_, 0); }

    void fails(bool now) { fails_ = now; }

    std::vector<pipeline<retry>> guarded_;
    sim::world here{3};

private:
    void serve(std::size_t service, const call_options& said, std::function<void(const result<void>&)> done) {
        const auto callee = [this, service](const attempt& a, const sim::reply<void>& answer) {
            if (service + 1 == guarded_.size()) return work(answer);
            const call_options next =
                knows_ == knows::its_caller
                    ? call_options{.earlier_attempts = a.earlier_attempts(), .retries_left = a.retries_left()}
                    : call_options{};
            serve(service + 1, next, [answer](const result<void>& r) {
                answer.give(r ? std::expected<void, error>{} : std::unexpected{error{r.error().code()}});
            });
        };
        sim::send<void>(here, guarded_[service], said, callee, std::move(done));
    }
    void work(const sim::reply<void>& answer) {
        ++asked_, ++newly_asked_;
        here.after(5ms, [this, answer] {
            answer.give(fails_ ? std::unexpected{error{std::make_error_code(std::errc::connection_reset)}}
                               : std::expected<void, error>{});
        });
    }

    knows knows_;
    std::vector<std::unique_ptr<retry_budget>> budgets_;
    std::uint64_t requests_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t newly_asked_ = 0;
    bool fails_ = true;
};

TEST(budget_chain, T70_four_retries_of_three_attempts_are_81) {
    chain naive{knows::nothing};
    naive.request();
    naive.here.run();
    EXPECT_EQ(naive.amplification(), 81.0);
}

TEST(budget_chain, T70_with_budgets_and_what_travels_with_a_call_it_is_one_and_the_ratio) {
    for (const double ratio : {0.0, 0.1, 0.2, 0.5}) {
        chain told{knows::its_caller, ratio};
        told.arrive(100, 60s);
        told.here.run();
        const double floor = 1.0 / 100;  // one a second beside a hundred requests; and one that is there at the start
        EXPECT_LE(told.amplification(), 1 + ratio + floor + 1.0 / 6000) << ratio;
        EXPECT_GE(told.amplification(), 1 + ratio) << "and that much is made use of";
    }
}

TEST(budget_chain, T70_with_budgets_alone_it_is_that_to_the_power_of_the_services) {
    chain alone{knows::its_own_budget};
    alone.arrive(100, 60s);
    alone.here.run();
    EXPECT_GE(alone.amplification(), 1.2 * 1.2 * 1.2 * 1.2);
    EXPECT_LE(alone.amplification(), 1.22 * 1.22 * 1.22 * 1.22);
}

TEST(budget_chain, T70_what_is_told_also_without_a_budget_is_that_one_service_retries) {
    chain told{knows::its_caller, 10};
    told.request();
    told.here.run();
    EXPECT_EQ(told.amplification(), 3.0) << "A's three attempts, and one of everybody else for each";
}

TEST(budget_chain, T70_an_outage_of_the_last_of_four_as_it_looks_there) {
    chain naive{knows::nothing};
    chain alone{knows::its_own_budget};
    chain told{knows::its_caller};
    sim::world time;
    sim::trace seen{time, 1s};
    const std::pair<const char*, chain*> all[] = {{"naive [requests/s at the last]", &naive},
                                                  {"budgets alone [requests/s with budgets]", &alone},
                                                  {"budgets and headers [requests/s with budgets]", &told}};
    for (const auto& [what, who] : all) seen.column(what, [who] { return static_cast<double>(who->take_asked()); });
    seen.begin();
    for (const auto& [what, who] : all) who->fails(false), who->arrive(100, 60s);
    for (int s = 0; s < 60; ++s) {
        for (const auto& [what, who] : all) who->fails(s >= 20 && s < 40), who->here.run_for(1s);
        time.run_for(1s);
    }
    EXPECT_GE(seen.mean(all[0].first, 25s, 40s), 8000) << "81 times a hundred";
    EXPECT_GE(seen.mean(all[1].first, 25s, 40s), 207) << "1.2 to the power of four";
    EXPECT_LE(seen.mean(all[2].first, 25s, 40s), 121 + 0.5) << "1.2, and the floor of one a second";
    EXPECT_LE(seen.mean(all[2].first, 20s, 40s) * 20, 2000 + 0.2 * (2000 + 1000) + 21)
        << "what a window had saved as well";
    testing::expect_golden(seen.csv(), "traces/chain.csv");
    for (const auto& [what, who] : all) who->here.end();
}

// ---- a retry storm ----

/// 700 calls a second of a service that can do 1000; each waits 300 ms, and tries up to three times.
class storm {
public:
    explicit storm(attempt_budget* budget)
        : guarded{retry{{.base_delay = 50ms, .budget = budget}}, timeout{300ms}},
          all{here, sim::via(here, guarded, counted)} {
        all.set_patience(5s);
        seen.column("succeeded [calls/s]", [this] { return static_cast<double>(all.take_seen().succeeded); });
        seen.column("sent [calls/s]", [this] { return static_cast<double>(std::exchange(sent, 0)); });
        seen.begin();
        all.arrive(700);
        here.after(20s + 1us, [this] { backend.set_workers(2); });  // four fifths of it are lost
        here.after(30s + 1us, [this] { backend.set_workers(10); });
    }
    ~storm() { here.end(); }

    pipeline<retry, timeout> guarded;
    sim::world here{11};
    sim::service backend{here, {.workers = 10, .max_queue = 1000, .takes = latency::exponential(10ms)}};
    std::uint64_t sent = 0;
    std::function<void(const attempt&, sim::reply<void>)> counted = [this](const attempt& a, sim::reply<void> r) {
        ++sent;
        backend(a, std::move(r));
    };
    sim::clients all;
    sim::trace seen{here, 1s};
};

TEST(budget_storm, without_a_budget_a_service_that_failed_for_ten_seconds_does_not_come_back) {
    storm naive{nullptr};
    naive.here.run_for(120s);
    EXPECT_GE(naive.seen.mean("succeeded [calls/s]", 5s, 20s), 680);
    EXPECT_LE(naive.seen.mean("succeeded [calls/s]", 60s, 120s), 200)
        << "half a minute and more after it is well again";
    EXPECT_GE(naive.seen.mean("sent [calls/s]", 60s, 120s), 1400) << "twice what was asked for";
    testing::expect_golden(naive.seen.csv(), "traces/storm_naive.csv");
}

TEST(budget_storm, with_a_budget_it_is_back_in_seconds) {
    retry_budget budget{{.ratio = 0.2, .min_per_second = 3}};
    storm paid{&budget};
    paid.here.run_for(120s);
    EXPECT_GE(paid.seen.mean("succeeded [calls/s]", 5s, 20s), 680);
    EXPECT_GE(paid.seen.mean("succeeded [calls/s]", 36s, 120s), 680) << "six seconds after it is well again";
    testing::expect_golden(paid.seen.csv(), "traces/storm_budget.csv");
}

TEST(budget_storm, there_is_no_stampede_while_it_fails_nor_when_it_recovers) {
    for (const budget_mode mode : {budget_mode::ratio, budget_mode::token_bucket, budget_mode::cost}) {
        retry_budget budget{{.mode = mode}};
        storm paid{&budget};
        paid.here.run_for(60s);
        EXPECT_LE(paid.seen.mean("sent [calls/s]", 20s, 30s), 1.05 * (700 * 1.2 + 140 + 3)) << to_text(mode);
        const auto& sent = paid.seen.values("sent [calls/s]");
        EXPECT_LE(*std::max_element(sent.begin() + 24, sent.end()), 1000) << to_text(mode);
        EXPECT_GE(paid.seen.mean("succeeded [calls/s]", 45s, 60s), 680) << to_text(mode);
    }
}

}  // namespace
}  // namespace cutwater
