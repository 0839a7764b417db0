#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Work that nobody can interrupt: it ends when the test says so, whoever still waits for it.
struct stuck {
    std::shared_ptr<std::latch> begun = std::make_shared<std::latch>(1);
    std::shared_ptr<std::latch> may_end = std::make_shared<std::latch>(1);

    int operator()() const {
        begun->count_down();
        may_end->wait();
        return 1;
    }
    void end() const { may_end->count_down(); }
};

/// Looks until it holds; the only waiting of these tests, and it is for another thread, not for time.
template <class Condition>
void until(Condition&& holds) {
    while (!holds()) std::this_thread::yield();
}

/// What the calling thread does while the worker works.
enum class waiting : std::uint8_t {
    for_worker,   ///< until it is done
    for_end,      ///< lets it end, and waits until it has
    until_begun,  ///< until the work has begun; then time passes
    until_done,   ///< until it has been let end and is done, but time passes all the same before anybody looks
    not_at_all,   ///< time passes at once
};

/// Waits as it is told, wait by wait; the last one is repeated.
class scripted_wait final : public blocking_environment {
public:
    scripted_wait(testing::virtual_time& time, const stuck& work, std::vector<waiting> script)
        : time_{time}, work_{work}, script_{std::move(script)} {}

    [[nodiscard]] environment& lent() noexcept override { return time_; }
    [[nodiscard]] wait_end wait(parker& place, instant end, const std::stop_token& stop) override {
        place_ = &place;
        const waiting how = script_[std::min(waits_++, script_.size() - 1)];
        if (how == waiting::for_end) work_.end();
        if (how == waiting::for_worker || how == waiting::for_end) return place.wait(never, stop);
        if (how == waiting::until_begun) work_.begun->wait();
        if (how == waiting::until_done) {
            work_.end();
            until([&] { return place.take_wake(); });
        }
        return time_.wait(place, end, stop);
    }

    /// Whether the work has said that it is done, since the latest wait.
    [[nodiscard]] bool hears_of_its_end() { return place_->take_wake(); }

private:
    testing::virtual_time& time_;
    const stuck& work_;
    std::vector<waiting> script_;
    std::size_t waits_ = 0;
    parker* place_ = nullptr;
};

class worker_pool_test : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::event_recorder heard;
    stuck work;
    scripted_wait for_worker{time, work, {waiting::for_worker}};
    scripted_wait give_up_once_begun{time, work, {waiting::until_begun}};
    scripted_wait give_up_at_once{time, work, {waiting::not_at_all}};
};

TEST_F(worker_pool_test, runs_the_callable_on_a_thread_of_its_own) {
    pipeline guarded{worker_pool{{.threads = 1}}};
    const auto where = run_blocking(guarded, nothing_said, [] { return std::this_thread::get_id(); }, for_worker);
    ASSERT_TRUE(where);
    EXPECT_TRUE(*where != std::this_thread::get_id());
}

TEST_F(worker_pool_test, what_the_callable_throws_and_returns_reaches_the_caller) {
    pipeline guarded{worker_pool{}};
    const auto thrown =
        run_blocking(guarded, nothing_said, []() -> int { throw std::runtime_error{"no"}; }, for_worker);
    EXPECT_THAT(thrown.error().message(), HasSubstr("no"));
    const auto nothing = run_blocking(guarded, nothing_said, [] {}, for_worker);
    EXPECT_TRUE(nothing);
    const auto moved = run_blocking(guarded, nothing_said, [] { return std::make_unique<int>(7); }, for_worker);
    EXPECT_EQ(**moved, 7);
}

TEST_F(worker_pool_test, T44_T45_a_call_gives_up_on_stuck_work_and_counts_the_orphan) {
    worker_pool pool{{.threads = 1, .max_queue = 0}};
    pipeline guarded{observe{heard}, timeout{100ms}, ref(pool)};
    const auto result = run_blocking(guarded, nothing_said, work, give_up_once_begun);
    EXPECT_EQ(result.error().code(), errc::timed_out);
    EXPECT_EQ(result.error().layer(), name{"timeout"});
    EXPECT_EQ(time.elapsed(), 100ms);
    EXPECT_EQ(pool.orphans(), 1U);
    EXPECT_EQ(heard.count("pool_call_orphaned"), 1U);
    work.end();
    until([&] { return pool.in_use() == 0; });
    EXPECT_EQ(pool.orphans(), 0U);
    EXPECT_EQ(pool.orphans_ever(), 1U);
}

