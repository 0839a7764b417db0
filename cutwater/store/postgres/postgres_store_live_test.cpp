#include "cutwater/store/postgres/postgres_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <array>
#include <set>

#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/postgres_live_test.hpp"

namespace cutwater {
namespace {

using namespace testing;  // the server of these tests
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

void in_threads(int how_many, const std::function<void(int)>& each) {
    std::vector<std::jthread> all;
    for (int i = 0; i < how_many; ++i) all.emplace_back([&each, i] { each(i); });
}

class postgres_store_live : public ::testing::Test {
protected:
    postgres_store_options mine = own_options();
    postgres_store cells{mine};
    const sql_client outside;

    cell_reply reply_to(cell_request asked) {
        cell_result said = ask(cells, std::move(asked));
        if (!said) ADD_FAILURE() << said.error().message();
        return said.value_or(cell_reply{});
    }
    cell_reply swap(const std::string& key, cell_version expected, std::string value, duration lives = forever) {
        return reply_to({swap_cell{key, expected, std::move(value), lives}});
    }
    cell_reply read(const std::string& key) { return reply_to({read_cell{key}}); }
    [[nodiscard]] std::string rows() const { return outside.run("SELECT count(*) FROM " + mine.table); }
};

TEST_F(postgres_store_live, sixteen_threads_on_one_cell_lose_nothing) {
    constexpr int threads = 16;
    constexpr int times = 20;
    in_threads(threads, [&](int) {
        cell_reply seen = read("count");
        for (int done = 0; done < times;) {
            const cell_version version = seen.found ? seen.found->version : 0;
            const int value = seen.found ? std::stoi(seen.found->value) : 0;
            seen = swap("count", version, std::to_string(value + 1));
            if (seen.done) {
                ++done;
                seen.found = cell{.value = std::to_string(value + 1), .version = seen.version};
            } else {
                ASSERT_TRUE(seen.found) << "it is never erased";
                ASSERT_NE(seen.found->version, version) << "that one would have been swapped";
            }
        }
    });
    EXPECT_EQ(read("count").found->value, std::to_string(threads * times));
}

TEST_F(postgres_store_live, of_sixteen_who_write_a_new_cell_one_does_and_the_others_are_told_what_that_wrote) {
    constexpr int threads = 16;
    constexpr int keys = 200;
    std::array<std::atomic<int>, keys> winners{};
    std::array<std::array<std::string, threads>, keys> told;
    in_threads(threads, [&](int i) {
        for (int key = 0; key < keys; ++key) {
            const auto at = static_cast<std::size_t>(key);
            const cell_reply said = swap("k" + std::to_string(key), 0, std::to_string(i));
            ASSERT_TRUE(said.done || said.found) << "somebody has written it";
            if (said.done) ++winners.at(at);
            told.at(at).at(static_cast<std::size_t>(i)) = said.done ? std::to_string(i) : said.found->value;
        }
    });
    for (int key = 0; key < keys; ++key) {
        const auto at = static_cast<std::size_t>(key);
        EXPECT_EQ(winners.at(at), 1);
        EXPECT_EQ((std::set<std::string>{told.at(at).begin(), told.at(at).end()}.size()), 1U);
    }
}

TEST_F(postgres_store_live, of_sixteen_who_write_an_expired_cell_anew_one_does) {
    for (int round = 0; round < 20; ++round) {
        const std::string key = "k" + std::to_string(round);
        ASSERT_TRUE(swap(key, 0, "old", 1us).done);
        std::atomic<int> winners{0};
        in_threads(16, [&](int i) {
            const cell_reply said = swap(key, 0, std::to_string(i));
            ASSERT_TRUE(said.done || (said.found && said.found->value != "old"));
            if (said.done) ++winners;
        });
        EXPECT_EQ(winners, 1);
    }
}

TEST_F(postgres_store_live, writers_who_delete_each_others_expired_cells_do_not_wait_in_a_circle) {
    in_threads(8, [&](int i) {
        for (int times = 0; times < 60; ++times)
            (void)swap("k" + std::to_string((i + times) % 4), 0, "x", 1us);  // an error fails the test
    });
}

/// Somebody else's transaction that has written and not yet committed: what the statement sees is not what it finds.
class postgres_store_beaten : public postgres_store_live {
protected:
    const sql_client rival;
    cell_reply said;

