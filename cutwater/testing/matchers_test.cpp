#include "cutwater/testing/matchers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "cutwater/core/text.hpp"

namespace cutwater::testing {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Not;

result<int> good(int value = 7, name source = {}) {
    return {std::expected<int, error>{value}, origin{.source = source, .is_degraded = !source.empty()}};
}
/// Another's answer, which is all that was asked for.
result<int> replayed(int value, name source) { return {std::expected<int, error>{value}, origin{.source = source}}; }
result<int> bad(std::error_code code = errc::timed_out, name layer = "attempt") {
    return {std::expected<int, error>{std::unexpect, error{code, layer, "get"}}, {}};
}

/// What gmock would print of a mismatch.
template <class Matcher, class T>
std::string mismatch(const Matcher& matcher, const T& value) {
    ::testing::StringMatchResultListener said;
    EXPECT_FALSE(::testing::ExplainMatchResult(matcher, value, &said));
    return said.str();
}
template <class T, class Matcher>
std::string description(const Matcher& matcher) {
    return ::testing::DescribeMatcher<T>(matcher);
}

TEST(matchers, has_value_looks_at_the_value) {
    EXPECT_THAT(good(), has_value(7));
    EXPECT_THAT(good(), has_value(Gt(3)));
    EXPECT_THAT(good(), has_value(_));
    EXPECT_THAT(good(), Not(has_value(8)));
    EXPECT_THAT(bad(), Not(has_value(_)));
    EXPECT_THAT((std::expected<std::string, error>{"a"}), has_value("a"));
    EXPECT_THAT((outcome<int>{std::in_place, 7}), has_value(7));
}

TEST(matchers, fails_with_takes_whatever_an_error_code_can_be_compared_with) {
    EXPECT_THAT(bad(), fails_with(errc::timed_out));
    EXPECT_THAT(bad(), fails_with(make_error_code(errc::timed_out)));
    EXPECT_THAT(bad(), fails_with(condition::timeout));
    EXPECT_THAT(bad(), fails_with(make_error_condition(condition::timeout)));
    EXPECT_THAT(bad(), fails_with(std::errc::timed_out)) << "ours is one of the system's, too";
    EXPECT_THAT(bad(), Not(fails_with(errc::cancelled)));
    EXPECT_THAT(bad(), Not(fails_with(condition::refused)));
    EXPECT_THAT(good(), Not(fails_with(errc::timed_out)));
    EXPECT_THAT(error{errc::refused}, fails_with(condition::refused));
    EXPECT_THAT((outcome<int>{error{errc::refused}}), fails_with(condition::refused));
}

TEST(matchers, spoken_by_names_the_layer) {
    EXPECT_THAT(bad(), spoken_by("attempt"));
    EXPECT_THAT(bad(), Not(spoken_by("retry")));
    EXPECT_THAT(bad(errc::failed, {}), spoken_by("")) << "the callable itself";
    EXPECT_THAT(good(), Not(spoken_by("")));
    EXPECT_THAT(error(errc::refused, "gate", {}), spoken_by("gate"));
}

TEST(matchers, is_degraded_names_the_source) {
    EXPECT_THAT(good(7, "default"), AllOf(has_value(7), is_degraded("default")));
    EXPECT_THAT(good(7, "default"), Not(is_degraded("stale cache")));
    EXPECT_THAT(good(), Not(is_degraded("default")));
    EXPECT_THAT(good(), Not(is_degraded(""))) << "the dependency's own is not degraded";
    EXPECT_THAT(bad(), Not(is_degraded("default")));
    EXPECT_THAT(replayed(7, "cache"), Not(is_degraded("cache"))) << "a source alone does not make it less";
}

TEST(matchers, a_mismatch_is_told_in_the_errors_own_words) {
    EXPECT_EQ(mismatch(has_value(7), bad()), "which failed: attempt: get: the time limit was reached [cutwater:2]");
    EXPECT_EQ(mismatch(fails_with(errc::cancelled), bad()),
              "which failed: attempt: get: the time limit was reached [cutwater:2]");
    EXPECT_EQ(mismatch(fails_with(errc::cancelled), good()), "which has a value");
    EXPECT_EQ(mismatch(is_degraded("default"), good()), "which is the dependency's own");
    EXPECT_EQ(mismatch(is_degraded("default"), good(7, "cache")), "which is degraded, from \"cache\"");
    EXPECT_EQ(mismatch(is_degraded("cache"), replayed(7, "cache")), "which is as good as asked for, from \"cache\"");
}

TEST(matchers, what_is_expected_is_told_in_words) {
    EXPECT_EQ(description<result<int>>(fails_with(errc::circuit_open)), "fails with \"the circuit is open\"");
    EXPECT_EQ(description<result<int>>(fails_with(condition::refused)), "fails with \"refused by a policy\"");
    EXPECT_EQ(description<result<int>>(Not(spoken_by("retry"))), "is not spoken by \"retry\"");
    EXPECT_EQ(description<result<int>>(is_degraded("cache")), "is degraded, from \"cache\"");
    EXPECT_EQ(description<result<int>>(Not(has_value(7))), "has no value that is as expected");
    EXPECT_EQ(description<recorded_event>(event_named("retry_scheduled")), "is a retry_scheduled");
    EXPECT_EQ(description<recorded_event>(event_from("retry")), "is from layer retry");
    EXPECT_EQ(description<recorded_event>(event_with("delay", "1s")), "has a field delay that is equal to \"1s\"");
}

TEST(matchers, events_match_by_name_layer_and_field) {
    const recorded_event e{
        .name = "retry_scheduled", .layer = "retry", .operation = "get", .fields = {{"delay", "1s"}}};
    EXPECT_THAT(e, AllOf(event_named("retry_scheduled"), event_from("retry"), event_with("delay", "1s")));
    EXPECT_THAT(e, event_with("delay", ::testing::HasSubstr("s")));
    EXPECT_THAT(e, event_with("jitter", "<none>"));
    EXPECT_THAT(e, Not(event_named("retry_rescued")));
    EXPECT_THAT(e, Not(event_from("inner")));
    EXPECT_THAT(e, Not(event_with("delay", "2s")));
    EXPECT_EQ(::testing::PrintToString(e), "retry retry_scheduled delay=1s");
}

}  // namespace
}  // namespace cutwater::testing
