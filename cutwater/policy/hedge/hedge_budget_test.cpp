// What a hedge pays for, has back and tells a budget, whatever stands around it; and what it leaves behind where something throws.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/hedge/hedge_stage_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/virtual_threads.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using testing::event_with;

/// Pays for everything, and knows what it is told.
struct ledger final : attempt_budget {
    unsigned originals = 0;
    unsigned outcomes = 0;
    unsigned charged = 0;
    unsigned refunded = 0;

    [[nodiscard]] name budget_name() const noexcept override { return "ledger"; }
    void count_original(call_context&) noexcept override { ++originals; }
    void count_outcome(const observation&, budget_charge, call_context&) noexcept override { ++outcomes; }
    [[nodiscard]] std::optional<budget_charge> try_charge(const observation*, call_context&) noexcept override {
        return ++charged, budget_charge{1};
    }
    void refund(budget_charge) noexcept override { ++refunded; }
};

class hedge_paid : public hedge_stage {
protected:
    ledger paid;
    retry_budget stock{{.mode = budget_mode::cost, .capacity = 100, .retry_cost = 5}};

    template <class Pipeline>
    result<int> play(Pipeline& guarded, std::optional<unsigned> left = {}) {
        return hedge_stage::play(guarded, {.idempotent = idempotency::idempotent, .retries_left = left});
    }
    [[nodiscard]] double balance() { return stock.balance(on.time.present()); }
};
INSTANTIATE_TEST_SUITE_P(drivers, hedge_paid, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

// ---- what was not sent is refunded, and what was is not ----

TEST_P(hedge_paid, T62_an_extra_that_is_refused_inside_is_refunded) {
    bulkhead narrow{{.max_concurrent = 1}};
    on.dependency.fails(std::errc::permission_denied, 200ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &stock}}, ref(narrow), ref(threads)};
    for (int i = 0; i < 30; ++i) EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 30U);
    EXPECT_EQ(balance(), 100);
}

TEST_P(hedge_paid, a_retry_around_says_all_attempts_and_that_they_are_used_up) {
    on.dependency.fails(std::errc::connection_reset, 60ms);
    pipeline guarded{observe{on.heard}, retry{{.max_attempts = 3, .base_delay = 10ms}}, hedge{{.delay = 50ms}},
                     ref(threads)};
    const auto got = play(guarded, 2);
    ASSERT_FALSE(got);
    EXPECT_EQ(on.dependency.calls(), 3U);
    EXPECT_EQ(on.heard.last("retry_gave_up").field("reason"), "attempts_exhausted");
    EXPECT_THAT(got.error().message(), ::testing::HasSubstr("after 3 attempts"));
}

TEST_P(hedge_paid, an_extra_that_was_sent_and_lost_is_paid_for) {
    on.dependency.returns(1, 60ms).returns(2, 500ms).returns(1, 60ms).returns(2, 500ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &stock}}, ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    EXPECT_EQ(balance(), 100 - 2 * 5 + 2 * 1) << "the success of an original brings one";
}

TEST_P(hedge_paid, an_extra_that_wins_brings_back_what_it_has_cost) {
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &stock}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    let_everything_end();
    EXPECT_EQ(balance(), 100);
}

TEST_P(hedge_paid, a_retry_around_that_succeeds_brings_back_what_it_has_cost_and_pays_for_no_first_attempt) {
    on.dependency.fails(std::errc::connection_reset, 5ms).fails(std::errc::connection_reset, 5ms).returns(3, 5ms);
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms, .budget = &stock}},
                     hedge{{.delay = 50ms, .budget = &stock}}, ref(threads)};
    EXPECT_EQ(play(guarded), 3);
    EXPECT_EQ(on.dependency.calls(), 3U);
    EXPECT_EQ(balance(), 100 - 5) << "the extra of the first race has failed; the retry has not";
}

TEST_P(hedge_paid, so_does_one_whose_success_a_retry_inside_tells) {
    on.dependency.fails(std::errc::connection_reset, 5ms).returns(2, 5ms);
    const retry_options once{.max_attempts = 1, .budget = &stock};
    pipeline guarded{hedge{{.delay = 50ms, .budget = &stock}}, retry{once}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(balance(), 100);
    pipeline nested{retry{{.max_attempts = 2, .base_delay = 10ms, .budget = &stock}}, retry{once}, ref(threads)};
    on.dependency.fails(std::errc::connection_reset, 5ms).returns(4, 5ms);
    (void)stock.try_charge(charge_cause::failure, on.time.present());
    EXPECT_EQ(balance(), 95);
    EXPECT_EQ(play(nested), 4);
    EXPECT_EQ(balance(), 95);
}

TEST_P(hedge_paid, two_retries_around_a_hedge_are_paid_for_once_each) {
    on.dependency.fails(std::errc::connection_reset, 5ms);
    pipeline guarded{retry{{.max_attempts = 3, .base_delay = 10ms, .budget = &paid}},
                     hedge{{.max_attempts = 1, .delay = 50ms, .budget = &paid}}, ref(threads)};
    EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 3U);
    EXPECT_EQ(paid.charged, 2U);
    EXPECT_EQ(paid.refunded, 0U);
}

