// The shared limiter in pipelines, on both drivers, over a store that takes its time; and several instances of it.

#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_rate_limiter/fleet_test.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"

namespace cutwater::shared_rate_limiter_tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::fleet;
using ::testing::Ge;
using testing::has_value;
using ::testing::HasSubstr;
using ::testing::Lt;
using testing::others;
using testing::spoken_by;

static_assert(queueing_gate<shared_rate_limiter> && quick_gate<shared_rate_limiter>);

/// Ten a second, ten at once, four in hand.
shared_rate_limiter_options ten_but(auto&& change) {
    shared_rate_limiter_options o{.name = "api", .permits = 10, .per = 1s, .burst = 10, .lease = 4};
    change(o);
    return o;
}
const shared_rate_limiter_options ten = ten_but([](auto&) {});

class shared_limits : public ::testing::TestWithParam<testing::driver> {
protected:
    shared_limits() {
        cells.takes = 2ms;
        on.dependency.returns(7);
    }

    testing::stage<int> on{GetParam()};
    testing::late_store cells{on.time};

    result<int> play(shared_rate_limiter& limiter, const call_options& said = nothing_said) {
        pipeline guarded{observe{on.heard}, ref(limiter)};
        return on.play(guarded, said);
    }
    unsigned admitted_of(unsigned calls, shared_rate_limiter& limiter) {
        unsigned admitted = 0;
        for (unsigned i = 0; i < calls; ++i) admitted += play(limiter) ? 1U : 0U;
        return admitted;
    }
    [[nodiscard]] duration backlog() {
        const auto there = ask(cells.kept(), {read_cell{"rate/api"}});
        if (!there->found) return {};
        return shared_rate_limiter_kernel{10, 1s, 10}
            .aged(*rate_backlog::decoded(there->found->value), there->found->age)
            .rounded_up();
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, shared_limits, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(shared_limits, the_first_call_waits_for_a_lease_and_the_next_for_nothing) {
    shared_rate_limiter api{cells, ten};
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 2ms);
    EXPECT_EQ(cells.asked, 1U) << "to lease is one swap";
    EXPECT_EQ(backlog(), 400ms);
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 2ms);
    EXPECT_EQ(api.in_hand(), 2U);
}

TEST_P(shared_limits, when_half_are_left_more_are_leased_and_nobody_waits_for_it) {
    shared_rate_limiter api{cells, ten};
    EXPECT_EQ(admitted_of(2, api), 2U);
    EXPECT_EQ(cells.asked, 2U) << "two are left, and two more are asked for";
    EXPECT_EQ(on.time.elapsed(), 2ms);
    on.time.pass(2ms);
    EXPECT_EQ(api.in_hand(), 4U);
    EXPECT_EQ(api.leased(), 6U);
    EXPECT_EQ(admitted_of(1, api), 1U);
    EXPECT_EQ(cells.asked, 2U);
}

TEST_P(shared_limits, the_burst_and_then_what_comes_back) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 1; })};
    cells.takes = 0ms;
    EXPECT_EQ(admitted_of(30, api), 10U);
    const result<int> refused = play(api);
    EXPECT_THAT(refused, AllOf(fails_with(errc::rate_limited), spoken_by("api"), fails_with(condition::never_sent)));
    EXPECT_EQ(on.heard.last("shared_limit_refused").field("reason"), "exhausted");
    const duration wait = refused.error().retry_after().value_or(0ns);
    EXPECT_THAT(wait, AllOf(Ge(112ms), Lt(125ms))) << "one is back after a tenth, and others ask first";
    on.time.pass(wait - 1ns);
    EXPECT_EQ(admitted_of(1, api), 0U);
    on.time.pass(1ns);
    EXPECT_EQ(admitted_of(5, api), 1U);
}

TEST_P(shared_limits, who_stands_back_behind_others_has_all_of_the_rate_where_there_are_none) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 1; })};
    cells.takes = 0ms;
    unsigned admitted = 0;
    for (int i = 0; i < 20'000; ++i, on.time.pass(1ms)) admitted += admitted_of(1, api);
    EXPECT_GE(admitted, 10U + 198U);
    EXPECT_LE(admitted, 10U + 200U);
}

