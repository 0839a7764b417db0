#include "cutwater/http/idempotency/problem.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <nlohmann/json.hpp>

namespace cutwater {

namespace {

using json = nlohmann::ordered_json;

struct row {
    errc code{};
    http_problem problem;
};

constexpr std::array rows{
    row{errc::key_missing,
        {400, comes_again::no, "idempotency-key-missing", "Idempotency-Key is missing",
         "This operation is executed once for each key. Send one, made before the first attempt and the same in "
         "each."}},
    row{errc::key_reused,
        {422, comes_again::no, "idempotency-key-reused", "Idempotency-Key is that of another request",
         "A key is of one request. Send this one with a key of its own."}},
    row{errc::key_in_use,
        {409, comes_again::later, "idempotency-key-in-use",
         "The request with this Idempotency-Key has not ended, or not said how",
         "It may be under way, or may have been executed. Ask again with the same key: you are then told its answer, "
         "or "
         "that nobody knows how it ended."}},
    row{errc::in_doubt,
        {409, comes_again::no, "outcome-in-doubt", "How the request with this Idempotency-Key ended is not known",
         "It may have been executed. Do not send it again, with this key or another: ask for its outcome."}},
    row{errc::store_unavailable,
        {503, comes_again::later, "keys-unavailable", "Keys cannot be looked up at the moment",
         "This request was not executed. Ask again with the same key."}},
    row{errc::rate_limited, {429, comes_again::later, "too-many-requests", "Too many requests", {}}},
};

constexpr http_problem out_of_time{504, comes_again::no, "out-of-time", "Time ran out before there was an answer", {}};
constexpr http_problem turned_away{
    503, comes_again::later, "overloaded", "The service cannot take this request now", {}};
constexpr http_problem lost{
    502, comes_again::no, "dependency-failed", "What the service depends on cannot be reached", {}};
constexpr http_problem broken{500, comes_again::no, "internal-error", "The service failed", {}};

}  // namespace

const http_problem& problem_of(const std::error_code& code) noexcept {
    const auto* const named = std::ranges::find_if(rows, [&](const row& r) { return code == r.code; });
    if (named != rows.end()) return named->problem;
    if (code == condition::timeout) return out_of_time;
    if (code == condition::refused || code == errc::withdrawn) return turned_away;
    return code == condition::network ? lost : broken;
}

http_response problem_response(const http_problem& problem, std::string_view types, std::string_view detail,
                               std::optional<duration> retry_after) {
    const json body{{"type", std::string{types} + std::string{problem.type}},
                    {"title", problem.title},
                    {"status", problem.status},
                    {"detail", detail.empty() ? problem.detail : detail}};
    http_response made{.status = problem.status, .fields = {{"Content-Type", "application/problem+json"}}};
    made.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    if (problem.when == comes_again::later && retry_after && *retry_after >= duration::zero())
        made.fields.add("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(*retry_after).count()));
    return made;
}

}  // namespace cutwater
