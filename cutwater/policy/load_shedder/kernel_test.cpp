// Who is let in when there is more to do than can be done, as scripts.

#include "cutwater/policy/load_shedder/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace cutwater {
namespace {

using enum criticality;

/// Calls that came, by level; all of one tenant.
arrivals of_levels(std::uint32_t critical_ones, std::uint32_t normal_ones, std::uint32_t sheddable_ones,
                   std::uint32_t others) {
    arrivals came{};
    came[0][0] = critical_ones, came[1][0] = normal_ones, came[2][0] = sheddable_ones, came[3][0] = others;
    return came;
}
arrivals of_tenants(std::initializer_list<std::uint32_t> counts) {
    arrivals came{};
    std::ranges::copy(counts, came[level_of(normal)].begin());
    return came;
}

class shedding_script : public ::testing::Test {
protected:
    const shed_plan& see(double load, std::uint64_t ended, const arrivals& came) {
        return kernel.next({.came = came, .ended = ended, .load = load});
    }
    [[nodiscard]] double share(criticality c, std::size_t slot = 0) const {
        return static_cast<double>(kernel.plan().share[level_of(c)][slot]) / shed_plan::everybody;
    }

    load_shedder_options options{.target_concurrent = 1, .resume_below = 0.9, .step_up = 0.05, .drain = 0.1};
    shedding_kernel kernel{options};
    const arrivals hundred_of_each = of_levels(100, 100, 100, 100);
};

TEST_F(shedding_script, lets_everybody_in_while_there_is_no_overload) {
    EXPECT_FALSE(see(0.5, 400, hundred_of_each).sheds);
    EXPECT_FALSE(see(1.0, 400, hundred_of_each).sheds) << "as much as there should be";
}

TEST_F(shedding_script, T85_in_an_overload_lets_in_what_ends_and_what_matters_more_first) {
    EXPECT_TRUE(see(2, 250, hundred_of_each).sheds);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 225) << "less a tenth, so that what has piled up drains";
    EXPECT_EQ(share(critical), 1);
    EXPECT_EQ(share(normal), 1);
    EXPECT_NEAR(share(sheddable), 0.25, 1e-4);
    EXPECT_EQ(share(best_effort), 0);
}

TEST_F(shedding_script, what_is_critical_is_shed_last_and_not_never) {
    see(2, 50, hundred_of_each);
    EXPECT_NEAR(share(critical), 0.45, 1e-4);
    EXPECT_EQ(share(normal), 0);
}

TEST_F(shedding_script, T85_who_did_not_come_is_not_let_in_before_those_who_matter_more) {
    see(2, 50, of_levels(100, 0, 0, 0));
    EXPECT_LT(share(critical), 1);
    for (const criticality below : {normal, sheddable, best_effort}) EXPECT_EQ(share(below, 5), 0);
}

TEST_F(shedding_script, has_hysteresis) {
    see(2, 250, hundred_of_each);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(see(0.95, 225, hundred_of_each).sheds);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 225) << "neither overloaded nor relieved: as it is";
    EXPECT_TRUE(see(0.89, 225, hundred_of_each).sheds);
    EXPECT_GT(kernel.allowed(), 225);
}

TEST_F(shedding_script, lets_more_in_step_by_step_and_ends_when_that_is_everybody) {
    see(2, 250, hundred_of_each);
    int windows = 0;
    for (; kernel.plan().sheds && windows < 100; ++windows)
        see(0.5, static_cast<std::uint64_t>(kernel.allowed()), hundred_of_each);
    EXPECT_GE(windows, 10) << "225 · 1.05^12 > 400";
    EXPECT_LE(windows, 13);
}

TEST_F(shedding_script, one_is_let_in_though_nothing_ends) {
    for (int i = 0; i < 50; ++i) see(5, 0, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 1);
    EXPECT_GT(share(critical), 0);
}

TEST_F(shedding_script, one_is_let_in_however_many_come) {
    for (int i = 0; i < 20; ++i) see(5, 0, of_tenants({1'000'000}));
    EXPECT_NEAR(1e6 * share(normal), 1, 0.01);
    const std::uint32_t of_each = 1100;
    arrivals many{};
    many[level_of(normal)].fill(of_each);
    kernel = shedding_kernel{options};
    for (int i = 0; i < 20; ++i) see(5, 0, many);
    EXPECT_NEAR(of_each * share(normal) * tenant_slots, 1, 0.01);
}

