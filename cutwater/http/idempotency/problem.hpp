// A refusal as an answer: a problem in JSON (RFC 9457), with a status that says whether to come again.
//
//     const cw::http_response answer = cw::problem_response(cw::problem_of(cw::errc::key_reused), "/problems/");
//     assert(answer.status == 422 && answer.fields.find("Content-Type") == "application/problem+json");
//
// 400, 409 and 422 for what is wrong with a key are the draft's. A key in doubt is a 409, too, but without `Retry-After`, and with a type of
// its own: to send it again does not help, and to send it with another key may do twice what was wanted once.
//
// Sources: draft-ietf-httpapi-idempotency-key-header-07 §2.7; RFC 9457 (problems); RFC 6585 §4 (429). Thread safety: functions of their
// arguments. Throws `std::bad_alloc`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "cutwater/core/errc.hpp"
#include "cutwater/core/instant.hpp"
#include "cutwater/http/http_message.hpp"

namespace cutwater {

/// Whether an answer names a time to come again.
enum class comes_again : std::uint8_t { no, later };

struct http_problem {
    unsigned status;
    comes_again when;
    std::string_view type;    ///< the last part of its address
    std::string_view title;   ///< of every problem of this type
    std::string_view detail;  ///< what to do; empty where that depends on what was done
};

inline constexpr http_problem malformed_key{400, comes_again::no, "idempotency-key-malformed",
                                            "Idempotency-Key cannot be read",
                                            "Send one key for each operation, as a string in double quotes."};

/// What a call is answered with that has ended with `code`.
[[nodiscard]] const http_problem& problem_of(const std::error_code& code) noexcept;

/// `detail` in place of the problem's own where it is not empty. `retry_after`: rounded up to whole seconds, where the problem names a time.
[[nodiscard]] http_response problem_response(const http_problem& problem, std::string_view types,
                                             std::string_view detail = {}, std::optional<duration> retry_after = {});

}  // namespace cutwater
