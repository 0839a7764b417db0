// What PostgreSQL says as an `std::error_code`: an SQLSTATE, in a category of its own.
//
//     if (result.error().code() == cw::make_sqlstate_code("42501")) …            // the right to do it is missing
//     if (result.error().code() == std::errc::permission_denied) …              // any SQLSTATE that means so
//     const std::string state = cw::sqlstate_of(result.error().code());          // "42501", for cw::sqlstate_judgement
//
// Those by which a server takes no connection, or does not begin with the statement, equal `condition::never_sent`. What it has
// answered with any other SQLSTATE of a statement it has rolled back; a connection that was lost meanwhile says 57P01, 57P02 or
// `std::errc::connection_reset`, and then it is not known.
//
// Source: PostgreSQL 17, Appendix A "PostgreSQL Error Codes". Thread safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace cutwater {

[[nodiscard]] const std::error_category& sqlstate_category() noexcept;

/// 00000 and what is no SQLSTATE (five digits or capital letters) give a code that is no error.
[[nodiscard]] std::error_code make_sqlstate_code(std::string_view state) noexcept;

/// The five characters; empty where the code is of another category.
[[nodiscard]] std::string sqlstate_of(const std::error_code& code);

}  // namespace cutwater
