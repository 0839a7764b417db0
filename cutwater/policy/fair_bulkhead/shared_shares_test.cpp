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

// ---- what is kept ----

unsigned take_all(shared_shares& from, std::size_t tenant) {
    unsigned taken = 0;
    while (from.try_take(tenant)) ++taken;
    return taken;
}

TEST(shared_shares_kept, S123_is_there_for_its_owner_however_many_have_borrowed) {
    shared_shares shares{bounds_of({0, 10, 5, 5}, 20, 0.5), 20, {.max_length = 2}};
    EXPECT_EQ(take_all(shares, 0) + take_all(shares, 1) + take_all(shares, 2), 17U);
    EXPECT_EQ(take_all(shares, 3), 3U);
}

TEST(shared_shares_kept, S123_is_all_of_it_where_nothing_may_be_borrowed) {
    shared_shares shares{bounds_of({1, 1000, 1, 1}, 10, 0), 10, {.max_length = 2}};
    EXPECT_EQ(take_all(shares, 1), 7U);
    for (const std::size_t tenant : {2U, 3U, 0U}) EXPECT_EQ(take_all(shares, tenant), 1U);
}

TEST(shared_shares_kept, T77_from_somebody_for_good_has_that_one_turned_away_at_once) {
    shared_shares shares{bounds_of({0, 1}, 10, 0), 10, {.max_length = 2}};
    guest nobody{0, 1h};
    EXPECT_EQ(shares.take_or_queue(nobody.place, noon), shared_shares::answer::full);
    EXPECT_EQ(shares.queued(), 0U);
}

TEST(shared_shares_kept, S123_is_not_handed_on_to_who_waits_and_would_borrow) {
    shared_shares shares{bounds_of({0, 2, 2}, 4, 0.5), 4, {.max_length = 2}};
    EXPECT_EQ(take_all(shares, 1), 3U);
    EXPECT_EQ(take_all(shares, 2), 1U);
    guest borrower{1, 1h};
    EXPECT_EQ(shares.take_or_queue(borrower.place, noon), shared_shares::answer::queued);
    shares.give_back(std::size_t{2});
    EXPECT_EQ(shares.look(borrower.place), waits);
    EXPECT_TRUE(shares.try_take(2));
    shares.give_back(std::size_t{1});
    EXPECT_EQ(shares.look(borrower.place), granted);
}

}  // namespace
}  // namespace cutwater