TEST_P(hedge_paid, the_charge_is_that_of_the_attempt_that_has_ended) {
    on.dependency.returns(1, 120ms).returns(2, 10s).returns(3, 10s);
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 50ms, .budget = &stock}}, ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    EXPECT_EQ(balance(), 100 - 2 * 5 + 1);
}

TEST_P(hedge_paid, an_extra_that_has_lost_in_a_queue_is_refunded_be_it_after_its_call) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
    on.dependency.returns(1, 80ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &paid}}, ref(narrow), ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    EXPECT_EQ(paid.charged, 1U);
    EXPECT_EQ(paid.refunded, 1U);
    EXPECT_EQ(paid.outcomes, 1U);
}

TEST_P(hedge_paid, it_is_the_same_in_a_pipeline_put_together_at_run_time) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
    on.dependency.returns(1, 80ms);
    any_pipeline<int> guarded{hedge{{.delay = 50ms, .budget = &paid}}};
    guarded.add(ref(narrow)).add(ref(threads));
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    EXPECT_EQ(paid.charged, 1U);
    EXPECT_EQ(paid.refunded, 1U);
}

// ---- each original and each attempt once, whatever stands around it ----

const retry_options twice{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none};
retry_options twice_of(attempt_budget& budget) {
    retry_options o = twice;
    o.budget = &budget;
    return o;
}

TEST_P(hedge_paid, an_original_counts_inside_of_a_retry_that_has_no_budget) {
    on.dependency.returns(1, 1ms);
    pipeline guarded{retry{twice}, hedge{{.delay = 50ms, .budget = &paid}}, ref(threads)};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(play(guarded));
    EXPECT_EQ(paid.originals, 10U);
    EXPECT_EQ(paid.outcomes, 10U);
}

TEST_P(hedge_paid, an_original_counts_once_where_a_retry_around_shares_the_budget) {
    on.dependency.returns(1, 1ms);
    pipeline guarded{retry{twice_of(paid)}, hedge{{.delay = 50ms, .budget = &paid}}, ref(threads)};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(play(guarded));
    EXPECT_EQ(paid.originals, 10U);
    EXPECT_EQ(paid.outcomes, 10U);
}

TEST_P(hedge_paid, an_original_counts_once_where_a_retry_inside_shares_the_budget) {
    on.dependency.returns(1, 1ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &paid}}, retry{twice_of(paid)}, ref(threads)};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(play(guarded));
    EXPECT_EQ(paid.originals, 10U);
    EXPECT_EQ(paid.outcomes, 10U);
}

TEST_P(hedge_paid, a_failure_counts_once_where_a_retry_around_shares_the_budget) {
    on.dependency.fails(std::errc::connection_reset, 5ms);
    pipeline guarded{retry{twice_of(paid)}, hedge{{.delay = 50ms, .budget = &paid}}, ref(threads)};
    EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 4U);
    EXPECT_EQ(paid.outcomes, 4U);
    EXPECT_EQ(paid.originals, 1U);
}

TEST_P(hedge_paid, a_failure_counts_once_where_a_retry_inside_shares_the_budget) {
    on.dependency.fails(std::errc::connection_reset, 5ms);
    pipeline guarded{hedge{{.delay = 50ms, .budget = &paid}}, retry{twice_of(paid)}, ref(threads)};
    EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 4U);
    EXPECT_EQ(paid.outcomes, 4U);
    EXPECT_EQ(paid.originals, 1U);
}

TEST_P(hedge_paid, a_failure_counts_once_where_retries_around_and_inside_share_the_budget) {
    on.dependency.fails(std::errc::connection_reset, 5ms);
    pipeline guarded{retry{twice_of(paid)}, hedge{{.delay = 50ms, .budget = &paid}}, retry{twice_of(paid)},
                     ref(threads)};
    EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 8U);
    EXPECT_EQ(paid.outcomes, 8U);
    EXPECT_EQ(paid.originals, 1U);
}

TEST_P(hedge_paid, a_success_counts_once_where_another_attempt_has_lost) {
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{retry{twice_of(paid)}, hedge{{.delay = 50ms, .budget = &paid}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    let_everything_end();
    EXPECT_EQ(paid.outcomes, 1U);
}

// ---- what the caller has left is shared by all attempts ----

TEST_P(hedge_paid, S116_retries_inside_share_what_the_caller_has_left) {
    on.dependency.fails(std::errc::connection_reset, 30ms);
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 1ms}}, retry{{.max_attempts = 5, .base_delay = 5ms}},
                     ref(threads)};
    for (const unsigned left : {0U, 1U, 2U, 3U, 4U, 9U}) {
        const unsigned before = on.dependency.calls();
        EXPECT_FALSE(play(guarded, left));
        EXPECT_EQ(on.dependency.calls() - before, std::min(left, 6U) + 1) << "the first makes four, the others none";
    }
}

