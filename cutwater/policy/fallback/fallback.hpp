// A fallback: another answer where the dependency gives none, marked as such.
//
//     cw::fallback degraded{
//         cw::tier("stale cache", [&] { return cache.last_known(sku); }),       // may fail itself: std::expected, or throws
//         cw::tier("default", stock::unknown()),                                // a constant: handed out as a copy
//     };
//     auto stock = cw::pipeline{degraded, cw::retry{}}.run(f);
//     if (stock.is_degraded()) show(stock.source());                            // "stale cache" or "default"
//
//     cw::fallback only_network{{.name = "prices"}, cw::when(cw::code(cw::condition::network)), cw::tier("none", 0)};
//     auto count = cw::fail_safe(0)(count_visitors);                            // not critical: never fails
//
// Contract. Tiers are asked in order until one gives a value. A cancelled call gets none; nor does a bug, unless the
// options say so. Where all fail the *first* error comes out, with the last tier's attached as `error::also()`.
// A tier runs in the caller's thread and is not bounded by the timeouts inside: keep it local and quick.
// Thread safety: tiers are called from every thread that runs the pipeline, never under a lock.
#pragma once

#include <tuple>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/policy/fallback/events.hpp"
#include "cutwater/policy/fallback/kernel.hpp"
#include "cutwater/policy/fallback/tier.hpp"

namespace cutwater {

/// The failures that a fallback stands in for, by matcher.
template <class Match>
struct fallback_condition {
    Match match;
};
template <class Match>
[[nodiscard]] auto when(matcher<Match> m) {
    return fallback_condition<Match>{std::move(m.match)};
}

template <class Match, class... Sources>
class fallback : public works_alone<fallback<Match, Sources...>> {
    static_assert(sizeof...(Sources) > 0, "cutwater::fallback: there is no tier");

public:
    static constexpr std::string_view kind = "fallback";

    /// Options and condition may be left out, in this order; a tier is a function, a constant, or a `cw::tier`. Throws
    /// `invalid_options`.
    template <class... Tiers>
    fallback(fallback_options options, fallback_condition<Match> on, Tiers... tiers)
        : options_{validated(kind, std::move(options))}, layer_{options_.name}, on_{std::move(on)},
          tiers_{detail::as_tier(std::move(tiers))...} {}
    template <class... Tiers>
        requires(sizeof...(Tiers) == sizeof...(Sources))
    explicit fallback(fallback_options options, Tiers... tiers)
        : fallback{std::move(options), fallback_condition<Match>{}, std::move(tiers)...} {}
    template <class... Tiers>
    explicit fallback(fallback_condition<Match> on, Tiers... tiers)
        : fallback{fallback_options{}, std::move(on), std::move(tiers)...} {}
    template <class... Tiers>
        requires(sizeof...(Tiers) == sizeof...(Sources))
    explicit fallback(Tiers... tiers)
        : fallback{fallback_options{}, fallback_condition<Match>{}, std::move(tiers)...} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const fallback_options& options() const noexcept { return options_; }

    /// Whether every tier can stand in for a call that gives `T`.
    template <class T>
    static constexpr bool gives = (... && (std::convertible_to<detail::given_by<Sources>, T> ||
                                           (std::is_void_v<T> && std::is_void_v<detail::given_by<Sources>>)));

    [[nodiscard]] bool handles(const observation& seen) const { return fallback_kernel{options_}.handles(seen); }

    template <class T>
    void substitute(outcome<T>& out, call_context& call) {
        static_assert(gives<T>, "cutwater::fallback: a tier gives another type than the call");
        if (!on_.match(std::as_const(out))) return;
        const error first = out.has_value() ? error{errc::failed, layer_, call.operation()} : out.failure();
        std::optional<error> last;
        unsigned number = 0;
        const bool found = std::apply(
            [&](auto&... tier) { return (... || try_tier(tier, ++number, first, last, out, call)); }, tiers_);
        if (!found && !out.has_value() && last) out.failure().with_also(std::move(*last));
    }

private:
    template <class Source, class T>
    bool try_tier(fallback_tier<Source>& tier, unsigned number, const error& first, std::optional<error>& last,
                  outcome<T>& out, call_context& call) {
        auto given = capture([&]() -> decltype(auto) { return detail::ask(tier.source, first); });
        if (!given.has_value()) {
            last = std::move(given.failure());
            call.emit(layer_, [&] { return fallback_failed{tier.called, last->words()}; });
            return false;
        }
        if constexpr (detail::is_function<Source>)
            call.emit(layer_, [&] { return fallback_used{tier.called, number, first.words()}; });
        else
            call.emit(layer_, [&] { return fallback_default_used{tier.called, first.words()}; });
        if constexpr (std::is_void_v<T>)
            out = outcome<T>{std::expected<T, error>{}};
        else
            out = outcome<T>{std::expected<T, error>{T(*std::move(given.result()))}};
        out.mark_degraded(tier.called);
        return true;
    }

    fallback_options options_;
    name layer_;
    fallback_condition<Match> on_;
    std::tuple<fallback_tier<Sources>...> tiers_;
};

template <class... Tiers>
fallback(Tiers...) -> fallback<any_of_them, detail::source_of<Tiers>...>;
template <class... Tiers>
fallback(fallback_options, Tiers...) -> fallback<any_of_them, detail::source_of<Tiers>...>;
template <class Match, class... Tiers>
fallback(fallback_condition<Match>, Tiers...) -> fallback<Match, detail::source_of<Tiers>...>;
template <class Match, class... Tiers>
fallback(fallback_options, fallback_condition<Match>, Tiers...) -> fallback<Match, detail::source_of<Tiers>...>;

/// For calls that are not critical: whatever fails, but for cancellation, gives `instead`, as a copy.
template <class T>
[[nodiscard]] auto fail_safe(T instead, name called = "fail_safe") {
    return fallback{
        fallback_options{.name = std::string{called.view()}, .should_handle = [](const observation&) { return true; }},
        tier("default", std::move(instead))};
}

}  // namespace cutwater
