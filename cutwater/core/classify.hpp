// Which outcomes are failures, and of which kind. Decided once, where the outcome is born.
//
// Nothing is transient unless it is named, except network errors and timeouts. A matcher says which outcomes it
// means; a rule gives them a verdict; the first rule that matches decides, and what none matches falls to the default:
//
//     cw::classify rules{
//         cw::ignored(cw::exception<bad_input>()),
//         cw::transient(cw::exception<lost_connection>() || cw::code(std::errc::resource_unavailable_try_again)),
//         cw::transient(cw::value([](const response& r) { return r.status == 503; })),
//         cw::transient(cw::returned<db_error>([](const db_error& e) { return e == db_error::deadlock; })),
//     };
//     cw::pipeline guarded{cw::retry{}, rules};       // the innermost layer
//
// The default: a value is a success; network errors and timeouts are transient; a refusal is rejected; a cancellation
// is cancelled; `std::logic_error` (a bug: it says nothing about the dependency) is ignored; the rest is permanent.
//
// Thread safety: rules are called from any thread that runs the pipeline, never under a lock. A matcher that throws
// fails its call with `errc::callback_failed`.
#pragma once

#include <exception>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cutwater/core/exception_cast.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

/// The verdict of the default rules on an error.
[[nodiscard]] verdict default_verdict(const error& failure) noexcept;

template <class Match>
struct matcher {
    Match match;  ///< bool(const outcome<T>&) for every T that it means to see
};
template <class Match>
matcher(Match) -> matcher<Match>;

template <class Rule>
inline constexpr bool is_matcher = false;
template <class Match>
inline constexpr bool is_matcher<matcher<Match>> = true;

template <class Left, class Right>
[[nodiscard]] constexpr auto operator||(matcher<Left> left, matcher<Right> right) {
    return matcher{[left = std::move(left.match), right = std::move(right.match)](const auto& out) {
        return left(out) || right(out);
    }};
}

struct any_of_them {
    constexpr bool operator()(const auto&) const noexcept { return true; }
};

namespace detail {

/// Whether an `Exception` was thrown that `accepts`. A pointer that was thrown is caught as a copy: it is thrown again.
template <class Exception, class Accepts>
[[nodiscard]] bool is_thrown(const std::exception_ptr& cause, const Accepts& accepts) {
    if constexpr (std::is_class_v<Exception>) {
        const auto* const thrown = exception_cast<Exception>(cause);
        return thrown != nullptr && static_cast<bool>(accepts(*thrown));
    } else {
        if (!cause) return false;
        try {
            std::rethrow_exception(cause);
        } catch (const Exception e) {  // NOLINT(misc-throw-by-value-catch-by-reference): clang loses a pointer's value
            return static_cast<bool>(accepts(e));
        } catch (...) {
            return false;
        }
    }
}

}  // namespace detail

/// Exceptions of type `Exception` or derived from it that satisfy `accepts`.
template <class Exception, class Accepts = any_of_them>
[[nodiscard]] constexpr auto exception(Accepts accepts = {}) {
    return matcher{[accepts = std::move(accepts)](const auto& out) {
        if (out.has_value()) return false;
        return detail::is_thrown<Exception>(out.failure().cause(), accepts);
    }};
}

/// Errors whose code equals `wanted`: an `std::error_code`, an `std::error_condition`, or an enumerator of either.
template <class Code>
[[nodiscard]] constexpr auto code(Code wanted) {
    return matcher{[wanted](const auto& out) { return !out.has_value() && out.failure().code() == wanted; }};
}

/// What the callable returned as `std::unexpected<Error>` and satisfies `accepts`.
template <class Error, class Accepts = any_of_them>
[[nodiscard]] constexpr auto returned(Accepts accepts = {}) {
    return matcher{[accepts = std::move(accepts)](const auto& out) {
        if (out.has_value()) return false;
        const Error* original = out.failure().template original<Error>();
        return original != nullptr && static_cast<bool>(accepts(*original));
    }};
}

