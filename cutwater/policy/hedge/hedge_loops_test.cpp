// Closed loops: what a hedge does for those who call, and what it costs those who are called.

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/hedge/hedge.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

TEST(hedge_in_a_world, the_first_answer_counts_and_the_others_are_nobodys) {
    hedge eager{{.delay = 50ms, .unstated_means = idempotency::idempotent}};
    bulkhead inside{{.max_concurrent = 10}};
    pipeline guarded{timeout{1s}, ref(eager), ref(inside)};
    sim::world world;
    int calls = 0;
    const auto callee = [&](const attempt&, const sim::reply<int>& answer) {
        const int number = ++calls;
        world.after(number == 1 ? 10s : 20ms, [answer, number] { (void)answer.give(number); });
    };
    std::optional<result<int>> told;
    duration at{};
    sim::send<int>(world, guarded, {}, callee, [&](const result<int>& r) { told.emplace(r), at = world.elapsed(); });
    world.run();
    ASSERT_TRUE(told);
    EXPECT_EQ(*told, 2);
    EXPECT_EQ(at, 70ms);
    EXPECT_EQ(inside.in_use(), 0U);
}

}  // namespace
}  // namespace cutwater
