// What came out of one attempt, and what it means.
//
// Inside a pipeline flows an `outcome<T>`: a value or an `error`, with one judgement made where it was born. A value
// can be judged a failure (an HTTP 503 is a response), and keeps being the value: it is what the caller gets in the end.
#pragma once

#include <concepts>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cutwater/core/error.hpp"
#include "cutwater/core/origin.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater {

/// A verdict with what the dependency added to it.
struct judgement {
    verdict meaning = verdict::success;
    effect executed = effect::unstated;     ///< whether the request can have had one; see `observation::executed`
    std::optional<duration> retry_after{};  ///< the dependency's own wish, as a `Retry-After` header states it
    name reason{};                          ///< what of a value was judged, for logs: "HTTP 503"

    friend bool operator==(const judgement&, const judgement&) = default;
};

/// `the result was judged transient: HTTP 503`: of a value, for logs.
[[nodiscard]] std::string words_of(const judgement& j);

/// What a policy is told about an attempt: everything but the value.
struct observation {
    judgement judged{};
    const error* failure = nullptr;  ///< null where a value came back

    [[nodiscard]] verdict meaning() const noexcept { return judged.meaning; }

    /// Whether the request can have had an effect. As the rules said it; where they did not, as the error says it; of a value
    /// that was wanted it is certain, and of any other unknown. Where earlier attempts are in the error's history, the
    /// worst of all. Never `unstated`.
    [[nodiscard]] effect executed() const noexcept;

    /// The dependency's wish as the rules read it; where they read none, what the error says.
    [[nodiscard]] std::optional<duration> retry_after() const noexcept {
        return judged.retry_after ? judged.retry_after : failure != nullptr ? failure->retry_after() : std::nullopt;
    }
    /// The same for whom the wish does not hold.
    [[nodiscard]] observation without_wish() const noexcept {
        observation plain{*this};
        plain.judged.retry_after = duration::zero();
        return plain;
    }
};

template <class T>
class outcome {
public:
    using value_type = T;
    using result_type = std::expected<T, error>;

    template <std::same_as<result_type> Result>  // nothing that only converts: `T` may be anything
    explicit outcome(Result result,
                     judgement judged = {}) noexcept(std::is_nothrow_move_constructible_v<T> || std::is_void_v<T>)
        : result_{std::move(result)}, judged_{judged} {}
    template <class... Args>
    explicit outcome(std::in_place_t, Args&&... args) : result_{std::in_place, std::forward<Args>(args)...} {}
    explicit outcome(error failure) noexcept : result_{std::unexpect, std::move(failure)} {}
    outcome(error failure, verdict meaning) noexcept
        : result_{std::unexpect, std::move(failure)}, judged_{.meaning = meaning} {}
    /// The error is made where it stays.
    template <class... Args>
    explicit outcome(verdict meaning, std::unexpect_t, Args&&... of_error)
        : result_{std::unexpect, std::forward<Args>(of_error)...}, judged_{.meaning = meaning} {}

    [[nodiscard]] bool has_value() const noexcept { return result_.has_value(); }
    [[nodiscard]] const result_type& result() const noexcept { return result_; }
    [[nodiscard]] result_type& result() noexcept { return result_; }
    [[nodiscard]] const error& failure() const noexcept { return result_.error(); }
    [[nodiscard]] error& failure() noexcept { return result_.error(); }

    [[nodiscard]] const judgement& judged() const noexcept { return judged_; }
    [[nodiscard]] verdict meaning() const noexcept { return judged_.meaning; }
    /// What is stated of the effect is kept in the error as well, for who gets it in the end.
    void judge(const judgement& j) noexcept {
        if (!has_value() && j.executed != judged_.executed) [[unlikely]]
            failure().with_executed(j.executed);
        copy(j, judged_);
    }

    /// A value, and judged to be what was wanted.
    [[nodiscard]] bool is_success() const noexcept { return has_value() && meaning() == verdict::success; }

    /// Puts a value in the place of whatever is there; types that cannot be assigned are made anew.
    template <class... Args>
    void replace(Args&&... args) {
        if constexpr (std::is_move_assignable_v<result_type>) {
            *this = outcome{std::in_place, std::forward<Args>(args)...};
        } else {
            static_assert(std::is_nothrow_constructible_v<T, Args...>,
                          "cutwater::outcome: the value can neither be assigned nor be made without throwing");
            std::destroy_at(this);
            std::construct_at(this, std::in_place, std::forward<Args>(args)...);
        }
    }

    /// Where the value is from; without a source where it is the dependency's own.
    [[nodiscard]] const origin& from() const noexcept { return from_; }
    [[nodiscard]] name source() const noexcept { return from_.source; }
    void mark(const origin& from) noexcept { from_ = from; }
    void mark_degraded(name source, duration age = {}) noexcept {
        from_ = {.source = source, .age = age, .is_degraded = true};
    }

    [[nodiscard]] observation observed() const noexcept {
        observation seen{.failure = result_.has_value() ? nullptr : &result_.error()};
        copy(judged_, seen.judged);
        return seen;
    }

private:
    /// Field by field: copied as a whole it is read in other pieces than it was just written in, which processors wait for.
    static void copy(const judgement& from, judgement& to) noexcept {
        to.meaning = from.meaning;
        to.executed = from.executed;
        if (from.retry_after || to.retry_after) [[unlikely]]
            to.retry_after = from.retry_after;
        to.reason = from.reason;
    }

    result_type result_;
    judgement judged_;
    origin from_;
};

/// Where the outcome of the latest attempt is kept; empty until there is one.
template <class T>
using outcome_slot = std::optional<outcome<T>>;

}  // namespace cutwater
