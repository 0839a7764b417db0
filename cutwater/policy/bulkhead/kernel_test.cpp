// What is right for a bulkhead, as a script that can be read.

#include "cutwater/policy/bulkhead/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {

void PrintTo(bulkhead_kernel::answer a, std::ostream* out) {
    constexpr const char* texts[] = {"admitted", "queued", "refused"};
    *out << texts[static_cast<std::size_t>(a)];
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using enum bulkhead_kernel::answer;

/// A bulkhead with so many inside and so many waiting; those who wait are 1, 2, 3 …
bulkhead_kernel filled(unsigned limit, unsigned max_queue, unsigned waiting) {
    bulkhead_kernel kernel{limit, max_queue};
    for (unsigned i = 0; i < limit; ++i) EXPECT_EQ(kernel.admit(0), admitted);
    for (unsigned who = 1; who <= waiting; ++who) EXPECT_EQ(kernel.admit(who), queued);
    return kernel;
}

TEST(bulkhead_kernel, lets_as_many_in_as_its_limit_says) {
    bulkhead_kernel kernel{2, 0};
    EXPECT_EQ(kernel.admit(1), admitted);
    EXPECT_EQ(kernel.admit(2), admitted);
    EXPECT_EQ(kernel.admit(3), refused);
    EXPECT_EQ(kernel.in_use(), 2U);
}

TEST(bulkhead_kernel, one_who_leaves_makes_room_for_one) {
    bulkhead_kernel kernel = filled(2, 0, 0);
    EXPECT_EQ(kernel.release(), std::nullopt);
    EXPECT_EQ(kernel.admit(1), admitted);
    EXPECT_EQ(kernel.admit(2), refused);
}

TEST(bulkhead_kernel,
     gives_back_and_takes_as_elsewhere) {  // failsafe-go bulkhead_test, TryAcquirePermitAndReleasePermit
    bulkhead_kernel kernel{2, 0};
    const auto admits = [&] { return kernel.admit(0) == admitted; };
    EXPECT_TRUE(admits() && admits() && !admits());
    kernel.release();
    EXPECT_TRUE(admits() && !admits());
    kernel.release();
    kernel.release();
    EXPECT_TRUE(admits() && admits() && !admits());
}

TEST(bulkhead_kernel, those_who_wait_are_let_in_in_their_order) {
    bulkhead_kernel kernel = filled(1, 3, 3);
    EXPECT_EQ(kernel.admit(4), refused) << "no place is left";
    EXPECT_EQ(kernel.release(), 1U);
    EXPECT_EQ(kernel.release(), 2U);
    EXPECT_EQ(kernel.release(), 3U);
    EXPECT_EQ(kernel.release(), std::nullopt);
    EXPECT_EQ(kernel.in_use(), 0U);
}

TEST(bulkhead_kernel, a_permit_that_comes_back_goes_to_who_waits_not_to_who_comes) {
    bulkhead_kernel kernel = filled(1, 2, 1);
    EXPECT_EQ(kernel.release(), 1U);
    EXPECT_EQ(kernel.admit(2), queued);
    EXPECT_EQ(kernel.in_use(), 1U);
}

TEST(bulkhead_kernel, T43_one_who_gives_up_leaves_the_others_in_their_order) {
    bulkhead_kernel kernel = filled(1, 3, 3);
    EXPECT_EQ(kernel.leave(2), std::nullopt);
    EXPECT_EQ(kernel.admit(4), queued) << "its place is free";
    EXPECT_EQ(kernel.release(), 1U);
    EXPECT_EQ(kernel.release(), 3U);
    EXPECT_EQ(kernel.release(), 4U);
}

TEST(bulkhead_kernel, T80_the_permit_of_one_who_gives_up_just_when_it_is_let_in_goes_on) {
    bulkhead_kernel kernel = filled(1, 2, 2);
    EXPECT_EQ(kernel.release(), 1U);
    EXPECT_EQ(kernel.leave(1), 2U);
    EXPECT_EQ(kernel.leave(2), std::nullopt);
    EXPECT_EQ(kernel.in_use(), 0U);
}

TEST(bulkhead_kernel, a_lower_limit_lets_those_inside_finish) {
    bulkhead_kernel kernel = filled(3, 1, 1);
    EXPECT_THAT(kernel.resize(1), IsEmpty());
    EXPECT_EQ(kernel.in_use(), 3U);
    EXPECT_EQ(kernel.release(), std::nullopt);
    EXPECT_EQ(kernel.release(), std::nullopt);
    EXPECT_EQ(kernel.release(), 1U) << "only now is there room";
}

TEST(bulkhead_kernel, a_higher_limit_lets_in_those_who_wait) {
    bulkhead_kernel kernel = filled(1, 5, 4);
    EXPECT_THAT(kernel.resize(3), ElementsAre(1, 2));
    EXPECT_EQ(kernel.in_use(), 3U);
    EXPECT_EQ(kernel.queued(), 2U);
}

RC_GTEST_PROP(bulkhead_kernel, permits_are_bounded_and_conserved_and_nobody_overtakes, ()) {
    const auto limit = *rc::gen::inRange(1U, 5U);
    bulkhead_kernel kernel{limit, *rc::gen::inRange(0U, 5U)};
    unsigned inside = 0;  // what a second book says
    std::deque<bulkhead_kernel::waiter_id> waiting;
    unsigned most = limit;  // the limit, or what was inside when it was lowered
    const auto let_in = [&](bulkhead_kernel::waiter_id who) {
        RC_ASSERT(!waiting.empty() && waiting.front() == who);
        waiting.pop_front();
        ++inside;
    };
    const auto let_in_if_any = [&](std::optional<bulkhead_kernel::waiter_id> who) {
        if (who) let_in(*who);
    };
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
        const auto deed = *rc::gen::inRange(0, 10);
        if (deed == 0) {
            for (const auto who : kernel.resize(*rc::gen::inRange(1U, 6U))) let_in(who);
        } else if (deed == 1 && !waiting.empty()) {
            const auto who = waiting[*rc::gen::inRange<std::size_t>(0, waiting.size())];
            std::erase(waiting, who);
            let_in_if_any(kernel.leave(who));
        } else if (deed < 5 && inside > 0) {
            --inside;
            let_in_if_any(kernel.release());
        } else {
            const auto answer = kernel.admit(static_cast<bulkhead_kernel::waiter_id>(i));
            if (answer == admitted) RC_ASSERT(waiting.empty()), ++inside;
            if (answer == queued) waiting.push_back(static_cast<bulkhead_kernel::waiter_id>(i));
        }
        most = std::max(kernel.limit(), std::min(most, inside));
        RC_ASSERT(kernel.in_use() == inside && kernel.queued() == waiting.size());
        RC_ASSERT(inside <= most);
        RC_ASSERT(waiting.empty() || inside >= kernel.limit());
    }
}

}  // namespace
}  // namespace cutwater
