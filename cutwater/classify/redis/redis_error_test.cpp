#include "cutwater/classify/redis/redis_error.hpp"

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

struct wanted {
    std::string_view reply;
    verdict meaning;
    effect executed;
};

constexpr verdict passes = verdict::transient;
constexpr verdict stays = verdict::permanent;
constexpr verdict callers = verdict::ignored;

// Replies as servers word them, one for each row.
constexpr wanted table[] = {
    {"MOVED 3999 127.0.0.1:6381", passes, effect::none},
    {"ASK 3999 127.0.0.1:6381", passes, effect::none},
    {"TRYAGAIN Multiple keys request during rehashing of slot", passes, effect::none},
    {"CLUSTERDOWN The cluster is down", passes, effect::none},
    {"CROSSSLOT Keys in request don't hash to the same slot", callers, effect::none},
    {"LOADING Redis is loading the dataset in memory", passes, effect::none},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", passes, effect::none},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", passes, effect::none},
    {"READONLY You can't write against a read only replica.", passes, effect::none},
    {"NOREPLICAS Not enough good replicas to write.", passes, effect::none},
    {"UNBLOCKED force unblock from blocking operation, instance state changed", passes, effect::none},
    {"NOSCRIPT No matching script. Please use EVAL.", callers, effect::none},
    {"OOM command not allowed when used memory > 'maxmemory'.", stays, effect::none},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist on disk.", stays,
     effect::none},
    {"EXECABORT Transaction discarded because of previous errors.", stays, effect::none},
    {"NOAUTH Authentication required.", stays, effect::none},
    {"WRONGPASS invalid username-password pair or user is disabled.", stays, effect::none},
    {"NOPERM this user has no permissions to run the 'set' command", stays, effect::none},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", callers, effect::none},
    {"BUSYGROUP Consumer Group name already exists", callers, effect::none},
    {"BUSYKEY Target key name already exists.", callers, effect::none},
    {"IOERR error or timeout writing to target instance", passes, effect::unknown},
    {"ERR max number of clients reached", passes, effect::none},
    {"ERR unknown command 'FOO'", stays, effect::unknown},
};

TEST(redis_error, each_row_is_as_it_was_written_down) {
    ASSERT_EQ(std::size(table), redis_rows.size());
    for (std::size_t i = 0; i < std::size(table); ++i) {
        const auto& [reply, meaning, executed] = table[i];
        EXPECT_EQ(redis_row_of(reply), &redis_rows[i]) << reply;
        const judgement j = redis_judgement(reply);
        EXPECT_EQ(j.meaning, meaning) << reply;
        EXPECT_EQ(j.executed, executed) << reply;
        EXPECT_EQ(j.reason.view(), "Redis " + std::string{redis_rows[i].word});
    }
}

TEST(redis_error, is_told_by_a_whole_word_with_or_without_what_stands_round_it_on_the_wire) {
    EXPECT_EQ(redis_judgement("-BUSY script\r\n").meaning, passes);
    EXPECT_EQ(redis_judgement("BUSY").meaning, passes);
    EXPECT_EQ(redis_judgement("-ASK\r\n").meaning, passes);
    EXPECT_EQ(redis_judgement("ASKED").meaning, stays);
    EXPECT_EQ(redis_judgement("busy script").meaning, stays);
}

TEST(redis_error, T58_a_word_that_nobody_knows_is_permanent_and_its_effect_unknown) {
    for (const auto* const reply : {"", "-", "MYERR from a script", "\r\n"}) {
        EXPECT_EQ(redis_judgement(reply).meaning, stays) << reply;
        EXPECT_EQ(redis_judgement(reply).executed, effect::unknown) << reply;
        EXPECT_EQ(redis_judgement(reply).reason.view(), "Redis unknown error");
    }
}