    void while_rival_has(const std::string& done, cell_request asked) {
        rival.run("BEGIN");
        rival.run(done);
        std::jthread waits{[&] { said = reply_to(std::move(asked)); }};
        EXPECT_TRUE(some_wait("1"));
        rival.run("COMMIT");
    }
    [[nodiscard]] std::string update() const {
        return "UPDATE " + mine.table + " SET value = 'theirs', version = DEFAULT WHERE key = 'a'";
    }
};

TEST_F(postgres_store_beaten, to_a_new_cell_is_told_of_it) {
    (void)read("a");  // the table is made
    while_rival_has("INSERT INTO " + mine.table + " (key, value, written) VALUES ('a', 'theirs', now())",
                    {swap_cell{"a", 0, "mine"}});
    EXPECT_FALSE(said.done);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.found->value, "theirs");
}

TEST_F(postgres_store_beaten, to_a_swap_is_told_of_it) {
    const cell_version seen = swap("a", 0, "first").version;
    while_rival_has(update(), {swap_cell{"a", seen, "mine"}});
    EXPECT_FALSE(said.done);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.found->value, "theirs");
    EXPECT_NE(said.found->version, seen);
}

TEST_F(postgres_store_beaten, to_an_erasure_is_told_of_it) {
    const cell_version seen = swap("a", 0, "first").version;
    while_rival_has(update(), {erase_cell{"a", seen}});
    EXPECT_FALSE(said.done);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.found->value, "theirs");
}

TEST_F(postgres_store_beaten, by_one_who_erased_is_told_that_nothing_is_there) {
    const cell_version seen = swap("a", 0, "first").version;
    while_rival_has("DELETE FROM " + mine.table, {swap_cell{"a", seen, "mine"}});
    EXPECT_FALSE(said.done);
    EXPECT_FALSE(said.found);
}

TEST_F(postgres_store_live, finding_what_is_there_writes_nothing) {
    const cell_version seen = swap("a", 0, "first").version;
    const std::string before = outside.run("SELECT xmax::text FROM " + mine.table);
    EXPECT_FALSE(swap("a", 0, "second").done);
    EXPECT_FALSE(swap("a", seen + 100, "second").done);
    EXPECT_EQ(outside.run("SELECT xmax::text FROM " + mine.table), before) << "nor does it lock the row";
}

TEST_F(postgres_store_live, a_write_deletes_a_few_that_have_expired_and_no_more) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(swap("old/" + std::to_string(i), 0, "", 200ms).done);
    ASSERT_TRUE(swap("kept", 0, "", 1h).done);
    std::this_thread::sleep_for(250ms);
    EXPECT_EQ(rows(), "11");
    ASSERT_TRUE(swap("new", 0, "").done);
    EXPECT_EQ(rows(), "8") << "4 of sweep = 4 went, and one came";
    EXPECT_FALSE(swap("new", 0, "").done);
    EXPECT_EQ(rows(), "8") << "what is not made deletes nothing";
    ASSERT_TRUE(swap("another", 0, "").done);
    ASSERT_TRUE(swap("third", 0, "").done);
    EXPECT_THAT(reply_to({list_cells{""}}).keys, ElementsAre("another", "kept", "new", "third"));
    EXPECT_EQ(rows(), "4");
}

TEST_F(postgres_store_live, many_who_come_first_make_one_table) {
    std::vector<std::unique_ptr<postgres_store>> stores;
    for (int i = 0; i < 16; ++i) stores.push_back(std::make_unique<postgres_store>(mine));
    std::atomic<int> made{0};
    in_threads(16, [&](int i) {
        const cell_result said = ask(*stores[static_cast<std::size_t>(i)], {swap_cell{"a", 0, "x"}});
        EXPECT_TRUE(said) << said.error().message();
        if (said && said->done) ++made;
    });
    EXPECT_EQ(made, 1);
}

TEST_F(postgres_store_live, a_table_in_a_schema_and_with_capitals_is_the_one_that_is_named) {
    outside.run("CREATE SCHEMA IF NOT EXISTS \"Shop\"");
    mine.table = "Shop.Cells";
    postgres_store there{mine};
    ASSERT_TRUE(ask(there, {swap_cell{"a", 0, "x"}}));
    EXPECT_EQ(outside.run("SELECT count(*) FROM \"Shop\".\"Cells\""), "1");
}

