#include <gtest/gtest.h>

#include <bit>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "cutwater/core/striped.hpp"

namespace cutwater {
namespace {

TEST(striped, the_number_of_stripes_is_a_small_power_of_two_and_stays) {
    const unsigned count = stripe_count();
    EXPECT_TRUE(std::has_single_bit(count));
    EXPECT_LE(count, 16U);
    EXPECT_EQ(stripe_count(), count);
}

TEST(striped, a_thread_keeps_its_number_and_shares_it_with_nobody) {
    constexpr std::size_t threads = 8;
    std::latch all_there{threads};
    std::vector<unsigned> numbers(threads);
    std::vector<unsigned> again(threads);
    {
        std::vector<std::jthread> running;
        for (std::size_t i = 0; i < threads; ++i)
            running.emplace_back([&, i] {
                all_there.arrive_and_wait();
                numbers[i] = this_thread_number();
                again[i] = this_thread_number();
            });
    }
    EXPECT_EQ(numbers, again);
    const std::set<unsigned> different{numbers.begin(), numbers.end()};
    EXPECT_EQ(different.size(), threads);
    EXPECT_FALSE(different.contains(0)) << "zero is for a thread that has none yet";
    EXPECT_FALSE(different.contains(this_thread_number()));
}

}  // namespace
}  // namespace cutwater
