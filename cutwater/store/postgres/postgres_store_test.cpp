#include "cutwater/store/postgres/postgres_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/postgres_transaction.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refused(postgres_store_options options) {
    return testing::refused_with<postgres_store>(std::move(options));
}

TEST(postgres_store_options, what_is_out_of_range_is_refused) {
    EXPECT_EQ(refused({}), "");
    EXPECT_EQ(refused({.max_connections = 0}),
              "postgres_store \"postgres\": max_connections is 0, allowed is from 1 to 1000");
    EXPECT_EQ(refused({.timeout = 1s}),
              "postgres_store \"postgres\": connect_timeout is 2s, allowed is at most timeout, 1s");
    EXPECT_THAT(refused({.timeout = 0s, .connect_timeout = 0s}), HasSubstr("timeout is 0s"));
}

TEST(postgres_store_options, a_table_is_a_name_and_nothing_else) {
    for (const char* right : {"cells", "Cells_2", "shop.cells", "_"}) EXPECT_EQ(refused({.table = right}), "") << right;
    for (const char* wrong : {"", "1st", "a b", "a;b", "a\"b", "a.b.c", ".a", "a.", "c\xc3\xa9ll", "a-b"})
        EXPECT_THAT(refused({.table = wrong}), HasSubstr("table is")) << wrong;
    EXPECT_THAT(refused({.table = std::string(49, 't')}), HasSubstr("at most 48"));
    EXPECT_THROW((void)postgres_store::table_sql("a;b"), invalid_options);
    EXPECT_THAT(postgres_store::table_sql("shop.cells"), HasSubstr("\"shop\".\"cells\""));
}

TEST(postgres_store_options, a_connection_string_that_makes_no_sense_is_refused_and_not_shown) {
    for (const char* wrong : {"host=db password=hunter2 hunter2", "pasword=hunter2", "postgresql://me:%zzhunter2@db"}) {
        EXPECT_THAT(refused({.connection = wrong}), HasSubstr("connection is not shown"));
        EXPECT_THAT(refused({.connection = wrong}), Not(HasSubstr("hunter2")));
    }
    EXPECT_EQ(refused({.connection = "postgresql://me:hunter2@db/shop"}), "");
}

TEST(postgres_store_options, a_transaction_needs_a_connection) {
    EXPECT_THROW(postgres_transaction{nullptr}, std::invalid_argument);
}

TEST(postgres_error, an_sqlstate_comes_back_as_it_was) {
    for (const std::string state : {"40001", "57P01", "08006", "XX000", "ZZZZZ", "00001"}) {
        EXPECT_EQ(sqlstate_of(make_sqlstate_code(state)), state);
        EXPECT_EQ(make_sqlstate_code(state).message(), "SQLSTATE " + state);
    }
    for (const char* none : {"", "4000", "400011", "4000a", "00000"}) EXPECT_FALSE(make_sqlstate_code(none)) << none;
    EXPECT_EQ(sqlstate_of(std::make_error_code(std::errc::timed_out)), "");
}

TEST(postgres_error, generic_conditions_are_met) {
    EXPECT_EQ(make_sqlstate_code("42501"), std::errc::permission_denied);
    EXPECT_EQ(make_sqlstate_code("28P01"), std::errc::permission_denied);
    EXPECT_EQ(make_sqlstate_code("57014"), condition::timeout);
    EXPECT_EQ(make_sqlstate_code("57P01"), condition::network);
    EXPECT_NE(make_sqlstate_code("42P01"), std::errc::permission_denied);
}

TEST(postgres_error, what_was_not_begun_was_never_sent) {
    for (const char* state : {"08001", "08004", "28P01", "28000", "3D000", "53300", "57P03", "25P01", "25P02", "25000"})
        EXPECT_EQ(make_sqlstate_code(state), condition::never_sent) << state;
    for (const char* state : {"57P01", "57P02", "08006", "42501", "40001", "57014", "XX000"})
        EXPECT_NE(make_sqlstate_code(state), condition::never_sent) << state;
}

}  // namespace
}  // namespace cutwater