TEST_F(shedding_script, a_tenant_that_asks_for_much_is_shed_before_those_that_ask_for_little) {
    see(2, 700, of_tenants({100, 200, 300, 3000}));  // 630 are let in
    EXPECT_EQ(share(normal, 0), 1);
    EXPECT_NEAR(share(normal, 1), 530.0 / 3 / 200, 1e-4) << "what the smallest one leaves is shared by the other three";
    EXPECT_NEAR(share(normal, 2), 530.0 / 3 / 300, 1e-4);
    EXPECT_NEAR(share(normal, 3), 530.0 / 3 / 3000, 1e-4);
}

TEST_F(shedding_script, who_comes_in_bursts_is_known_while_absent) {
    see(2, 100, of_tenants({15, 15, 1250}));
    for (int i = 0; i < 5; ++i) see(0.95, 30, of_tenants({15, 15, 0}));
    EXPECT_EQ(share(normal, 0), 1);
    EXPECT_EQ(share(normal, 1), 1);
    EXPECT_LT(share(normal, 2), 0.9);
    EXPECT_LE(kernel.plan().most[level_of(normal)], 2 * 60U) << "twice of what the two others leave";
}

TEST_F(shedding_script, who_asks_for_much_more_at_once_is_seen_at_once) {
    for (int i = 0; i < 30; ++i) see(0.5, 60, of_tenants({15, 15, 30}));
    see(2, 100, of_tenants({15, 15, 600}));
    EXPECT_EQ(share(normal, 0), 1);
    EXPECT_NEAR(share(normal, 2), 60.0 / 600, 0.01);
}

TEST_F(shedding_script, what_came_by_chance_is_no_surge) {
    for (int i = 0; i < 100; ++i) see(0.5, 100, of_tenants({100}));
    see(2, 100, of_tenants({119}));
    EXPECT_NEAR(share(normal), 90.0 / 101.9, 1e-4) << "a mean: 100, and a tenth of 19";
}

TEST_F(shedding_script, of_newcomers_no_more_are_let_in_than_twice_their_part) {
    see(2, 100, of_levels(50, 80, 0, 0));
    const auto& most = kernel.plan().most;
    EXPECT_EQ(most[level_of(critical)], 180U) << "it fits whole: twice of all that are let in";
    EXPECT_EQ(most[level_of(normal)], 80U) << "twice of what is left";
    EXPECT_EQ(most[level_of(sheddable)], 0U);
}

TEST_F(shedding_script, what_ends_in_an_overload_is_what_can_be_done) {
    for (int i = 0; i < 50; ++i) see(0.3, 10, of_levels(10, 0, 0, 0));
    see(2, 40, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 36) << "at least: it began somewhere in this window";
    see(2, 100, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 90) << "there was more to do throughout";
    see(2, 60, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 0.9 * 80) << "a mean of two";
    see(2, 110, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 0.9 * 90) << "and of three: it may rise";
    see(2, 50, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 0.9 * 78) << "from now on it is 0.3 of the newest";
}

TEST_F(shedding_script, that_less_ends_where_there_is_no_more_to_do_says_little) {
    see(2, 100, hundred_of_each);
    for (int i = 0; i < 5; ++i) see(0.95, 30, of_levels(30, 0, 0, 0));
    see(2, 50, hundred_of_each);
    EXPECT_NEAR(kernel.allowed(), 0.9 * 92.7, 0.5);
    see(2, 50, hundred_of_each);
    EXPECT_DOUBLE_EQ(kernel.allowed(), 45) << "but in an overload it does";
}

TEST_F(shedding_script, relieved_it_begins_with_what_can_be_done) {
    see(2, 100, hundred_of_each);
    see(0.5, 100, hundred_of_each);
    EXPECT_NEAR(kernel.allowed(), 105, 1e-9) << "a twentieth more than that";
    for (int i = 0; i < 50; ++i) see(0.5, 100, of_levels(1000, 0, 0, 0));
    EXPECT_NEAR(kernel.allowed(), 200, 1e-9) << "and never more than twice as much";
    EXPECT_TRUE(kernel.plan().sheds);
}

