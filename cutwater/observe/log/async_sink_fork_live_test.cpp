// What a fork does while lines are handed on, and while the device hangs.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "cutwater/observe/log/async_sink.hpp"

namespace cutwater {
namespace {

/// How a child that does this ends; one that hangs is killed.
int status_of(const std::function<int()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(work());
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}
bool is_well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

TEST(async_sink_fork_live, a_sink_that_hands_its_lines_to_another_holds_up_no_fork) {
    const int status = status_of([] {
        async_sink second{[](std::string_view) {}};
        async_sink first{[&](std::string_view line) { second(line); }, {.max_bytes = 10'000}};
        const std::jthread busy{[&](const std::stop_token& stop) {
            while (!stop.stop_requested()) first("a line");
        }};
        int failed = 0;
        for (int i = 0; i < 20; ++i) failed += is_well(status_of([] { return 0; })) ? 0 : 1;
        return failed;
    });
    EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

/// Takes lines in a child, and none in the process that made it before `go_on`.
class device_that_hangs {
public:
    device_that_hangs() { EXPECT_EQ(pipe(ends_.data()), 0); }
    void take(std::string_view line) {
        if (getpid() != made_by_) {
            lines_.append(line).append(";");
            return;
        }
        is_asked_ = true;
        is_asked_.notify_all();
        char nothing = 0;
        (void)!read(ends_[0], &nothing, 1);
    }
    void wait_until_it_is_asked() const { is_asked_.wait(false); }
    void go_on() const { close(ends_[1]); }
    [[nodiscard]] const std::string& lines() const { return lines_; }

private:
    const pid_t made_by_ = getpid();
    std::array<int, 2> ends_{};
    std::atomic<bool> is_asked_{false};
    std::string lines_;
};

TEST(async_sink_fork_live, a_device_that_hangs_holds_up_no_fork_and_none_of_its_children) {
    const int status = status_of([] {
        device_that_hangs device;
        async_sink aside{[&](std::string_view line) { device.take(line); }};
        aside("of the parent");
        device.wait_until_it_is_asked();
        aside("of the parent as well");
        const int child = status_of([&] {
            aside("one");
            aside("two");
            aside.flush();
            return device.lines() == "one;two;" && aside.failed() == 0 ? 0 : 1;
        });
        const bool none_was_written = aside.written() == 0;
        device.go_on();
        aside.flush();
        return is_well(child) && none_was_written && aside.written() == 2 ? 0 : 1;
    });
    EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(async_sink_fork_live, a_fork_that_waits_for_devices_that_hang_holds_up_nobody_who_logs_to_another) {
    const int status = status_of([] {
        device_that_hangs one;
        device_that_hangs two;
        async_sink first{[&](std::string_view line) { one.take(line); }};
        async_sink second{[&](std::string_view line) { two.take(line); }};
        async_sink third{[](std::string_view) {}};
        first("a line");
        second("a line");
        one.wait_until_it_is_asked();
        two.wait_until_it_is_asked();
        std::atomic<bool> begins{false};
        std::atomic<bool> is_over{false};
        const std::jthread forks{[&] {
            begins = true;
            begins.notify_all();
            const pid_t child = fork();
            if (child == 0) _exit(0);
            is_over = true;
            waitpid(child, nullptr, 0);
        }};
        begins.wait(false);
        int calls = 0;  // that have returned before the fork has
        for (; !is_over; ++calls) third("a line");
        one.go_on();
        two.go_on();
        return calls > 10'000 ? 0 : 1;  // in a second; else one that waits for it, and a few before and after
    });
    EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace cutwater
