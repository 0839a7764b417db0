// The shared budget in pipelines, on both drivers, over a store that takes its time; and several instances of it.

#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_retry_budget/retry_fleet_test.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater::shared_retry_budget_tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::retry_fleet;
using ::testing::SizeIs;

/// A fifth, nothing beside it, twenty at once, four in hand.
shared_retry_budget_options fifth_but(auto&& change) {
    shared_retry_budget_options o{
        .name = "search", .ratio = 0.2, .min_per_second = 0, .capacity = 20, .lease = 4, .lease_for = 30s};
    change(o);
    return o;
}
const shared_retry_budget_options fifth = fifth_but([](auto&) {});

class shared_budgets : public ::testing::TestWithParam<testing::driver> {
protected:
    shared_budgets() { cells.takes = 2ms; }

    testing::stage<int> on{GetParam()};
    testing::late_store cells{on.time};
    unsigned sent = 0;

    /// One call whose attempts all fail, as often as it is retried.
    result<int> fails(attempt_budget& budget, unsigned max_attempts = 2) {
        return play(budget, max_attempts, [&]() -> std::expected<int, std::error_code> {
            ++sent;
            return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        });
    }
    result<int> succeeds(attempt_budget& budget) {
        return play(budget, 2, [&]() -> std::expected<int, std::error_code> { return ++sent, 7; });
    }
    template <class F>
    result<int> play(attempt_budget& budget, unsigned max_attempts, F f) {
        pipeline guarded{observe{on.heard}, retry{{.max_attempts = max_attempts,
                                                   .base_delay = 10ms,
                                                   .growth = backoff::constant,
                                                   .jitter = jitter::none,
                                                   .budget = &budget}}};
        return on.play(guarded, nothing_said, f);
    }
    void succeed(attempt_budget& budget, unsigned calls) {
        for (unsigned i = 0; i < calls; ++i) EXPECT_THAT(succeeds(budget), has_value(7));
    }
    /// So many of as many calls were retried.
    unsigned retried(unsigned calls, attempt_budget& budget) {
        const unsigned before = sent;
        for (unsigned i = 0; i < calls; ++i) EXPECT_FALSE(fails(budget));
        return sent - before - calls;
    }
    [[nodiscard]] double there() {
        const auto found = ask(cells.kept(), {read_cell{"retries/search"}})->found;
        return found ? retry_credit::decoded(found->value)->attempts() : -1;
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, shared_budgets, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(shared_budgets, originals_are_told_to_the_store_and_further_attempts_leased_in_the_background) {
    shared_retry_budget budget{cells, fifth};
    succeed(budget, 50);
    EXPECT_EQ(cells.asked, 1U) << "what the cell holds, by the first of them";
    EXPECT_EQ(on.time.elapsed(), 0ms) << "nobody waits";
    on.time.pass(1s);
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_EQ(there(), 6.0) << "fifty originals brought ten, and four of them are in hand";
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
    EXPECT_EQ(budget.leased(), 4U);
    EXPECT_TRUE(budget.is_saturated()) << "of a success it need not hear";
}

TEST_P(shared_budgets, a_further_attempt_is_paid_from_what_is_in_hand) {
    shared_retry_budget budget{cells, fifth};
    succeed(budget, 50);
    on.time.pass(1s);
    succeed(budget, 1);
    on.time.pass(2ms);
    const unsigned asked = cells.asked;
    EXPECT_EQ(retried(1, budget), 1U);
    EXPECT_EQ(cells.asked, asked) << "three are left: no question";
    EXPECT_EQ(budget.in_hand(on.time.present()), 3U);
    EXPECT_EQ(retried(1, budget), 1U);
    EXPECT_EQ(cells.asked, asked + 1) << "two are left: more are leased, in the background";
    EXPECT_EQ(retried(1, budget), 1U);
    EXPECT_EQ(budget.in_hand(on.time.present()), 3U);
}

TEST_P(shared_budgets, where_there_is_nothing_the_last_error_stands_and_it_is_told_once) {
    shared_retry_budget budget{cells, fifth};
    EXPECT_THAT(fails(budget), fails_with(std::errc::connection_reset));
    EXPECT_EQ(retried(3, budget), 0U);
    EXPECT_EQ(on.heard.count("shared_budget_exhausted"), 1U);
    EXPECT_THAT(on.heard.last("shared_budget_exhausted").line(), HasSubstr("search shared_budget_exhausted balance=0"));
    EXPECT_EQ(on.heard.last("retry_gave_up").field("reason"), "budget_exhausted");
    EXPECT_TRUE(budget.is_exhausted());
}

TEST_P(shared_budgets, it_is_told_when_it_pays_again) {
    shared_retry_budget budget{cells, fifth};
    EXPECT_EQ(retried(1, budget), 0U);
    succeed(budget, 100);
    on.time.pass(1s);
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_EQ(retried(1, budget), 1U);
    EXPECT_EQ(on.heard.last("shared_budget_recovered").field("in_hand"), "3");
    EXPECT_FALSE(budget.is_exhausted());
}

TEST_P(shared_budgets, what_one_instance_saves_another_spends) {
    shared_retry_budget quiet{cells, fifth};
    shared_retry_budget failing{cells, fifth};
    succeed(quiet, 100);
    on.time.pass(1s);
    succeed(quiet, 1);
    on.time.pass(2ms);
    EXPECT_EQ(there(), 16.0);
    EXPECT_EQ(retried(1, failing), 0U) << "it does not wait to hear what is there";
    unsigned all = 0;
    for (int i = 0; i < 1000; ++i, on.time.pass(5ms)) all += retried(1, failing);
    EXPECT_LE(all, 216U) << "those, and a fifth of a thousand originals of its own";
    EXPECT_GE(all, 210U);
}

TEST_P(shared_budgets, the_floor_is_all_instances_together) {
    const auto floor_of_four = fifth_but([](auto& o) { o.ratio = 0, o.min_per_second = 4; });
    std::vector<std::unique_ptr<shared_retry_budget>> many;
    for (int i = 0; i < 10; ++i) many.push_back(std::make_unique<shared_retry_budget>(cells, floor_of_four));
    unsigned all = 0;
    for (int i = 0; i < 300; ++i, on.time.pass(100ms))
        for (const auto& one : many) all += retried(1, *one);
    const auto seconds = static_cast<double>(on.time.elapsed().count()) / 1e9;
    EXPECT_LE(all, static_cast<unsigned>(4 * seconds) + 4) << "and not forty a second";
    EXPECT_GE(all, static_cast<unsigned>(4 * seconds) - 10);
}

TEST_P(shared_budgets, T60_what_is_not_sent_is_in_hand_again) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
    on.cancels_after(5ms);
    EXPECT_THAT(fails(budget), fails_with(errc::cancelled));
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
}

TEST_P(shared_budgets, what_was_not_used_in_time_goes_back_with_the_next_question) {
    const auto short_lived = fifth_but([](auto& o) { o.lease_for = 5s, o.window = 1min; });
    shared_retry_budget budget{cells, short_lived};
    succeed(budget, 100);
    on.time.pass(6s);
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
    on.time.pass(5s);
    EXPECT_EQ(budget.in_hand(on.time.present()), 0U) << "not used any more";
    EXPECT_EQ(there(), 16.0);
    EXPECT_EQ(retried(1, budget), 0U);
    on.time.pass(2ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 2U) << "leased anew";
    EXPECT_NEAR(there(), 18.2, 0.21) << "four went back, and two were taken, as none had been used";
}

TEST_P(shared_budgets, one_that_needs_none_hoards_none) {
    const auto short_lived = fifth_but([](auto& o) { o.lease_for = 5s, o.window = 1min; });
    shared_retry_budget budget{cells, short_lived};
    succeed(budget, 100);
    for (unsigned left : {4U, 2U, 1U, 1U}) {
        on.time.pass(6s);
        succeed(budget, 1);
        on.time.pass(2ms);
        EXPECT_EQ(budget.in_hand(on.time.present()), left);
    }
    EXPECT_GT(there(), 18.9) << "the others have them";
    EXPECT_EQ(budget.leased(), 1U);
    EXPECT_EQ(retried(1, budget), 1U);
    on.time.pass(2ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U) << "a whole lease, once one is used";
}

TEST_P(shared_budgets, an_original_of_long_ago_pays_for_nothing) {
    shared_retry_budget budget{cells, fifth};
    succeed(budget, 50);
    on.time.pass(11s);
    succeed(budget, 1);
    on.time.pass(1s);
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_LT(there(), 1.0) << "the window is ten seconds";
    EXPECT_EQ(budget.leased(), 0U);
}

TEST_P(shared_budgets, nor_does_one_that_was_counted_and_could_not_be_told) {
    shared_retry_budget budget{cells, fifth};
    succeed(budget, 4);
    on.time.pass(2ms);
    EXPECT_EQ(retried(1, budget), 0U) << "five originals, of which the store has not heard";
    on.time.pass(11s);
    succeed(budget, 1);
    on.time.pass(1s);
    succeed(budget, 1);
    on.time.pass(2ms);
    EXPECT_EQ(budget.leased(), 0U);
}

TEST_P(shared_budgets, T60_what_is_refunded_beyond_a_lease_is_lost) {
    cells.takes = 0ms;
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 10; })};
    blocking_parking nowhere;
    call_context call{nothing_said, on.time, nowhere};
    budget.count_original(call);
    std::vector<budget_charge> paid;
    for (int i = 0; i < 3; ++i)
        if (const auto one = budget.try_charge(nullptr, call)) paid.push_back(*one);
    EXPECT_THAT(paid, SizeIs(3));
    for (const budget_charge one : paid) budget.refund(one);
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
}

