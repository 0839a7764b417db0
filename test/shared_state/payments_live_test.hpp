// Payments under keys, and what a guard has said of each in a word.
//
//     EXPECT_EQ(pay(*cells, leased(3s), "key", [] { return std::string{"receipt"}; }), "executed");
//     EXPECT_EQ(pay(*cells, leased(3s), "key", [] { return std::string{"another"}; }), "replayed receipt");
#pragma once

#include <string>

#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater::testing {

/// Patient with its store.
[[nodiscard]] inline idempotency_options leased(duration lease, takeover then = takeover::none) {
    return {.name = "guard", .lease = lease, .takeover = then, .store_limit = duration{30s}};
}

/// What came of one call: executed, replayed and what, in use, in doubt; else the error.
template <class Effect>
[[nodiscard]] std::string pay(cell_store& cells, const idempotency_options& options, const std::string& key,
                              Effect effect, event_recorder* hears = nullptr) {
    event_recorder nobody;
    idempotency_guard<std::string> guard{cells, options};
    pipeline paid{observe{hears == nullptr ? nobody : *hears}, cutwater::ref(guard)};
    const auto got = paid.run({.operation = "pay", .id = key}, effect);
    if (got) return got.source().empty() ? "executed" : "replayed " + *got;
    if (got.error().code() == errc::key_in_use) return "in use";
    if (got.error().code() == errc::in_doubt) return "in doubt";
    return got.error().code() == errc::store_unavailable ? "no store" : got.error().message();
}

}  // namespace cutwater::testing