TEST_P(hedge_paid, S116_so_do_retries_around_and_inside) {
    on.dependency.fails(std::errc::connection_reset, 30ms);
    const retry_options tries{.max_attempts = 4, .base_delay = 5ms};
    pipeline guarded{retry{tries}, hedge{{.max_attempts = 3, .delay = 1ms}}, retry{tries}, ref(threads)};
    for (const unsigned left : {0U, 1U, 2U, 3U, 4U, 9U, 20U}) {
        const unsigned before = on.dependency.calls();
        EXPECT_FALSE(play(guarded, left));
        EXPECT_EQ(on.dependency.calls() - before, left + 1);
    }
}

// ---- whoever hears of a beginning hears of the end ----

TEST_P(hedge_paid, that_a_hedged_call_has_ended_is_told_where_its_caller_has_cancelled) {
    on.dependency.returns(1, 10s);
    pipeline guarded{observe{on.heard}, hedge{{.delay = 50ms}}, ref(threads)};
    cancels_after(100ms);
    EXPECT_EQ(play(guarded).error().code(), errc::cancelled);
    EXPECT_EQ(on.heard.count("hedge_begun"), 1U);
    ASSERT_EQ(on.heard.count("hedge_ended"), 1U);
    EXPECT_THAT(on.heard.last("hedge_ended"), event_with("meaning", "cancelled"));
}

TEST_P(hedge_paid, that_a_hedged_call_has_ended_is_told_where_a_hook_throws) {
    on.dependency.returns(1, 10s).fails(std::errc::connection_reset, 5ms);
    pipeline guarded{
        observe{on.heard},
        hedge{{.delay = 50ms, .should_go_on = [](const observation&) -> bool { throw std::runtime_error{"no"}; }}},
        ref(threads)};
    EXPECT_EQ(play(guarded).error().code(), errc::callback_failed);
    EXPECT_EQ(on.heard.count("hedge_begun"), 1U);
    ASSERT_EQ(on.heard.count("hedge_ended"), 1U);
    EXPECT_THAT(on.heard.last("hedge_ended"), event_with("meaning", "ignored"));
    EXPECT_THAT(on.heard.last("hedge_ended"), event_with("given_up", "1"));
}

// ---- nothing begins for a call that has failed, and nothing is left dangling ----

TEST_P(hedge_paid, after_a_hook_has_thrown_nothing_is_sent_nor_paid_for) {
    unsigned asked = 0;
    on.dependency.returns(1, 10s);
    pipeline guarded{observe{on.heard},
                     hedge{{.budget = &paid,
                            .delay_by = [&]() -> duration {
                                if (++asked == 2) throw std::runtime_error{"no"};
                                return 50ms;
                            }}},
                     ref(threads)};
    EXPECT_EQ(play(guarded).error().code(), errc::callback_failed);
    let_everything_end();
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.heard.count("hedge_begun"), 0U);
    EXPECT_EQ(paid.charged, paid.refunded);
}

/// Threads that take one call, and have no memory for another.
class tired_threads final : public call_runner {
public:
    struct ticket {};
    explicit tired_threads(testing::virtual_threads& with) : with_{with} {}

    [[nodiscard]] name layer_name() const noexcept override { return "tired_threads"; }
    [[nodiscard]] admission<ticket> admit(call_context&, moment&) { return ticket{}; }
    void settle(ticket&, const observation&, call_context&, moment&) noexcept {}
    void abandon(ticket&) noexcept {}
    [[nodiscard]] call_runner& runner() noexcept { return *this; }

    void submit(std::shared_ptr<runnable> work) override {
        if (taken_++ > 0) throw std::bad_alloc{};
        with_.submit(std::move(work));
    }
    [[nodiscard]] bool withdraw(const runnable& work) noexcept override { return with_.withdraw(work); }
    void orphan_began() noexcept override { with_.orphan_began(); }
    void orphan_ended() noexcept override { with_.orphan_ended(); }
    [[nodiscard]] duration max_wait() const noexcept override { return forever; }

private:
    testing::virtual_threads& with_;
    unsigned taken_ = 0;
};

TEST(hedge_without_memory, what_is_under_way_is_stopped_and_refers_to_nothing_that_is_gone) {
    testing::virtual_time time;
    testing::virtual_threads threads{time};
    tired_threads tired{threads};
    bulkhead narrow{{.max_concurrent = 5}};
    pipeline guarded{hedge{{.delay = 50ms}}, ref(narrow), ref(tired)};
    const auto stopped = std::make_shared<std::stop_token>();
    const auto slow = [&threads, stopped](attempt& a) {
        *stopped = a.stop_token();
        threads.sleep(200ms);
        return 1;
    };
    EXPECT_THROW((void)time.run(guarded, {.idempotent = idempotency::idempotent}, slow), std::bad_alloc);
    EXPECT_TRUE(stopped->stop_requested());
    EXPECT_EQ(threads.orphans(), 1U);
    EXPECT_EQ(narrow.in_use(), 1U) << "it runs on";
    while (time.advance_to_next()) {}
    EXPECT_EQ(threads.orphans(), 0U);
    EXPECT_EQ(narrow.in_use(), 0U);
}

}  // namespace
}  // namespace cutwater
