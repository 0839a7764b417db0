// Lines that several threads write at once.

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "cutwater/observe/log/json_log.hpp"

namespace cutwater {
namespace {

TEST(json_log_threads, keeps_lines_of_several_threads_whole) {
    std::ostringstream text;
    json_log log{text};
    constexpr int threads = 4;
    constexpr int each = 200;
    {
        std::vector<std::jthread> writers;
        for (int number = 0; number < threads; ++number)
            writers.emplace_back([&log, number] {
                for (int line = 0; line < each; ++line) log.write({.message = "x", .more = {{"by", number}}});
            });
    }
    std::istringstream written{text.str()};
    int lines = 0;
    for (std::string line; std::getline(written, line); ++lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_EQ(lines, threads * each);
}

}  // namespace
}  // namespace cutwater
