#include "cutwater/store/redis/redis_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::refused_with;

TEST(redis_error, says_of_each_reply_what_the_table_of_replies_says) {
    for (const redis_row& row : redis_rows) {
        if (row.word == "NOSCRIPT" || row.word == "EXECABORT" || row.word == "IOERR" || row.word.starts_with("BUSY") ||
            row.word == "ERR")
            continue;  // of commands that a store does not send; and BUSYGROUP and BUSYKEY are not BUSY
        const error e = redis_refusal(std::string{row.word} + " because");
        EXPECT_EQ(e.code() == condition::never_sent, row.executed == effect::none) << row.word;
        EXPECT_EQ(e.executed(), row.executed) << row.word;
        EXPECT_THAT(e.message(), HasSubstr("(" + std::string{row.word} + " because)"));
        EXPECT_TRUE(e.code() != condition::network || row.meaning == verdict::transient) << row.word;
    }
}

TEST(redis_error, tells_what_to_do) {
    const std::pair<const char*, const char*> cases[] = {
        {"MOVED 3999 127.0.0.1:6381", "hash tag"},
        {"ASK 3999 127.0.0.1:6381", "a proxy that knows the cluster"},
        {"READONLY You can't write against a read only replica.", "connect to its master"},
        {"LOADING Redis is loading the dataset in memory", "try again when it has"},
        {"OOM command not allowed when used memory > 'maxmemory'.", "raise maxmemory"},
        {"NOAUTH Authentication required.", "set user and password"},
        {"MISCONF Redis is configured to save RDB snapshots", "its disk"},
        {"BUSY Redis is busy running a script.", "SCRIPT KILL"},
    };
    for (const auto& [reply, remedy] : cases)
        EXPECT_THAT(redis_refusal(reply).message(), AllOf(HasSubstr(remedy), HasSubstr(reply)));
}

TEST(redis_error, is_told_by_whole_words) {
    EXPECT_EQ(redis_refusal("BUSYKEY Target key name already exists.").code(), redis_errc::failed);
    EXPECT_EQ(redis_refusal("OOM").code(), redis_errc::out_of_memory);
    EXPECT_EQ(redis_refusal("").code(), redis_errc::failed);
    EXPECT_EQ(redis_refusal("ERR max number of clients reached").code(), redis_errc::not_ready);
    EXPECT_EQ(redis_refusal("ERR something").code(), redis_errc::failed);
    EXPECT_NE(redis_refusal("ERR something").code(), condition::never_sent);
}

TEST(redis_error, equals_what_code_that_knows_no_redis_asks_for) {
    EXPECT_EQ(redis_refusal("OOM x").code(), std::errc::not_enough_memory);
    EXPECT_EQ(redis_refusal("NOAUTH x").code(), std::errc::permission_denied);
    EXPECT_EQ(redis_refusal("LOADING x").code(), condition::network);
    EXPECT_EQ(redis_refusal("LOADING x").code(), std::errc::resource_unavailable_try_again);
    EXPECT_NE(redis_refusal("OOM x").code(), condition::network);
    EXPECT_EQ(unsent(std::errc::timed_out), condition::timeout);
    EXPECT_EQ(unsent(std::errc::timed_out), condition::never_sent);
    EXPECT_EQ(unsent(std::errc::connection_reset), condition::network);
}

TEST(redis_store_options, what_is_wrong_is_told_at_once) {
    EXPECT_EQ(refused_with<redis_store>(redis_store_options{}), "");
    EXPECT_EQ(refused_with<redis_store>(redis_store_options{.host = "",
                                                            .port = 0,
                                                            .user = "shop",
                                                            .prefix = std::string(513, 'x'),
                                                            .timeout = 2s,
                                                            .dead_after = 1s,
                                                            .max_in_flight = 0}),
              "redis_store \"redis\": port is 0, allowed is from 1 to 65535\n"
              "redis_store \"redis\": max_in_flight is 0, allowed is from 1 to 10000000\n"
              "redis_store \"redis\": host is empty, allowed is a name or an address\n"
              "redis_store \"redis\": password is none, allowed is that of the user\n"
              "redis_store \"redis\": dead_after is 1s, allowed is at least timeout = 2s, or slow replies are lost\n"
              "redis_store \"redis\": prefix is 513 bytes long, allowed is at most 512 bytes");
}

TEST(redis_store_options, a_password_is_not_described) {
    const redis_store cells{{.name = "shared", .user = "shop", .password = "hunter2"}};
    EXPECT_THAT(cells.describe(), AllOf(HasSubstr("redis_store \"shared\" {host = \"localhost\", port = 6379"),
                                        HasSubstr("password = set"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(redis_store{}.describe(), HasSubstr("password = none"));
}

}  // namespace
}  // namespace cutwater
