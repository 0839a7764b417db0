// The whole example, with PostgreSQL, processes and a network that fails: each payment is charged once, whatever happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>
#include <string>

#include "examples/payments/scenario.hpp"
#include "test/servers/postgres_server.hpp"

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