TEST_P(shared_limits, a_limit_that_is_known_to_be_exhausted_is_not_asked_about) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 10; })};
    EXPECT_EQ(admitted_of(10, api), 10U);
    const unsigned asked = cells.asked;
    EXPECT_EQ(admitted_of(100, api), 0U);
    EXPECT_EQ(cells.asked, asked);
}

TEST_P(shared_limits, two_who_share_it_have_it_once) {
    cells.takes = 0ms;
    shared_rate_limiter one{cells, ten};
    shared_rate_limiter other{cells, ten};
    unsigned admitted = 0;
    for (int i = 0; i < 30; ++i) admitted += admitted_of(1, one) + admitted_of(1, other);
    EXPECT_EQ(admitted, 10U);
    EXPECT_EQ(one.leased() + other.leased(), 10U);
}

TEST_P(shared_limits, other_keys_are_other_limits) {
    shared_rate_limiter one{cells, ten_but([](auto& o) { o.key = "a"; })};
    shared_rate_limiter other{cells, ten_but([](auto& o) { o.key = "b"; })};
    EXPECT_EQ(admitted_of(30, one), 10U);
    EXPECT_EQ(admitted_of(30, other), 10U);
}

TEST_P(shared_limits, calls_weigh_what_they_say) {
    shared_rate_limiter api{cells, ten};
    EXPECT_THAT(play(api, {.weight = 7}), has_value(7));
    EXPECT_EQ(backlog(), 700ms) << "more than a lease: what it needs";
    EXPECT_THAT(play(api, {.weight = 0}), has_value(7));
    on.time.pass(2ms);
    EXPECT_EQ(api.leased(), 10U) << "and then the rest in the background";
}

TEST_P(shared_limits, what_weighs_more_than_the_burst_is_refused_for_good) {
    shared_rate_limiter api{cells, ten};
    const result<int> refused = play(api, {.weight = 11});
    EXPECT_THAT(refused, fails_with(errc::rate_limited));
    EXPECT_EQ(refused.error().retry_after(), std::nullopt);
    EXPECT_EQ(cells.asked, 0U);
    EXPECT_EQ(on.heard.last("shared_limit_refused").field("reason"), "too_heavy");
}

TEST_P(shared_limits, what_weighs_nothing_always_passes) {
    shared_rate_limiter api{cells, ten};
    EXPECT_THAT(play(api, {.weight = 0}), has_value(7));
    EXPECT_EQ(cells.asked, 0U);
}

TEST_P(shared_limits, T17_what_a_later_gate_refuses_costs_nothing) {
    shared_rate_limiter api{cells, ten};
    pipeline guarded{ref(api), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    for (int i = 0; i < 50; ++i) EXPECT_THAT(on.play(guarded), spoken_by("refusing"));
    EXPECT_EQ(api.in_hand(), 4U);
    EXPECT_LE(api.leased(), 6U);
}

TEST_P(shared_limits, what_was_sent_is_paid_for_whatever_came_of_it) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 10; })};
    pipeline guarded{ref(api)};
    EXPECT_FALSE(on.play(guarded, {}, []() -> int { throw std::runtime_error{"broken"}; }));
    EXPECT_EQ(api.in_hand(), 9U);
}

TEST_P(shared_limits, what_is_not_used_in_time_is_not_used_later) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 10, o.lease_for = 500ms; })};
    EXPECT_EQ(admitted_of(1, api), 1U);
    on.time.pass(600ms);
    const std::uint64_t leased = api.leased();
    EXPECT_EQ(admitted_of(1, api), 1U);
    EXPECT_GT(api.leased(), leased) << "nine had come to their end";
    EXPECT_LT(api.leased(), leased + 5) << "and so many are not taken again, where they are scarce";
}

TEST_P(shared_limits, one_that_finds_the_limit_full_again_has_a_lease_for_one_question) {
    for (const unsigned lease : {80U, 100U}) {
        cells.kept().clear();
        shared_rate_limiter api{
            cells, {.name = "api", .permits = 100, .per = 1s, .burst = 100, .lease = lease, .lease_for = 500ms}};
        const unsigned before = cells.asked;
        for (int i = 0; i < 6; ++i, on.time.pass(1500ms)) EXPECT_EQ(admitted_of(1, api), 1U);
        EXPECT_EQ(cells.asked - before, 6U) << lease;
    }
}

