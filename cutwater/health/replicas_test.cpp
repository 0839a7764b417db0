// Ten replicas and a database that all of them share: what an outage of it does to who is sent requests.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "cutwater/health/health_monitor.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

class replicas {
public:
    explicit replicas(const check_options& database, std::uint64_t seed = 42) : time{seed} {
        for (int i = 0; i < 10; ++i) {
            all_.push_back(std::make_unique<health_monitor>(health_options{}, time));
            all_.back()->check(database, [this] { return works; });
        }
        pass(1min);
    }

    testing::virtual_time time;
    bool works = true;
    bool has_threads = true;  // else what is due waits

    /// By the second, as an orchestrator asks; the fewest that were ready, and the most that left in any ten seconds.
    struct seen {
        long fewest = 10;
        long most_at_once = 0;
    };
    seen pass(duration d) {
        seen so_far;
        std::vector<long> left;
        for (const instant end = time.in(d); time.present() < end; time.pass(1s)) {
            for (const auto& each : all_)
                for (due_check& due : each->take_due()) waits_.push_back(std::move(due));
            if (has_threads)
                for (due_check& due : std::exchange(waits_, {})) due.run();
            const long ready = count();
            left.push_back(ready);
            so_far.fewest = std::min(so_far.fewest, ready);
            if (left.size() > 10) so_far.most_at_once = std::max(so_far.most_at_once, left[left.size() - 11] - ready);
        }
        return so_far;
    }
    [[nodiscard]] long count() const {
        return std::ranges::count_if(all_, [](const auto& each) { return each->is_ready(); });
    }
    [[nodiscard]] bool all_say(health_status s) const {
        return std::ranges::all_of(all_, [&](const auto& each) { return each->report().status == s; });
    }

private:
    std::vector<std::unique_ptr<health_monitor>> all_;
    std::vector<due_check> waits_;
};

constexpr check_importance critical = check_importance::critical;

/// A replica whose runs get one of four threads, in order, and whose shared checks hang on all of them.
class replica_without_threads {
public:
    explicit replica_without_threads(environment& time) : health{{}, time} {
        for (const char* const each : {"a", "b", "c", "d"}) health.check(every_second(each), [this] { return !hangs; });
        health.check(every_second("disk", readiness_effect::own), [this] { return disk_works; });
    }
    void turn() {
        for (due_check& due : health.take_due()) waits_.push_back(std::move(due));
        while (!waits_.empty() && threads_.size() < 4) {
            due_check next{std::move(waits_.front())};
            waits_.pop_front();
            if (hangs && next.name() != "disk") {
                (void)next.begin();
                threads_.push_back(std::move(next));
            } else {
                next.run();
            }
        }
    }
    void end() {
        hangs = false;
        for (due_check& each : threads_) each.end(check_result::ok());
        threads_.clear();
    }

    health_monitor health;
    bool hangs = false;
    bool disk_works = true;

private:
    static check_options every_second(const char* name, readiness_effect effect = readiness_effect::none) {
        return {.name = name, .timeout = 1s, .period = 1s, .jitter = 0, .readiness = effect};
    }

    std::deque<due_check> waits_;
    std::list<due_check> threads_;
};

TEST(replicas, by_default_an_outage_of_what_they_share_takes_nobody) {
    replicas ten{{.name = "database", .importance = critical}};
    ASSERT_EQ(ten.count(), 10);
    ten.works = false;
    EXPECT_EQ(ten.pass(24h).fewest, 10) << "each goes on: with stale answers, or with a clear error";
    EXPECT_TRUE(ten.all_say(health_status::unhealthy)) << "and says what is the matter";
    ten.works = true;
    (void)ten.pass(1min);
    EXPECT_TRUE(ten.all_say(health_status::healthy));
}

TEST(replicas, what_each_has_for_itself_would_take_all_of_them_at_once) {
    replicas ten{{.name = "database", .readiness = readiness_effect::own}};
    ten.works = false;
    EXPECT_EQ(ten.pass(1min).fewest, 0) << "which is why it is not for what is shared";
}

TEST(replicas, a_short_outage_takes_nobody_who_shares) {
    replicas ten{{.name = "database", .readiness = readiness_effect::shared, .unready_after = 1min}};
    ten.works = false;
    EXPECT_EQ(ten.pass(30s).fewest, 10);
    ten.works = true;
    EXPECT_EQ(ten.pass(10min).fewest, 10);
}

TEST(replicas, who_has_no_thread_left_since_what_they_share_hangs_stays_as_it_was) {
    testing::virtual_time time;
    std::list<replica_without_threads> ten;
    for (int i = 0; i < 10; ++i) ten.emplace_back(time);
    const auto ready = [&] { return std::ranges::count_if(ten, [](auto& each) { return each.health.is_ready(); }); };
    const auto pass = [&](duration d) {
        auto fewest = ready();
        for (const instant end = time.in(d); time.present() < end; time.pass(100ms)) {
            for (replica_without_threads& each : ten) each.turn();
            fewest = std::min(fewest, ready());
        }
        return fewest;
    };
    ten.front().disk_works = false;
    (void)pass(5s);
    ASSERT_EQ(ready(), 9);
    for (replica_without_threads& each : ten) each.hangs = true;
    EXPECT_EQ(pass(1h), 9) << "the disk is as it was when it was last looked at";
    EXPECT_EQ(ready(), 9);
    for (replica_without_threads& each : ten) each.end();
    EXPECT_EQ(pass(5s), 9) << "nor is anybody away while the run begins that has waited";
    ten.front().disk_works = true;
    ten.back().disk_works = false;
    (void)pass(5s);
    EXPECT_EQ(ready(), 9) << "and what it says then counts";
    EXPECT_TRUE(ten.front().health.is_ready());
}

TEST(replicas, an_outage_that_is_seen_after_a_wait_for_threads_takes_one_after_the_other) {
    replicas ten{{.name = "database", .readiness = readiness_effect::shared}};
    ten.has_threads = false;
    EXPECT_EQ(ten.pass(1h).fewest, 10);
    ten.works = false;
    ten.has_threads = true;
    EXPECT_EQ(ten.pass(1min).fewest, 10) << "it has only begun";
    EXPECT_LE(ten.pass(10min).most_at_once, 5);
    EXPECT_EQ(ten.count(), 0);
    ten.works = true;
    (void)ten.pass(1min);
    EXPECT_EQ(ten.count(), 10);
}

RC_GTEST_PROP(replicas, who_shares_leaves_one_after_the_other, (std::uint64_t seed)) {
    replicas ten{
        {.name = "database", .readiness = readiness_effect::shared, .unready_after = 1min, .unready_spread = 10min},
        seed};
    ten.works = false;
    const auto first_minutes = ten.pass(3min);
    RC_ASSERT(first_minutes.fewest >= 1);  // the odds of the contrary: three in a hundred millions
    RC_ASSERT(first_minutes.most_at_once <= 5);
    const auto later = ten.pass(9min);
    RC_ASSERT(later.most_at_once <= 5);
    RC_ASSERT(ten.count() == 0);  // who shares says that it is to leave
    ten.works = true;
    (void)ten.pass(30s);
    RC_ASSERT(ten.count() == 10);
}

}  // namespace
}  // namespace cutwater
