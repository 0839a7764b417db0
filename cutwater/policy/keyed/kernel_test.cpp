// What is right, by hand.

#include "cutwater/policy/keyed/kernel.hpp"

#include <gtest/gtest.h>

#include "cutwater/policy/keyed/noon_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// Needed until an instant.
struct until {
    instant end = instant::min();
    [[nodiscard]] bool is_fresh(instant now) const { return end <= now; }
    friend bool operator==(const until&, const until&) = default;
};

using kernel = keyed_kernel<until>;

TEST(keyed_kernel, each_key_has_its_own_as_new_at_first) {
    kernel keys{until{}, 2};
    until* const one = keys.of("one", noon);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(*one, until{});
    one->end = noon + 1s;
    EXPECT_EQ(*keys.of("two", noon), until{});
    EXPECT_EQ(keys.of("one", noon)->end, noon + 1s);
}

TEST(keyed_kernel, forgets_what_nobody_needs_when_there_is_no_room) {
    kernel keys{until{}, 2};
    keys.of("one", noon)->end = noon + 1s;
    keys.of("two", noon)->end = noon + 2s;
    EXPECT_EQ(keys.of("three", noon), nullptr);
    EXPECT_EQ(keys.of("three", noon + 1s - 1ns), nullptr);
    ASSERT_NE(keys.of("three", noon + 1s), nullptr) << "at the very instant";
    EXPECT_EQ(keys.of("two", noon + 1s)->end, noon + 2s);
    EXPECT_EQ(keys.size(), 2U);
}

TEST(keyed_kernel, who_is_known_goes_on_however_full_it_is) {
    kernel keys{until{}, 1};
    keys.of("one", noon)->end = never;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(keys.of(std::to_string(i), noon), nullptr);
    EXPECT_EQ(keys.of("one", noon + 24h)->end, never);
}

TEST(keyed_kernel, a_key_that_is_as_new_takes_no_room_from_others) {
    kernel keys{until{}, 1};
    for (int i = 0; i < 100; ++i) EXPECT_NE(keys.of(std::to_string(i), noon), nullptr);
    EXPECT_EQ(keys.size(), 1U);
}

}  // namespace
}  // namespace cutwater