TEST_P(shared_limits, and_goes_back_where_that_is_worth_it) {
    shared_rate_limiter idle{cells, ten_but([](auto& o) { o.lease_for = 200ms; })};
    shared_rate_limiter busy{cells, ten_but([](auto& o) { o.lease = 1, o.burst = 10; })};
    EXPECT_EQ(admitted_of(5, busy), 5U);
    EXPECT_EQ(admitted_of(1, idle), 1U);
    on.time.pass(100ms);
    const duration before = backlog();
    on.time.pass(150ms);
    EXPECT_EQ(admitted_of(1, idle), 1U);
    EXPECT_LT(backlog(), before - 150ms + 400ms - 40ms)
        << "three went back as four were leased, less what had come back by itself";
}

// ---- waiting ----

TEST_P(shared_limits, a_wait_has_an_end) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.max_wait = 30ms; })};
    cells.takes = 50ms;
    EXPECT_THAT(play(api), fails_with(errc::wait_timed_out));
    EXPECT_EQ(on.time.elapsed(), 30ms);
    on.time.pass(20ms);
    EXPECT_EQ(api.in_hand(), 4U) << "what it had asked for is for the next";
    EXPECT_EQ(api.queued(), 0U);
}

TEST_P(shared_limits, a_wait_ends_at_the_deadline) {
    shared_rate_limiter api{cells, ten};
    cells.takes = 50ms;
    EXPECT_THAT(play(api, {.deadline = on.time.in(20ms)}), fails_with(errc::wait_timed_out));
    EXPECT_EQ(on.time.elapsed(), 20ms);
}

TEST_P(shared_limits, T43_who_is_cancelled_leaves_and_loses_nothing) {
    shared_rate_limiter api{cells, ten};
    cells.takes = 50ms;
    on.cancels_after(20ms);
    EXPECT_THAT(play(api), fails_with(errc::cancelled));
    EXPECT_EQ(on.time.elapsed(), 20ms);
    EXPECT_EQ(api.queued(), 0U);
    on.time.pass(40ms);
    EXPECT_EQ(api.in_hand(), 4U);
}

TEST_P(shared_limits, T43_what_one_was_granted_who_leaves_is_for_the_next) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 1; })};
    others those{api, on.time};
    those.come();
    those.come();
    EXPECT_EQ(api.queued(), 2U);
    on.time.pass(2ms);
    EXPECT_EQ(those.woken(), 1U);
    those.leave();
    EXPECT_EQ(those.woken(), 1U) << "the second looks by itself";
    EXPECT_EQ(api.queued(), 1U);
    EXPECT_EQ(api.in_hand(), 1U) << "and finds it";
}

TEST_P(shared_limits, nobody_overtakes_who_waits) {
    shared_rate_limiter api{cells, ten};
    {
        others those{api, on.time};
        those.come({.weight = 4});
        those.come({.weight = 3});
        EXPECT_THAT(play(api), has_value(7));
        EXPECT_EQ(those.woken(), 2U) << "they came first";
        EXPECT_EQ(on.time.elapsed(), 4ms) << "two leases of four";
    }
    EXPECT_EQ(cells.asked, 3U);
}

TEST_P(shared_limits, nobody_overtakes_who_waits_for_more_than_is_in_hand) {
    shared_rate_limiter api{cells, ten};
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(api.in_hand(), 3U);
    others those{api, on.time};
    those.come({.weight = 4});
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(those.woken(), 1U);
    EXPECT_GE(on.time.elapsed(), 4ms) << "though there were three";
}

TEST_P(shared_limits, who_would_wait_where_too_many_do_is_refused) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.max_queue = 1; })};
    others those{api, on.time};
    those.come();
    EXPECT_THAT(play(api), fails_with(errc::rate_limited));
    EXPECT_EQ(on.heard.last("shared_limit_refused").field("reason"), "queue_full");
}

