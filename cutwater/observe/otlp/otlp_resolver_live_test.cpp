// A name server that says nothing: the system's resolver cannot be interrupted, and keeps nobody beyond a limit.

#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/observe/otlp/otlp_exporter.hpp"
#include "test/servers/slow_resolver.hpp"

namespace cutwater {
namespace {

class otlp_with_a_silent_name_server : public ::testing::Test {
protected:
    static trace_span some_span() {
        trace_span made;
        made.context = {.trace = {7, 7}, .span = {1}, .flags = trace_context::sampled};
        made.name = "some";
        return made;
    }
    /// Else the next test would hold a look-up of this one, before it has seen that it may come back.
    void TearDown() override {
        names.answer();
        for (int ended = names.ended; ended < names.began; ended = names.ended) names.ended.wait(ended);
    }
    testing::slow_resolver names;
    otlp_options options{.url = "http://slow.test:4318/v1/traces",
                         .every = 1ms,
                         .request_limit = 1h,
                         .batch_limit = 1h,
                         .shutdown_limit = 50ms};
};

TEST_F(otlp_with_a_silent_name_server, T41_whoever_goes_is_kept_no_longer_than_the_limit) {
    auto exporter = std::make_unique<otlp_exporter>(options);
    exporter->take(some_span());
    names.wait_for_a_look_up();
    const instant began = now();
    exporter->shutdown(options.shutdown_limit);
    EXPECT_EQ(exporter->counts().failed, 1U);
    EXPECT_EQ(exporter->counts().pending(), 0U);
    exporter.reset();
    EXPECT_LT(between(began, now()), 10s) << "and the look-up has not come back";
}

TEST_F(otlp_with_a_silent_name_server, a_request_is_given_up_after_its_own_limit) {
    options.request_limit = 20ms;
    options.retry_delay = 1ms;
    options.max_attempts = 2;
    otlp_exporter exporter{options};
    exporter.take(some_span());
    EXPECT_TRUE(exporter.flush(10s));
    EXPECT_EQ(exporter.counts().failed, 1U);
    EXPECT_LE(names.began, 1) << "what comes after it waits behind it, and is given up as well";
}

std::ptrdiff_t threads() {
    const std::filesystem::directory_iterator all{"/proc/self/task"};
    return std::distance(begin(all), end(all));
}

/// Once those that were there before have had the time to end.
std::ptrdiff_t threads_that_stay() {
    std::ptrdiff_t seen = threads();
    for (int unchanged = 0; unchanged < 50; ++unchanged) {
        otlp_exporter{{.shutdown_limit = 0s}}.shutdown(0s);  // takes what is over along
        std::this_thread::sleep_for(2ms);
        if (const std::ptrdiff_t now = threads(); now != seen) seen = now, unchanged = 0;
    }
    return seen;
}

TEST_F(otlp_with_a_silent_name_server, what_was_left_behind_is_over_when_it_answers) {
    const std::ptrdiff_t before = threads_that_stay();
    for (int i = 0; i < 2; ++i) {
        names.hold();
        {
            otlp_exporter exporter{options};
            exporter.take(some_span());
            names.wait_for_a_look_up();
        }
        EXPECT_GT(threads(), before) << "the look-up goes on";
        names.answer();
        names.wait_for_its_end();
    }
    for (int tries = 0; tries < 1'000 && threads() > before; ++tries) {
        otlp_exporter{options}.shutdown(0s);  // takes what is over along
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_LE(threads(), before);
}

TEST_F(otlp_with_a_silent_name_server, what_was_left_behind_is_nothing_to_a_child_of_fork) {
    {
        otlp_exporter exporter{options};
        exporter.take(some_span());
        names.wait_for_a_look_up();
    }
    names.answer();
    names.wait_for_its_end();
    for (int i = 0; i < 10; ++i) {
        std::this_thread::sleep_for(10ms);  // the look-up's thread has told it, in one of them
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            for (int own = 0; own < 2; ++own) otlp_exporter{{.shutdown_limit = 0s}}.shutdown(0s);
            _exit(0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
}

}  // namespace
}  // namespace cutwater
