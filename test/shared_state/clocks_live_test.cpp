// A server whose clock is set ahead or back while keys are in use, and sagas under way: leases end early or late, and nothing happens twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "cutwater/saga/saga.hpp"
#include "cutwater/store.hpp"
#include "test/servers/shifted_clock.hpp"
#include "test/shared_state/payments_live_test.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests
using ::testing::ElementsAre;

using effect_result = std::expected<std::string, std::errc>;

/// Each test has a server of its own, which is not started anew but where a test says so.
class a_clock_that_is_set : public ::testing::TestWithParam<std::string> {
protected:
    a_clock_that_is_set() {
        if (GetParam() == "redis") {
            redis.emplace(std::vector<std::string>{}, clock.prefix());
            cells = std::make_unique<redis_store>(
                redis_store_options{.host = "127.0.0.1", .port = redis->port(), .timeout = 5s});
        } else {
            postgres.emplace(clock.prefix());
            cells = std::make_unique<postgres_store>(postgres_store_options{.connection = postgres->connection()});
        }
    }

    [[nodiscard]] std::string ask(const std::string& key, const std::string& receipt,
                                  const idempotency_options& options = leased(10min)) {
        return pay(*cells, options, key, [&]() -> effect_result { return book.happen(key), receipt; });
    }
    /// Somebody else asks amid the call, after the clock was set.
    [[nodiscard]] std::string ask_amid(const std::string& key, std::chrono::seconds ahead, std::string& other,
                                       const idempotency_options& options = leased(10min)) {
        return pay(
            *cells, options, key,
            [&]() -> effect_result {
                book.happen(key);
                clock.set(ahead);
                other = ask(key, "the other's", options);
                return "the first's";
            },
            &heard);
    }
    /// Leaves a key as somebody does who has gone in the midst.
    void abandon(const std::string& key) {
        (void)pay(*cells, leased(10min), key, [&]() -> effect_result {
            book.happen(key);
            return std::unexpected{std::errc::connection_reset};
        });
    }

    shifted_clock clock;
    std::optional<redis_server> redis;
    std::optional<postgres_server> postgres;
    std::unique_ptr<cell_store> cells;
    const effects book;
    event_recorder heard;
};
INSTANTIATE_TEST_SUITE_P(stores, a_clock_that_is_set, ::testing::Values("postgres", "redis"), its_name{});

TEST_P(a_clock_that_is_set, ahead_ends_a_lease_early_and_nothing_happens_twice) {
    std::string other;
    EXPECT_EQ(ask_amid("key", 1h, other), "executed");
    EXPECT_EQ(other, "in doubt");
    EXPECT_EQ(ask("key", "a third's"), "replayed the first's") << "the doubt is over";
    EXPECT_EQ(book.times("key"), 1);
}

TEST_P(a_clock_that_is_set, ahead_lets_another_take_over_early_what_may_be_executed_again) {
    const idempotency_options safe = leased(10min, takeover::safe);
    std::string other;
    EXPECT_EQ(ask_amid("key", 1h, other, safe), "executed");
    EXPECT_EQ(other, "executed");
    EXPECT_THAT(heard.last("idempotency_lost").field("reason"), "taken over");
    EXPECT_EQ(ask("key", "a third's", safe), "replayed the other's") << "the first has found that it is another's";
    EXPECT_EQ(book.times("key"), 2);
}

TEST_P(a_clock_that_is_set, back_lets_a_lease_last_longer_by_as_much) {
    std::string other;
    EXPECT_EQ(ask_amid("key", -1h, other), "executed");
    EXPECT_EQ(other, "in use");
    EXPECT_EQ(ask("key", "a third's"), "replayed the first's");
    EXPECT_EQ(book.times("key"), 1);

    abandon("left");
    EXPECT_EQ(ask("left", "another's"), "in use");
    clock.set(-2h);
    EXPECT_EQ(ask("left", "another's"), "in use");
    clock.set(-1h + 9min);
    EXPECT_EQ(ask("left", "another's"), "in use");
    clock.set(-1h + 11min);
    EXPECT_EQ(ask("left", "another's"), "in doubt");
    EXPECT_EQ(book.times("left"), 1);
}

TEST_P(a_clock_that_is_set, back_makes_nothing_younger_than_new) {
    ASSERT_EQ(ask("key", "the first's"), "executed");
    clock.set(-24h);
    const auto seen = cutwater::ask(*cells, {read_cell{idempotency_cell("", "pay", "key")}});
    ASSERT_TRUE(seen && seen->found);
    EXPECT_EQ(seen->found->age, duration::zero());
    EXPECT_EQ(ask("key", "another's"), "replayed the first's");
}

TEST_P(a_clock_that_is_set, ahead_by_more_than_a_key_is_kept_makes_it_forgotten) {
    ASSERT_EQ(ask("key", "the first's"), "executed");
    clock.set(23h);
    EXPECT_EQ(ask("key", "another's"), "replayed the first's");
    clock.set(25h);
    EXPECT_EQ(ask("key", "another's"), "executed");
    EXPECT_EQ(book.times("key"), 2);
}

/// Redis is empty when it is started anew, so there is nothing to be seen of it.
using a_clock_that_is_set_while_the_server_is_down = a_clock_that_is_set;
INSTANTIATE_TEST_SUITE_P(stores, a_clock_that_is_set_while_the_server_is_down, ::testing::Values("postgres"),
                         its_name{});

TEST_P(a_clock_that_is_set_while_the_server_is_down, is_as_one_that_is_set_while_it_runs) {
    abandon("left");
    ASSERT_EQ(ask("paid", "the first's"), "executed");
    for (const auto& [ahead, told] : std::initializer_list<std::pair<std::chrono::seconds, const char*>>{
             {-1h, "in use"}, {9min, "in use"}, {11min, "in doubt"}}) {
        postgres->stop();
        clock.set(ahead);
        ASSERT_TRUE(postgres->start());
        EXPECT_EQ(ask("left", "another's"), told) << ahead.count();
        EXPECT_EQ(ask("paid", "another's"), "replayed the first's") << ahead.count();
    }
    EXPECT_EQ(book.times("left"), 1);
    EXPECT_EQ(book.times("paid"), 1);
}

TEST_P(a_clock_that_is_set, ahead_lets_another_undo_a_saga_and_the_first_does_no_further_step) {
    using trip = saga<std::string>;
    std::vector<std::string> done;
    const auto writes = [&](const char* what) { return [&done, what](std::string&) { done.emplace_back(what); }; };
    trip* other = nullptr;
    std::optional<saga_end> told;
    const std::vector<trip::step> steps{
        {"reserve", writes("reserve"), writes("release")},
        {"charge",
         [&](std::string&) {
             done.emplace_back("charge");
             clock.set(1h);
             const auto resumed = other->resume("order");
             if (resumed) told = resumed->end;
         },
         writes("refund")},
        {"ship", writes("ship"), no_undo},
    };
    trip first{*cells, {.name = "order", .lease = 10min, .store_limit = 30s}, steps};
    trip second{*cells, {.name = "order", .lease = 10min, .store_limit = 30s}, steps};
    other = &second;
    const auto ended = first.run("order", "");
    EXPECT_EQ(told, saga_end::undone);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), errc::key_in_use);
    EXPECT_THAT(done, ElementsAre("reserve", "charge", "refund", "release"));
}

}  // namespace
}  // namespace cutwater