TEST_P(shared_limits, who_waits_for_what_others_have_taken_is_refused_and_told_when_to_come_back) {
    shared_rate_limiter other{cells, ten_but([](auto& o) { o.lease = 10; })};
    EXPECT_EQ(admitted_of(1, other), 1U);
    shared_rate_limiter api{cells, ten};
    const result<int> refused = play(api);
    EXPECT_THAT(refused, fails_with(errc::rate_limited));
    const duration wait = refused.error().retry_after().value_or(0ns);
    EXPECT_THAT(wait, AllOf(Ge(100ms - 2ms), Lt(112ms))) << "as the store says: the write was so long ago";
}

TEST_P(shared_limits, T34_where_others_come_between_again_and_again_it_gives_up_for_a_while) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.permits = 1000, o.burst = 1000; })};
    unsigned writes = 0;
    std::function<void()> meddle = [&] {
        const auto there = ask(cells.kept(), {read_cell{"rate/api"}});
        (void)ask(cells.kept(), {swap_cell{"rate/api", there->found ? there->found->version : 0, "cwr1 0"}});
        if (++writes < 100) on.time.after(1ms, meddle);
    };
    meddle();
    const result<int> refused = play(api);
    EXPECT_THAT(refused, fails_with(errc::rate_limited));
    EXPECT_THAT(refused.error().retry_after().value_or(0ns), AllOf(Ge(1ms), Lt(2ms)))
        << "not all of them at once again";
    EXPECT_EQ(cells.asked, 8U);
    EXPECT_EQ(on.heard.last("shared_limit_refused").field("reason"), "contended");
    writes = 100;
    on.time.pass(2ms);
    EXPECT_THAT(play(api), has_value(7));
}

// ---- outages ----

TEST_P(shared_limits, without_a_store_calls_are_refused) {
    shared_rate_limiter api{cells, ten};
    cells.fails(std::errc::connection_refused, 2);
    const result<int> refused = play(api);
    EXPECT_THAT(refused, AllOf(fails_with(errc::store_unavailable), fails_with(condition::never_sent)));
    EXPECT_EQ(refused.error().retry_after(), 1s);
    EXPECT_EQ(cells.asked, 2U) << "once more, and then not for a second";
    EXPECT_EQ(admitted_of(100, api), 0U);
    EXPECT_EQ(cells.asked, 2U);
    EXPECT_EQ(on.heard.count("shared_limit_store_failed"), 1U) << "once for each outage";
    EXPECT_THAT(on.heard.last("shared_limit_store_failed").line(),
                AllOf(HasSubstr("then=refused"), HasSubstr("refused")));
    on.time.pass(1s);
    (void)play(api);
    on.time.pass(2ms);
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(on.heard.count("shared_limit_store_back"), 1U);
    EXPECT_THAT(on.heard.last("shared_limit_store_back").field("after"), HasSubstr("1."));
}

TEST_P(shared_limits, T34_one_question_that_fails_is_no_outage) {
    shared_rate_limiter api{cells, ten};
    cells.loses_reply();
    EXPECT_THAT(play(api), has_value(7));
    EXPECT_EQ(on.heard.count("shared_limit_store_failed"), 0U);
    EXPECT_EQ(backlog(), 800ms - 2ms) << "nobody knows whether they were leased, so they are not used";
}

TEST_P(shared_limits, or_they_are_admitted) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.without_store = limit_without_store::unguarded; })};
    cells.fails(std::errc::connection_refused, 2);
    EXPECT_EQ(admitted_of(100, api), 100U);
    EXPECT_EQ(on.heard.count("shared_limit_store_failed"), 1U);
}

TEST_P(shared_limits, or_each_instance_keeps_its_share) {
    shared_rate_limiter api{cells,
                            ten_but([](auto& o) { o.without_store = limit_without_store::local, o.instances = 5; })};
    cells.fails(std::errc::connection_refused, 1000);
    EXPECT_EQ(admitted_of(100, api), 2U) << "a fifth of ten at once";
    EXPECT_EQ(play(api).error().retry_after(), 500ms);
    EXPECT_EQ(on.heard.last("shared_limit_refused").field("reason"), "share");
    unsigned admitted = 0;
    for (int i = 0; i < 1000; ++i, on.time.pass(10ms)) admitted += admitted_of(1, api);
    EXPECT_EQ(admitted, 19U) << "and then two a second, while the store is asked now and then";
    EXPECT_LE(cells.asked, 13U);
}

