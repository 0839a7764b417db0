#include "cutwater/store/redis/redis_store.hpp"

#include <future>
#include <latch>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/async_guarded/async_guarded_store.hpp"
#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/redis/redis_error.hpp"
#include "cutwater/store/redis/redis_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::testing::AllOf;
using testing::at;
using testing::bare_redis;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::redis;
using ::testing::SizeIs;

/// On a thread of its own.
class redis_cells final : public testing::stored {
public:
    redis_cells() { bare_redis{redis().port()}.said({"FLUSHALL"}); }
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { std::this_thread::sleep_for(d); }

private:
    redis_store cells_{at(redis().port())};
};

/// On two threads of a user's, under a prefix with all that a pattern would take for its own.
class redis_cells_of_a_user final : public testing::stored {
public:
    redis_cells_of_a_user() { bare_redis{redis().port()}.said({"FLUSHALL"}); }
    cell_store& cells() override { return *cells_; }
    void wait(duration d) override { std::this_thread::sleep_for(d); }

private:
    static redis_store_options prefixed() {
        redis_store_options made = at(redis().port());
        made.prefix = R"({shop}/a*[b]?\)";
        return made;
    }

    asio::thread_pool threads_{2};
    std::optional<redis_store> cells_{std::in_place, prefixed(), threads_.get_executor()};
};

/// And behind a pipeline, on the one thread that both of them run on.
class redis_cells_with_care final : public testing::stored {
public:
    redis_cells_with_care() { bare_redis{redis().port()}.said({"FLUSHALL"}); }
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { std::this_thread::sleep_for(d); }

private:
    using careful = pipeline<retry, timeout>;

    careful care_{retry{{.max_attempts = 2, .base_delay = 5ms}}, timeout{10s}};
    asio::thread_pool thread_{1};
    redis_store behind_{at(redis().port()), thread_.get_executor()};
    async_guarded_store<careful> cells_{behind_, care_, thread_.get_executor()};
};

const testing::store_under_test own_thread{"own_thread", [] { return std::make_unique<redis_cells>(); }};
const testing::store_under_test users{"users_executor", [] { return std::make_unique<redis_cells_of_a_user>(); }};
const testing::store_under_test with_care{"with_care", [] { return std::make_unique<redis_cells_with_care>(); }};

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(redis, store_conformance, ::testing::Values(own_thread, users, with_care), store_name{});
}  // namespace testing

namespace {

class redis_store_live : public ::testing::Test {
protected:
    redis_store_live() { bare.said({"FLUSHALL"}); }

    cell_result swap(const std::string& key, cell_version expected, std::string value = {}, duration lives = forever) {
        return ask(cells, {swap_cell{key, expected, std::move(value), lives}});
    }
    cell_result read(const std::string& key) { return ask(cells, {read_cell{key}}); }
    std::string in_redis(const std::string& key) { return bare.said({"HGETALL", "cutwater/" + key}); }

    bare_redis bare{redis().port()};
    redis_store cells{at(redis().port())};
};

TEST_F(redis_store_live, sixteen_threads_count_on_one_key_and_nothing_is_lost) {
    constexpr int threads = 16;
    constexpr int times = 50;
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([this] {
                for (int done = 0; done < times;) {
                    const cell_reply seen = read("n").value();
                    const int count = seen.found ? std::stoi(seen.found->value) : 0;
                    if (swap("n", seen.found ? seen.found->version : 0, std::to_string(count + 1)).value().done) ++done;
                }
            });
    }
    EXPECT_EQ(read("n").value().found->value, std::to_string(threads * times));
}

TEST_F(redis_store_live, a_cell_is_a_hash_below_the_prefix) {
    const cell_version version = swap("a", 0, "x", 1h).value().version;
    EXPECT_THAT(in_redis("a"), AllOf(HasSubstr("v x"), HasSubstr("n " + std::to_string(version))));
    EXPECT_THAT(std::stol(bare.said({"PTTL", "cutwater/a"})),
                AllOf(::testing::Gt(3'500'000), ::testing::Le(3'600'000)));
    ASSERT_TRUE(swap("a", version).value().done);
    EXPECT_EQ(bare.said({"PTTL", "cutwater/a"}), "-1") << "for ever";
}