TEST_F(postgres_store_live, a_table_that_is_not_to_be_made_is_missed_by_name) {
    mine.create_table = false;
    postgres_store there{mine};
    const cell_result said = ask(there, {read_cell{"a"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), make_sqlstate_code("42P01"));
    EXPECT_THAT(said.error().message(), HasSubstr(mine.table));
    outside.run(postgres_store::table_sql(mine.table));
    EXPECT_TRUE(ask(there, {read_cell{"a"}})) << "made by somebody else, in the meantime";
}

TEST_F(postgres_store_live, a_table_that_was_dropped_is_made_again) {
    ASSERT_TRUE(swap("a", 0, "x").done);
    outside.run("DROP TABLE " + mine.table);
    EXPECT_FALSE(ask(cells, {read_cell{"a"}}));
    EXPECT_TRUE(ask(cells, {read_cell{"a"}}));
}

TEST_F(postgres_store_live, who_may_not_is_told_what) {
    outside.run("CREATE ROLE guest_" + mine.table + " LOGIN");
    mine.connection =
        "host=127.0.0.1 dbname=postgres port=" + std::to_string(the_server().port()) + " user=guest_" + mine.table;
    postgres_store guests{mine};
    cell_result said = ask(guests, {read_cell{"a"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::permission_denied);
    EXPECT_THAT(said.error().message(), AllOf(HasSubstr("could not be made"), HasSubstr("42501")));

    (void)read("a");
    outside.run("GRANT SELECT ON " + mine.table + " TO guest_" + mine.table);
    EXPECT_TRUE(ask(guests, {read_cell{"a"}}));
    said = ask(guests, {swap_cell{"a", 0, "x"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(sqlstate_of(said.error().code()), "42501");
    outside.run("GRANT INSERT, UPDATE, DELETE ON " + mine.table + " TO guest_" + mine.table);
    EXPECT_TRUE(ask(guests, {swap_cell{"a", 0, "x"}})) << "which is all that is needed";
}

TEST_F(postgres_store_live, connections_are_made_when_they_are_needed_and_not_more_than_are_allowed) {
    mine.connection = the_server().connection() + " application_name=" + mine.table;
    mine.max_connections = 3;
    const std::string open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + mine.table + "'";
    {
        postgres_store bounded{mine};
        EXPECT_EQ(outside.run(open), "0");
        ASSERT_TRUE(ask(bounded, {read_cell{"a"}}));
        ASSERT_TRUE(ask(bounded, {read_cell{"a"}}));
        EXPECT_EQ(outside.run(open), "1");
        std::atomic<int> most{0};
        in_threads(16, [&](int i) {
            for (int times = 0; times < 10; ++times)
                EXPECT_TRUE(ask(bounded, {swap_cell{"k" + std::to_string(i), 0, ""}}));
            const sql_client looks;
            most = std::max(most.load(), std::stoi(looks.run(open)));
        });
        EXPECT_LE(most, 3);
        EXPECT_EQ(bounded.connections(), 3U);
    }
    EXPECT_TRUE(comes_true([&] { return outside.run(open) == "0"; }));
}

TEST_F(postgres_store_live, a_child_of_a_fork_has_connections_of_its_own_and_leaves_its_parents_alone) {
    auto shared = std::make_unique<postgres_store>(own_options());
    ASSERT_TRUE(ask(*shared, {swap_cell{"parent", 0, "1"}}));
    const pid_t child = ::fork();
    if (child == 0) {
        bool is_right = true;
        for (int i = 0; i < 50; ++i)
            is_right &= ask(*shared, {swap_cell{"child" + std::to_string(i), 0, ""}}).value_or(cell_reply{false}).done;
        shared.reset();
        ::_exit(is_right ? 0 : 1);
    }
    for (int i = 0; i < 50; ++i) EXPECT_EQ(ask(*shared, {read_cell{"parent"}}).value().found->value, "1");
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(ask(*shared, {read_cell{"parent"}}).value().found->value, "1");
    EXPECT_EQ(shared->connections(), 1U);
}

TEST_F(postgres_store_live, whoever_waits_for_a_connection_waits_no_longer_than_the_limit_and_has_sent_nothing) {
    mine.max_connections = 1;
    postgres_store narrow{mine};
    ASSERT_TRUE(ask(narrow, {swap_cell{"a", 0, "x"}}));
    outside.run("BEGIN");
    outside.run("UPDATE " + mine.table + " SET value = 'y', version = DEFAULT");
    std::jthread holds{[&] { EXPECT_TRUE(ask(narrow, {erase_cell{"a", 1}})); }};
    ASSERT_TRUE(some_wait("1"));
    const cell_result said = ask(narrow, {.what = read_cell{"a"}, .limit = 100ms});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_THAT(said.error().message(), HasSubstr("max_connections = 1"));
    outside.run("ROLLBACK");
}

TEST_F(postgres_store_live, who_waits_for_a_lock_waits_no_longer_than_the_limit) {
    mine.timeout = 400ms;
    mine.connect_timeout = 400ms;
    postgres_store hasty{mine};
    ASSERT_TRUE(ask(hasty, {swap_cell{"a", 0, "x"}}));
    outside.run("BEGIN");
    outside.run("UPDATE " + mine.table + " SET value = 'y', version = DEFAULT");
    const cell_result said = ask(hasty, {.what = erase_cell{"a", 1}, .limit = 150ms});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::timed_out);
    EXPECT_EQ(said.error().limit(), 150ms) << "its own, and not the store's";
    EXPECT_TRUE(ask(hasty, {read_cell{"a"}})) << "on another connection";
    EXPECT_TRUE(some_wait("0")) << "the server gives it up as well, after the store's own timeout";
    outside.run("ROLLBACK");
}

TEST_F(postgres_store_live, a_database_that_is_serializable_by_default_is_no_other) {
    outside.run("CREATE ROLE strict_" + mine.table + " LOGIN SUPERUSER");
    outside.run("ALTER ROLE strict_" + mine.table + " SET default_transaction_isolation = 'serializable'");
    mine.connection =
        "host=127.0.0.1 dbname=postgres port=" + std::to_string(the_server().port()) + " user=strict_" + mine.table;
    postgres_store strict{mine};
    in_threads(8, [&](int i) {
        for (int key = 0; key < 20; ++key)
            EXPECT_TRUE(ask(strict, {swap_cell{"k" + std::to_string(key), 0, std::to_string(i), 1ms}}));
    });
}

TEST_F(postgres_store_live, a_table_that_gets_another_column_is_used_on) {
    ASSERT_TRUE(swap("a", 0, "x").done);
    outside.run("ALTER TABLE " + mine.table + " ADD COLUMN more text");
    EXPECT_EQ(read("a").found->value, "x");
    EXPECT_TRUE(swap("b", 0, "x").done);
}

TEST_F(postgres_store_live, a_password_is_in_no_error) {
    const std::string secret = "hunter2";
    outside.run("CREATE ROLE known_" + mine.table + " LOGIN PASSWORD 'another'");
    const std::string to =
        "host=127.0.0.1 dbname=postgres user=nobody_" + mine.table + " password=" + secret + " port=";
    const std::string nobody_listens = std::to_string(free_port());
    for (const std::string& port : {std::to_string(the_server().port()), nobody_listens}) {
        mine.connection = to + port;
        postgres_store refused{mine};
        const cell_result said = ask(refused, {read_cell{"a"}});
        ASSERT_FALSE(said);
        EXPECT_EQ(said.error().code(), condition::never_sent);
        EXPECT_THAT(said.error().message(), Not(HasSubstr(secret)));
        EXPECT_THAT(options_text(refused.options()), Not(HasSubstr(secret)));
    }
}

TEST_F(postgres_store_live, who_is_not_let_in_is_told_by_the_servers_own_code) {
    mine.connection = "host=127.0.0.1 dbname=nowhere user=postgres port=" + std::to_string(the_server().port());
    postgres_store lost{mine};
    const cell_result said = ask(lost, {read_cell{"a"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), make_sqlstate_code("3D000"));
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_THAT(said.error().message(), Not(HasSubstr("LOCATION")));
}

}  // namespace
}  // namespace cutwater