TEST_P(shared_limits, a_store_that_does_not_answer_holds_up_nobody_for_longer_than_its_limit) {
    shared_rate_limiter api{cells, ten};
    cells.is_silent(1000);
    EXPECT_THAT(play(api), fails_with(errc::store_unavailable));
    EXPECT_EQ(on.time.elapsed(), 100ms);
    EXPECT_EQ(admitted_of(100, api), 0U);
    EXPECT_EQ(on.time.elapsed(), 100ms);
    on.time.pass(1s);
    EXPECT_EQ(admitted_of(10, api), 0U);
    EXPECT_EQ(on.time.elapsed(), 1100ms) << "who asks it again does not wait for it";
}

TEST_P(shared_limits, permits_in_hand_outlast_the_store) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.lease = 10; })};
    EXPECT_EQ(admitted_of(1, api), 1U);
    cells.fails(std::errc::connection_refused, 1000);
    on.time.pass(300ms);
    EXPECT_EQ(admitted_of(20, api), 9U);
    EXPECT_EQ(on.heard.count("shared_limit_store_failed"), 1U);
}

TEST_P(shared_limits, an_answer_that_comes_too_late_is_used_and_is_no_end_of_the_outage) {
    shared_rate_limiter api{cells, ten};
    cells.takes = 150ms;
    EXPECT_THAT(play(api), fails_with(errc::store_unavailable));
    on.time.pass(60ms);
    EXPECT_EQ(admitted_of(10, api), 4U);
    EXPECT_THAT(play(api), fails_with(errc::store_unavailable));
    EXPECT_EQ(on.time.elapsed(), 160ms) << "nobody waits for it again";
    EXPECT_EQ(on.heard.count("shared_limit_store_back"), 0U);
}

TEST_P(shared_limits, T35_a_cell_that_cannot_be_read_is_an_empty_limit_that_fills) {
    shared_rate_limiter api{cells, ten};
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{.key = "rate/api", .value = "who knows"}})->done);
    EXPECT_THAT(play(api), fails_with(errc::rate_limited));
    on.time.pass(113ms);
    EXPECT_THAT(play(api), has_value(7));
}

TEST_P(shared_limits, a_cell_that_the_store_has_lost_is_a_new_limit) {
    shared_rate_limiter api{cells, ten};
    EXPECT_EQ(admitted_of(30, api), 10U);
    cells.kept().clear();
    on.time.pass(125ms);
    EXPECT_EQ(admitted_of(30, api), 10U);
}

TEST_P(shared_limits, an_answer_may_come_when_the_limiter_has_gone) {
    {
        shared_rate_limiter api{cells, ten};
        EXPECT_EQ(admitted_of(2, api), 2U);
        EXPECT_EQ(cells.asked, 2U);
    }
    on.time.pass(10ms);
}

TEST_P(shared_limits, reads_the_clock_once_an_attempt_while_permits_are_in_hand) {
    shared_rate_limiter api{cells, ten_but([](auto& o) { o.permits = 10000, o.burst = 1000, o.lease = 1000; })};
    pipeline guarded{ref(api)};
    EXPECT_TRUE(on.play(guarded));
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(on.time.reads(), 100U);
}

TEST_P(shared_limits, what_is_leased_is_told) {
    shared_rate_limiter api{cells, ten};
    EXPECT_EQ(admitted_of(1, api), 1U);
    EXPECT_THAT(on.heard.lines_of("api"), ElementsAre("api shared_limit_leased permits=4 questions=1 took=2ms"));
}

// ---- options ----