TEST_F(redis_store_live, scripts_that_redis_has_forgotten_are_sent_once_more) {
    ASSERT_TRUE(swap("a", 0, "1").value().done);
    ASSERT_EQ(bare.said({"SCRIPT", "FLUSH"}), "OK");
    const cell_reply seen = read("a").value();
    ASSERT_TRUE(seen.found);
    EXPECT_TRUE(swap("a", seen.found->version, "2").value().done);
    ASSERT_EQ(bare.said({"CONFIG", "RESETSTAT"}), "OK");
    EXPECT_EQ(read("a").value().found->value, "2");
    EXPECT_THAT(bare.said({"INFO", "commandstats"}),
                AllOf(HasSubstr("cmdstat_evalsha:"), Not(HasSubstr("cmdstat_eval:"))))
        << "by its digest again";
}

TEST_F(redis_store_live, each_request_is_one_command) {
    ASSERT_TRUE(read("a"));  // connected
    ASSERT_EQ(bare.said({"CONFIG", "RESETSTAT"}), "OK");
    const cell_version version = swap("a", 0, "1").value().version;
    EXPECT_TRUE(read("a").value().found);
    EXPECT_TRUE(ask(cells, {erase_cell{"a", version}}).value().done);
    EXPECT_THAT(bare.said({"INFO", "commandstats"}), HasSubstr("cmdstat_evalsha:calls=3,"));
}

TEST_F(redis_store_live, ten_thousand_requests_share_a_connection) {
    constexpr int requests = 10'000;
    std::latch left{requests};
    std::atomic<int> right{0};
    for (int i = 0; i < requests; ++i)
        cells.begin({swap_cell{"k" + std::to_string(i % 1'000), 0, std::to_string(i)}},
                    [&, i](cell_result said) noexcept {
                        if (said && (said->done ? i < 1'000 : said->found->value == std::to_string(i % 1'000))) ++right;
                        left.count_down();
                    });
    left.wait();
    EXPECT_EQ(right, requests);
    EXPECT_EQ(bare.said({"DBSIZE"}), "1000");
}

TEST_F(redis_store_live, what_is_beyond_the_limit_is_refused_and_not_sent) {
    redis_store_options few = at(redis().port());
    few.max_in_flight = 2;
    redis_store narrow{few};
    ASSERT_TRUE(ask(narrow, {read_cell{"a"}}));
    ASSERT_EQ(bare.said({"CLIENT", "PAUSE", "300", "ALL"}), "OK");
    std::latch left{2};
    for (const char* key : {"1", "2"})
        narrow.begin({swap_cell{key, 0, ""}}, [&](cell_result said) noexcept {
            EXPECT_TRUE(said && said->done);
            left.count_down();
        });
    const cell_result third = ask(narrow, {swap_cell{"3", 0, ""}});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), std::errc::resource_unavailable_try_again);
    EXPECT_EQ(third.error().code(), condition::never_sent);
    EXPECT_THAT(third.error().message(), HasSubstr("max_in_flight = 2"));
    left.wait();
    EXPECT_TRUE(ask(narrow, {swap_cell{"4", 0, ""}})) << "there is room again";
    EXPECT_FALSE(read("3").value().found);
}

TEST_F(redis_store_live, a_place_is_free_when_the_reply_is_told) {
    redis_store_options one = at(redis().port());
    one.max_in_flight = 1;
    redis_store narrow{one};
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(ask(narrow, {read_cell{"a"}})) << i;
}

TEST_F(redis_store_live, a_request_has_a_limit_and_its_late_reply_is_nobody_elses) {
    ASSERT_TRUE(swap("a", 0, "1"));
    ASSERT_EQ(bare.said({"CLIENT", "PAUSE", "400", "ALL"}), "OK");
    const cell_result late = ask(cells, {.what = read_cell{"a"}, .limit = 50ms});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), std::make_error_code(std::errc::timed_out));
    EXPECT_NE(late.error().code(), condition::never_sent);
    EXPECT_THAT(late.error().message(), AllOf(HasSubstr("redis: "), HasSubstr("(limit 50ms)")));
    EXPECT_FALSE(read("b").value().found) << "the reply to this question, and not to the one before";
    EXPECT_EQ(read("a").value().found->value, "1");
}