TEST_F(shedding_script, a_long_window_ends_it_by_what_came_in_each) {
    see(2, 100, hundred_of_each);
    (void)kernel.next({.came = of_levels(900, 0, 0, 0), .ended = 900, .load = 0.5, .lengths = 10});
    EXPECT_FALSE(kernel.plan().sheds) << "90 come in a window, and as many are let in";
}

TEST_F(shedding_script, one_window_that_lasted_longer_counts_as_many) {
    (void)kernel.next({.came = of_levels(1000, 0, 0, 0), .ended = 500, .load = 2, .lengths = 10});
    EXPECT_DOUBLE_EQ(kernel.allowed(), 45);
    EXPECT_NEAR(share(critical), 0.45, 1e-4);
}

TEST_F(shedding_script, an_overload_in_which_little_comes_sheds_nobody) {
    see(2, 250, of_levels(10, 10, 10, 10));
    for (const criticality c : {critical, normal, sheddable, best_effort}) EXPECT_EQ(share(c), 1);
}

arrivals any_arrivals() {
    arrivals came{};
    const int tenants = *rc::gen::inRange(0, 40);
    for (int i = 0; i < tenants; ++i)
        came[*rc::gen::inRange<std::size_t>(0, criticality_levels)][*rc::gen::inRange<std::size_t>(0, tenant_slots)] +=
            *rc::gen::inRange(0U, 1000U);
    return came;
}

RC_GTEST_PROP(shedding_kernel_property, lets_in_as_many_as_are_allowed_and_nobody_before_who_matters_more, ()) {
    shedding_kernel kernel{{.target_concurrent = 1}};
    const arrivals came = any_arrivals();
    const shed_plan& plan =
        kernel.next({.came = came, .ended = *rc::gen::inRange<std::uint64_t>(0, 30'000), .load = 2});
    double in = 0;
    double all = 0;
    for (std::size_t level = 0; level < criticality_levels; ++level)
        for (std::size_t slot = 0; slot < tenant_slots; ++slot) {
            const double share = static_cast<double>(plan.share[level][slot]) / shed_plan::everybody;
            RC_ASSERT(share >= 0 && share <= 1);
            in += share * came[level][slot];
            all += came[level][slot];
        }
    const double wanted = std::min(all, kernel.allowed());
    RC_ASSERT(std::abs(in - wanted) <= 1 + wanted / 1000);
    bool somebody_is_shed = false;
    for (std::size_t level = 0; level < criticality_levels; ++level) {
        bool let_in = false;
        bool shed = false;
        for (std::size_t slot = 0; slot < tenant_slots; ++slot) {  // who did not come may come in the next window
            let_in = let_in || plan.share[level][slot] > 0;
            shed = shed || (came[level][slot] > 0 && plan.share[level][slot] < shed_plan::everybody);
        }
        RC_ASSERT(!(somebody_is_shed && let_in));
        somebody_is_shed = somebody_is_shed || shed;
    }
}

RC_GTEST_PROP(shedding_kernel_property, tenants_of_a_level_share_it_fairly, ()) {
    shedding_kernel kernel{{.target_concurrent = 1}};
    arrivals came{};
    for (std::uint32_t& n : came[0]) n = *rc::gen::inRange(0U, 1000U);
    const shed_plan& plan =
        kernel.next({.came = came, .ended = *rc::gen::inRange<std::uint64_t>(0, 30'000), .load = 2});
    double most = 0;
    for (std::size_t slot = 0; slot < tenant_slots; ++slot)
        most = std::max(most, static_cast<double>(plan.share[0][slot]) / shed_plan::everybody * came[0][slot]);
    for (std::size_t slot = 0; slot < tenant_slots; ++slot) {
        if (came[0][slot] == 0) continue;
        const double in = static_cast<double>(plan.share[0][slot]) / shed_plan::everybody * came[0][slot];
        const bool has_all = plan.share[0][slot] == shed_plan::everybody;
        RC_ASSERT(has_all ||
                  std::abs(in - most) <= 0.02 * most + 0.02);  // who has less than the most has all it asked for
    }
}

}  // namespace
}  // namespace cutwater
