// The whole example, with PostgreSQL, processes and a network that fails: each payment is charged once, whatever happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>
#include <string>

#include "cutwater/drive/clock/clock.hpp"
#include "examples/payments/scenario.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace payments {
namespace {

scenario of(std::size_t payments) { return {.payments = payments, .seed = 20'261'130, .program = PAYMENTS_PROGRAM}; }

TEST(payments_live, T94_ten_thousand_payments_are_each_charged_once) {
    const report told = play(of(10'000));
    std::cout << told;
    EXPECT_TRUE(told.is_right());
    for (std::size_t m = 0; m < mishaps; ++m) EXPECT_GT(told.on_the_way[m], 0U) << to_text(static_cast<mishap>(m));
    EXPECT_GT(told.client.replayed, 0U) << "answers were lost, and told again";
    EXPECT_GT(told.client.retries, 0U);
    EXPECT_GT(told.client.hedges, 0U);
}

TEST(payments_live, T94_a_service_that_is_killed_amid_its_work_leaves_nothing_twice_and_nothing_stuck) {
    scenario what = of(2'000);
    what.kills = 5;
    const report told = play(what);
    std::cout << told;
    EXPECT_TRUE(told.is_right());
    EXPECT_EQ(told.kills, 5U);
    EXPECT_GT(told.client.lost, 0U);
}

TEST(payments_live, T94_a_database_that_is_locked_cut_off_or_silent_ends_neither_the_service_nor_a_payment) {
    scenario what = of(2'000);
    what.outages = 6;
    const report told = play(what);
    std::cout << told;
    EXPECT_TRUE(told.is_right());
    EXPECT_EQ(told.deaths, 0U) << "each payment that it was in has an answer, and the service goes on";
    EXPECT_GE(told.outages, 3U) << "each of them, before all had paid";
    EXPECT_GT(told.client.unavailable, 0U);
}

TEST(payments_live, a_statement_is_given_up_at_its_deadline) {
    cutwater::testing::postgres_server postgres;
    database shop{postgres.connection()};
    open_accounts(shop, 3);
    database other{postgres.connection()};
    other.run("BEGIN");
    other.run("LOCK TABLE accounts IN EXCLUSIVE MODE");
    shop.begin(cutwater::in(std::chrono::seconds{5}));  // a tenth of it is the room for the server's answer
    EXPECT_THROW(charge(shop, "key", {1, 2, 300}), database_error);
    EXPECT_NO_THROW(shop.run("ROLLBACK")) << "by the server, so that the connection is as good as before";
}

TEST(payments_live, a_server_that_is_silent_is_given_up_at_the_deadline) {
    cutwater::testing::postgres_server postgres;
    cutwater::testing::tcp_proxy link{postgres.port()};
    database shop{postgres.connection(link.port())};
    shop.begin(cutwater::in(std::chrono::seconds{2}));
    link.swallow();
    EXPECT_THROW(shop.run("SELECT 1"), database_error);
    EXPECT_THROW(database{postgres.connection(link.port())}, database_error) << "in two seconds";
}

TEST(payments_live, on_a_quiet_day_nothing_is_lost) {
    scenario what = of(500);
    what.trouble = 0.0;
    what.users = 4;
    const report told = play(what);
    EXPECT_TRUE(told.is_right()) << told;
    for (std::size_t m = 1; m < mishaps; ++m) EXPECT_EQ(told.on_the_way[m], 0U) << to_text(static_cast<mishap>(m));
    EXPECT_EQ(told.client.lost, 0U);
}

TEST(payments_live, from_or_to_an_account_that_does_not_exist_nothing_is_moved) {
    cutwater::testing::postgres_server postgres;
    const database shop{postgres.connection()};
    open_accounts(shop, 3);
    for (const transfer wrong : {transfer{1, 99, 300}, transfer{99, 1, 300}}) {
        shop.run("BEGIN");
        EXPECT_THROW(charge(shop, "key", wrong), std::domain_error);
        shop.run("ROLLBACK");
    }
    EXPECT_EQ(shop.run("SELECT sum(cents) FROM accounts").at(0).at(0), std::to_string(3 * cents_at_first));
    EXPECT_EQ(shop.run("SELECT count(*) FROM payments").at(0).at(0), "0");
}

/// The books find what they are read for.
TEST(payments_live, the_books_say_so_where_a_payment_is_charged_twice_or_not_at_all) {
    report told{.played = {.payments = 2, .accounts = 3}};
    told.books = {.once = 2, .cents = 3 * cents_at_first};
    EXPECT_TRUE(told.is_right());
    told.books.once = 1;
    told.books.twice = 1;
    EXPECT_FALSE(told.is_right());
}

}  // namespace
}  // namespace payments