TEST_F(redis_store_live, no_time_at_all_sends_nothing) {
    const cell_result said = ask(cells, {.what = swap_cell{"a", 0, ""}, .limit = 0ns});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::timeout);
    EXPECT_FALSE(read("a").value().found);
}

TEST_F(redis_store_live, without_memory_nothing_is_written_and_the_error_says_what_to_do) {
    const cell_version version = swap("a", 0, "before").value().version;
    ASSERT_EQ(bare.said({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    const cell_result said = swap("a", version, "after");
    const cell_result another = swap("b", 0);
    const cell_result seen = read("a");
    ASSERT_EQ(bare.said({"CONFIG", "SET", "maxmemory", "0"}), "OK");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), redis_errc::out_of_memory);
    EXPECT_EQ(said.error().code(), std::errc::not_enough_memory);
    EXPECT_EQ(said.error().code(), condition::never_sent) << "nothing was done";
    EXPECT_THAT(said.error().message(), AllOf(HasSubstr("raise maxmemory"), HasSubstr("OOM command not allowed")));
    EXPECT_FALSE(another);
    ASSERT_TRUE(seen && seen->found) << "reading needs none";
    EXPECT_EQ(seen->found->version, version);
    EXPECT_FALSE(read("b").value().found);
}

TEST_F(redis_store_live, what_is_no_cell_is_an_error_and_stays_as_it_is) {
    bare.said({"SET", "cutwater/text", "mine"});
    bare.said({"HSET", "cutwater/hash", "field", "mine"});
    for (const std::string key : {"text", "hash"})
        for (const cell_request& asked : {cell_request{read_cell{key}}, cell_request{swap_cell{key, 0, ""}},
                                          cell_request{swap_cell{key, 7, ""}}, cell_request{erase_cell{key, 7}}}) {
            const cell_result said = ask(cells, asked);
            ASSERT_FALSE(said) << key;
            EXPECT_EQ(said.error().code(), redis_errc::wrong_type);
            EXPECT_THAT(said.error().message(), HasSubstr("a prefix that is its own"));
        }
    EXPECT_EQ(bare.said({"GET", "cutwater/text"}), "mine");
    EXPECT_EQ(in_redis("hash"), "[field mine]");
}

TEST_F(redis_store_live, a_replica_says_so_and_the_next_request_has_another_connection) {
    ASSERT_TRUE(swap("a", 0).value().done);
    ASSERT_EQ(bare.said({"REPLICAOF", "127.0.0.1", "1"}), "OK");
    const cell_result said = swap("b", 0);
    ASSERT_EQ(bare.said({"REPLICAOF", "NO", "ONE"}), "OK");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), redis_errc::read_only);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_THAT(said.error().message(), HasSubstr("connect to its master"));
    ASSERT_EQ(bare.said({"CONFIG", "RESETSTAT"}), "OK");
    EXPECT_TRUE(swap("b", 0).value().done);
    EXPECT_THAT(bare.said({"INFO", "stats"}), HasSubstr("total_connections_received:1\r\n"));
}

