// What a test expects of a result, an error, or an event; what it gets instead is told in words.
//
//     #include "cutwater/testing/matchers.hpp"
//     using namespace cutwater::testing;
//
//     EXPECT_THAT(pipeline.run(f), has_value(7));
//     EXPECT_THAT(pipeline.run(f), AllOf(has_value(0), is_degraded("default")));
//     EXPECT_THAT(pipeline.run(f), AllOf(fails_with(cw::errc::timed_out), spoken_by("attempt")));
//     EXPECT_THAT(pipeline.run(f), fails_with(cw::condition::refused));
//     EXPECT_THAT(heard.all(), ElementsAre(event_named("call_started"), AllOf(event_from("retry"), event_with("delay", "100ms")),
//                                          event_named("call_failed")));
//
// The first four take a `cw::result`, an `std::expected<T, cw::error>` or an `outcome`, and those about errors a `cw::error`
// as well; the last three take what an `event_recorder` kept. Where a value is expected, a matcher will do: `has_value(Gt(3))`.
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "cutwater/core/outcome.hpp"
#include "cutwater/core/result.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater::testing {

namespace detail {

/// The error in whatever holds one; null where there is none.
[[nodiscard]] inline const error* error_in(const error& e) noexcept { return &e; }
template <class T>
[[nodiscard]] const error* error_in(const std::expected<T, error>& r) noexcept {
    return r ? nullptr : &r.error();
}
template <class T>
[[nodiscard]] const error* error_in(const outcome<T>& out) noexcept {
    return error_in(out.result());
}

template <class T>
[[nodiscard]] const std::expected<T, error>& expected_in(const std::expected<T, error>& r) noexcept {
    return r;
}
template <class T>
[[nodiscard]] const std::expected<T, error>& expected_in(const outcome<T>& out) noexcept {
    return out.result();
}

/// The error, as part of what a matcher says of it; false where there is none.
template <class Holder>
const error* told(const Holder& holder, std::ostream* to) {
    const error* const e = error_in(holder);
    if (to != nullptr && e != nullptr) *to << "which failed: " << e->message() << " [" << e->code() << "]";
    if (to != nullptr && e == nullptr) *to << "which has a value";
    return e;
}

[[nodiscard]] inline std::string words_of(const std::error_code& code) { return code.message(); }
[[nodiscard]] inline std::string words_of(const std::error_condition& c) { return c.message(); }
template <class Enumerator>
    requires std::is_enum_v<Enumerator>
[[nodiscard]] std::string words_of(Enumerator e) {
    if constexpr (std::is_error_code_enum_v<Enumerator>)
        return words_of(std::error_code{e});
    else
        return words_of(std::error_condition{e});
}

}  // namespace detail

/// A value, and one that `inner` matches.
MATCHER_P(has_value, inner, std::string{negation ? "has no" : "has a"} + " value that is as expected") {
    const auto& expected = detail::expected_in(arg);
    if (!expected) return detail::told(expected, result_listener->stream()), false;
    return ::testing::ExplainMatchResult(inner, *expected, result_listener);
}

/// An error whose code equals `wanted`: an error code or condition, or an enumerator of either.
MATCHER_P(fails_with, wanted,
          std::string{negation ? "does not fail" : "fails"} + " with \"" + detail::words_of(wanted) + '"') {
    const error* const e = detail::told(arg, result_listener->stream());
    return e != nullptr && e->code() == wanted;
}

/// An error that this layer speaks of; `""` is the callable itself.
MATCHER_P(spoken_by, layer, std::string{negation ? "is not" : "is"} + " spoken by \"" + std::string{layer} + '"') {
    const error* const e = detail::told(arg, result_listener->stream());
    return e != nullptr && e->layer() == name{layer};
}

/// A value that is less than what was asked for, from this source: a fallback's, or one that a cache could not refresh.
MATCHER_P(is_degraded, source,
          std::string{negation ? "is not" : "is"} + " degraded, from \"" + std::string{source} + '"') {
    if (detail::told(arg, nullptr) != nullptr) return detail::told(arg, result_listener->stream()), false;
    const bool is_less = arg.from().is_degraded;
    if (arg.source().empty())
        *result_listener << "which is the dependency's own";
    else
        *result_listener << "which is " << (is_less ? "degraded, from \"" : "as good as asked for, from \"")
                         << arg.source().view() << '"';
    return is_less && arg.source() == name{source};
}

MATCHER_P(event_named, wanted, std::string{negation ? "is not" : "is"} + " a " + std::string{wanted}) {
    return arg.name == wanted;
}
MATCHER_P(event_from, layer, std::string{negation ? "is not" : "is"} + " from layer " + std::string{layer}) {
    return arg.layer == layer;
}
/// A field, by its text.
MATCHER_P2(event_with, field, inner,
           std::string{negation ? "has no" : "has a"} + " field " + field + " that " +
               ::testing::DescribeMatcher<std::string>(inner)) {
    return ::testing::ExplainMatchResult(inner, arg.field(field), result_listener);
}

}  // namespace cutwater::testing
