// One operation for each key, over one store, whoever asks: four processes with four threads each, and processes that are killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "cutwater/store.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

class shared_idempotency : public over_shared_stores {};
INSTANTIATE_TEST_SUITE_P(stores, shared_idempotency, ::testing::Values("sqlite", "postgres", "redis"), its_name{});

constexpr int keys = 40;

/// All keys in an order of one's own, through a guard of one's own. How many answers were wrong.
int ask_for_all(cell_store& cells, const effects& book, std::uint64_t seed) {
    idempotency_guard<std::string> guard{
        cells, {.while_in_use = while_in_use::wait, .max_wait = 1min, .poll = 2ms, .store_limit = 30s}};
    pipeline serve{cutwater::ref(guard)};
    std::vector<int> order(keys);
    std::ranges::generate(order, [next = 0]() mutable { return next++; });
    std::ranges::shuffle(order, random_source{seed});
    int wrong = 0;
    for (const int number : order) {
        const std::string key = "key-" + std::to_string(number);
        const auto got = serve.run({.operation = "pay", .id = key}, [&] {
            book.happen(key);
            return "receipt of " + key;
        });
        if (got != "receipt of " + key) ++wrong;
    }
    return wrong;
}

TEST_P(shared_idempotency, of_sixteen_threads_in_four_processes_one_executes_and_all_have_its_outcome) {
    const effects book;
    std::vector<pid_t> children;
    for (std::uint64_t process = 0; process < 4; ++process)
        children.push_back(in_child([&, process] {
            const auto cells = store("sixteen");
            std::atomic<int> wrong{0};
            {
                std::vector<std::jthread> threads;
                for (std::uint64_t i = 0; i < 4; ++i)
                    threads.emplace_back([&, i] { wrong += ask_for_all(*cells, book, 10 * process + i + 1); });
            }
            if (wrong != 0) throw std::runtime_error{"a wrong answer"};
        }));
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0) << "70: an answer was wrong";
    const auto times = book.times();
    EXPECT_EQ(times.size(), static_cast<std::size_t>(keys));
    for (const auto& [key, count] : times) EXPECT_EQ(count, 1) << key;
}

/// A child executes, and is killed at any point of reserving, executing and writing down. Then others ask.
TEST_P(shared_idempotency, T94_whoever_is_killed_nothing_happens_twice_and_nothing_is_stuck_beyond_its_lease) {
    constexpr int seeds = 340;  // with each of the stores, a thousand
    const effects book;
    const idempotency_options patient{.lease = 400ms, .store_limit = 30s};
    const auto ask_once = [&](cell_store& cells, const std::string& key) {
        idempotency_guard<std::string> guard{cells, patient};
        pipeline serve{cutwater::ref(guard)};
        return serve.run({.operation = "pay", .id = key}, [&] {
            book.happen(key);
            return "receipt of " + key;
        });
    };
    { (void)ask_once(*store("killed"), "warm"); }  // what there is to be made is made
    random_source dice{20'261'130};
    int killed = 0;
    for (int seed = 0; seed < seeds; ++seed) {
        const std::string key = "key-" + std::to_string(seed);
        const pid_t child = in_child([&] { (void)ask_once(*store("killed"), key); });
        std::this_thread::sleep_for(dice.below(12ms));
        ::kill(child, SIGKILL);
        if (end_of(child) == -SIGKILL) ++killed;
    }
    EXPECT_GT(killed, 0);

    std::this_thread::sleep_for(500ms);  // every lease is over
    const auto cells = store("killed");
    int in_doubt = 0;
    for (int seed = 0; seed < seeds; ++seed) {
        const std::string key = "key-" + std::to_string(seed);
        const auto got = ask_once(*cells, key);
        if (!got) {
            EXPECT_EQ(got.error().code(), errc::in_doubt) << key << ": " << got.error();
            ++in_doubt;
        } else {
            EXPECT_EQ(*got, "receipt of " + key);
        }
        const auto times = book.times();
        const auto happened = times.find(key);
        ASSERT_TRUE(!got || happened != times.end()) << key << " was answered and did not happen";
        if (happened != times.end()) {
            EXPECT_EQ(happened->second, 1) << key;
        }
    }
    EXPECT_LE(in_doubt, killed);
    std::cout << killed << " of " << seeds << " were killed before they had ended, " << in_doubt << " are in doubt\n";
}

/// The same, of an operation that may be executed again: nobody is left without an answer.
TEST_P(shared_idempotency, where_it_is_safe_to_be_executed_again_nobody_is_left_in_doubt) {
    constexpr int seeds = 30;
    const effects book;
    const idempotency_options safe{.lease = 300ms, .takeover = takeover::safe, .store_limit = 30s};
    const auto ask_once = [&](cell_store& cells, const std::string& key) {
        idempotency_guard<int> guard{cells, safe};
        pipeline serve{cutwater::ref(guard)};
        return serve.run({.operation = "set", .id = key}, [&] { return book.happen(key), 7; });
    };
    { (void)ask_once(*store("safe"), "warm"); }
    random_source dice{11};
    for (int seed = 0; seed < seeds; ++seed) {
        const pid_t child = in_child([&] { (void)ask_once(*store("safe"), "key-" + std::to_string(seed)); });
        std::this_thread::sleep_for(dice.below(12ms));
        ::kill(child, SIGKILL);
        (void)end_of(child);
    }
    std::this_thread::sleep_for(400ms);
    const auto cells = store("safe");
    for (int seed = 0; seed < seeds; ++seed) EXPECT_EQ(ask_once(*cells, "key-" + std::to_string(seed)), 7);
    for (const auto& [key, count] : book.times()) EXPECT_LE(count, 2) << key;
}

}  // namespace
}  // namespace cutwater