/// Values that satisfy `accepts`; outcomes of types that it does not take never match.
template <class Accepts>
[[nodiscard]] constexpr auto value(Accepts accepts) {
    return matcher{[accepts = std::move(accepts)]<class T>(const outcome<T>& out) {
        if constexpr (!std::is_void_v<T>) {
            if constexpr (std::is_invocable_v<const Accepts&, const T&>)
                return out.has_value() && static_cast<bool>(accepts(*out.result()));
        }
        return false;
    }};
}

/// A rule: what `Match` accepts has this verdict, and this effect.
template <class Match>
struct verdict_rule {
    verdict meaning;
    effect executed;
    Match match;
};

template <class Match>
[[nodiscard]] constexpr auto as(verdict meaning, matcher<Match> m, effect executed = effect::unstated) {
    return verdict_rule<Match>{meaning, executed, std::move(m.match)};
}
/// `executed` says whether what failed so can have had an effect; unstated: as the error says.
[[nodiscard]] constexpr auto transient(auto m, effect executed = effect::unstated) {
    return as(verdict::transient, std::move(m), executed);
}
[[nodiscard]] constexpr auto permanent(auto m, effect executed = effect::unstated) {
    return as(verdict::permanent, std::move(m), executed);
}
[[nodiscard]] constexpr auto ignored(auto m) { return as(verdict::ignored, std::move(m)); }
[[nodiscard]] constexpr auto succeeded(auto m) { return as(verdict::success, std::move(m)); }

/// A rule of the user's: any callable `std::optional<judgement>(const outcome<T>&)`; nothing means "not mine".
template <class Rule, class T>
concept judges = requires(const Rule& rule, const outcome<T>& out) {
    { rule(out) } -> std::convertible_to<std::optional<judgement>>;
};

/// A rule from a judge of one type: of values of `Seen`, of what was returned as `std::unexpected<Seen>`, and of exceptions of
/// that type or derived from it. `judge` gives a `judgement`, or nothing where it has none:
///
///     cw::judging<grpc::Status>([](const grpc::Status& s) { return cw::grpc_judgement(s.error_code()); })
template <class Seen, class Judge>
[[nodiscard]] constexpr auto judging(Judge judge) {
    return [judge = std::move(judge)]<class T>(const outcome<T>& out) -> std::optional<judgement> {
        if constexpr (std::is_same_v<T, Seen>) {
            if (out.has_value()) return judge(*out.result());
        }
        if (out.has_value()) return std::nullopt;
        if (const Seen* returned = out.failure().template original<Seen>()) return judge(*returned);
        if constexpr (std::is_class_v<Seen>) {
            if (const Seen* thrown = exception_cast<Seen>(out.failure().cause())) return judge(*thrown);
        }
        return std::nullopt;
    };
}

/// The rules of one pipeline, first match first.
template <class... Rules>
class classify {
    static_assert((... && !is_matcher<Rules>),
                  "cutwater::classify: a matcher has no verdict; put it into transient(), permanent() or ignored()");

public:
    constexpr explicit classify(Rules... rules) : rules_{std::move(rules)...} {}

    template <class T>
    [[nodiscard]] judgement operator()(const outcome<T>& out) const {
        judgement decided{};
        const bool matched =
            std::apply([&](const auto&... rule) { return (... || try_rule(rule, out, decided)); }, rules_);
        if (!matched && !out.has_value()) decided.meaning = default_verdict(out.failure());
        return decided;
    }

private:
    template <class Rule, class T>
    static bool try_rule(const Rule& rule, const outcome<T>& out, judgement& decided) {
        if constexpr (judges<Rule, T>) {
            const std::optional<judgement> j = rule(out);
            if (j) decided = *j;
            return j.has_value();
        } else {
            if (!rule.match(out)) return false;
            decided.meaning = rule.meaning;
            decided.executed = rule.executed;
            return true;
        }
    }

    std::tuple<Rules...> rules_;
};

}  // namespace cutwater