TEST_P(shared_budgets, what_may_have_been_told_is_not_told_again) {
    shared_retry_budget budget{cells, fifth};
    succeed(budget, 50);
    on.time.pass(1s);
    cells.loses_reply();
    succeed(budget, 1);
    on.time.pass(10ms);
    EXPECT_EQ(there() + budget.in_hand(on.time.present()), 6.0) << "ten, of which four were leased and nobody knows it";
}

TEST_P(shared_budgets, where_others_make_the_originals_it_looks_what_they_have_brought) {
    shared_retry_budget front{cells, fifth};
    shared_retry_budget back{cells, fifth};
    const auto repeats = [&] {  // a call that repeats an attempt of somebody else's is no original
        pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms, .budget = &back}}};
        on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset);
        return on.play(guarded, {.earlier_attempts = 1});
    };
    EXPECT_FALSE(repeats());
    succeed(front, 100);
    on.time.pass(1s);
    succeed(front, 1);
    on.time.pass(2ms);
    EXPECT_FALSE(repeats());
    on.time.pass(4ms);
    EXPECT_EQ(back.in_hand(on.time.present()), 4U);
}

TEST(shared_budget, pays_for_hedges_as_well) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::mock_dependency<int> dependency{time};
    testing::late_store cells{time};
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    pipeline guarded{hedge{{.delay = 10ms, .budget = &budget}}};
    dependency.returns(1, 1s).returns(2, 1ms);
    boost::asio::cancellation_signal unused;
    EXPECT_THAT(loop.run(guarded, {.idempotent = idempotency::idempotent}, loop.coroutine(dependency), unused.slot()),
                has_value(2));
    EXPECT_EQ(time.elapsed(), 11ms);
    EXPECT_EQ(budget.in_hand(time.present()), 3U);
}

