// Lines into real files and pipes, while these fail.

#include "cutwater/observe/log/stream_sink.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <ios>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cutwater/observe/log/async_sink.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "test/servers/scratch_folder.hpp"

namespace cutwater {
namespace {

/// How a child that does this ends, with SIGPIPE as a process finds it.
int status_of(const std::function<int()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        (void)std::signal(SIGPIPE, SIG_DFL);
        _exit(work());
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

/// A stream into a pipe, and its reader, who goes away.
class stream_with_a_reader {
public:
    stream_with_a_reader() {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        reader_ = ends[0];
        stream.open("/dev/fd/" + std::to_string(ends[1]));
        close(ends[1]);
    }
    stream_with_a_reader(const stream_with_a_reader&) = delete;
    stream_with_a_reader& operator=(const stream_with_a_reader&) = delete;
    ~stream_with_a_reader() { close_reader(); }

    void close_reader() {
        if (reader_ >= 0) close(std::exchange(reader_, -1));
    }

    std::ofstream stream;

private:
    int reader_ = -1;
};

TEST(stream_sink_live, a_process_outlives_its_reader_and_the_stream_that_it_wrote_to) {
    const int status = status_of([] {
        std::uint64_t lost = 0;
        {
            stream_with_a_reader to;
            to.stream << "a heading that waits in the buffer\n";
            to.close_reader();
            json_log log{to.stream};
            for (int line = 0; line < 1000; ++line) log.write({.message = "is anybody there?"});
            lost = log.lost();
        }
        return lost == 1000 ? 0 : 1;
    });
    EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(stream_sink_live, a_process_outlives_what_a_thread_aside_could_not_write) {
    const int status = status_of([] {
        std::uint64_t failed = 0;
        {
            stream_with_a_reader to;
            to.close_reader();
            async_sink aside{to.stream};
            for (int line = 0; line < 1000; ++line) {
                aside("is anybody there?");
                aside.flush();
            }
            failed = aside.failed();
        }
        return failed == 1000 ? 0 : 1;
    });
    EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

/// Writes lines without a pause, while children of it write two each; and what a file is to have then.
class busy_parent {
public:
    explicit busy_parent(std::ostream& to) {
        const stream_sink sink{to};
        const std::jthread busy{[&](const std::stop_token& stop) {
            while (!stop.stop_requested()) sink("parent " + std::to_string(lines_++));
        }};
        for (int i = 0; i < forks; ++i) {
            const int status = status_of([&] {
                alarm(10);
                sink("child");
                sink("child");
                return 0;
            });
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++well_;
        }
    }
    void expect_its_lines_in(const std::string& file) const {
        EXPECT_EQ(well_, forks);
        std::ifstream in{file};
        int of_children = 0;
        std::uint64_t next = 0;
        for (std::string line; std::getline(in, line);) {
            if (line == "child")
                ++of_children;
            else
                ASSERT_EQ(line, "parent " + std::to_string(next++));
        }
        EXPECT_EQ(of_children, 2 * forks);
        EXPECT_EQ(next, lines_);
    }

private:
    static constexpr int forks = 50;

    int well_ = 0;
    std::uint64_t lines_ = 0;
};

TEST(stream_sink_live, a_child_of_a_busy_parent_writes_its_lines_and_none_of_its_parents) {
    const testing::scratch_folder folder;
    std::ofstream to{folder.file("log"), std::ios::app};
    busy_parent{to}.expect_its_lines_in(folder.file("log"));
}

/// Where standard output goes meanwhile.
class standard_output_into {
public:
    explicit standard_output_into(const std::string& file) {
        std::fflush(stdout);
        std::FILE* const to = std::fopen(file.c_str(), "a");
        dup2(fileno(to), STDOUT_FILENO);
        std::fclose(to);
    }
    standard_output_into(const standard_output_into&) = delete;
    standard_output_into& operator=(const standard_output_into&) = delete;
    ~standard_output_into() {
        std::fflush(stdout);
        dup2(before_, STDOUT_FILENO);
        close(before_);
    }

private:
    int before_ = dup(STDOUT_FILENO);
};

TEST(stream_sink_live, a_child_of_a_busy_parent_writes_its_lines_and_none_of_its_parents_to_standard_output) {
    const testing::scratch_folder folder;
    const busy_parent parent = [&] {
        const standard_output_into file{folder.file("log")};
        return busy_parent{std::cout};
    }();
    parent.expect_its_lines_in(folder.file("log"));
}

/// A stream, and the descriptor that it writes to: what is put in its place is what the stream writes to from then on.
class stream_with_a_descriptor {
public:
    explicit stream_with_a_descriptor(const std::string& file) : descriptor{dup(STDERR_FILENO)} {
        close(descriptor);  // the next to be opened has the least number that is free
        stream.open(file);
    }

    int descriptor;
    std::ofstream stream;
};

TEST(stream_sink_live, a_file_has_each_line_that_was_not_lost_when_there_is_room_again) {
    const testing::scratch_folder folder;
    std::vector<std::string> written;
    std::vector<std::string> lost;
    {
        const stream_with_a_descriptor disk{folder.file("log")};
        const stream_with_a_descriptor full{"/dev/full"};
        stream_with_a_descriptor log{folder.file("unused")};
        const stream_sink sink{log.stream};
        const auto send = [&](const stream_with_a_descriptor& to, int lines) {
            ASSERT_EQ(dup2(to.descriptor, log.descriptor), log.descriptor);
            for (int line = 0; line < lines; ++line) {
                const std::string text =
                    std::to_string(written.size() + lost.size()) + std::string(line % 7 == 0 ? 3000 : 50, '.');
                try {
                    sink(text);
                    written.push_back(text);
                } catch (const std::ios_base::failure&) {
                    lost.push_back(text);
                }
            }
        };
        for (int time = 0; time < 3; ++time) {
            send(disk, 20);
            send(full, 1000);
        }
        send(disk, 1);
    }
    std::vector<std::string> found;
    std::ifstream in{folder.file("log")};
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) found.push_back(line);
    EXPECT_EQ(found, written);
    EXPECT_EQ(written.size(), 61U);
    EXPECT_EQ(lost.size(), 3000U);
}

}  // namespace
}  // namespace cutwater
