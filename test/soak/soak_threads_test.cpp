// A short soak on threads: what is drawn is the same each time, how threads meet is not.

#include <gtest/gtest.h>

#include "test/soak/soak.hpp"

namespace cutwater::soak {
namespace {

TEST(soak_threads, nothing_is_lost) {
    const soak_summary end = run({.rounds = 150, .time = forever, .manners = {manner::threads}});
    if (end.failed) FAIL() << end.failed->text();
    EXPECT_EQ(end.rounds, 150U);
}

}  // namespace
}  // namespace cutwater::soak
