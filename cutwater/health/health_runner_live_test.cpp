// What a fork leaves of a monitor whose checks run.

#include "cutwater/health/health_runner.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <atomic>
#include <memory>
#include <thread>

namespace cutwater {
namespace {

void until(const auto& holds) {
    while (!holds()) std::this_thread::yield();
}

class checked {
public:
    checked() {
        for (const char* const each : {"a", "b"})
            health_->check({.name = each, .period = 10ms, .readiness = readiness_effect::own}, [this] { ++ran_; });
        health_->check({.name = "c", .period = 10ms}, [this] { ++ran_; });
        const int before = ran_;
        until([&] { return ran_ > before + 5; });
    }
    [[nodiscard]] bool is_ready() const { return health_->is_ready(); }

private:
    std::atomic<int> ran_{0};
    std::unique_ptr<health_monitor> health_ = std::make_unique<health_monitor>();
    std::unique_ptr<health_runner> runner_ = std::make_unique<health_runner>(*health_);
};

TEST(health_runner_live, a_child_of_fork_lets_its_parents_go_and_has_one_of_its_own) {
    auto parents = std::make_unique<checked>();
    for (int i = 0; i < 20; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            parents.reset();
            const checked own;
            until([&] { return own.is_ready(); });
            _exit(0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
    EXPECT_TRUE(parents->is_ready());
}

/// Keeps whoever tells it until `go_on`.
class listener_that_keeps final : public listener {
public:
    void on_event(const event&) noexcept override {
        is_told_ = true;
        is_told_.notify_all();
        may_go_on_.wait(false);
    }
    void wait_until_it_is_told() const { is_told_.wait(false); }
    void go_on() {
        may_go_on_ = true;
        may_go_on_.notify_all();
    }

private:
    std::atomic<bool> is_told_{false};
    std::atomic<bool> may_go_on_{false};
};

TEST(health_runner_live, a_child_of_fork_does_not_wait_for_a_task_that_its_parent_is_telling_of) {
    listener_that_keeps told;
    auto health = std::make_unique<health_monitor>();
    health->tell(told);
    const auto first = health->startup_task("first");
    std::jthread tells{[&] { first->done(); }};
    told.wait_until_it_is_told();
    const auto second = health->startup_task("second");
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        health.reset();
        first->done();
        second->done();
        _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    told.go_on();
    ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace cutwater
