// What each HTTP status means to a pipeline: whether another try may help, and whether the request can have had an effect.
//
//     const cw::http_status_row* row = cw::http_status_row_of(425);     // transient, none: RFC 8470, 5.2
//
// `http_rules` judges by this table. The effect is `none` only where a specification says that the request was not applied, or
// that the server would not process it at all. RFC 9110 says that of no 5xx but 501 and 505: a 503 may come from a service amid
// its work, a 502 or 504 from a gateway whose upstream had done it. It is not said of 429 either (RFC 6585): who knows
// that a service turns requests away before it begins adds the status to `http_rules_options::not_executed`.
//
// Sources: RFC 9110 §15 and §9.2.2; RFC 6585 (428, 429, 431, 511); RFC 8470 (425); RFC 4918 (422 to 424, 507);
// RFC 5842 (508); RFC 7725 (451). Thread safety: immutable. Throws nothing.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "cutwater/core/effect.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater {

struct http_status_row {
    unsigned first;
    unsigned last;  ///< a row is for a range where no status has one of its own
    verdict meaning;
    effect executed;
    std::string_view note;
};

inline constexpr std::array http_status_rows{
    http_status_row{400, 400, verdict::success, effect::none, "cannot or will not be processed (15.5.1)"},
    http_status_row{401, 401, verdict::success, effect::none, "not applied, for want of credentials (15.5.2)"},
    http_status_row{403, 403, verdict::success, effect::none, "refused (15.5.4)"},
    http_status_row{404, 404, verdict::success, effect::none, "nothing is there (15.5.5)"},
    http_status_row{405, 405, verdict::success, effect::none, "not this method (15.5.6)"},
    http_status_row{407, 407, verdict::success, effect::none,
                    "not applied, for want of the proxy's credentials (15.5.8)"},
    http_status_row{408, 408, verdict::transient, effect::unknown,
                    "the request did not come whole (15.5.9); what had come may have been acted upon"},
    http_status_row{409, 409, verdict::success, effect::unknown,
                    "a conflict (15.5.10); with an Idempotency-Key: the first request is still at work"},
    http_status_row{410, 410, verdict::success, effect::none, "nothing is there any more (15.5.11)"},
    http_status_row{411, 411, verdict::success, effect::none, "refused without a length (15.5.12)"},
    http_status_row{412, 412, verdict::success, effect::none,
                    "a precondition failed, so it was not performed (15.5.13, 13.2.1)"},
    http_status_row{413, 415, verdict::success, effect::none,
                    "refused: too large, or not understood (15.5.14 to 15.5.16)"},
    http_status_row{417, 417, verdict::success, effect::none, "an expectation that cannot be met (15.5.18)"},
    http_status_row{421, 421, verdict::success, effect::none,
                    "the wrong server (15.5.20); may be repeated whatever the method, on another connection"},
    http_status_row{422, 422, verdict::success, effect::none, "cannot be processed (15.5.21)"},
    http_status_row{423, 423, verdict::success, effect::none, "locked (RFC 4918, 11.3)"},
    http_status_row{425, 425, verdict::transient, effect::none, "too early: not processed (RFC 8470, 5.2)"},
    http_status_row{426, 426, verdict::success, effect::none, "refused in this protocol (15.5.22)"},
    http_status_row{428, 428, verdict::success, effect::none, "refused without a condition (RFC 6585, 3)"},
    http_status_row{429, 429, verdict::transient, effect::unknown,
                    "too many requests (RFC 6585, 4), which does not say where they were counted"},
    http_status_row{431, 431, verdict::success, effect::none, "refused: its fields are too large (RFC 6585, 5)"},
    http_status_row{451, 451, verdict::success, effect::none, "refused by law (RFC 7725)"},
    http_status_row{400, 499, verdict::success, effect::unknown, "an answer; what is wrong is not the server's fault"},
    http_status_row{500, 500, verdict::permanent, effect::unknown, "a bug that was hit is hit again (15.6.1)"},
    http_status_row{501, 501, verdict::permanent, effect::none, "cannot do that at all (15.6.2)"},
    http_status_row{502, 502, verdict::transient, effect::unknown, "a gateway's upstream answered nonsense (15.6.3)"},
    http_status_row{503, 503, verdict::transient, effect::unknown,
                    "overloaded or in maintenance (15.6.4), perhaps amid its work"},
    http_status_row{504, 504, verdict::transient, effect::unknown, "a gateway's upstream took too long (15.6.5)"},
    http_status_row{505, 505, verdict::permanent, effect::none, "refused in this version (15.6.6)"},
    http_status_row{511, 511, verdict::permanent, effect::none, "by a network that lets nobody out yet (RFC 6585, 6)"},
    http_status_row{500, 599, verdict::permanent, effect::unknown, "the server failed"},
};

/// Null for a status below 400: the server did its work.
[[nodiscard]] constexpr const http_status_row* http_status_row_of(unsigned status) noexcept {
    const auto* const row = std::ranges::find_if(
        http_status_rows, [&](const http_status_row& r) { return r.first <= status && status <= r.last; });
    return row == http_status_rows.end() ? nullptr : row;
}

}  // namespace cutwater
