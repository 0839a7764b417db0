// What permits do with the time that calls bring along, and what those are told who wait.

#include "cutwater/queue/shared_permits.hpp"

#include <gtest/gtest.h>

namespace cutwater::shared_permits_tests {
namespace {

using namespace std::chrono_literals;
using enum shared_permits::wait_state;

constexpr instant noon{12h};

class counting_waker final : public waker {
public:
    void wake() noexcept override { ++woken; }
    int woken = 0;
};

/// One who waits, until it is taken out.
struct guest {
    explicit guest(duration patience, criticality importance = criticality::normal) {
        place.until = noon + patience;
        place.importance = importance;
    }
    counting_waker bell;
    waiter place{bell};
};

/// One permit, which is out, and a line of two.
class one_permit : public ::testing::Test {
protected:
    one_permit() { EXPECT_EQ(permits.try_take(), 1U); }

    void comes(guest& g, instant now) {
        EXPECT_EQ(permits.take_or_queue(g.place, now), shared_permits::answer::queued);
    }
    void comes_back(instant now) {
        moment at{now};
        permits.give_back(at);
    }

    shared_permits permits{1, {.max_length = 2}};
    guest hasty{10ms};
    guest patient{1h};
};

TEST_F(one_permit, goes_to_the_first_whose_time_is_not_over_when_it_comes_back) {
    comes(hasty, noon);
    comes(patient, noon);
    comes_back(noon + 11ms);
    EXPECT_EQ(permits.look(hasty.place), turned_away);
    EXPECT_EQ(hasty.place.turned_away(), errc::wait_timed_out);
    EXPECT_EQ(hasty.bell.woken, 1);
    EXPECT_EQ(permits.look(patient.place), granted);
}

TEST_F(one_permit, goes_to_one_who_is_at_its_last_instant) {
    comes(hasty, noon);
    comes_back(noon + 10ms);
    EXPECT_EQ(permits.look(hasty.place), granted);
}

TEST_F(one_permit, goes_by_what_was_spoken_of_last_where_nobody_says_what_time_it_is) {
    comes(hasty, noon);
    comes(patient, noon + 11ms);
    permits.give_back();
    EXPECT_EQ(permits.look(hasty.place), turned_away);
    EXPECT_EQ(permits.look(patient.place), granted);
}

TEST_F(one_permit, is_kept_from_nobody_because_another_was_ahead_of_time) {
    guest dreamer{2h};
    comes(dreamer, noon + 1h);
    permits.leave(dreamer.place);
    comes(hasty, noon);
    comes_back(noon + 1ms);
    EXPECT_EQ(permits.look(hasty.place), granted);
}

TEST_F(one_permit, is_given_to_one_whose_time_is_not_over_whatever_others_take_the_time_to_be) {
    guest dreamer{2h};
    comes(hasty, noon);
    comes(dreamer, noon + 1h);
    comes_back(noon + 1ms);
    EXPECT_EQ(permits.look(hasty.place), granted);
}

TEST_F(one_permit, is_waited_for_by_one_whose_time_is_not_over_whatever_others_took_the_time_to_be) {
    guest dreamer{2h};
    guest late{1h};
    comes(dreamer, noon + 1h);
    permits.leave(dreamer.place);
    comes(hasty, noon);
    comes(patient, noon);
    EXPECT_EQ(permits.take_or_queue(late.place, noon + 1ms), shared_permits::answer::full);
    EXPECT_EQ(permits.look(hasty.place), waits);
}

TEST_F(one_permit, tells_one_whose_place_is_another_s) {
    guest last{1h};
    guest urgent{1h, criticality::critical};
    comes(patient, noon);
    comes(last, noon);
    EXPECT_EQ(permits.look(last.place), waits);
    comes(urgent, noon);
    EXPECT_EQ(permits.look(last.place), turned_away);
    EXPECT_EQ(last.place.turned_away(), errc::displaced);
    EXPECT_EQ(permits.look(patient.place), waits);
    comes_back(noon);
    EXPECT_EQ(permits.look(urgent.place), granted);
}

TEST_F(one_permit, is_to_be_had_again_after_a_line_that_had_waited_too_long) {
    comes(hasty, noon);
    comes_back(noon + 1h);
    EXPECT_EQ(permits.look(hasty.place), turned_away);
    EXPECT_EQ(permits.queued(), 0U);
    EXPECT_EQ(permits.try_take(), 1U);
}

TEST(shared_permits_limit, leaves_the_flag_of_those_who_wait_alone) {
    shared_permits most{shared_permits::most_permits, {}};
    EXPECT_EQ(most.limit(), shared_permits::most_permits);
    EXPECT_EQ(most.try_take(), 1U);
    EXPECT_DEBUG_DEATH({ (shared_permits{shared_permits::most_permits + 1, {}}); }, "most_permits");
    EXPECT_DEBUG_DEATH({ most.resize(shared_permits::most_permits + 1); }, "most_permits");
}

}  // namespace
}  // namespace cutwater::shared_permits_tests