std::string problems_of_limit(shared_rate_limiter_options o) {
    std::string text;
    for (const option_problem& p : problems_of(o)) text.append(p.option).append(" ");
    return text;
}
TEST(shared_limit_options, what_makes_no_sense_is_refused) {
    EXPECT_EQ(problems_of_limit({}), "");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) { o.lease = 11; })), "lease ");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) { o.lease_for = 100ms; })), "lease_for ");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) { o.permits = 1'000'000'000, o.per = 1ms; })), "permits ");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) { o.permits = 1, o.per = 24h, o.burst = 51; })), "burst ");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) { o.key = std::string(600, 'x'); })), "key ");
    EXPECT_EQ(problems_of_limit(ten_but([](auto& o) {
                  o.permits = 1, o.per = 24h, o.instances = 51, o.without_store = limit_without_store::local;
              })),
              "instances ");
}
TEST(shared_limit_options, permits_are_usable_while_they_come_back_and_longer_than_a_question_takes) {
    EXPECT_EQ(ten.usable_for(), 400ms);
    EXPECT_EQ(ten_but([](auto& o) { o.lease = 1; }).usable_for(), 200ms);
    EXPECT_EQ(ten_but([](auto& o) { o.lease_for = 1s; }).usable_for(), 1s);
}

// ---- several instances ----

RC_GTEST_PROP(shared_fleet, T73_together_they_are_over_by_no_more_than_what_is_in_hand, ()) {
    testing::fleet_options o{.instances = *rc::gen::inRange(1U, 5U), .callers = *rc::gen::inRange(1U, 6U)};
    o.limit = {.permits = *rc::gen::element(50U, 300U, 1000U), .burst = *rc::gen::element(60U, 100U)};
    o.limit.lease = *rc::gen::element(1U, 2U, 7U, 20U, 60U);
    o.limit.lease_for = *rc::gen::element<duration>(0s, 150ms);
    o.store_takes = *rc::gen::element<duration>(0ms, 1ms, 7ms, 40ms);
    o.longest_pause = *rc::gen::element<duration>(1ms, 20ms, 300ms);
    o.most_weight = *rc::gen::inRange(1U, o.limit.lease + 1);
    o.bursts_every = *rc::gen::element(0, 0, 1, 4) * o.limit.usable_for() * 5 / 4;
    o.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    fleet all{o};
    all.run(6s);
    const std::int64_t per = o.limit.per.count();
    RC_ASSERT(all.admitted() > 0U);
    RC_ASSERT(all.admitted() <= all.leased());
    RC_ASSERT(all.worst_excess() <= std::int64_t{o.instances} * o.limit.lease * per);
    RC_ASSERT(all.worst_excess() <= o.limit.usable_for().count() * std::int64_t{o.limit.permits});
}

TEST(shared_fleet, what_was_charged_earlier_comes_on_top_and_no_more_than_that) {
    fleet all{{.instances = 4,
               .callers = 1,
               .limit = {.permits = 1000, .per = 1s, .burst = 100, .lease = 25},
               .store_takes = 20us,
               .bursts_every = 500ms}};
    all.run(10s);
    EXPECT_GT(all.worst_excess_in_permits(), 75.0) << "the bound is no phantom";
    EXPECT_LE(all.worst_excess_in_permits(), 100.0);
}

TEST(shared_fleet, all_of_the_rate_is_used_where_a_lease_is_worth_more_than_a_question) {
    fleet all{{.instances = 3,
               .callers = 4,
               .limit = {.permits = 1000, .per = 1s, .burst = 100, .lease = 50},
               .store_takes = 1ms}};
    all.run(10s);
    EXPECT_GT(all.admitted(), 9000U);
    EXPECT_LE(all.admitted(), 10100U);
}

/// What the instance had that had the least, in parts of an equal share: the worst of all runs.
double worst_share_of(unsigned instances) {
    double worst = 1;
    for (const unsigned lease : {1U, 5U})
        for (const duration takes : std::vector<duration>{100us, 2ms})
            for (const duration again : std::vector<duration>{0ms, 1ms})
                for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                    fleet all{{.instances = instances,
                               .callers = 2,
                               .limit = {.permits = 100, .per = 1s, .burst = 20, .lease = lease},
                               .store_takes = takes,
                               .comes_again = again,
                               .seed = seed}};
                    all.run(8s);
                    const double equal = static_cast<double>(all.admitted()) / instances;
                    worst = std::min(worst, static_cast<double>(all.least_admitted()) / equal);
                    EXPECT_GT(all.admitted(), 680U) << "and all of them have what they can";
                }
    return worst;
}
TEST(shared_fleet, two_that_want_more_than_there_is_have_nearly_the_same) { EXPECT_GE(worst_share_of(2), 0.95); }
TEST(shared_fleet, and_so_have_four) { EXPECT_GE(worst_share_of(4), 0.85); }

