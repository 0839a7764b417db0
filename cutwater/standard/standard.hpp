// The usual stack in one line, and a guarded call in one word.
//
//     auto inventory = cw::standard_pipeline({.name = "inventory"});
//     auto stock = inventory.run([&](cw::attempt& a) { return client.get(sku, a.deadline()); });
//     auto price = cw::call(fetch_price);                       // with the defaults, once
//
// The order, outermost first: total timeout → retry → circuit breaker → bulkhead → attempt timeout → call. The breaker
// judges attempts, so it sees the dependency; retry never retries the pipeline's own refusals, so an open circuit ends
// the call at once. What is to stand round them, a breaker or bulkhead that others share, limits of rate and the rules are said
// after the options:
//
//     cw::testing::event_recorder heard;                        // or a cw::json_log, or any cw::listener
//     auto prices = cw::standard_pipeline({.name = "prices"}, cw::observe{heard}, cw::fallback{cw::tier("last known", 1299)},
//                                         cw::classify{cw::transient(cw::exception<lost_connection>())});
//
// Errors: `invalid_options`. Thread safety: that of a pipeline.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/bulkhead/bulkhead.hpp"
#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"
#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"
#include "cutwater/policy/rate_limiter/rate_limiter.hpp"
#include "cutwater/policy/retry/retry.hpp"
#include "cutwater/policy/throttle/throttle.hpp"
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

namespace detail {

enum class place : std::uint8_t { around, throttle, breaker, limiter, bulkhead, inside };

/// Where in the usual stack a layer stands that was said beside the options.
template <class Layer>
inline constexpr place place_of = is_rules<Layer>                                         ? place::inside
                                  : std::is_same_v<policy_of<Layer>, throttle>            ? place::throttle
                                  : std::is_same_v<policy_of<Layer>, circuit_breaker>     ? place::breaker
                                  : std::is_same_v<policy_of<Layer>, rate_limiter>        ? place::limiter
                                  : std::is_same_v<policy_of<Layer>, bulkhead>            ? place::bulkhead
                                  : std::is_same_v<policy_of<Layer>, concurrency_limiter> ? place::bulkhead
                                                                                          : place::around;

/// The layer as a tuple of one, if it stands there.
template <place Place, class Layer>
[[nodiscard]] auto at(Layer& layer) {
    if constexpr (place_of<Layer> == Place)
        return std::tuple<Layer>{std::move(layer)};
    else
        return std::tuple<>{};
}

/// Those of `more` that stand there, or what `make` makes.
template <place Place, class Make, class... More>
[[nodiscard]] auto own_or(Make&& make, More&... more) {
    if constexpr ((... || (place_of<More> == Place)))
        return std::tuple_cat(at<Place>(more)...);
    else
        return std::tuple{make()};
}

inline void name_if_unnamed(std::string& name, std::string_view unnamed, const std::string& dependency) {
    if (name == unnamed) name = dependency;
}

template <class... More>
[[nodiscard]] auto usual_stack(standard_options& options, More... more) {
    return std::apply(
        [](auto&&... layers) { return pipeline{std::move(layers)...}; },
        std::tuple_cat(
            at<place::around>(more)...,
            std::tuple{timeout{{.name = "total", .after = options.total}}, retry{std::move(options.retrying)}},
            at<place::throttle>(more)...,
            own_or<place::breaker>([&] { return circuit_breaker{std::move(options.breaking)}; }, more...),
            at<place::limiter>(more)...,
            own_or<place::bulkhead>([&] { return bulkhead{std::move(options.isolating)}; }, more...),
            std::tuple{timeout{{.name = "attempt", .after = options.each_attempt}}}, at<place::inside>(more)...));
}

}  // namespace detail

/// `more`: a breaker, bulkhead or concurrency limiter, which stands in the place of the one that would be made; rate limiters, which
/// stand between the two; a throttle, which stands between retry and breaker; at most one `classify`; and what stands round all that, outermost
/// first. Breaker and bulkhead are called after the dependency unless they have names of their own; an attempt may take as long as
/// the call where only the call was given less than the usual second. Throws `invalid_options`; also where an attempt may last longer
/// than the whole call.
template <class... More>
[[nodiscard]] auto standard_pipeline(standard_options options = {}, More&&... more) {
    if (options.each_attempt == standard_options{}.each_attempt)  // nobody said it
        options.each_attempt = std::min(options.each_attempt, options.total);
    if (options.each_attempt > options.total)
        throw invalid_options{
            "standard_pipeline",
            options.name,
            {{"each_attempt", to_exact_text(options.each_attempt), "at most total, " + to_exact_text(options.total)}}};
    detail::name_if_unnamed(options.breaking.name, circuit_breaker::kind, options.name);
    detail::name_if_unnamed(options.isolating.name, bulkhead::kind, options.name);
    return detail::usual_stack(options, owned_layer<More>(std::forward<More>(more))...);
}

/// One call with the usual timeouts and retries. It has no memory: for a breaker or a bulkhead make a pipeline and keep it.
template <class F>
auto call(F&& f) {
    pipeline once{timeout{{.name = "total", .after = 5s}}, retry{}, timeout{{.name = "attempt", .after = 1s}}};
    return once.run(std::forward<F>(f));
}

}  // namespace cutwater
