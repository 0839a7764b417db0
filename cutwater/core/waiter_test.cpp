#include "cutwater/core/waiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <vector>

namespace cutwater {
namespace {

/// A call that waits, and counts how often it is woken.
struct sleeper final : waker {
    void wake() noexcept override { ++woken; }
    int woken = 0;
    waiter place{*this};
};

TEST(waiter_queue, grants_first_come_first_served) {
    sleeper a;
    sleeper b;
    waiter_queue queue;
    EXPECT_TRUE(queue.empty());
    queue.push(a.place);
    queue.push(b.place);
    EXPECT_EQ(queue.size(), 2U);
    queue.grant_first();
    EXPECT_EQ(a.woken, 1);
    EXPECT_EQ(b.woken, 0);
    EXPECT_TRUE(a.place.take_grant());
    EXPECT_FALSE(a.place.take_grant()) << "a grant is taken once";
    EXPECT_FALSE(b.place.take_grant());
    EXPECT_FALSE(a.place.is_queued());
    EXPECT_TRUE(b.place.is_queued());
}

TEST(waiter_queue, its_first_can_be_told_to_look_again_and_keeps_its_place) {
    sleeper a;
    sleeper b;
    waiter_queue queue;
    queue.wake_first();  // there is nobody
    queue.push(a.place);
    queue.push(b.place);
    EXPECT_TRUE(queue.is_first(a.place));
    EXPECT_FALSE(queue.is_first(b.place));
    queue.wake_first();
    EXPECT_EQ(a.woken, 1);
    EXPECT_EQ(b.woken, 0);
    EXPECT_TRUE(queue.is_first(a.place));
    EXPECT_FALSE(a.place.take_grant()) << "it was woken, and granted nothing";
    queue.remove(a.place);
    EXPECT_TRUE(queue.is_first(b.place));
}

TEST(waiter_queue, whoever_left_is_neither_granted_nor_woken) {
    sleeper a;
    sleeper b;
    sleeper c;
    waiter_queue queue;
    for (sleeper* s : {&a, &b, &c}) queue.push(s->place);
    queue.remove(b.place);
    queue.remove(b.place);
    EXPECT_EQ(queue.size(), 2U) << "leaving twice is leaving once";
    queue.grant_first();
    queue.grant_first();
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(b.woken, 0);
    EXPECT_EQ(c.woken, 1);
}

TEST(waiter_queue, one_can_come_back_to_the_end) {
    sleeper a;
    sleeper b;
    waiter_queue queue;
    queue.push(a.place);
    queue.push(b.place);
    queue.remove(a.place);
    queue.push(a.place);
    queue.grant_first();
    EXPECT_EQ(b.woken, 1);
    EXPECT_EQ(a.woken, 0);
}

RC_GTEST_PROP(waiter_queue_property, does_as_a_deque_does, ()) {
    std::list<sleeper> sleepers(12);
    std::vector<sleeper*> all;
    for (sleeper& s : sleepers) all.push_back(&s);
    std::deque<sleeper*> model;
    waiter_queue queue;
    const auto commands = *rc::gen::container<std::vector<std::pair<int, std::size_t>>>(
        rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange<std::size_t>(0, all.size())));
    for (const auto& [command, which] : commands) {
        sleeper& s = *all[which];
        if (command == 0 && !s.place.is_queued()) {
            queue.push(s.place);
            model.push_back(&s);
        } else if (command == 1) {
            queue.remove(s.place);
            std::erase(model, &s);
        } else if (command == 2 && !model.empty()) {
            sleeper& oldest = *model.front();
            const int before = oldest.woken;
            queue.grant_first();
            model.pop_front();
            RC_ASSERT(oldest.woken == before + 1);
            RC_ASSERT(oldest.place.take_grant());
        }
        RC_ASSERT(queue.size() == model.size());
        RC_ASSERT(queue.empty() == model.empty());
        for (sleeper* each : all) {
            RC_ASSERT(each->place.is_queued() == (std::ranges::find(model, each) != model.end()));
            RC_ASSERT(!each->place.take_grant());
        }
    }
}

}  // namespace
}  // namespace cutwater