/// Sixteen callers in four instances want two thousand a second, and there are a thousand.
double questions_of_a_call(duration store_takes, unsigned burst) {
    fleet all{{.instances = 4,
               .callers = 4,
               .limit = {.permits = 1000, .per = 1s, .burst = burst, .lease = 50},
               .store_takes = store_takes,
               .longest_pause = 11ms}};
    all.run(20s);
    EXPECT_GT(all.admitted(), 19'000U) << "and all of the rate is used";
    return static_cast<double>(all.cells.asked) / static_cast<double>(all.admitted());
}
TEST(shared_fleet, four_that_want_twice_what_there_is_ask_less_than_once_for_ten_calls) {
    for (const duration takes : std::vector<duration>{20us, 100us, 500us, 2ms})
        for (const unsigned burst : {100U, 400U})
            EXPECT_LT(questions_of_a_call(takes, burst), 0.1) << to_text(takes) << ", at once " << burst;
}

/// Four callers in each of so many want two thousand a second, and there are a thousand: how much of it they have, how often they ask, and the least share.
void want_twice_what_there_is(unsigned instances, unsigned lease, std::uint64_t seed) {
    fleet all{{.instances = instances,
               .callers = 4,
               .limit = {.permits = 1000, .per = 1s, .burst = 2 * lease, .lease = lease},
               .store_takes = 2ms,
               .longest_pause = instances * 2750us,
               .seed = seed}};
    all.run(30s);
    const auto admitted = static_cast<double>(all.admitted());
    EXPECT_GT(admitted, 30 * 800) << lease << " of " << instances;
    EXPECT_LT(static_cast<double>(all.cells.asked) / admitted, 0.5) << lease << " of " << instances;
    EXPECT_GE(static_cast<double>(all.least_admitted()) * instances / admitted, 0.85) << lease << " of " << instances;
}
TEST(shared_fleet, sixteen_that_want_twice_what_there_is_have_most_of_it_in_equal_parts_however_long_their_leases_are) {
    for (const unsigned lease : {50U, 200U})
        for (std::uint64_t seed = 1; seed <= 3; ++seed) want_twice_what_there_is(16, lease, seed);
}
TEST(shared_fleet, and_so_have_fewer_of_them) {
    for (const unsigned instances : {2U, 4U, 8U})
        for (const unsigned lease : {50U, 200U}) want_twice_what_there_is(instances, lease, 1);
}

TEST(shared_fleet, about_a_slow_limit_that_is_exhausted_each_asks_ten_times_a_second) {
    fleet all{{.instances = 4,
               .callers = 4,
               .limit = {.permits = 100, .per = 1s, .burst = 100, .lease = 50},
               .store_takes = 100us}};
    all.run(20s);
    EXPECT_GT(all.admitted(), 1'900U);
    EXPECT_LE(all.cells.asked, 4U * 10 * 20 + 50) << "and a few for the burst";
}

TEST(shared_fleet, one_that_is_idle_keeps_nothing_from_the_others) {
    fleet all{{.instances = 1, .callers = 4, .limit = {.name = "api", .permits = 100, .burst = 50, .lease = 10}}};
    shared_rate_limiter idle{all.cells, {.name = "api", .permits = 100, .burst = 50, .lease = 10}};
    blocking_parking nowhere;
    call_context call{nothing_said, all.time, nowhere};
    EXPECT_TRUE(std::holds_alternative<wait_until>(idle.admit(call, call.now)));
    all.run(10s);
    EXPECT_GT(all.admitted(), 900U);
}

}  // namespace
}  // namespace cutwater::shared_rate_limiter_tests
