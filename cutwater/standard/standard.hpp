// The usual stack in one line, and a guarded call in one word.
//
//     auto inventory = cw::standard_pipeline({.name = "inventory"});
//     auto stock = inventory.run([&](cw::attempt& a) { return client.get(sku, a.deadline()); });
//     auto price = cw::call(fetch_price);                       // with the defaults, once
//
// The order, outermost first: total timeout → retry → circuit breaker → bulkhead → attempt timeout → call. The breaker
// judges attempts, so it sees the dependency; retry never retries the pipeline's own refusals, so an open circuit ends
// the call at once. Put a `cw::fallback` or `cw::observe` round it by composing the layers by hand: `describe()` shows how.
#pragma once

#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/bulkhead/bulkhead.hpp"
#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"
#include "cutwater/policy/retry/retry.hpp"
#include "cutwater/policy/timeout/timeout.hpp"
#include "cutwater/standard/alone.hpp"

namespace cutwater {

/// The knobs that a service usually turns; each policy's own options have the rest.
struct standard_options {
    std::string name = "call";
    duration total = 5s;
    duration each_attempt = 1s;
    retry_options retrying{};
    circuit_breaker_options breaking{};
    bulkhead_options isolating{};
};

/// Throws `invalid_options`.
[[nodiscard]] inline auto standard_pipeline(standard_options options = {}) {
    options.breaking.name = options.name;
    options.isolating.name = options.name;
    return pipeline{timeout{{.name = "total", .after = options.total}}, retry{std::move(options.retrying)},
                    circuit_breaker{std::move(options.breaking)}, bulkhead{std::move(options.isolating)},
                    timeout{{.name = "attempt", .after = options.each_attempt}}};
}

/// One call with the usual timeouts and retries. It has no memory: for a breaker or a bulkhead make a pipeline and keep it.
template <class F>
auto call(F&& f) {
    pipeline once{timeout{{.name = "total", .after = 5s}}, retry{}, timeout{{.name = "attempt", .after = 1s}}};
    return once.run(std::forward<F>(f));
}

}  // namespace cutwater