TEST_P(shared_budgets, other_keys_are_other_budgets) {
    shared_retry_budget one{cells, fifth_but([](auto& o) { o.key = "a", o.min_per_second = 1; })};
    shared_retry_budget other{cells, fifth_but([](auto& o) { o.key = "b", o.min_per_second = 1; })};
    succeed(one, 1);
    succeed(other, 1);
    on.time.pass(2ms);
    EXPECT_EQ(one.leased() + other.leased(), 2U);
}

// ---- outages ----

TEST_P(shared_budgets, without_a_store_there_are_no_further_attempts) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    cells.fails(std::errc::connection_refused, 2);
    succeed(budget, 1);
    on.time.pass(4ms);
    EXPECT_EQ(cells.asked, 2U) << "once more, and then not for a second";
    EXPECT_EQ(retried(20, budget), 0U);
    EXPECT_EQ(cells.asked, 2U);
    EXPECT_EQ(on.heard.count("shared_budget_store_failed"), 1U) << "once for each outage";
    EXPECT_THAT(on.heard.last("shared_budget_store_failed").line(),
                AllOf(HasSubstr("then=refused"), HasSubstr("refused")));
    EXPECT_EQ(on.heard.last("shared_budget_exhausted").field("reason"), "store_unavailable");
    on.time.pass(1s);
    EXPECT_EQ(retried(1, budget), 0U);
    on.time.pass(4ms);
    EXPECT_EQ(retried(1, budget), 1U);
    EXPECT_EQ(on.heard.count("shared_budget_store_back"), 1U);
}

