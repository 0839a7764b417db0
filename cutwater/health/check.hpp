// A health check: a callable that says how something is, and what to do about it.
//
//     const auto ping = [&](const cw::check_run& run) { return run.deadline > cw::instant{} ? std::expected<void, std::error_code>{} : std::unexpected{std::error_code{}}; };      // an std::expected: its error is the detail
//     const auto space = [] { return std::filesystem::space("/").available < 1'000'000 ? cw::check_result::degraded("9 % left", "delete old exports") : cw::check_result::ok(); };
//
// It takes the run, or nothing, and returns a `check_result`, a `bool`, an `std::expected` (or a pipeline's result), or nothing; what it throws is a
// failure, in the exception's words. It is asked on a thread of the runner's and may block; it should keep to the deadline: one that does not return is given up on, is asked to stop, and
// is not asked again before it has returned.
#pragma once

#include <concepts>
#include <functional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "cutwater/core/capture.hpp"
#include "cutwater/core/error.hpp"
#include "cutwater/health/kernel.hpp"

namespace cutwater {

struct check_result {
    health_status status = health_status::healthy;
    std::string detail{};      ///< what was seen: shown only where it is asked for
    std::string what_to_do{};  ///< for whoever is on call: shown always, so it holds no secret

    [[nodiscard]] static check_result ok(std::string detail = {}) {
        return {health_status::healthy, std::move(detail), {}};
    }
    [[nodiscard]] static check_result degraded(std::string detail, std::string what_to_do = {}) {
        return {health_status::degraded, std::move(detail), std::move(what_to_do)};
    }
    [[nodiscard]] static check_result failed(std::string detail, std::string what_to_do = {}) {
        return {health_status::unhealthy, std::move(detail), std::move(what_to_do)};
    }

    friend bool operator==(const check_result&, const check_result&) = default;
};

/// What a check is told of its run.
struct check_run {
    instant deadline = never;    ///< when it is given up on
    std::stop_token stop_token;  ///< requested at that moment, and when the runner stops
};

using check_function = std::move_only_function<check_result(const check_run&)>;

namespace detail {

template <class F>
decltype(auto) ask_check(F& f, const check_run& run) {
    if constexpr (std::invocable<F&, const check_run&>)
        return std::invoke(f, run);
    else
        return std::invoke(f);
}

/// What a check returned, in our words.
template <class Returned>
check_result to_check_result(Returned&& said) {
    if constexpr (std::same_as<std::remove_cvref_t<Returned>, check_result>)
        return std::forward<Returned>(said);
    else if constexpr (std::same_as<std::remove_cvref_t<Returned>, bool>)
        return said ? check_result::ok() : check_result::failed("it says no");
    else
        return said.has_value() ? check_result::ok() : check_result::failed(to_error(said.error()).message());
}

}  // namespace detail

template <class F>
concept health_check = std::invocable<F&, const check_run&> || std::invocable<F&>;

/// Any callable of these as a check. Throws what it throws.
template <health_check F>
[[nodiscard]] check_function as_check(F f) {
    return [f = std::move(f)](const check_run& run) mutable {
        if constexpr (std::is_void_v<decltype(detail::ask_check(f, run))>) {
            detail::ask_check(f, run);
            return check_result::ok();
        } else {
            return detail::to_check_result(detail::ask_check(f, run));
        }
    };
}

/// Asks; what it throws becomes a failure.
[[nodiscard]] inline check_result run_check(check_function& check, const check_run& run) {
    try {
        return check(run);
    } catch (...) {
        return check_result::failed(error::from_exception(std::current_exception()).words());
    }
}

}  // namespace cutwater
