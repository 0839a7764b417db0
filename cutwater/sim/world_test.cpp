#include "cutwater/sim/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(sim_world, things_happen_in_the_order_of_their_time) {
    world here;
    std::vector<int> happened;
    here.after(3ms, [&] { happened.push_back(3); });
    here.after(1ms, [&] { happened.push_back(1); });
    here.after(2ms, [&] { happened.push_back(2); });
    here.run();
    EXPECT_THAT(happened, ElementsAre(1, 2, 3));
    EXPECT_EQ(here.elapsed(), 3ms);
}

TEST(sim_world, what_comes_together_happens_as_it_was_asked_for) {
    world here;
    std::vector<int> happened;
    for (int i = 0; i < 100; ++i) here.after(1ms, [&, i] { happened.push_back(i); });
    here.run();
    EXPECT_TRUE(std::ranges::is_sorted(happened));
    EXPECT_EQ(happened.size(), 100U);
}

TEST(sim_world, what_is_asked_for_now_or_in_the_past_happens_now_after_what_is_due) {
    world here;
    std::vector<int> happened;
    here.after(5ms, [&] {
        here.after(-1h, [&] { happened.push_back(2); });
        here.after(0ms, [&] { happened.push_back(3); });
    });
    here.after(5ms, [&] { happened.push_back(1); });
    here.run();
    EXPECT_THAT(happened, ElementsAre(1, 2, 3));
    EXPECT_EQ(here.elapsed(), 5ms);
}

TEST(sim_world, a_run_ends_at_its_time_and_what_is_due_later_stays) {
    world here;
    std::vector<duration> happened;
    const auto note = [&] { happened.push_back(here.elapsed()); };
    here.after(10ms, note);
    here.after(11ms, note);
    here.run_for(10ms);
    EXPECT_THAT(happened, ElementsAre(10ms));
    here.run_for(500us);
    EXPECT_EQ(here.elapsed(), 10500us);
    EXPECT_TRUE(here.step());
    EXPECT_THAT(happened, ElementsAre(10ms, 11ms));
    EXPECT_FALSE(here.step());
}

TEST(sim_world, what_is_due_at_never_never_happens) {
    world here;
    bool happened = false;
    here.at(never, [&] { happened = true; });
    here.after(forever, [&] { happened = true; });
    EXPECT_FALSE(here.step());
    here.run_for(24h * 365 * 100);
    here.run();
    EXPECT_FALSE(happened);
    EXPECT_EQ(here.elapsed(), 24h * 365 * 100);
}

TEST(sim_world, a_run_without_end_ends_with_the_last_thing_that_happens) {
    world here;
    here.after(5ms, [] {});
    here.run_for(forever);
    EXPECT_EQ(here.elapsed(), 5ms);
}

TEST(sim_world, may_begin_where_another_has_ended) {
    world first{1};
    first.run_for(1h);
    world second{2, first.now()};
    EXPECT_EQ(second.now(), first.now());
    EXPECT_EQ(second.elapsed(), 0s);
    second.run_for(1min);
    EXPECT_EQ(second.elapsed(), 1min);
    EXPECT_EQ(second.now(), world::start + 61min);
}

TEST(sim_world, what_is_thrown_ends_the_run_and_the_rest_stays_due) {
    world here;
    bool happened = false;
    here.after(1ms, [] { throw std::runtime_error{"an event"}; });
    here.after(2ms, [&] { happened = true; });
    EXPECT_THROW(here.run(), std::runtime_error);
    here.run();
    EXPECT_TRUE(happened);
}

TEST(sim_world, what_it_keeps_lives_until_it_is_let_go_or_the_world_ends) {
    const auto one = std::make_shared<int>(1);
    const auto other = std::make_shared<int>(2);
    {
        world here;
        here.adopt(one);
        here.adopt(other);
        here.after(1h, [kept = one] {});
        here.let_go(other);
        EXPECT_EQ(other.use_count(), 1);
        EXPECT_EQ(one.use_count(), 3);
    }
    EXPECT_EQ(one.use_count(), 1);
}

TEST(sim_world, nothing_happens_after_its_end) {
    world here;
    bool happened = false;
    here.after(1h, [&] { happened = true; });
    here.end();
    here.run();
    EXPECT_FALSE(happened);
    EXPECT_EQ(here.elapsed(), 0ms);
}

}  // namespace
}  // namespace cutwater::sim
