// The fair bulkhead in pipelines, on both drivers.

#include "cutwater/policy/fair_bulkhead/fair_bulkhead.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/asio/permit_scenario.hpp"
#include "cutwater/testing/golden.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;
using testing::others;

static_assert(queueing_gate<fair_bulkhead> && quick_gate<fair_bulkhead>);

// ---- one table, both drivers: one call, where others are inside or wait already ----

using scenario = testing::permit_scenario<fair_bulkhead>;

/// Four permits, three of them gold's.
const fair_bulkhead_options four{
    .name = "db", .max_concurrent = 4, .shares = {{"gold", 3}}, .max_queue = 1, .max_wait = 200ms};
fair_bulkhead_options but(fair_bulkhead_options o, double may_borrow) {
    o.may_borrow = may_borrow;
    return o;
}
std::string let_in(const std::string& waited) { return "db fair_bulkhead_wait_ended admitted=true waited=" + waited; }
std::string in_vain(const std::string& waited) { return "db fair_bulkhead_wait_ended admitted=false waited=" + waited; }

const std::vector<scenario> scenarios{
    {.name = "there_is_room", .options = four, .tenant = "gold", .result = "7", .elapsed = 5ms, .events = {}},
    {.name = "S123_what_nobody_wants_is_borrowed",
     .options = four,
     .others_of = {"silver", "silver", "silver"},
     .tenant = "silver",
     .result = "7",
     .elapsed = 5ms,
     .events = {}},
    {.name = "S123_what_is_kept_for_its_owner_is_not",
     .options = but(four, 0),
     .others_of = {"silver"},
     .tenant = "silver",
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {"db fair_bulkhead_queued longest_wait=200ms queued=1", in_vain("200ms")}},
    {.name = "S123_an_owner_is_let_in_before_who_has_borrowed",
     .options = four,
     .others_of = {"silver", "silver", "silver", "silver", "silver"},
     .one_goes_after = 50ms,
     .tenant = "gold",
     .result = "7",
     .elapsed = 55ms,
     .events = {"db fair_bulkhead_queued longest_wait=200ms queued=2", let_in("50ms")}},
    {.name = "who_has_borrowed_waits_for_an_owner",
     .options = four,
     .others_of = {"silver", "silver", "silver", "silver", "gold"},
     .one_goes_after = 50ms,
     .tenant = "silver",
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {"db fair_bulkhead_queued longest_wait=200ms queued=2", in_vain("200ms")}},
    {.name = "the_queue_of_the_tenant_is_full",
     .options = four,
     .others_of = {"silver", "silver", "silver", "silver", "silver"},
     .tenant = "bronze",
     .result = "db: get: the bulkhead is full",
     .elapsed = 0ms,
     .events = {"db fair_bulkhead_refused in_use=4 max_concurrent=4 most=4 queued=1 share=1 tenant=others"}},
    {.name = "T77_who_can_never_have_a_permit_is_refused_at_once_and_told_so",
     .options = {.name = "db",
                 .max_concurrent = 4,
                 .shares = {{"gold", 3}},
                 .others_weight = 0,
                 .may_borrow = 0,
                 .max_queue = 5},
     .tenant = "silver",
     .result = "db: get: the call was refused",
     .elapsed = 0ms,
     .events = {"db fair_bulkhead_refused in_use=0 max_concurrent=4 most=0 queued=0 share=0 tenant=others"}},
    {.name = "T77_who_may_borrow_a_little_may_have_one",
     .options = {.name = "db",
                 .max_concurrent = 4,
                 .shares = {{"gold", 3}},
                 .others_weight = 0,
                 .may_borrow = 0.09,
                 .max_queue = 5},
     .tenant = "silver",
     .result = "7",
     .elapsed = 5ms,
     .events = {}},
};

class fair_bulkhead_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(fair_bulkhead_scenarios, are_as_the_table_says) { testing::expect_scenario(GetParam()); }

