// Private to the room: a connection of libpq's, waited for no longer than until a deadline.
//
// The connection does not block (PQsetnonblocking): what it has to send and to receive is waited for here.
#pragma once

#include <exception>
#include <expected>
#include <memory>
#include <string>

#include "cutwater/core/error.hpp"
#include "cutwater/store/cell_store.hpp"

struct pg_conn;
struct pg_result;

namespace cutwater::detail {

struct pg_result_deleter {
    void operator()(pg_result* r) const noexcept;
};
using pg_result_ptr = std::unique_ptr<pg_result, pg_result_deleter>;
using pg_answer = std::expected<pg_result_ptr, error>;

enum class pg_ready : short { to_read = 1, to_write = 2, to_either = 3 };

/// Whether it became ready before the deadline.
[[nodiscard]] bool wait_for(const pg_conn& connection, pg_ready what, instant deadline) noexcept;

/// Whether it has something to say although it was not asked, which is a goodbye.
[[nodiscard]] bool is_left(const pg_conn& connection) noexcept;

/// The next result; null where a statement has no more. `std::errc::timed_out` or `std::errc::connection_reset`: there will be none.
[[nodiscard]] pg_answer next_result(pg_conn& connection, instant deadline);

/// All results of what was sent: the last one, or the first error.
[[nodiscard]] pg_answer all_results(pg_conn& connection, instant deadline);

/// `std::errc::connection_reset`, with libpq's words.
[[nodiscard]] error lost(const pg_conn& connection);
/// Libpq's words of several lines, as one.
[[nodiscard]] std::string in_one_line(std::string_view words);

/// What is wrong with a request before anything is sent.
[[nodiscard]] std::optional<error> wrong_request(const cell_request& asked, name store);
/// When nobody waits any more.
[[nodiscard]] instant deadline_of(const cell_request& asked, duration timeout) noexcept;
/// No time was left before anything was sent.
[[nodiscard]] error out_of_time(std::string why);
/// So often in a row somebody was quicker: `std::errc::resource_unavailable_try_again`, and nothing was done.
[[nodiscard]] error beaten_too_often();
inline constexpr int most_times_beaten = 100;

/// What `reply_to` says; an error, or what it throws, in the store's name.
template <class ReplyTo>
[[nodiscard]] cell_result answer_in_name_of(name store, ReplyTo reply_to) noexcept {
    try {
        cell_result said = reply_to();
        if (!said) said.error().with_layer(store);
        return said;
    } catch (...) {
        return std::unexpected{error::from_exception(std::current_exception()).with_layer(store)};
    }
}

}  // namespace cutwater::detail