TEST_P(shared_budgets, or_each_instance_keeps_its_share_of_the_floor_and_what_its_own_originals_bring) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) {
                                   o.min_per_second = 10, o.without_store = budget_without_store::local,
                                   o.instances = 5;
                               })};
    cells.fails(std::errc::connection_refused, 1000);
    succeed(budget, 1);
    on.time.pass(4ms);
    EXPECT_EQ(retried(20, budget), 2U + 4U) << "a fifth of ten at once, and a fifth of its calls";
    on.time.pass(5s);
    EXPECT_EQ(retried(20, budget), 4U + 3U)
        << "what a fifth of the capacity holds, and of its calls what did not spill";
    EXPECT_EQ(on.heard.last("shared_budget_store_failed").field("then"), "local");
}

TEST_P(shared_budgets, what_is_in_hand_outlasts_the_store) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    succeed(budget, 1);
    on.time.pass(2ms);
    cells.fails(std::errc::connection_refused, 1000);
    EXPECT_EQ(retried(20, budget), 4U);
}

TEST_P(shared_budgets, T34_one_question_that_fails_is_no_outage) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4, o.capacity = 8; })};
    cells.loses_reply();
    succeed(budget, 1);
    on.time.pass(6ms);
    EXPECT_EQ(on.heard.count("shared_budget_store_failed"), 0U);
    EXPECT_EQ(budget.leased(), 0U) << "nobody knows whether they were leased, so they are not used";
    EXPECT_LT(there(), 1.0);
}

TEST_P(shared_budgets, a_store_that_does_not_answer_holds_up_nobody) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    cells.is_silent(1000);
    succeed(budget, 1);
    EXPECT_EQ(retried(5, budget), 0U);
    EXPECT_EQ(on.time.elapsed(), 0ms);
    EXPECT_EQ(cells.asked, 1U);
    on.time.pass(100ms);
    EXPECT_EQ(retried(5, budget), 0U);
    EXPECT_EQ(on.heard.count("shared_budget_store_failed"), 1U);
}

TEST_P(shared_budgets, an_answer_that_comes_too_late_is_worth_nothing) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    cells.takes = 150ms;
    succeed(budget, 1);
    on.time.pass(160ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 0U);
    EXPECT_EQ(retried(1, budget), 0U);
    EXPECT_EQ(on.heard.count("shared_budget_store_failed"), 1U);
}

TEST_P(shared_budgets, T35_a_cell_that_cannot_be_read_is_an_empty_budget_that_fills) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{.key = "retries/search", .value = "who knows"}})->done);
    EXPECT_EQ(retried(1, budget), 0U);
    on.time.pass(1s);
    EXPECT_EQ(retried(1, budget), 0U);
    on.time.pass(4ms);
    EXPECT_EQ(budget.in_hand(on.time.present()), 4U);
}

TEST_P(shared_budgets, an_answer_may_come_when_the_budget_has_gone) {
    {
        shared_retry_budget budget{cells, fifth};
        succeed(budget, 2);
        EXPECT_EQ(cells.asked, 1U);
    }
    on.time.pass(10ms);
}

TEST_P(shared_budgets, what_is_leased_is_told) {
    shared_retry_budget budget{cells, fifth_but([](auto& o) { o.min_per_second = 4; })};
    succeed(budget, 1);
    on.time.pass(2ms);
    succeed(budget, 1);
    EXPECT_THAT(on.heard.lines_of("search"),
                ElementsAre("search shared_budget_leased attempts=4 originals=0 questions=1 took=2ms"));
}

