// What SQLite says no with, as an `std::error_code`, so that policies judge it rightly.
//
//     const std::error_code code = cw::sqlite_errc::newer_file;   // of a `cw::error` that a store has given
//     if (code == std::errc::device_or_resource_busy) …           // others wrote for longer than it waited
//     if (code == cw::condition::never_sent) …                    // nothing was changed: safe to repeat
//
// Values are SQLite's extended result codes, and the texts are SQLite's. There are two categories of them. A code of
// `sqlite_unsent_category()` ended a request before its COMMIT: nothing was changed, and it equals `condition::never_sent`.
// A code of `sqlite_category()` ended a COMMIT: whether the write was made is not known.
//
//     SQLITE_BUSY, LOCKED, PROTOCOL   equals std::errc::device_or_resource_busy
//     SQLITE_FULL                     no_space_on_device
//     SQLITE_READONLY                 read_only_file_system
//     SQLITE_PERM, AUTH               permission_denied
//     SQLITE_CANTOPEN                 no_such_file_or_directory, or is_a_directory
//     SQLITE_CORRUPT, NOTADB          bad_message
//     SQLITE_IOERR                    io_error
//     SQLITE_NOMEM                    not_enough_memory
//     SQLITE_TOOBIG                   value_too_large
//
// Source: https://sqlite.org/rescode.html. Codes are stable. Thread safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace cutwater {

/// What is wrong with a file that SQLite can read; of `sqlite_unsent_category()`.
enum class sqlite_errc {
    foreign_file = -1,  ///< it is another program's
    newer_file = -2,    ///< a later Cutwater has written it
    moved_file = -3,    ///< it was moved, deleted or replaced while it was open
    forked = -4,        ///< it was opened before a fork, by the parent
};

[[nodiscard]] const std::error_category& sqlite_category() noexcept;
[[nodiscard]] const std::error_category& sqlite_unsent_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(sqlite_errc code) noexcept {
    return {static_cast<int>(code), sqlite_unsent_category()};
}

/// How SQLite failed, with its own words.
struct sqlite_fault {
    enum class when : unsigned char { before_commit, at_commit };

    int code;           ///< SQLite's, extended; or an `sqlite_errc`
    std::string words;  ///< without who says so
    when at = when::before_commit;

    [[nodiscard]] std::error_code error_code() const noexcept {
        return {code, at == when::at_commit ? sqlite_category() : sqlite_unsent_category()};
    }
};

/// What to do about it: a sentence that can follow the words; empty where there is none.
[[nodiscard]] std::string_view sqlite_remedy(int code) noexcept;

}  // namespace cutwater

template <>
struct std::is_error_code_enum<cutwater::sqlite_errc> : std::true_type {};
