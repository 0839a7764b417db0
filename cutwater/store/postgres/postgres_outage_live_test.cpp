// What becomes of an operation when the server or the network does not keep up its end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/postgres_live_test.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace cutwater {
namespace {

using namespace testing;  // the servers of these tests

cell_result swap(postgres_store& cells, const std::string& key, std::string value = "x") {
    return ask(cells, {swap_cell{.key = key, .expected = 0, .value = std::move(value)}});
}

TEST(postgres_outage_live, a_server_that_is_stopped_refuses_and_one_that_is_started_again_is_used) {
    postgres_store cells{own_options()};
    ASSERT_TRUE(swap(cells, "a"));
    the_server().stop();
    const cell_result said = swap(cells, "b");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::connection_refused);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_EQ(said.error().layer(), name{"postgres"});
    ASSERT_TRUE(the_server().start());
    EXPECT_TRUE(swap(cells, "b")->done);
    EXPECT_FALSE(swap(cells, "a")->done) << "which is still there";
}

TEST(postgres_outage_live, a_restart_that_nobody_saw_is_not_noticed) {
    postgres_store cells{own_options()};
    std::vector<std::jthread> many;
    for (int i = 0; i < 8; ++i) many.emplace_back([&, i] { EXPECT_TRUE(swap(cells, std::to_string(i))); });
    many.clear();
    the_server().stop();
    ASSERT_TRUE(the_server().start());
    for (int i = 0; i < 8; ++i) many.emplace_back([&, i] { EXPECT_TRUE(swap(cells, "then/" + std::to_string(i))); });
}

TEST(postgres_outage_live, a_server_that_is_killed_in_the_middle_leaves_it_open_whether_it_was_done) {
    const postgres_store_options mine = own_options();
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "a"));
    const sql_client rival;
    rival.run("BEGIN");
    rival.run("UPDATE " + mine.table + " SET value = 'y', version = DEFAULT");
    std::optional<cell_result> said;
    {
        std::jthread waits{[&] { said = ask(cells, {erase_cell{"a", 1}}); }};
        ASSERT_TRUE(some_wait("1"));
        the_server().kill();
    }
    ASSERT_FALSE(*said);
    EXPECT_EQ(said->error().code(), std::errc::connection_reset) << said->error().message();
    EXPECT_NE(said->error().code(), condition::never_sent);
    ASSERT_TRUE(the_server().start());
    EXPECT_FALSE(swap(cells, "a")->done) << "what was committed is there";
}

TEST(postgres_outage_live, a_network_that_swallows_everything_is_waited_for_until_the_limit) {
    tcp_proxy link{the_server().port()};
    postgres_store_options mine = own_options();
    mine.connection = the_server().connection(link.port());
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "a"));
    link.swallow();
    const cell_result said = ask(cells, {.what = read_cell{"a"}, .limit = 200ms});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::timed_out);
    EXPECT_EQ(said.error().limit(), 200ms);
    EXPECT_EQ(cells.connections(), 0U) << "what comes late must not answer another";
    link.pass();
    EXPECT_EQ(ask(cells, {read_cell{"a"}})->found->value, "x");
}

TEST(postgres_outage_live, a_connection_that_is_not_made_in_time_was_never_sent_to) {
    tcp_proxy link{the_server().port()};
    link.swallow();
    postgres_store_options mine = own_options();
    mine.connection = the_server().connection(link.port());
    mine.connect_timeout = 200ms;
    postgres_store cells{mine};
    const cell_result said = swap(cells, "a");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_EQ(said.error().limit(), 200ms);
    EXPECT_EQ(cells.connections(), 0U);
}

TEST(postgres_outage_live, a_reply_that_is_cut_leaves_it_open_and_the_next_operation_is_on_another_connection) {
    tcp_proxy link{the_server().port()};
    postgres_store_options mine = own_options();
    mine.connection = the_server().connection(link.port());
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "a"));
    link.cut_after(7);
    const cell_result said = swap(cells, "b");
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), std::errc::connection_reset);
    EXPECT_EQ(said.error().executed(), effect::unknown);
    EXPECT_TRUE(ask(cells, {read_cell{"b"}})->found) << "it had been done";
}

TEST(postgres_outage_live, an_idle_connection_that_was_cut_is_replaced_before_anything_is_sent_on_it) {
    tcp_proxy link{the_server().port()};
    postgres_store_options mine = own_options();
    mine.connection = the_server().connection(link.port());
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "a"));
    link.cut();
    EXPECT_TRUE(swap(cells, "b")->done);
    EXPECT_EQ(link.connections(), 2U);
    link.refuse();
    EXPECT_EQ(swap(cells, "c").error().code(), std::errc::connection_refused);
    link.pass();
    EXPECT_TRUE(swap(cells, "c")->done);
}

TEST(postgres_outage_live, a_large_value_goes_through_a_slow_network_both_ways) {
    tcp_proxy link{the_server().port()};
    postgres_store_options mine = own_options();
    mine.connection = the_server().connection(link.port());
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "small"));
    link.delay(1ms);
    const std::string large(2'000'000, 'x');
    ASSERT_TRUE(swap(cells, "a", large)->done);
    EXPECT_EQ(ask(cells, {read_cell{"a"}})->found->value, large);
}

/// As after a failover: who is connected finds that the server only reads, and who connects anew finds the one that writes.
TEST(postgres_outage_live, a_server_that_only_reads_is_left_for_one_that_writes) {
    const sql_client outside;
    const auto only_reads = [&](const std::string& how) {
        outside.run("SET default_transaction_read_only = off");
        outside.run("ALTER SYSTEM " + how);
        outside.run("SELECT pg_reload_conf()");
    };
    const std::string shown = "SHOW default_transaction_read_only";
    postgres_store_options mine = own_options();
    outside.run("CREATE ROLE moved_" + mine.table + " LOGIN SUPERUSER");
    mine.connection =
        "host=127.0.0.1 dbname=postgres port=" + std::to_string(the_server().port()) + " user=moved_" + mine.table;
    postgres_store cells{mine};
    ASSERT_TRUE(swap(cells, "a"));
    only_reads("SET default_transaction_read_only = on");
    ASSERT_TRUE(comes_true([&] { return sql_client{}.run(shown) == "on"; }));

    cell_result said = swap(cells, "b");
    ASSERT_FALSE(said) << "it had looked for another, and that one only reads as well";
    EXPECT_EQ(said.error().code(), make_sqlstate_code("25006"));
    EXPECT_EQ(cells.connections(), 0U);

    EXPECT_TRUE(ask(cells, {read_cell{"a"}})) << "on a connection that only reads";
    outside.run("ALTER ROLE moved_" + mine.table + " SET default_transaction_read_only = off");
    said = swap(cells, "b");
    EXPECT_TRUE(said && said->done) << "on another connection";

    only_reads("RESET default_transaction_read_only");
    ASSERT_TRUE(comes_true([&] { return sql_client{}.run(shown) == "off"; }));
}

}  // namespace
}  // namespace cutwater