// ---- options ----

std::string problems_of_budget(const shared_retry_budget_options& o) {
    std::string text;
    for (const option_problem& p : problems_of(o)) text.append(p.option).append(" ");
    return text;
}
TEST(shared_budget_options, what_makes_no_sense_is_refused) {
    EXPECT_EQ(problems_of_budget({}), "");
    EXPECT_EQ(problems_of_budget(fifth_but([](auto& o) { o.lease = 21; })), "lease ");
    EXPECT_EQ(problems_of_budget(fifth_but([](auto& o) { o.lease_for = 100ms; })), "lease_for ");
    EXPECT_EQ(problems_of_budget(fifth_but([](auto& o) { o.ratio = 11; })), "ratio ");
    EXPECT_EQ(problems_of_budget(fifth_but([](auto& o) { o.key = std::string(600, 'x'); })), "key ");
    EXPECT_EQ(problems_of_budget(fifth_but([](auto& o) { o.name = std::string(600, 'x'); })), "name ");
}

// ---- several instances ----

RC_GTEST_PROP(shared_budget_fleet, T61_together_they_are_over_by_no_more_than_what_is_in_hand, ()) {
    testing::retry_fleet_options o{.instances = *rc::gen::inRange(1U, 6U)};
    o.budget = {.ratio = *rc::gen::element(0.0, 0.1, 0.5, 1.5), .window = *rc::gen::element<duration>(1s, 10s)};
    o.budget.min_per_second = *rc::gen::element(0.0, 0.5, 5.0, 100.0);
    o.budget.capacity = *rc::gen::element(20U, 60U);
    o.budget.lease = *rc::gen::element(1U, 2U, 7U, 20U);
    o.budget.lease_for = *rc::gen::element<duration>(200ms, 2s, 30s);
    o.store_takes = *rc::gen::element<duration>(0ms, 1ms, 7ms, 40ms, 150ms);
    o.longest_pause = *rc::gen::element<duration>(2ms, 20ms, 300ms);
    o.fails = *rc::gen::element(0.1, 0.5, 1.0);
    o.is_refunded = *rc::gen::element(0.0, 0.3);
    o.bursts_every = *rc::gen::element(0, 0, 0, 1, 4) * 1s;
    o.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    retry_fleet all{o};
    if (*rc::gen::arbitrary<bool>()) all.cells.loses_reply(1);
    all.run(8s);
    RC_ASSERT(all.originals() > 0U);
    RC_ASSERT(all.worst_excess() <= o.instances * o.budget.lease + 1e-6);
}

TEST(shared_budget_fleet, what_was_in_hand_comes_on_top_and_no_more_than_that) {
    retry_fleet all{{.instances = 4,
                     .budget = {.ratio = 0, .window = 1s, .min_per_second = 20, .capacity = 100, .lease = 25},
                     .store_takes = 0ms,
                     .bursts_every = 20s}};
    all.run(2min);
    EXPECT_GT(all.worst_excess(), 75.0) << "the bound is no phantom";
    EXPECT_LE(all.worst_excess(), 100.0 + 1e-6);
}

TEST(shared_budget_fleet, nearly_all_of_it_is_used_where_it_is_wanted) {
    retry_fleet all{{.instances = 3,
                     .budget = {.ratio = 0.2, .min_per_second = 0, .capacity = 100, .lease = 10},
                     .store_takes = 1ms,
                     .fails = 1.0}};
    all.run(1min);
    EXPECT_GT(static_cast<double>(all.paid()), 0.19 * static_cast<double>(all.originals()));
    EXPECT_LE(static_cast<double>(all.paid()), 0.2 * static_cast<double>(all.originals()));
    EXPECT_LT(all.cells.asked, all.paid() / 2) << "for one at a time nobody asks";
}

TEST(shared_budget_fleet, where_all_is_well_a_question_a_second_is_all_that_it_costs) {
    retry_fleet all{{.instances = 1, .longest_pause = 1ms, .fails = 0}};
    all.run(1min);
    EXPECT_GT(all.originals(), 100'000U);
    EXPECT_LE(all.cells.asked, 61U);
}

}  // namespace
}  // namespace cutwater::shared_retry_budget_tests
