#include "cutwater/sim/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "cutwater/sim/refused_test.hpp"

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class sim_trace : public ::testing::Test {
protected:
    sim_trace() {
        seen.column("ms", [this] { return static_cast<double>(here.elapsed() / 1ms); });
        seen.column("third", [this] { return static_cast<double>(here.elapsed() / 1ms) / 3; });
        seen.begin();
        here.run_for(2s);
    }

    world here;
    trace seen{here, 500ms};
};

TEST_F(sim_trace, has_a_row_for_each_period) { EXPECT_THAT(seen.values("ms"), ElementsAre(500, 1000, 1500, 2000)); }

TEST_F(sim_trace, is_written_as_comma_separated_values) {
    EXPECT_EQ(seen.csv(), "seconds,ms,third\n0.5,500,166.667\n1,1000,333.333\n1.5,1500,500\n2,2000,666.667\n");
}

TEST_F(sim_trace, gives_the_mean_of_a_part) {
    EXPECT_EQ(seen.mean("ms", 500ms, 1500ms), 1250);
    EXPECT_EQ(seen.mean("ms", 0s, 1h), 1250);
    EXPECT_EQ(seen.mean("ms", 2s, 3s), 0);
}

TEST_F(sim_trace, names_the_column_that_it_does_not_have) {
    try {
        (void)seen.values("sm");
        FAIL();
    } catch (const std::out_of_range& e) {
        EXPECT_STREQ(e.what(), "trace: there is no column \"sm\"");
    }
}

TEST(sim_trace_of_nothing, a_period_of_none_is_refused) {
    world here;
    try {
        trace never_ends{here, 0s};
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_STREQ(e.what(), "sim::trace: period is 0s; give the time from one row to the next, above 0");
    }
    EXPECT_THROW((trace{here, -1s}), std::invalid_argument);
}

TEST_F(sim_trace, begins_once_and_with_all_its_columns) {
    EXPECT_EQ(refused_with([&] { seen.begin(); }),
              "sim::trace::begin: the trace is under way; begin it once, when it has all its columns");
    EXPECT_EQ(refused_with([&] { seen.column("late", [] { return 1.0; }); }),
              "sim::trace::column: the trace is under way; give it \"late\" before it begins");
    here.run_for(1s);
    EXPECT_THAT(seen.values("ms"), ElementsAre(500, 1000, 1500, 2000, 2500, 3000)) << "a row each, still";
    EXPECT_THROW((void)seen.values("late"), std::out_of_range);
}

TEST_F(sim_trace, a_part_that_ends_before_it_begins_is_refused) {
    EXPECT_EQ(refused_with([&] { (void)seen.mean("ms", 5s, 1s); }),
              "sim::trace::mean: to is 1s; give from (5s) or more");
    EXPECT_EQ(seen.mean("ms", 1s, 1s), 0) << "nothing lies in it";
}

TEST_F(sim_trace, a_part_that_begins_before_time_does_begins_with_it) { EXPECT_EQ(seen.mean("ms", -1s, 1h), 1250); }

}  // namespace
}  // namespace cutwater::sim