// As servers mark what a script raises: Redis 7 and Valkey behind it, in front of it those before.
constexpr wanted raised[] = {
    {"OOM command not allowed when used memory > 'maxmemory'. script: 5d2e6f, on @user_script:3.", stays,
     effect::unknown},
    {"READONLY You can't write against a read only replica. script: 5d2e6f, on @user_script:1.", passes,
     effect::unknown},
    {"MISCONF Redis is configured to save RDB snapshots script: 5d2e6f, on @user_script:2.", stays, effect::unknown},
    {"NOREPLICAS Not enough good replicas to write. script: 5d2e6f, on @user_script:2.", passes, effect::unknown},
    {"NOPERM The user executing the script can't access keys script: 5d2e6f, on @user_script:2.", stays,
     effect::unknown},
    {"-WRONGTYPE Operation against a key script: transfer, on @user_function:7.\r\n", callers, effect::unknown},
    {"BUSYGROUP Consumer Group name already exists script: 5d2e6f, on @user_script:2.", callers, effect::unknown},
    {"ERR Error running script (call to f_5d2e6f): @user_script:1: WRONGTYPE Operation", stays, effect::unknown},
    {"ERR user_script:1: attempt to index a nil value script: 5d2e6f, on @user_script:1.", stays, effect::unknown},
};

TEST(redis_error, T58_what_a_script_raises_comes_after_what_it_has_written) {
    for (const auto& [reply, meaning, executed] : raised) {
        EXPECT_EQ(redis_judgement(reply).meaning, meaning) << reply;
        EXPECT_EQ(redis_judgement(reply).executed, executed) << reply;
        EXPECT_EQ(redis_judgement(reply, redis_call::script).executed, executed) << reply;
    }
}

TEST(redis_error, T58_of_a_script_only_what_no_command_inside_of_it_answers_is_without_an_effect) {
    for (const auto* const before :
         {"NOSCRIPT No matching script. Please use EVAL.", "LOADING Redis is loading the dataset in memory",
          "BUSY Redis is busy running a script.", "MOVED 3999 127.0.0.1:6381", "NOAUTH Authentication required.",
          "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '!'",
          "ERR Error compiling script (new function): user_script:1: unexpected symbol near '!'",
          "ERR max number of clients reached"})
        EXPECT_EQ(redis_judgement(before, redis_call::script).executed, effect::none) << before;
    EXPECT_EQ(redis_judgement("ERR Error compiling script (new function): user_script:1: ").executed, effect::none);
    for (const auto* const perhaps_returned :
         {"OOM command not allowed when used memory > 'maxmemory'.",
          "READONLY You can't write against a read only replica.",
          "WRONGTYPE Operation against a key holding the wrong kind of value", "MISCONF no", "NOPERM no",
          "CLUSTERDOWN no", "CROSSSLOT no", "BUSYKEY Target key name already exists.", "MINE the script's own word",
          ""}) {
        EXPECT_EQ(redis_judgement(perhaps_returned, redis_call::script).executed, effect::unknown) << perhaps_returned;
        EXPECT_EQ(redis_judgement(perhaps_returned, redis_call::script).meaning,
                  redis_judgement(perhaps_returned).meaning);
    }
}

struct redis_failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

unsigned attempts_of(const std::string& reply) {
    testing::virtual_time time;
    unsigned attempts = 0;
    pipeline guarded{retry{{.max_attempts = 3}}, classify{judging<redis_failed>([](const redis_failed& e) {
                         const std::string_view what{e.what()};
                         return what.empty() ? redis_connection_lost() : redis_judgement(what);
                     })}};
    const call_options increment{.idempotent = idempotency::not_idempotent};
    (void)time.run(guarded, increment, [&]() -> int {
        ++attempts;
        throw redis_failed{reply};
    });
    return attempts;
}

TEST(redis_error, T58_what_was_refused_is_repeated_and_what_was_lost_amid_it_is_not) {
    EXPECT_EQ(attempts_of("LOADING Redis is loading the dataset in memory"), 3U);
    EXPECT_EQ(attempts_of(""), 1U) << "INCR after a lost connection would count twice";
    EXPECT_EQ(attempts_of("ERR something"), 1U);
    EXPECT_EQ(attempts_of("READONLY You can't write against a read only replica."), 3U);
    EXPECT_EQ(attempts_of("READONLY You can't write against a read only replica. script: 5d2e6f, on @user_script:1."),
              1U)
        << "what stands before that line of the script was done";
    EXPECT_EQ(redis_connection_lost().meaning, passes);
    EXPECT_EQ(redis_connection_lost().executed, effect::unknown);
}

}  // namespace
}  // namespace cutwater