TEST_F(worker_pool_test, orphans_are_bounded_a_pool_that_is_stuck_refuses) {
    worker_pool pool{{.name = "legacy", .threads = 1, .max_queue = 0}};
    pipeline guarded{observe{heard}, timeout{100ms}, ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    const auto refused = run_blocking(guarded, nothing_said, work, for_worker);
    EXPECT_EQ(refused.error().code(), errc::bulkhead_full);
    EXPECT_EQ(refused.error().layer(), name{"legacy"});
    EXPECT_EQ(heard.count("pool_refused"), 1U);
    work.end();
}

TEST_F(worker_pool_test, T46_a_call_that_gives_up_in_the_queue_never_runs) {
    worker_pool pool{{.threads = 1, .max_queue = 1}};
    pipeline guarded{observe{heard}, timeout{100ms}, ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    bool ran = false;
    const auto result = run_blocking(guarded, nothing_said, [&ran] { ran = true; }, give_up_at_once);
    EXPECT_EQ(result.error().code(), errc::wait_timed_out);
    EXPECT_EQ(result.error().limit(), std::nullopt) << "it was the call's time that was over";
    EXPECT_TRUE(result.error().code() == condition::never_sent);
    EXPECT_EQ(pool.queued(), 0U);
    EXPECT_EQ(pool.in_use(), 1U) << "its place is free again, the orphan's is not";
    EXPECT_EQ(heard.last("pool_call_withdrawn").field("queued_for"), "100ms");
    work.end();
    until([&] { return pool.in_use() == 0; });
    EXPECT_FALSE(ran);
}

TEST_F(worker_pool_test, what_its_caller_took_out_of_the_queue_was_not_sent_and_is_not_paid_for) {
    rate_limiter daily{{.permits = 2, .per = 24h, .burst = 2}};
    worker_pool pool{{.threads = 1, .max_queue = 1}};
    pipeline impatient{timeout{100ms}, ref(pool)};
    (void)run_blocking(impatient, nothing_said, work, give_up_once_begun);
    struct leaving final : blocking_environment {
        explicit leaving(testing::virtual_time& t) : time{t} {}
        environment& lent() noexcept override { return time; }
        wait_end wait(parker&, instant, const std::stop_token&) override {
            caller.request_stop();
            return wait_end::cancelled;
        }
        testing::virtual_time& time;
        std::stop_source caller{};
    } leaves{time};
    pipeline guarded{ref(daily), ref(pool)};
    const auto result = run_blocking(guarded, {.stop = leaves.caller.get_token()}, [] {}, leaves);
    EXPECT_EQ(result.error().code(), errc::cancelled);
    EXPECT_EQ(daily.read(time.present()).remaining, 2U);
    work.end();
    until([&] { return pool.in_use() == 0; });
}

TEST_F(worker_pool_test, S27_a_call_waits_in_the_queue_no_longer_than_it_may) {
    worker_pool pool{{.name = "legacy", .threads = 1, .max_queue = 1, .max_wait = 200ms}};
    pipeline impatient{timeout{100ms}, ref(pool)};
    (void)run_blocking(impatient, nothing_said, work, give_up_once_begun);
    pipeline guarded{observe{heard}, ref(pool),  // nothing else bounds it
                     classify{transient(code(condition::never_sent)), transient(value([](int) { return true; }))}};
    bool ran = false;
    const auto result = run_blocking(guarded, nothing_said, [&ran] { ran = true; }, give_up_at_once);
    EXPECT_EQ(result.error().code(), errc::wait_timed_out);
    EXPECT_EQ(result.error().layer(), name{"legacy"});
    EXPECT_EQ(result.error().limit(), 200ms);
    EXPECT_EQ(heard.last("pool_call_withdrawn").field("queued_for"), "200ms");
    EXPECT_EQ(heard.count("call_refused"), 1U) << "whatever the rules make of what was not sent";
    EXPECT_EQ(pool.in_use(), 1U) << "its place is free again";
    work.end();
    until([&] { return pool.in_use() == 0; });
    EXPECT_FALSE(ran);
}

TEST_F(worker_pool_test, a_full_queue_is_no_failure_of_the_dependency) {
    worker_pool pool{{.threads = 1, .max_queue = 1}};
    circuit_breaker touchy{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline impatient{timeout{100ms}, ref(pool)};
    (void)run_blocking(impatient, nothing_said, work, give_up_once_begun);
    pipeline guarded{ref(touchy), timeout{20ms}, ref(pool)};
    for (int call = 0; call < 3; ++call)
        EXPECT_EQ(run_blocking(guarded, nothing_said, [] {}, give_up_at_once).error().code(), errc::wait_timed_out);
    EXPECT_EQ(touchy.state(time.present()), circuit_state::closed);
    work.end();
}

/// A layer that takes its time after the clock was read.
struct dawdler {
    testing::virtual_time* time;
    [[nodiscard]] name layer_name() const { return "dawdler"; }
    [[nodiscard]] int before(call_context&) const { return time->pass(30ms), 0; }
    void after(int, const observation&, call_context&) const {}
};

TEST_F(worker_pool_test, the_wait_for_a_thread_begins_when_the_work_is_handed_over) {
    worker_pool pool{{.threads = 1, .max_wait = 20ms}};
    pipeline guarded{observe{heard}, timeout{1h}, dawdler{&time}, ref(pool)};
    EXPECT_EQ(run_blocking(guarded, nothing_said, [] { return 7; }, for_worker), 7);
    EXPECT_EQ(heard.last("pool_call_ran").field("queued_for"), "0s");
}

TEST_F(worker_pool_test, an_orphan_that_has_ended_is_let_go_while_its_call_goes_on) {
    worker_pool pool{{.threads = 1, .max_queue = 0}};
    auto owned = std::make_shared<int>(7);
    const std::weak_ptr<int> first = owned;
    pipeline guarded{retry{{.max_attempts = 3,
                            .base_delay = 1ms,
                            .jitter = jitter::none,
                            .on_retry =
                                [&](const retry_scheduled&) {
                                    work.end();
                                    until([&] { return pool.in_use() == 0; });
                                }}},
                     timeout{10ms}, ref(pool)};
    scripted_wait gives_up{time, work, {waiting::until_begun, waiting::not_at_all, waiting::for_worker}};
    const auto out = run_blocking(
        guarded, nothing_said,
        [w = work, kept = std::move(owned)](attempt& a) { return a.number() == 1 ? w() : *kept; }, gives_up);
    EXPECT_EQ(out, 7);
    EXPECT_EQ(pool.orphans_ever(), 1U);
    until([&] { return first.expired(); });
}

TEST_F(worker_pool_test, what_has_a_thread_is_waited_for_however_long_the_queue_may_take) {
    pipeline guarded{worker_pool{{.threads = 1, .max_wait = 1ms}}};
    scripted_wait wait{time, work, {waiting::until_begun, waiting::for_end}};
    EXPECT_EQ(run_blocking(guarded, nothing_said, work, wait), 1);
    EXPECT_EQ(time.elapsed(), 1ms) << "when it was looked for in the queue, and found on a thread";
}

TEST_F(worker_pool_test, T47_time_in_the_queue_and_time_on_the_thread_are_told_apart) {
    worker_pool pool{{.threads = 1}};
    pipeline guarded{observe{heard}, ref(pool)};
    const auto result = run_blocking(guarded, nothing_said, [this] { time.pass(30ms); }, for_worker);
    EXPECT_TRUE(result);
    EXPECT_EQ(heard.last("pool_call_ran").field("queued_for"), "0s");
    EXPECT_EQ(heard.last("pool_call_ran").field("ran_for"), "30ms");
}

TEST_F(worker_pool_test, T48_a_bulkheads_permit_stays_taken_until_the_work_ends) {
    bulkhead narrow{{.max_concurrent = 1}};
    worker_pool pool{{.threads = 2}};
    pipeline guarded{timeout{100ms}, ref(narrow), ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    EXPECT_EQ(narrow.in_use(), 1U);
    EXPECT_EQ(run_blocking(guarded, nothing_said, [] {}, for_worker).error().code(), errc::bulkhead_full);
    work.end();
    until([&] { return narrow.in_use() == 0; });
    EXPECT_TRUE(run_blocking(guarded, nothing_said, [] {}, for_worker));
}

/// A gate of a user's that holds the work, and hears what became of the call.
struct hears_at_once {
    static constexpr bool holds_work = true;
    struct ticket {};
    std::atomic<unsigned> inside{0};
    std::string heard{};

    [[nodiscard]] name layer_name() const { return "hears_at_once"; }
    admission<ticket> admit(call_context&, moment&) { return ++inside, ticket{}; }
    void settle(ticket&, const observation&, call_context&, moment&) { heard += "settled", --inside; }
    void orphaned(ticket&, const observation& seen, call_context&, moment&) { heard += seen.failure->message(); }
    void abandon(ticket&) noexcept { --inside; }
};

TEST_F(worker_pool_test, T48_a_gate_that_holds_the_work_hears_at_once_that_the_call_has_given_up) {
    hears_at_once gate;
    worker_pool pool{{.threads = 1}};
    pipeline guarded{timeout{100ms}, ref(gate), ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    EXPECT_EQ(gate.heard, "the caller's deadline has passed") << "it does not know yet that it is a timeout's";
    EXPECT_EQ(gate.inside, 1U);
    work.end();
    until([&] { return gate.inside == 0; });
    EXPECT_EQ(gate.heard, "the caller's deadline has passed") << "and nothing more";
}

/// As that, but what it hears is more than it can bear.
struct throws_at_once : hears_at_once {
    void orphaned(ticket&, const observation&, call_context&, moment&) { throw std::runtime_error{"no"}; }
};

TEST_F(worker_pool_test, T48_a_permit_stays_with_the_work_also_where_its_gate_throws_when_told) {
    throws_at_once gate;
    worker_pool pool{{.threads = 1, .max_queue = 0}};
    const retry again{{.base_delay = 1ms, .should_retry = [](const observation& seen) {
                           return seen.failure->code() == errc::callback_failed;
                       }}};
    pipeline guarded{again, ref(gate), timeout{100ms}, ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    EXPECT_EQ(gate.inside, 1U) << "that of the first attempt, which still runs; the second found no thread";
    work.end();
    pool.stop();
    EXPECT_EQ(gate.inside, 0U);
}

/// A layer that has the work end, for good, once its call has given up on it.
struct ends_it {
    stuck work;
    worker_pool* pool;

    [[nodiscard]] name layer_name() const { return "ends_it"; }
    int before(call_context&) { return 0; }
    void after(int, const observation&, call_context&) {
        work.end();
        until([this] { return pool->in_use() == 0; });
    }
};

TEST_F(worker_pool_test, T48_a_permit_that_outlasts_the_work_by_a_moment_comes_back_as_well) {
    bulkhead narrow{{.max_concurrent = 1}};
    worker_pool pool{{.threads = 1}};
    pipeline guarded{observe{heard}, timeout{100ms}, ref(narrow), ends_it{work, &pool}, ref(pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    EXPECT_EQ(heard.count("pool_call_orphaned"), 1U);
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_F(worker_pool_test, T42_work_that_is_done_when_the_call_would_give_up_is_done) {
    worker_pool pool{{.threads = 1}};
    pipeline guarded{timeout{100ms}, ref(pool)};
    scripted_wait too_late{time, work, {waiting::until_done}};
    const auto result = run_blocking(guarded, nothing_said, work, too_late);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result, 1);
    EXPECT_EQ(time.elapsed(), 100ms);
    EXPECT_EQ(pool.orphans_ever(), 0U);
}

TEST_F(worker_pool_test, T42_work_that_ends_as_it_is_asked_to_stop_is_done) {
    worker_pool pool{{.threads = 1}};
    pipeline guarded{timeout{100ms}, ref(pool)};
    std::optional<std::stop_callback<std::function<void()>>> on_stop;  // outlives the work, which cannot wait for it
    const auto ends_it = [&] {
        work.end();
        until([&] { return give_up_once_begun.hears_of_its_end(); });
    };
    const auto result = run_blocking(
        guarded, nothing_said,
        [&](attempt& a) {
            on_stop.emplace(a.stop_token(), ends_it);
            return work();
        },
        give_up_once_begun);
    EXPECT_EQ(result, 1);
    EXPECT_EQ(pool.orphans_ever(), 0U);
}

TEST_F(worker_pool_test, cancellation_gives_up_and_asks_the_work_to_stop) {
    worker_pool pool{{.threads = 1}};
    pipeline guarded{ref(pool)};
    std::stop_source caller;
    const auto cancels_once_begun = std::jthread{[&] {
        work.begun->wait();
        caller.request_stop();
    }};
    const auto result = run_blocking(
        guarded, {.stop = caller.get_token()},
        [may_end = work.may_end, begun = work.begun](attempt& a) {
            begun->count_down();
            until([&] { return a.stop_requested(); });
            may_end->wait();  // or it would be done before it is given up, now and then
        },
        for_worker);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), errc::cancelled);
    work.end();
    until([&] { return pool.in_use() == 0; });
}

TEST_F(worker_pool_test, a_retry_runs_on_another_thread_while_the_first_attempt_is_stuck) {
    worker_pool pool{{.threads = 2}};
    pipeline guarded{retry{{.max_attempts = 2}}, timeout{100ms}, ref(pool)};
    // the first attempt is given up on, the delay passes, and the second is waited for
    scripted_wait one_after_the_other{time, work, {waiting::until_begun, waiting::not_at_all, waiting::for_worker}};
    const auto result = run_blocking(
        guarded, nothing_said, [first = work](attempt& a) { return a.number() == 1 ? first() : 2; },
        one_after_the_other);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result, 2);
    EXPECT_EQ(pool.orphans(), 1U);
    work.end();
}

TEST_F(worker_pool_test, its_destructor_waits_for_orphans) {
    std::optional<worker_pool> pool{std::in_place, worker_pool_options{.threads = 1}};
    pipeline guarded{timeout{100ms}, ref(*pool)};
    (void)run_blocking(guarded, nothing_said, work, give_up_once_begun);
    bool destroyed = false;
    std::jthread destroys{[&] {
        pool.reset();
        destroyed = true;
    }};
    work.end();
    destroys.join();
    EXPECT_TRUE(destroyed);
}

TEST_F(worker_pool_test, T57_the_options_in_force_can_be_read) {
    const worker_pool pool{{.name = "legacy", .threads = 3}};
    EXPECT_EQ(pool.options().name, "legacy");
    EXPECT_EQ(pool.options().threads, 3U);
}

TEST_F(worker_pool_test, options_out_of_range_are_refused) {
    using testing::refused_with;
    const auto with = [](auto change) {
        worker_pool_options options{.name = "legacy", .threads = 1};
        change(options);
        return refused_with<worker_pool>(std::move(options));
    };
    EXPECT_EQ(with([](auto& o) { o.threads = 0; }), "worker_pool \"legacy\": threads is 0, allowed is from 1 to 1024");
    EXPECT_EQ(with([](auto& o) { o.threads = 1025; }),
              "worker_pool \"legacy\": threads is 1025, allowed is from 1 to 1024");
    EXPECT_EQ(with([](auto& o) { o.max_queue = 1'000'001; }),
              "worker_pool \"legacy\": max_queue is 1000001, allowed is from 0 to 1000000");
    EXPECT_EQ(with([](auto& o) { o.max_wait = 0s; }),
              "worker_pool \"legacy\": max_wait is 0s, allowed is more than 0s and at most 24h");
    EXPECT_EQ(with([](auto& o) { o.max_wait = -1ms; }),
              "worker_pool \"legacy\": max_wait is -1ms, allowed is more than 0s and at most 24h");
    EXPECT_EQ(with([](auto&) {}), "");
}

TEST_F(worker_pool_test, T48_a_permit_taken_outside_a_retry_stays_with_the_orphan_of_an_earlier_attempt) {
    bulkhead outside{{.max_concurrent = 1}};
    bulkhead inside{{.max_concurrent = 2}};
    worker_pool pool{{.threads = 2}};  // last: it waits for its orphans, which hold permits of both
    pipeline guarded{ref(outside), retry{{.max_attempts = 2, .base_delay = 1ms, .jitter = jitter::none}}, ref(inside),
                     timeout{20ms}, ref(pool)};
    scripted_wait first_gives_up{time, work, {waiting::until_begun, waiting::not_at_all, waiting::for_worker}};
    const auto out = run_blocking(
        guarded, nothing_said, [w = work](attempt& a) { return a.number() == 1 ? w() : 2; }, first_gives_up);
    EXPECT_THAT(out, testing::has_value(2));
    EXPECT_EQ(pool.orphans(), 1U);
    EXPECT_EQ(outside.in_use(), 1U) << "the first attempt began under it, and still runs";
    EXPECT_EQ(inside.in_use(), 1U) << "the second attempt's is back";
    work.end();
    until([&] { return outside.in_use() == 0U && inside.in_use() == 0U; });
}

TEST_F(worker_pool_test, T48_a_pipeline_that_owns_its_layers_waits_for_orphans_before_any_goes) {
    {
        pipeline guarded{timeout{20ms}, bulkhead{}, worker_pool{{.threads = 1}}};
        EXPECT_FALSE(run_blocking(guarded, nothing_said, work, give_up_once_begun));
        work.end();
    }
    stuck other;
    scripted_wait gives_up{time, other, {waiting::until_begun}};
    any_pipeline<int> chosen{timeout{20ms}, bulkhead{}, worker_pool{{.threads = 1}}};
    EXPECT_FALSE(run_blocking(chosen, nothing_said, other, gives_up));
    other.end();
}

/// Hedged at once, so that the first attempt is stuck beside another.
auto hedged_on_its_own_pool() {
    return pipeline{hedge{{.delay = 1ms, .unstated_means = idempotency::idempotent}}, bulkhead{},
                    worker_pool{{.threads = 2}}};
}

TEST_F(worker_pool_test, T48_a_pipeline_that_owns_its_layers_may_be_moved_and_moved_from) {
    auto guarded = hedged_on_its_own_pool();
    auto moved = std::move(guarded);
    EXPECT_THAT(moved.run([] { return 7; }), testing::has_value(7));
    std::vector<decltype(moved)> all;
    for (int i = 0; i < 3; ++i) all.push_back(hedged_on_its_own_pool());
    EXPECT_THAT(all.front().run([] { return 7; }), testing::has_value(7));
}

TEST_F(worker_pool_test, T48_what_is_put_in_the_place_of_a_pipeline_waits_for_its_orphans) {
    auto guarded = hedged_on_its_own_pool();
    EXPECT_THAT(guarded.run([w = work](attempt& a) { return a.number() == 1 ? w() : 2; }), testing::has_value(2));
    std::jthread lets_it_end{[w = work] { w.end(); }};
    guarded = hedged_on_its_own_pool();
    EXPECT_THAT(guarded.run([] { return 7; }), testing::has_value(7));
}

TEST_F(worker_pool_test, an_orphan_knows_where_it_goes_when_its_call_is_over) {
    worker_pool pool{{.threads = 2}};
    std::promise<std::string> seen;
    const auto ask = [w = work, &seen](attempt& a) {
        if (a.number() > 1) return 2;
        const int result = w();
        seen.set_value(std::string{a.target()});
        return result;
    };
    {
        pipeline guarded{hedge{{.delay = 1ms, .unstated_means = idempotency::idempotent}}, ref(pool)};
        const std::string where(100, 's');
        EXPECT_THAT(guarded.run({.target = where}, ask), testing::has_value(2));
    }
    work.end();
    EXPECT_EQ(seen.get_future().get(), std::string(100, 's'));
}

/// Says when the last copy of it goes.
struct farewell {
    std::promise<void> said;
    farewell() = default;
    farewell(const farewell&) = delete;
    farewell& operator=(const farewell&) = delete;
    ~farewell() { said.set_value(); }
};

/// Work that owns the pool that it runs on.
struct owner {
    stuck work;
    std::shared_ptr<farewell> last;  // goes after the pool
    std::shared_ptr<worker_pool> pool;

    int operator()() const { return work(); }
};

TEST_F(worker_pool_test, a_pool_may_be_destroyed_by_the_last_work_that_runs_on_it) {
    auto last = std::make_shared<farewell>();
    auto gone = last->said.get_future();
    {
        const owner own{work, std::move(last), std::make_shared<worker_pool>(worker_pool_options{.threads = 1})};
        pipeline guarded{timeout{20ms}, ref(*own.pool)};
        EXPECT_FALSE(run_blocking(guarded, nothing_said, own, give_up_once_begun));
    }
    work.end();
    gone.wait();
}

TEST_F(worker_pool_test, a_callable_whose_copy_throws_is_an_attempt_that_failed) {
    struct cannot_be_copied_now {
        cannot_be_copied_now() = default;
        cannot_be_copied_now(const cannot_be_copied_now&) { throw std::runtime_error{"no memory for a copy"}; }
        cannot_be_copied_now& operator=(const cannot_be_copied_now&) = delete;
        ~cannot_be_copied_now() = default;
        int operator()() const { return 7; }
    };
    worker_pool pool{{.threads = 1}};
    pipeline guarded{retry{{.max_attempts = 2}}, ref(pool)};
    const auto got = guarded.run(cannot_be_copied_now{});
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message(), HasSubstr("no memory for a copy"));
    EXPECT_EQ(guarded.run([] { return 7; }), 7) << "and the pool has all its places";
}

}  // namespace
}  // namespace cutwater
