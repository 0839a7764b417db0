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
//     auto count = cw::fail_safe(0, log_failure)(count_visitors);               // not critical: never fails
//
// Contract. Tiers are asked in order until one gives a value. A cancelled call gets none; nor does a bug, unless the
// options say so. Where all fail the *first* error comes out, with those of the tiers attached in their order:
// `error::also()` is what failed next. A value that was judged a failure comes out as it is where all tiers fail.
// A tier runs in the caller's thread and is not bounded by the timeouts inside: keep it local and quick. It is never a
// coroutine: what must be awaited belongs into the call. Thread safety: tiers are called from every thread that runs the
// pipeline, never under a lock.
#pragma once

#include <tuple>
#include <vector>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/policy/fallback/events.hpp"
#include "cutwater/policy/fallback/kernel.hpp"
#include "cutwater/policy/fallback/tier.hpp"

namespace cutwater {

namespace detail {

/// Hangs `later` after `first` and whatever is attached to it already.
inline void attach(error& first, error later) {
    if (first.also() != nullptr) {
        error next = *first.also();
        attach(next, std::move(later));
        later = std::move(next);
    }
    first.with_also(std::move(later));
}
inline void attach(error& first, std::vector<error>& failed) {
    for (error& next : failed) attach(first, std::move(next));
}

}  // namespace detail

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

    /// `{tiers = "stale cache", "default", …}`
    [[nodiscard]] std::string described_options() const {
        std::string text = "{tiers = ";
        const auto add = [&](name called) {
            if (text.back() == '"') text += ", ";
            text += in_quotes(called.view());
        };
        std::apply([&](const auto&... each) { (..., add(each.called)); }, tiers_);
        const std::string others = options_text(options_);
        return others == "{}" ? text + "}" : text + ", " + others.substr(1);
    }

    /// Whether every tier can stand in for a call that gives `T`.
    template <class T>
    static constexpr bool gives = (... && (std::convertible_to<detail::given_by<Sources>, T> ||
                                           (std::is_void_v<T> && std::is_void_v<detail::given_by<Sources>>)));

    [[nodiscard]] bool handles(const observation& seen) const { return fallback_kernel{options_}.handles(seen); }

    /// Asks the tiers. What was refused after the caller had cancelled gets no answer either: nobody waits for it.
    template <class T>
    void substitute(outcome<T>& out, call_context& call) {
        static_assert(gives<T>,
                      "cutwater::fallback: a tier gives another type than the call, or wants more than a cw::error");
        if (call.cancelled || call.said().stop.stop_requested() || !on_.match(std::as_const(out))) return;
        const substitution work{*this, call, out.has_value() ? not_accepted(call, out.judged()) : out.failure()};
        std::vector<error> failed;
        const bool found = std::apply([&](auto&... each) { return (... || work.ask(each, failed, out)); }, tiers_);
        if (!found && !out.has_value()) detail::attach(out.failure(), failed);
    }

private:
    /// One call's way through the tiers.
    struct substitution {
        const fallback& owner;
        call_context& call;
        error first;  // the tiers may look at it until the last has answered

        template <class Source, class T>
        bool ask(fallback_tier<Source>& tier, std::vector<error>& failed, outcome<T>& out) const {
            auto given = capture([&]() -> decltype(auto) { return detail::ask(tier.source, first); });
            if (!given.has_value()) {
                failed.push_back(std::move(given.failure()));
                call.emit(owner.layer_,
                          [&] { return fallback_failed{tier.called, failed.back().type(), failed.back().words()}; });
                return false;
            }
            tell<Source>(tier.called, failed.size() + 1);
            if constexpr (std::is_void_v<T>)
                out.replace();
            else
                out.replace(*std::move(given.result()));
            out.mark_degraded(tier.called);
            return true;
        }

        template <class Source>
        void tell(name source, std::size_t number) const {
            if (owner.options_.on_fallback) owner.options_.on_fallback(first, source);
            if constexpr (detail::is_default<Source>)
                call.emit(owner.layer_, [&] { return fallback_default_used{source, first.type(), first.words()}; });
            else
                call.emit(owner.layer_, [&] {
                    return fallback_used{source, static_cast<unsigned>(number), first.type(), first.words()};
                });
        }
    };

    [[nodiscard]] error not_accepted(call_context& call, const judgement& judged) const {
        return error{errc::failed, layer_, call.operation()}.with_text(words_of(judged));
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

namespace detail {

[[nodiscard]] inline fallback_options never_failing(name called, std::function<void(const error&)> log_failure) {
    fallback_options options{.name = std::string{called.view()},
                             .should_handle = [](const observation&) { return true; },
                             .on_fallback = {}};
    if (log_failure)
        options.on_fallback = [log = std::move(log_failure)](const error& instead_of, name) { log(instead_of); };
    return options;
}

}  // namespace detail

/// For calls that are not critical: whatever fails, but for cancellation, gives `instead`, as a copy.
template <class T>
[[nodiscard]] auto fail_safe(T instead, name called = "fail_safe") {
    return fallback{detail::never_failing(called, {}), tier("default", std::move(instead))};
}

/// The same for calls that give nothing.
[[nodiscard]] inline auto fail_safe() {
    return fallback{detail::never_failing("fail_safe", {}), tier("nothing", detail::nothing{})};
}

/// The same as the first; `log_failure` is told of each failure that is hidden. For calls that give nothing it is a tier
/// itself: `fail_safe(log_failure)`.
template <class T>
[[nodiscard]] auto fail_safe(T instead, std::function<void(const error&)> log_failure, name called = "fail_safe") {
    return fallback{detail::never_failing(called, std::move(log_failure)), tier("default", std::move(instead))};
}

}  // namespace cutwater