TEST_F(redis_store_live, a_list_sees_all_of_many_keys_and_none_of_others) {
    std::vector<std::string> expected;
    for (int i = 1'000; i < 4'000; ++i) {
        bare.said({"HSET", "cutwater/k" + std::to_string(i), "n", "1"});
        bare.said({"SET", "another" + std::to_string(i), ""});
        if (i >= 1'500 && expected.size() < 20) expected.push_back("k" + std::to_string(i));
    }
    const cell_result said = ask(cells, {list_cells{.prefix = "k", .after = "k1499", .limit = 20}});
    ASSERT_TRUE(said);
    EXPECT_EQ(said->keys, expected);
    EXPECT_THAT(ask(cells, {list_cells{.prefix = "k", .limit = 10'000}}).value().keys, SizeIs(3'000));
    EXPECT_THAT(ask(cells, {list_cells{.prefix = "k", .limit = 0}}).value().keys, IsEmpty());
}

TEST_F(redis_store_live, large_values_go_both_ways_while_others_do) {
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back([&, i] {
            const std::string value(1'000'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
            const std::string key = std::to_string(i);
            EXPECT_TRUE(swap(key, 0, value).value().done);
            for (int times = 0; times < 10; ++times) EXPECT_TRUE(read(key).value().found->value == value);
        });
}

TEST_F(redis_store_live, a_database_and_a_password_are_used_and_never_said) {
    const testing::redis_server guarded{{"--requirepass", "hunter2"}};
    redis_store_options options = at(guarded.port());
    options.database = 3;

    redis_store without{options};
    const cell_result none = ask(without, {swap_cell{"a", 0, ""}});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), redis_errc::not_allowed);
    EXPECT_THAT(none.error().message(), HasSubstr("set user and password"));

    options.password = "hunter3";
    redis_store wrong{options};
    const cell_result refused = ask(wrong, {swap_cell{"a", 0, ""}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), redis_errc::not_allowed);
    EXPECT_EQ(refused.error().code(), condition::never_sent);
    EXPECT_THAT(refused.error().message(), AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("hunter"))));

    options.user = "default";
    options.password = "hunter2";
    redis_store right{options};
    EXPECT_TRUE(ask(right, {swap_cell{"a", 0, ""}}));
    bare_redis client{guarded.port(), "hunter2"};
    EXPECT_EQ(client.said({"DBSIZE"}), "0");
    client.said({"SELECT", "3"});
    EXPECT_EQ(client.said({"DBSIZE"}), "1");

    options.database = 99;
    redis_store nowhere{options};
    EXPECT_THAT(ask(nowhere, {swap_cell{"a", 0, ""}}).error().message(), HasSubstr("see databases"));
}

TEST_F(redis_store_live, where_scripts_may_not_be_loaded_they_are_sent_whole) {
    ASSERT_EQ(bare.said({"ACL", "SETUSER", "poor", "on", ">secret", "~cutwater/*", "+@all", "-script"}), "OK");
    redis_store_options options = at(redis().port());
    options.user = "poor";
    options.password = "secret";
    redis_store poor{options};
    EXPECT_TRUE(ask(poor, {swap_cell{"a", 0, "x"}}).value().done);
    EXPECT_EQ(ask(poor, {read_cell{"a"}}).value().found->value, "x");
    options.prefix = "others/";
    redis_store others{options};
    const cell_result said = ask(others, {swap_cell{"a", 0, "x"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), redis_errc::not_allowed);
}

TEST_F(redis_store_live, a_coroutine_asks_on_its_own_executor_which_ends_when_nothing_is_asked) {
    asio::io_context context{1};
    redis_store mine{at(redis().port()), context.get_executor()};
    const auto main_thread = std::this_thread::get_id();
    int right = 0;
    const auto asked = [&](cell_request what) {
        return asio::async_initiate<const asio::use_awaitable_t<>, void(cell_reply)>(
            [&](auto handler, cell_request a) {
                mine.begin(std::move(a), [h = std::make_shared<decltype(handler)>(std::move(handler)), main_thread,
                                          &right](cell_result said) noexcept {
                    if (std::this_thread::get_id() == main_thread) ++right;
                    (*h)(std::move(said).value());
                });
            },
            asio::use_awaitable, std::move(what));
    };
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            const cell_request first{swap_cell{"a", 0, "x"}};
            const cell_reply made = co_await asked(first);
            const cell_request second{read_cell{"a"}};
            const cell_reply seen = co_await asked(second);
            if (made.done && seen.found->value == "x") ++right;
        },
        asio::detached);
    context.run();  // returns, although the connection is there
    EXPECT_EQ(right, 3);
    context.restart();
    mine.begin({read_cell{"a"}}, [&](cell_result said) noexcept { right += said && said->found ? 1 : 0; });
    context.run();
    EXPECT_EQ(right, 4);
}

}  // namespace
}  // namespace cutwater