INSTANTIATE_TEST_SUITE_P(table, fair_bulkhead_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

TEST(fair_bulkhead_options, T57_all_that_is_wrong_is_said_at_once) {
    EXPECT_EQ(
        testing::refused_with<fair_bulkhead>(fair_bulkhead_options{
            .name = "db", .max_concurrent = 0, .shares = {{"gold", 3}, {"", 1}, {"gold", 0}}, .may_borrow = 2}),
        "fair_bulkhead \"db\": max_concurrent is 0, allowed is from 1 to 1000000\n"
        "fair_bulkhead \"db\": may_borrow is 2, allowed is from 0 to 1\n"
        "fair_bulkhead \"db\": shares is \"\", allowed is a tenant's name; those who say none are among the others\n"
        "fair_bulkhead \"db\": shares[gold] is 0, allowed is from 1 to 1000000\n"
        "fair_bulkhead \"db\": shares[gold] is 0, allowed is each tenant once");
}

TEST(fair_bulkhead_options, S123_under_which_weights_would_mean_nothing_are_refused) {
    EXPECT_EQ(
        testing::refused_with<fair_bulkhead>(fair_bulkhead_options{.name = "db", .shares = {{"gold", 3}}}),
        "fair_bulkhead \"db\": max_queue is 0, allowed is more than 0 where there are shares and may_borrow is 1: "
        "nothing is kept and nobody is next, so that weights would mean nothing; give a max_queue, or a may_borrow "
        "below 1");
    EXPECT_EQ(testing::refused_with<fair_bulkhead>(fair_bulkhead_options{.name = "db"}), "");
    EXPECT_EQ(testing::refused_with<fair_bulkhead>(fair_bulkhead_options{.shares = {{"gold", 3}}, .may_borrow = 0.9}),
              "");
}

TEST(fair_bulkhead_options, S123_under_which_not_everybody_can_have_a_permit_of_its_own_are_refused) {
    fair_bulkhead_options o{
        .name = "db", .max_concurrent = 2, .shares = {{"gold", 30}, {"silver", 2}, {"bronze", 1}}, .may_borrow = 0};
    EXPECT_EQ(testing::refused_with<fair_bulkhead>(o),
              "fair_bulkhead \"db\": max_concurrent is 2, allowed is at least 4, one for each weight that is more than "
              "0, where may_borrow is less than 1: more permits, fewer shares, or a may_borrow of 1");
    o.max_concurrent = 4;
    EXPECT_EQ(testing::refused_with<fair_bulkhead>(o), "");
}

TEST(fair_bulkhead_options, under_which_nobody_would_be_let_in_are_refused) {
    EXPECT_EQ(
        testing::refused_with<fair_bulkhead>(fair_bulkhead_options{.name = "db", .others_weight = 0, .may_borrow = 0}),
        "fair_bulkhead \"db\": others_weight is 0, allowed is more than 0 where there are no shares and "
        "may_borrow is 0: it would let nobody in");
    EXPECT_EQ(testing::refused_with<fair_bulkhead>(fair_bulkhead_options{.others_weight = 0}), "");
}

TEST(fair_bulkhead, says_how_many_permits_are_a_tenants_own) {
    const fair_bulkhead db{{.max_concurrent = 20, .shares = {{"gold", 3}, {"silver", 1}}, .max_queue = 1}};
    EXPECT_EQ(db.share_of("gold"), 12U);
    EXPECT_EQ(db.share_of("silver"), 4U);
    EXPECT_EQ(db.share_of("Gold"), 4U) << "of the others";
}

TEST(fair_bulkhead_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{fair_bulkhead{four}};
    EXPECT_THAT(guarded.describe(), HasSubstr("shares = gold: 3"));
}

// ---- in a world of two tenants ----

TEST(fair_loop, S123_an_owner_has_its_share_when_it_comes_back_and_lends_it_when_it_goes) {
    fair_bulkhead db{{.max_concurrent = 20, .shares = {{"gold", 3}, {"silver", 1}}, .max_queue = 100, .max_wait = 10s}};
    pipeline guarded{ref(db)};
    sim::world here{7};
    sim::service backend{here, {.workers = 20, .takes = sim::latency::exponential(100ms)}};
    sim::clients gold{here, sim::via(here, guarded, backend), {.tenant = "gold"}};
    sim::clients silver{here, sim::via(here, guarded, backend), {.tenant = "silver"}};
    sim::trace seen{here, 1s};
    const auto served = [](sim::clients& who) {
        return [&who] { return static_cast<double>(who.take_seen().succeeded); };
    };
    seen.column("gold [calls/s]", served(gold));
    seen.column("silver [calls/s]", served(silver));
    seen.column("gold inside [calls at once]", [&] { return static_cast<double>(db.in_use("gold")); });
    seen.column("silver inside [calls at once]", [&] { return static_cast<double>(db.in_use("silver")); });
    seen.begin();
    silver.keep_busy(50, 0ms);
    here.after(20s + 1us, [&] { gold.keep_busy(50, 0ms); });
    here.after(40s + 1us, [&] { gold.stop(); });
    here.run_for(60s);
    EXPECT_GE(seen.mean("silver [calls/s]", 1s, 20s), 190) << "all of it";
    EXPECT_NEAR(seen.mean("gold [calls/s]", 21s, 40s), 150, 10);
    EXPECT_NEAR(seen.mean("silver [calls/s]", 21s, 40s), 50, 5);
    EXPECT_GE(seen.mean("silver [calls/s]", 42s, 60s), 190) << "and all of it again";
    testing::expect_golden(seen.csv(), "traces/borrowing.csv");
}

}  // namespace
}  // namespace cutwater
