// A log under load, into a real file, read by another program; and what a fork leaves of it.

#include "cutwater/observe/log/async_sink.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <ostream>
#include <streambuf>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/observe/log/json_log.hpp"
#include "test/servers/scratch_folder.hpp"

namespace cutwater {
namespace {

/// The number that jq makes of all lines of a file. It ends with an error where one of them is no JSON.
std::uint64_t jq(const std::string& filter, const std::string& file) {
    FILE* const program = popen(("jq -n '" + filter + "' " + file).c_str(), "r");
    std::string said;
    std::array<char, 4096> part{};
    while (const std::size_t size = std::fread(part.data(), 1, part.size(), program)) said.append(part.data(), size);
    EXPECT_EQ(pclose(program), 0) << filter;
    return said.empty() ? 0 : std::stoull(said);
}

TEST(async_sink_live, a_million_lines_under_load_are_each_parsed_by_jq) {
    const testing::scratch_folder folder;
    const std::string file = folder.file("log.jsonl");
    constexpr int threads = 4;
    constexpr int each = 250'000;
    {
        std::ofstream out{file};
        async_sink aside{out, {.max_bytes = 300'000'000}};  // room for all: none may be dropped
        json_log log{std::ref(aside)};
        {
            std::vector<std::jthread> writers;
            for (int number = 0; number < threads; ++number)
                writers.emplace_back([&log, number] {
                    for (int line = 0; line < each; ++line)
                        log.write({.message = "sold \"a lot\"\n", .more = {{"by", number}, {"line", line}}});
                });
        }
        aside.flush();
        EXPECT_EQ(aside.written(), std::uint64_t{threads * each});
        EXPECT_EQ(aside.dropped(), 0U);
        EXPECT_EQ(aside.failed(), 0U);
        EXPECT_EQ(log.lost(), 0U);
    }
    EXPECT_EQ(jq("reduce inputs as $line (0; if $line.by != null then . + 1 else . end)", file), threads * each);
}

/// Into a pipe at once: nothing is left to be written when it closes.
class unbuffered final : public std::streambuf {
public:
    explicit unbuffered(FILE* pipe) : pipe_{pipe} { setvbuf(pipe, nullptr, _IONBF, 0); }

private:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        return static_cast<std::streamsize>(std::fwrite(text, 1, static_cast<std::size_t>(size), pipe_));
    }
    FILE* pipe_;
};

TEST(async_sink_live, survives_a_reader_that_has_gone_away) {
    FILE* const reader = popen("exit 0", "w");
    ASSERT_NE(reader, nullptr);
    {
        unbuffered buffer{reader};
        std::ostream pipe{&buffer};
        async_sink aside{pipe};
        for (int line = 0; line < 1'000'000 && aside.failed() == 0; ++line) {
            aside("is anybody there?");
            aside.flush();
        }
        EXPECT_GT(aside.failed(), 0U);
    }
    pclose(reader);
}

TEST(async_sink_live, nobody_who_logs_waits_for_a_reader_that_does_not_read) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    FILE* const into = fdopen(ends[1], "w");
    {
        unbuffered buffer{into};
        std::ostream stream{&buffer};
        async_sink aside{stream, {.max_bytes = 100'000}};
        const std::string line(99, 'x');
        for (int i = 0; i < 100'000; ++i) aside(line);
        EXPECT_GT(aside.dropped(), 90'000U) << "and we came here";
        close(ends[0]);  // what hangs in the pipe fails, and what is left is given up on
    }
    std::fclose(into);
}

int exit_of_child(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(async_sink_live, a_fork_tears_no_line_and_writes_none_twice_and_its_child_may_log) {
    const testing::scratch_folder folder;
    const std::string file = folder.file("log.jsonl");
    constexpr int forks = 20;
    constexpr int lines_of_a_child = 10;
    std::uint64_t written = 0;
    {
        std::ofstream out{file, std::ios::app};
        async_sink aside{out};
        json_log log{std::ref(aside)};
        std::jthread busy{[&](const std::stop_token& stop) {
            for (std::uint64_t line = 0; !stop.stop_requested(); ++line)
                log.write({.message = "parent", .more = {{"line", line}}});
        }};
        for (int number = 0; number < forks; ++number) {
            const pid_t child = fork();
            if (child == 0) {
                const std::uint64_t of_the_parent = aside.written();
                for (int line = 0; line < lines_of_a_child; ++line)
                    log.write({.message = "child", .more = {{"number", number}, {"line", line}}});
                aside.flush();
                _exit(aside.written() == of_the_parent + lines_of_a_child && aside.failed() == 0 ? 0 : 1);
            }
            EXPECT_EQ(exit_of_child(child), 0);
        }
        busy.request_stop();
        busy.join();
        aside.flush();
        written = aside.written();
    }
    EXPECT_EQ(jq(R"(reduce inputs as $line (0; if $line.message == "child" then . + 1 else . end))", file),
              forks * lines_of_a_child);
    const std::string numbers = R"([inputs | select(.message == "parent") | .line])";
    EXPECT_EQ(jq(numbers + " | length", file), written);
    EXPECT_EQ(jq(numbers + " | unique | length", file), written);
}

}  // namespace
}  // namespace cutwater
