// `cutwater demo` as a program among others: on loopback, in a twentieth of its time.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

namespace cutwater::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ran;
using testing::run;
using testing::run_in_shell;
using testing::running;
using ::testing::StartsWith;

TEST(demo_program_live, survives_what_the_unguarded_side_does_not) {
    const ran done = run({"demo", "--json", "--scale", "0.25"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.err, "") << "nobody watches";
    const auto all = nlohmann::json::parse(done.out);
    const auto& unguarded = all.at("unguarded");
    const auto& guarded = all.at("guarded");
    EXPECT_GT(unguarded.at("errors"), 0);
    EXPECT_EQ(guarded.at("errors"), 0);
    EXPECT_GT(guarded.at("fresh"), 0);
    EXPECT_GT(guarded.at("degraded"), 0);
    EXPECT_GT(guarded.at("circuit_open_s"), 0.0);
    EXPECT_GT(guarded.at("dependency_requests"), 0);
}

TEST(demo_program_live, writes_plain_lines_where_nobody_can_see_them_move) {
    const ran done = run({"demo", "--scale", "0.05", "--users", "2"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, StartsWith("2 users call a dependency"));
    EXPECT_THAT(done.out, HasSubstr("\n  0 s  healthy "));
    EXPECT_THAT(done.out, HasSubstr("what the dependency had to bear"));
    EXPECT_THAT(done.out, Not(HasSubstr("\033")));
}

TEST(demo_program_live, draws_on_a_terminal_that_can_be_drawn_on) {
    const ran done = testing::run_on_terminal("demo --scale 0.05 --users 2");
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, HasSubstr("\033[9A")) << "one frame over the other";
    EXPECT_THAT(done.out, HasSubstr("\033[32mhealthy"));
    EXPECT_THAT(done.out, HasSubstr("what the dependency had to bear"));

    EXPECT_THAT(testing::run_on_terminal("demo --scale 0.05 --users 2", "TERM=xterm NO_COLOR=1").out,
                Not(HasSubstr("\033[32m")));
    EXPECT_THAT(testing::run_on_terminal("demo --scale 0.05 --users 2", "TERM=dumb").out, Not(HasSubstr("\033")));
}

TEST(demo_program_live, stopped_it_reports_what_there_was) {
    running program{{"demo"}};
    ASSERT_TRUE(program.wrote("healthy"));
    program.interrupt();
    const ran done = program.end();
    EXPECT_EQ(done.exit, 130);
    EXPECT_THAT(done.err, HasSubstr("stopped before its end"));
    EXPECT_THAT(done.out, HasSubstr("  recovered                                 –           –\n"));
}

TEST(demo_program_live, wrong_usage_is_explained) {
    const std::vector<std::vector<std::string>> wrong{{"demo", "--scale", "0"}, {"demo", "--scale", "nan"},
                                                      {"demo", "--users", "0"}, {"demo", "--users", "many"},
                                                      {"demo", "more"},         {"demo", "--wat"}};
    for (const auto& words : wrong) {
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2) << ::testing::PrintToString(words);
        EXPECT_THAT(done.err, HasSubstr("cutwater demo --help")) << ::testing::PrintToString(words);
    }
}

TEST(demo_program_live, a_reader_that_goes_away_and_a_full_disk_are_told) {
    EXPECT_EQ(run_in_shell("$program demo --scale 0.05 --users 1 >/dev/full").exit, 1);
    EXPECT_EQ(run_in_shell("{ $program demo --scale 0.05 --users 1; echo $? >code; } | true; exit $(cat code)").exit,
              141);
}

}  // namespace
}  // namespace cutwater::app
