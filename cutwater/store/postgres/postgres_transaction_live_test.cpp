#include "cutwater/store/postgres/postgres_transaction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/postgres_live_test.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace cutwater {
namespace {

using namespace testing;  // the servers of these tests

class postgres_transaction_live : public ::testing::Test {
protected:
    const postgres_store_options mine = own_options();
    postgres_store cells{mine};
    const sql_client caller;
    postgres_transaction inside{caller.connection(), {.table = mine.table}};
    const std::string effects = "effects_of_" + mine.table;

    postgres_transaction_live() {
        caller.run("CREATE TABLE " + effects + " (what text)");
        (void)outside_read("a");  // the store makes its table
    }

    std::optional<cell> outside_read(const std::string& key) { return ask(cells, {read_cell{key}}).value().found; }
    cell_result swap(const std::string& key, cell_version expected = 0, std::string value = "mine") {
        return ask(inside, {swap_cell{key, expected, std::move(value)}});
    }
    void effect() const { caller.run("INSERT INTO " + effects + " VALUES ('paid')"); }
    [[nodiscard]] std::string count() const { return sql_client{}.run("SELECT count(*) FROM " + effects); }
    [[nodiscard]] bool is_usable() const { return PQtransactionStatus(caller.connection()) == PQTRANS_INTRANS; }
};

TEST_F(postgres_transaction_live, a_cell_is_committed_with_the_effect) {
    caller.run("BEGIN");
    const cell_result said = swap("a");
    ASSERT_TRUE(said && said->done);
    effect();
    EXPECT_EQ(ask(inside, {read_cell{"a"}})->found->value, "mine");
    EXPECT_FALSE(outside_read("a")) << "not yet";
    caller.run("COMMIT");
    EXPECT_EQ(outside_read("a")->version, said->version);
    EXPECT_EQ(count(), "1");
}

TEST_F(postgres_transaction_live, a_cell_is_rolled_back_with_the_effect) {
    caller.run("BEGIN");
    ASSERT_TRUE(swap("a")->done);
    effect();
    caller.run("ROLLBACK");
    EXPECT_FALSE(outside_read("a"));
    EXPECT_EQ(count(), "0");
    EXPECT_TRUE(ask(cells, {swap_cell{"a", 0, "theirs"}})->done);
}

TEST_F(postgres_transaction_live, a_cell_that_is_there_already_leaves_the_transaction_usable) {
    ASSERT_TRUE(ask(cells, {swap_cell{"a", 0, "theirs"}})->done);
    caller.run("BEGIN");
    effect();
    const cell_result said = swap("a");
    ASSERT_TRUE(said);
    EXPECT_FALSE(said->done);
    EXPECT_EQ(said->found->value, "theirs");
    EXPECT_FALSE(swap("a", said->found->version + 1)->done);
    EXPECT_TRUE(swap("a", said->found->version)->done);
    caller.run("COMMIT");
    EXPECT_EQ(count(), "1");
    EXPECT_EQ(outside_read("a")->value, "mine");
}

TEST_F(postgres_transaction_live, a_rival_who_has_not_committed_is_waited_for_and_told) {
    const sql_client rival;
    postgres_transaction theirs{rival.connection(), {.name = "rival", .table = mine.table}};
    rival.run("BEGIN");
    ASSERT_TRUE(ask(theirs, {swap_cell{"a", 0, "theirs"}})->done);
    caller.run("BEGIN");
    std::optional<cell_result> said;
    {
        std::jthread waits{[&] { said = swap("a"); }};
        EXPECT_TRUE(some_wait("1"));
        rival.run("COMMIT");
    }
    ASSERT_TRUE(*said) << said->error().message();
    EXPECT_FALSE((*said)->done);
    ASSERT_TRUE((*said)->found);
    EXPECT_EQ((*said)->found->value, "theirs");
    EXPECT_TRUE(is_usable());
}

TEST_F(postgres_transaction_live, an_error_leaves_the_transaction_usable) {
    postgres_transaction misled{caller.connection(), {.table = "nowhere"}};
    caller.run("BEGIN");
    effect();
    for (int times = 0; times < 3; ++times) {
        const cell_result said = ask(misled, {read_cell{"a"}});
        ASSERT_FALSE(said);
        EXPECT_EQ(said.error().code(), make_sqlstate_code("42P01"));
        EXPECT_TRUE(is_usable());
    }
    ASSERT_TRUE(swap("a")->done);
    caller.run("COMMIT");
    EXPECT_EQ(count(), "1");
    EXPECT_TRUE(outside_read("a"));
}

TEST_F(postgres_transaction_live, above_read_committed_what_somebody_changed_is_an_error_with_its_sqlstate) {
    const cell_version seen = ask(cells, {swap_cell{"a", 0, "first"}})->version;
    for (const std::string level : {"REPEATABLE READ", "SERIALIZABLE"}) {
        caller.run("BEGIN ISOLATION LEVEL " + level);
        const std::optional<cell> before = ask(inside, {read_cell{"a"}})->found;
        ASSERT_TRUE(ask(cells, {swap_cell{"a", before->version, level}})->done);
        ASSERT_TRUE(ask(cells, {swap_cell{"new/" + level, 0, level}})->done);
        EXPECT_EQ(swap("a", before->version).error().code(), make_sqlstate_code("40001"));
        EXPECT_EQ(swap("new/" + level).error().code(), make_sqlstate_code("40001"));
        EXPECT_FALSE(swap("a", seen + 1'000)->done) << "as of the transaction's snapshot";
        EXPECT_TRUE(is_usable());
        caller.run("ROLLBACK");
    }
}

TEST_F(postgres_transaction_live, outside_of_a_transaction_nothing_is_sent) {
    EXPECT_EQ(swap("a").error().code(), make_sqlstate_code("25P01"));
    EXPECT_EQ(swap("a").error().code(), condition::never_sent);
    caller.run("BEGIN");
    EXPECT_ANY_THROW(caller.run("SELECT 1/0"));
    EXPECT_EQ(swap("a").error().code(), make_sqlstate_code("25P02"));
    caller.run("ROLLBACK");
    EXPECT_FALSE(outside_read("a"));
    caller.run("BEGIN");
    EXPECT_TRUE(swap("a")->done) << "it serves the next transaction";
    caller.run("COMMIT");
}

TEST_F(postgres_transaction_live, on_a_busy_connection_nothing_is_sent) {
    caller.run("BEGIN");
    ASSERT_EQ(PQsendQuery(caller.connection(), "SELECT 1"), 1);
    EXPECT_EQ(swap("a").error().code(), make_sqlstate_code("25000"));
    EXPECT_EQ(caller.run("SELECT 2"), "2");
    EXPECT_TRUE(swap("a")->done);
}

TEST_F(postgres_transaction_live, a_savepoint_of_the_callers_with_the_same_name_is_still_there) {
    caller.run("BEGIN");
    caller.run("SAVEPOINT cutwater");
    ASSERT_TRUE(swap("a")->done);
    ASSERT_FALSE(swap("a")->done);
    caller.run("ROLLBACK TO SAVEPOINT cutwater");
    EXPECT_FALSE(ask(inside, {read_cell{"a"}})->found);
}

TEST_F(postgres_transaction_live, after_a_timeout_nothing_can_be_committed) {
    const sql_client rival;
    rival.run("BEGIN");
    rival.run("INSERT INTO " + mine.table + " (key, value, written) VALUES ('a', 'theirs', now())");
    caller.run("BEGIN");
    effect();
    const cell_result said = ask(inside, {.what = swap_cell{"a", 0, "mine"}, .limit = 150ms});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::timed_out);
    EXPECT_EQ(said.error().limit(), 150ms);
    EXPECT_EQ(swap("b").error().code(), condition::never_sent);
    rival.run("ROLLBACK");
    EXPECT_ANY_THROW(caller.run("COMMIT"));
    EXPECT_EQ(count(), "0");
}

TEST_F(postgres_transaction_live, a_network_that_swallows_everything_is_waited_for_until_the_timeout) {
    tcp_proxy link{the_server().port()};
    const sql_client far{the_server().connection(link.port())};
    postgres_transaction there{far.connection(), {.table = mine.table, .timeout = 200ms}};
    far.run("BEGIN");
    ASSERT_TRUE(ask(there, {swap_cell{"a", 0, "x"}}));
    link.swallow();
    const cell_result said = ask(there, {swap_cell{"b", 0, "x"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::timed_out);
}

TEST_F(postgres_transaction_live, a_connection_that_is_cut_is_an_error_and_nothing_is_sent_on_it_any_more) {
    tcp_proxy link{the_server().port()};
    const sql_client far{the_server().connection(link.port())};
    postgres_transaction there{far.connection(), {.table = mine.table}};
    far.run("BEGIN");
    link.cut_after(12);
    EXPECT_EQ(ask(there, {swap_cell{"a", 0, "x"}}).error().code(), std::errc::connection_reset);
    EXPECT_EQ(ask(there, {swap_cell{"a", 0, "x"}}).error().code(), condition::never_sent);
    EXPECT_FALSE(outside_read("a"));
}

TEST_F(postgres_transaction_live, the_connection_blocks_as_it_did) {
    caller.run("BEGIN");
    ASSERT_TRUE(swap("a"));
    EXPECT_EQ(PQisnonblocking(caller.connection()), 0);
    PQsetnonblocking(caller.connection(), 1);
    ASSERT_TRUE(swap("b"));
    EXPECT_EQ(PQisnonblocking(caller.connection()), 1);
    EXPECT_EQ(PQpipelineStatus(caller.connection()), PQ_PIPELINE_OFF);
}

}  // namespace
}  // namespace cutwater
