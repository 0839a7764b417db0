// What an HTTP response means to a pipeline.
//
//     cw::pipeline guarded{cw::retry{}, cw::ref(stock_health), cw::timeout{2s}, cw::classify{cw::http_rules{}}};
//     auto answer = co_await guarded.async_run(cw::options_of(request), [&] { return client.send(request); });
//
//     408 425 429 502 503 504   transient: retry may help; a `Retry-After` goes with the verdict
//     other 5xx                 permanent: the server failed, and asking again will not help
//     everything else           success: the server did its work; a 404 is an answer, and a 400 is not the server's fault
//
// A response that was judged a failure keeps being the value: it is what the caller gets in the end. 500 is not retried
// unless asked: `.transient = transient_statuses().add(500)`. Whether it can have had an effect is in the table of
// `http_status.hpp`; `.not_executed = {429, 503}` says it of a service that turns requests away before it begins. Outcomes of other types, and errors, are left to the rules
// that follow; see `http_error.hpp`.
//
// Dates in `Retry-After` are held against the response's own `Date`, else against the wall clock. Where the field stands
// several times the longest wish counts.
// Thread safety: immutable. Throws what the clock throws, and `std::bad_alloc`.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>

#include "cutwater/core/outcome.hpp"
#include "cutwater/http/http_message.hpp"
#include "cutwater/http/status_set.hpp"

namespace cutwater {

struct http_rules_options {
    status_set transient = transient_statuses();
    status_set not_executed =
        {};  ///< beside those of the table: answers of a service that has not begun, such as its 429
    std::function<std::chrono::system_clock::time_point()> wall_clock = {};  ///< none: the system's
};

class http_rules {
public:
    explicit http_rules(http_rules_options options = {}) : options_{std::move(options)} {}

    [[nodiscard]] judgement judge(const http_response& response) const;

    /// As a rule of `classify`.
    template <class T>
    [[nodiscard]] std::optional<judgement> operator()(const outcome<T>& out) const {
        if constexpr (std::same_as<T, http_response>)
            if (out.has_value()) return judge(*out.result());
        return {};
    }

private:
    [[nodiscard]] std::optional<duration> wish_of(const http_response& response) const;

    http_rules_options options_;
};

}  // namespace cutwater
