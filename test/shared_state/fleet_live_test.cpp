// What instances of a service share about retries and breakers, over real servers: processes that spend one budget, and breakers that advise each other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "cutwater/store.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

class shared_fleet : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] static std::unique_ptr<cell_store> store(const std::string& scope) {
        for (const shared_store& each : shared_stores())
            if (each.name == GetParam()) return each.make(scope);
        throw std::logic_error{"no such store"};
    }
    /// Makes what they share, before there are children.
    static void prepare(const std::string& scope) {
        (void)shared_stores();
        if (GetParam() == "redis") (void)the_redis();
        if (GetParam() == "postgres") (void)the_postgres();
        (void)ask(*store(scope), {read_cell{"warm"}});
    }
};
INSTANTIATE_TEST_SUITE_P(stores, shared_fleet, ::testing::Values("redis", "postgres"),
                         [](const auto& kind) { return kind.param; });

/// Of a half of the originals, and nothing beside it.
shared_retry_budget_options half() {
    return {.name = "search",
            .ratio = 0.5,
            .window = 10min,
            .min_per_second = 0,
            .capacity = 10'000,
            .lease = 5,
            .store_limit = 10s};
}

TEST_P(shared_fleet, T61_processes_spend_together_what_their_originals_have_brought) {
    prepare("budget");
    constexpr int processes = 4;
    constexpr int calls = 400;
    const effects book;
    std::vector<pid_t> children;
    for (int process = 0; process < processes; ++process)
        children.push_back(in_child([&, process] {
            const auto cells = store("budget");
            shared_retry_budget budget{*cells, half()};
            const bool is_failing = process == 0;  // one of them is in trouble, and the others pay for it
            pipeline guarded{retry{{.max_attempts = 4, .base_delay = 1ms, .max_delay = 2ms, .budget = &budget}}};
            for (int i = 0; i < calls; ++i) {
                unsigned attempts = 0;
                (void)guarded.run([&]() -> std::expected<int, std::error_code> {
                    if (++attempts > 1) book.happen("further");
                    if (is_failing) return std::unexpected{std::make_error_code(std::errc::connection_reset)};
                    return 7;
                });
                std::this_thread::sleep_for(4ms);
            }
            std::this_thread::sleep_for(200ms);  // what is under way ends with its store
        }));
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    const int further = book.times()["further"];
    EXPECT_LE(further, processes * calls / 2) << "never more than the originals of all have brought";
    EXPECT_GT(further, 0);
    const auto left = ask(*store("budget"), {read_cell{"retries/search"}});
    ASSERT_TRUE(left && left->found);
    const auto credit = retry_credit::decoded(left->found->value);
    ASSERT_TRUE(credit);
    EXPECT_LE(credit->attempts() + further, processes * calls / 2);
}

/// Waits for what others do, as long as it takes.
bool comes_true(const std::function<bool()>& what) {
    for (int i = 0; i < 3000; ++i, std::this_thread::sleep_for(10ms))
        if (what()) return true;
    return false;
}

TEST_P(shared_fleet, T34_a_process_that_has_not_noticed_proves_itself_on_the_advice_of_those_that_have) {
    prepare("quorum");
    const circuit_quorum_options often{.every = 50ms, .stale_after = 30s, .store_limit = 10s};
    const effects book;
    std::vector<pid_t> children;
    for (int process = 0; process < 3; ++process)
        children.push_back(in_child([&] {
            const auto cells = store("quorum");
            circuit_breaker health{{.name = "inventory", .open_for = 5min}};
            circuit_quorum others{*cells, health, often};
            (void)health.open(now());
            while (!book.times().contains("over")) {
                others.exchange(this_machine);
                std::this_thread::sleep_for(20ms);
            }
            std::this_thread::sleep_for(200ms);
        }));
    const auto cells = store("quorum");
    circuit_breaker health{{.name = "inventory"}};
    circuit_quorum others{*cells, health, often};
    const auto has_been_told = [&] {
        others.exchange(this_machine);
        return health.state(now()) == circuit_state::half_open;
    };
    EXPECT_TRUE(comes_true(has_been_told));
    EXPECT_GE(others.others(now()).open, 2U);
    pipeline guarded{cutwater::ref(others), cutwater::ref(health)};
    EXPECT_EQ(guarded.run([] { return 7; }), 7);
    EXPECT_EQ(guarded.run([] { return 7; }), 7);
    EXPECT_EQ(health.state(now()), circuit_state::closed) << "what it has seen itself is what counts";
    for (int i = 0; i < 20; ++i, std::this_thread::sleep_for(10ms)) others.exchange(this_machine);
    EXPECT_EQ(health.state(now()), circuit_state::closed) << "the same advice is not heeded twice";
    book.happen("over");
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    std::this_thread::sleep_for(200ms);
}

}  // namespace
}  // namespace cutwater
