// What an error reply of Redis (and of Valkey) means to a pipeline: whether another try may help, and whether the command can
// have had an effect.
//
//     struct redis_failed : std::runtime_error { using std::runtime_error::runtime_error; };
//     cw::classify rules{cw::judging<redis_failed>([](const redis_failed& e) {
//         return cw::redis_judgement(e.what());                   // "LOADING Redis is loading the dataset in memory"
//     })};
//
// An error is told by its first word; a `-` in front, as on the wire, is left away. Nearly all of them are given before a
// command begins, so that nothing was done. A word that is in no row is permanent, and its effect unknown. MOVED and ASK are
// for the client to follow; here they mean that it did not.
//
// An error from amid a script comes after whatever the script has written: its effect is unknown, whatever its word. What a script
// raises is marked by the server with the place in it (`… script: 5d2e…, on @user_script:3.`, before Redis 7 `Error running
// script …`), and known by that. What it returns (`redis.pcall`, `redis.error_reply`) has no mark, and looks like the error of a lone command. So whoever
// sends scripts says so:
//
//     cw::redis_judgement("OOM command not allowed", cw::redis_call::script);          // of EVAL, EVALSHA, FCALL
//
// Then only what no command inside of a script answers, as NOSCRIPT or LOADING, is without an effect.
//
// A lost connection is no reply: `redis_connection_lost()`.
//
// Sources: redis.io/docs, "Redis cluster specification" (MOVED, ASK, TRYAGAIN, CLUSTERDOWN, CROSSSLOT), "Redis serialization
// protocol" (error prefixes), "Scripting with Lua" (BUSY, NOSCRIPT, OOM), "Redis persistence" (LOADING, MISCONF), "Redis
// replication" (READONLY, MASTERDOWN, NOREPLICAS), "Transactions" (EXECABORT), "Redis security" and ACL (NOAUTH, NOPERM).
// Thread safety: functions of their arguments; the first call makes the reasons' names, and throws `std::bad_alloc` there.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct redis_row {
    std::string_view word;  ///< or the whole beginning, where the word alone says too little
    verdict meaning;
    effect executed;
    std::string_view note;
    bool precedes_scripts = false;  ///< as the answer to a script: none of its commands gives it, so it has not begun
};

inline constexpr std::array redis_rows{
    redis_row{"MOVED", verdict::transient, effect::none,
              "the slot is another node's; the table of slots is to be read anew", true},
    redis_row{"ASK", verdict::transient, effect::none, "the key is being moved: ask the other node, once", true},
    redis_row{"TRYAGAIN", verdict::transient, effect::none, "some of several keys have been moved, and some have not",
              true},
    redis_row{"CLUSTERDOWN", verdict::transient, effect::none, "slots have no node for now"},
    redis_row{"CROSSSLOT", verdict::ignored, effect::none, "keys of several slots: the caller's command"},
    redis_row{"LOADING", verdict::transient, effect::none, "the data is being loaded", true},
    redis_row{"BUSY", verdict::transient, effect::none, "another's script runs, and nothing else does", true},
    redis_row{"MASTERDOWN", verdict::transient, effect::none, "a replica without its master, told not to answer", true},
    redis_row{"READONLY", verdict::transient, effect::none, "a replica, as after a failover; on another connection"},
    redis_row{"NOREPLICAS", verdict::transient, effect::none, "not enough good replicas to write"},
    redis_row{"UNBLOCKED", verdict::transient, effect::none, "a blocking command ended, as the node became a replica"},
    redis_row{"NOSCRIPT", verdict::ignored, effect::none, "EVALSHA before the script is known: send EVAL instead",
              true},
    redis_row{"OOM", verdict::permanent, effect::none, "no memory for writes until somebody deletes"},
    redis_row{"MISCONF", verdict::permanent, effect::none, "no writes, as nothing can be saved"},
    redis_row{"EXECABORT", verdict::permanent, effect::none, "a command of the transaction was refused: none was run",
              true},
    redis_row{"NOAUTH", verdict::permanent, effect::none, "not authenticated", true},
    redis_row{"WRONGPASS", verdict::permanent, effect::none, "not authenticated", true},
    redis_row{"NOPERM", verdict::permanent, effect::none, "not allowed to this user"},
    redis_row{"WRONGTYPE", verdict::ignored, effect::none, "the key holds something else: the caller's command"},
    redis_row{"BUSYGROUP", verdict::ignored, effect::none, "the group exists"},
    redis_row{"BUSYKEY", verdict::ignored, effect::none, "the key exists"},
    redis_row{"IOERR", verdict::transient, effect::unknown, "MIGRATE: the key may be on both nodes"},
    redis_row{"ERR max number of clients reached", verdict::transient, effect::none, "no connection for now", true},
    redis_row{"ERR", verdict::permanent, effect::unknown, "anything else; a script may have written before"},
};

/// What the reply answers.
enum class redis_call : std::uint8_t {
    command,  ///< one command, or one of a transaction's
    script,   ///< EVAL, EVALSHA or FCALL: an error of any word may be what it returned, after it had written
};

namespace detail {

/// Raised amid a script: the server says at which place, or before Redis 7 in which script. Of what does not parse it names a place, too, but runs nothing.
constexpr bool is_raised_by_script(std::string_view reply) noexcept {
    constexpr std::array<std::string_view, 3> marks{"user_script:", "user_function:", "Error running script"};
    return std::ranges::any_of(marks, [&](std::string_view mark) { return reply.contains(mark); });
}

constexpr bool begins_with_words(std::string_view reply, std::string_view words) noexcept {
    return reply.starts_with(words) && (reply.size() == words.size() || reply[words.size()] == ' ');
}

constexpr effect redis_effect(std::string_view reply, const redis_row* row, redis_call of) noexcept {
    if (reply.starts_with("ERR Error compiling script") || reply.starts_with("-ERR Error compiling script"))
        return effect::none;
    if (row == nullptr || is_raised_by_script(reply)) return effect::unknown;
    return of == redis_call::script && !row->precedes_scripts ? effect::unknown : row->executed;
}

inline name redis_reason(const redis_row* row) {
    static const auto names = [] {
        std::array<name, redis_rows.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = name{"Redis " + std::string{redis_rows[i].word}};
        return made;
    }();
    static const name no_row{"Redis unknown error"};
    return row == nullptr ? no_row : names[static_cast<std::size_t>(row - redis_rows.data())];
}

}  // namespace detail

/// Null where the reply's first word is in no row.
[[nodiscard]] constexpr const redis_row* redis_row_of(std::string_view reply) noexcept {
    if (reply.starts_with('-')) reply.remove_prefix(1);
    while (reply.ends_with('\n') || reply.ends_with('\r')) reply.remove_suffix(1);
    const auto* const row =
        std::ranges::find_if(redis_rows, [&](const redis_row& r) { return detail::begins_with_words(reply, r.word); });
    return row == redis_rows.end() ? nullptr : row;
}

[[nodiscard]] inline judgement redis_judgement(std::string_view reply, redis_call of = redis_call::command) {
    const redis_row* const row = redis_row_of(reply);
    return {.meaning = row == nullptr ? verdict::permanent : row->meaning,
            .executed = detail::redis_effect(reply, row, of),
            .reason = detail::redis_reason(row)};
}

/// The connection was lost while a reply was outstanding: the command may have been executed.
[[nodiscard]] inline judgement redis_connection_lost() {
    static const name lost{"Redis connection lost"};
    return {.meaning = verdict::transient, .executed = effect::unknown, .reason = lost};
}

}  // namespace cutwater
