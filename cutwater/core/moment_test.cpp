#include "cutwater/core/moment.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// A clock that says how often it was read, and goes on a second each time.
struct counting_clock {
    int reads = 0;
    static instant read(void* clock) noexcept {
        return instant{std::chrono::seconds{++static_cast<counting_clock*>(clock)->reads}};
    }
};

TEST(moment, reads_its_clock_when_it_is_needed_and_only_then) {
    counting_clock clock;
    moment now{&counting_clock::read, &clock};
    EXPECT_FALSE(now.is_known());
    EXPECT_EQ(clock.reads, 0);
    EXPECT_EQ(now.get(), instant{1s});
    EXPECT_TRUE(now.is_known());
    EXPECT_EQ(now.get(), instant{1s});
    const instant converted = now;
    EXPECT_EQ(converted, instant{1s});
    EXPECT_EQ(clock.reads, 1) << "all who ask in one step share one reading";
}

TEST(moment, reads_again_when_time_has_passed) {
    counting_clock clock;
    moment now{&counting_clock::read, &clock};
    (void)now.get();
    now.forget();
    EXPECT_FALSE(now.is_known());
    EXPECT_EQ(now.get(), instant{2s});
    now.forget();
    now.forget();
    EXPECT_EQ(clock.reads, 2) << "nobody asked";
}

TEST(moment, that_is_known_stays_what_it_is) {
    moment now = instant{5s};
    EXPECT_TRUE(now.is_known());
    now.forget();
    EXPECT_EQ(now.get(), instant{5s});
}

}  // namespace
}  // namespace cutwater
