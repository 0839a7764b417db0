// What the permits of tenants do with the time that calls bring along.

#include "cutwater/policy/fair_bulkhead/shared_shares.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using enum shared_shares::wait_state;

constexpr instant noon{12h};

class silent final : public waker {
public:
    void wake() noexcept override {}
};

struct guest {
    guest(std::size_t tenant, duration patience) {
        place.group = static_cast<std::uint32_t>(tenant);
        place.until = noon + patience;
    }
    silent bell;
    waiter place{bell};
};

/// One permit, which is out, and a line for each of two tenants.
class one_shared_permit : public ::testing::Test {
protected:
    one_shared_permit() { EXPECT_TRUE(shares.try_take(0)); }

    void comes(guest& g, instant now) { EXPECT_EQ(shares.take_or_queue(g.place, now), shared_shares::answer::queued); }
    void comes_back(instant now) {
        moment at{now};
        shares.give_back(std::size_t{0}, at);
    }

    shared_shares shares{bounds_of({1, 1}, 1, 1.0), 1, {.max_length = 2}};
    guest hasty{0, 10ms};
    guest patient{1, 1h};
};

TEST_F(one_shared_permit, goes_to_one_whose_time_is_not_over_when_it_comes_back) {
    comes(hasty, noon);
    comes(patient, noon);
    comes_back(noon + 11ms);
    EXPECT_EQ(shares.look(hasty.place), turned_away);
    EXPECT_EQ(hasty.place.turned_away(), errc::wait_timed_out);
    EXPECT_EQ(shares.look(patient.place), granted);
}

TEST_F(one_shared_permit, is_kept_from_nobody_because_another_was_ahead_of_time) {
    guest dreamer{1, 2h};
    comes(dreamer, noon + 1h);
    shares.leave(dreamer.place);
    comes(hasty, noon);
    comes_back(noon + 1ms);
    EXPECT_EQ(shares.look(hasty.place), granted);
}

TEST_F(one_shared_permit, goes_by_what_was_spoken_of_last_where_nobody_says_what_time_it_is) {
    comes(hasty, noon);
    comes(patient, noon + 11ms);
    shares.give_back(std::size_t{0});
    EXPECT_EQ(shares.look(hasty.place), turned_away);
    EXPECT_EQ(shares.look(patient.place), granted);
}

}  // namespace
}  // namespace cutwater
