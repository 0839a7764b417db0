// Where requests with idempotency keys come in: what one asks for, and what goes back.
//
//     const cw::idempotent_edge edge{{.guard = "payments"}};
//     cw::memory_store cells;                                                          // or the database that the effect is in
//     cw::idempotency_guard<cw::http_response> payments{cells, {.name = "payments"}};
//     cw::pipeline serve{cw::ref(payments), cw::timeout{10s}, cw::classify{cw::http_rules{}}};
//
//     const auto handle = [&](const cw::edge_request& came) {
//         const auto keyed = edge.read(came);
//         if (!keyed) return keyed.error();                                            // a 400, as it is to be sent
//         const cw::call_options said = keyed->options(cw::now(), {.operation = "pay"});
//         return edge.answer(serve.run(said, [] { return cw::http_response{.status = 201, .body = "receipt 1"}; }));
//     };
//
// Contract. `read` finds the key, on whose behalf the request is, what it asks for (a SHA-256 of its method, target and body) and how long it is waited
// for. A key that cannot be read is a refusal; that there is none is the guard's matter. `answer` gives the response that came out,
// with `Idempotency-Replayed: true` and `Age` where the guard had it from an earlier request; and a problem in JSON for what has ended without one.
//
// The guard keeps what it keeps: what is an answer, such as a 201, a 404 or a 500, if `classify{http_rules{}}` stands inside; what is worth another
// try, such as a 429 or a 503, is not kept, nor is an exception whose effect no rule states. Texts of errors stay in the service: a problem says what to do, and not what broke.
//
// Thread safety: every member, from any thread. Throws `invalid_options` when it is made, later what the options' functions throw and `std::bad_alloc`.
#pragma once

#include <expected>
#include <string>

#include "cutwater/core/result.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/idempotency/options.hpp"
#include "cutwater/http/idempotency/response_codec.hpp"

namespace cutwater {

/// What a request says of its call.
struct keyed_request {
    std::string key{};  ///< without its quotes; empty where there is none
    std::string tenant{};
    std::string fingerprint{};
    call_metadata metadata{};  ///< of a stranger, no more than how long it waits

    /// `own`, completed by what was received at `received`. It points into this.
    [[nodiscard]] call_options options(instant received, call_options own = {}) const&;
    call_options options(instant received, call_options own = {}) const&& = delete;  // keep what is pointed at
};

class idempotent_edge {
public:
    /// Throws `invalid_options`.
    explicit idempotent_edge(idempotent_edge_options options = {});

    [[nodiscard]] const idempotent_edge_options& options() const noexcept { return options_; }

    /// What the request says; or the answer to one whose key cannot be read.
    [[nodiscard]] std::expected<keyed_request, http_response> read(const edge_request& request) const;

    /// What goes back.
    [[nodiscard]] http_response answer(result<http_response> got) const;

    /// To a call that has ended so.
    [[nodiscard]] http_response refusal(const error& why) const;

private:
    idempotent_edge_options options_;
    name guard_;
};

}  // namespace cutwater
