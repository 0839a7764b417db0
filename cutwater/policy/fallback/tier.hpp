// One tier of a fallback: where a value may come from when the dependency does not give one.
//
//     cw::tier("stale cache", [&] { return cache.last_known(sku); })                  // a function of nothing,
//     cw::tier("by class", [&](const cw::error& e) { return estimate(e); })           // or of what it stands in for
//     cw::tier("default", stock::unknown())                                           // a constant: handed out as a copy
//
// A function may fail, as a call may: it throws, or returns an `std::unexpected`; the next tier is then asked.
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "cutwater/core/capture.hpp"

namespace cutwater {

/// A named source: a function of nothing or of the error, or a constant, which is handed out as a copy.
template <class Source>
struct fallback_tier {
    name called;
    Source source;
};

/// A tier with a name of its own: `cw::tier("stale cache", [&] { return cache.at(sku); })`.
template <class Source>
[[nodiscard]] auto tier(name called, Source source) {
    return fallback_tier<Source>{called, std::move(source)};
}

namespace detail {

template <class Source>
struct tier_source {
    using type = Source;
};
template <class Source>
struct tier_source<fallback_tier<Source>> {
    using type = Source;
};
template <class Tier>
using source_of = typename tier_source<Tier>::type;

template <class Source>
inline constexpr bool is_function = std::invocable<Source&> || std::invocable<Source&, const error&>;

/// What `fail_safe` gives where there is nothing to give.
struct nothing {
    void operator()() const noexcept {}
};

/// A safe default, and not another source: events tell them apart.
template <class Source>
inline constexpr bool is_default = !is_function<Source> || std::same_as<Source, nothing>;

template <class Source>
decltype(auto) ask(Source& source, const error& instead_of) {
    if constexpr (std::invocable<Source&, const error&>)
        return std::invoke(source, instead_of);
    else if constexpr (std::invocable<Source&>)
        return std::invoke(source);
    else
        return static_cast<const Source&>(source);
}

/// What a source gives: `T` of a function that returns `T` or `std::expected<T, E>`, or the constant's own type.
template <class Source>
using given_by = value_of<decltype(ask(std::declval<Source&>(), std::declval<const error&>()))>;

/// A value without a source would pass for the dependency's own: who is given no name gets one.
template <class Source>
[[nodiscard]] fallback_tier<Source> as_tier(fallback_tier<Source> given) {
    if (given.called.view().empty()) given.called = name{is_function<Source> ? "fallback" : "default"};
    return given;
}
template <class Source>
[[nodiscard]] auto as_tier(Source given) {
    return as_tier(fallback_tier<Source>{name{}, std::move(given)});
}

}  // namespace detail

}  // namespace cutwater
