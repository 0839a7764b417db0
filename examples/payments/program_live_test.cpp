// How the program ends, and what it leaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "examples/payments/long_day_live_test.hpp"

namespace payments {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(payments_program, that_is_told_to_end_does_and_leaves_nothing) {
    for (const int signal : {SIGTERM, SIGINT}) {
        long_day day;
        const int bank = day.bank();
        const int database = day.database();
        EXPECT_EQ(day.end_by(signal), 128 + signal) << day.said();
        EXPECT_FALSE(runs(bank));
        EXPECT_FALSE(runs(database));
        EXPECT_THAT(day.left(), IsEmpty());
    }
}

TEST(payments_program, that_is_killed_takes_what_it_has_started_with_it) {
    long_day day;
    const int bank = day.bank();
    const int database = day.database();
    day.end_by(SIGKILL);
    EXPECT_TRUE(comes_true([&] { return !runs(bank) && !runs(database); }));
}

TEST(payments_program, ends_where_its_database_does) {
    long_day day;
    ::kill(day.database(), SIGKILL);
    EXPECT_EQ(day.end(), 2);
    EXPECT_THAT(day.said(), HasSubstr("PostgreSQL has ended before all had paid"));
    EXPECT_THAT(day.left(), IsEmpty());
}

TEST(payments_program, says_so_where_its_report_cannot_be_written) {
    long_day day{{"--payments", "20", "--trouble", "0"}, "/dev/full"};
    EXPECT_EQ(day.end(), 2);
    EXPECT_THAT(day.said(), HasSubstr("the report cannot be written"));
}

}  // namespace
}  // namespace payments
