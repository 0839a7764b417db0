#include "cutwater/observe/trace/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace cutwater {
namespace {

TEST(share_of_traces, is_those_whose_low_56_bits_are_largest) {
    constexpr std::uint64_t largest = (std::uint64_t{1} << 56U) - 1;
    EXPECT_TRUE(is_in_share({.low = largest}, 0.5));
    EXPECT_TRUE(is_in_share({.low = largest / 2 + 1}, 0.5));
    EXPECT_FALSE(is_in_share({.low = largest / 2}, 0.5));
    EXPECT_FALSE(is_in_share({.high = largest, .low = std::uint64_t{0xff} << 56U}, 0.5))
        << "what is above them does not matter";
}

TEST(share_of_traces, none_and_all) {
    for (const std::uint64_t low : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        EXPECT_FALSE(is_in_share({.low = low}, 0));
        EXPECT_TRUE(is_in_share({.low = low}, 1));
    }
}

TEST(share_of_traces, is_about_what_was_asked_for) {
    random_source random{42};
    for (const double share : {0.001, 0.1, 0.9}) {
        constexpr int all = 200'000;
        int taken = 0;
        for (int i = 0; i < all; ++i) taken += is_in_share(trace_id::random(random), share) ? 1 : 0;
        EXPECT_NEAR(taken, share * all, 5 * std::sqrt(share * all));
    }
}

RC_GTEST_PROP(share_of_traces, what_a_smaller_share_takes_a_larger_one_takes_too, (std::uint64_t seed)) {
    random_source random{seed};
    const trace_id id = trace_id::random(random);
    const double smaller = random.unit();
    const double larger = smaller + (1 - smaller) * random.unit();
    RC_ASSERT(!is_in_share(id, smaller) || is_in_share(id, larger));
}

}  // namespace
}  // namespace cutwater
