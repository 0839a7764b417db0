// A layer, its breaker and answers of the store on several threads: nothing is torn, and what the layer leaves behind harms nobody.

#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a test forks
#include <unistd.h>    // tidy: allow third-party because a test forks

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

/// Answers from a thread of its own, later.
class aside_store final : public cell_store {
public:
    ~aside_store() override { all_.clear(); }

    [[nodiscard]] name store_name() const noexcept override { return kept_.store_name(); }
    void begin(cell_request asked, cell_completion done) noexcept override {
        const std::scoped_lock held{lock_};
        all_.emplace_back([this, what = std::move(asked), say = std::move(done)]() mutable {
            kept_.begin(std::move(what), std::move(say));
        });
    }
    void settle() {
        std::vector<std::jthread> ended;
        for (;;) {
            {
                const std::scoped_lock held{lock_};
                ended = std::exchange(all_, {});
            }
            if (ended.empty()) return;
            ended.clear();
        }
    }

private:
    memory_store kept_;
    std::mutex lock_;
    std::vector<std::jthread> all_;
};

circuit_breaker_options touchy() {
    return {.name = "stock",
            .window = breaker_window::consecutive,
            .consecutive_failures = 2,
            .open_for = 1ms,
            .probes = 2,
            .probe_successes = 1};
}
circuit_quorum_options hasty() {
    return {.every = 10ms, .stale_after = 1min, .min_instances = 1, .open_at_least = 0ms, .store_limit = 10s};
}

TEST(circuit_quorum_threads, many_call_through_one_while_others_of_its_fleet_do_the_same) {
    constexpr unsigned instances = 3;
    aside_store cells;
    std::vector<std::unique_ptr<circuit_breaker>> breakers;
    std::vector<std::unique_ptr<circuit_quorum>> quorums;
    for (unsigned i = 0; i < instances; ++i) {
        breakers.push_back(std::make_unique<circuit_breaker>(touchy()));
        quorums.push_back(std::make_unique<circuit_quorum>(cells, *breakers.back(), hasty()));
    }
    std::atomic<unsigned> ended = 0;
    testing::race(
        6, 40, [](unsigned) {},
        [&](unsigned thread, unsigned round) {
            circuit_quorum& others = *quorums[thread % instances];
            pipeline guarded{cutwater::ref(others), cutwater::ref(*breakers[thread % instances])};
            for (unsigned i = 0; i < 20; ++i) {
                (void)guarded.run([&]() -> std::expected<int, std::error_code> {
                    if ((round + i + thread) % 3 == 0)
                        return std::unexpected{std::make_error_code(std::errc::io_error)};
                    return 7;
                });
                ++ended;
            }
            others.exchange(this_machine);
            EXPECT_LT(others.others(now()).all(), instances);
        });
    cells.settle();
    EXPECT_EQ(ended, 6U * 40U * 20U);
    for (const auto& each : quorums) {
        EXPECT_EQ(each->unreadable(), 0U);
        EXPECT_EQ(each->others(now()).all(), instances - 1) << "nobody was lost among those who write";
    }
}

TEST(circuit_quorum_threads, a_layer_may_go_while_an_answer_is_under_way) {
    aside_store cells;
    for (int i = 0; i < 200; ++i) {
        auto breaker = std::make_unique<circuit_breaker>(touchy());
        {
            circuit_quorum brief{cells, *breaker, hasty()};
            brief.exchange(this_machine);
        }
        breaker.reset();  // and the breaker after it
    }
    cells.settle();
}

/// Whether a child of a fork finds that the cell is right once it has told its own.
template <class Right>
bool tells_in_a_child(circuit_quorum& others, const Right& is_right) {
    const pid_t child = ::fork();
    if (child == 0) {
        others.exchange(this_machine);
        ::_exit(is_right() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

TEST(circuit_quorum_threads, a_child_of_a_fork_is_another_instance_than_its_parent) {
    memory_store cells;
    circuit_breaker breaker{touchy()};
    circuit_quorum others{cells, breaker, hasty()};
    const auto told = [&] {
        return circuit_bulletin::decoded(ask(cells, {read_cell{"circuit/stock"}})->found->value, 10).reports;
    };
    others.exchange(this_machine);
    ASSERT_EQ(told().size(), 1U);
    const std::uint64_t parent = told()[0].instance;
    EXPECT_TRUE(tells_in_a_child(
        others, [&] { return told().size() == 2 && told()[0].instance == parent && told()[1].instance != parent; }));
    others.exchange(this_machine);
    EXPECT_EQ(told().size(), 1U) << "and the parent is who it was";
    EXPECT_EQ(told()[0].instance, parent);
}

/// Asked, and never answered.
class mute_store final : public cell_store {
public:
    [[nodiscard]] name store_name() const noexcept override { return "mute"; }
    void begin(cell_request, cell_completion) noexcept override { ++asked; }
    int asked = 0;
};

TEST(circuit_quorum_threads, a_child_of_a_fork_does_not_wait_for_what_its_parent_had_asked) {
    mute_store cells;
    circuit_breaker breaker{touchy()};
    circuit_quorum others{cells, breaker, hasty()};
    others.exchange(this_machine);
    ASSERT_EQ(cells.asked, 1);
    EXPECT_TRUE(tells_in_a_child(others, [&] { return cells.asked == 2; }));
}

}  // namespace
}  // namespace cutwater
