// A pipeline to which nobody listens pays nothing for those that are counted: to the instruction. Valgrind counts them.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "test/servers/server_process.hpp"  // and with it Boost.Process

namespace cutwater {
namespace {

namespace process = boost::process;

/// What valgrind has counted, the program's start and end included.
long counted(const std::string& way, long calls) {
    constexpr std::string_view label = "Collected : ";
    process::ipstream out;
    process::child run{testing::installed("valgrind", "valgrind"),
                       "--tool=callgrind",
                       "--callgrind-out-file=/dev/null",
                       COUNTED_INSTRUCTIONS,
                       way,
                       std::to_string(calls),
                       (process::std_out & process::std_err) > out};
    const std::string said{std::istreambuf_iterator<char>{out}, {}};
    run.wait();
    const auto found = said.find(label);
    if (run.exit_code() != 0 || found == std::string::npos)
        throw std::runtime_error{"valgrind: exit code " + std::to_string(run.exit_code()) + ": " + said};
    return std::stol(said.substr(found + label.size()));
}

/// Of one call, once all is warm.
double of_a_call(const std::string& way) {
    constexpr long calls = 4'000;
    return static_cast<double>(counted(way, 2 * calls) - counted(way, calls)) / calls;
}

TEST(unwatched_live, a_call_takes_the_same_instructions_whether_or_not_others_are_counted) {
    const double alone = of_a_call("unwatched");
    EXPECT_GT(alone, 100) << "three layers are something";
    EXPECT_NEAR(of_a_call("beside"), alone, alone / 100);
}

TEST(unwatched_live, and_one_that_is_counted_takes_more) {
    EXPECT_GT(of_a_call("counted"), of_a_call("unwatched") * 1.2) << "or else the one above cannot fail";
}

}  // namespace
}  // namespace cutwater
