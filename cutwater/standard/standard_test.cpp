// The usual stack, and a call in one word.

#include "cutwater/standard/standard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/pipeline/observe.hpp"
#include "cutwater/policy/fallback/fallback.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(standard_pipeline, has_its_layers_in_the_usual_order) {
    EXPECT_THAT(standard_pipeline({.name = "stock"}).describe(),
                MatchesRegex("timeout \"total\".*└─ retry.*└─ circuit_breaker.*└─ bulkhead.*└─ timeout \"attempt\".*"
                             "└─ call\n"));
}

TEST(standard_pipeline, a_concurrency_limiter_stands_in_the_bulkheads_place) {
    concurrency_limiter found{{.name = "found"}};
    const std::string text = standard_pipeline({}, ref(found)).describe();
    EXPECT_THAT(text,
                MatchesRegex("timeout \"total\".*└─ circuit_breaker.*└─ concurrency_limiter \"found\".*└─ timeout.*"));
    EXPECT_THAT(text, Not(HasSubstr("bulkhead")));
}

TEST(standard_pipeline, a_rate_limiter_has_its_place_between_breaker_and_bulkhead) {
    rate_limiter quota{{.name = "quota"}};
    EXPECT_THAT(standard_pipeline({}, ref(quota), fallback{tier("none", 0)}).describe(),
                MatchesRegex("fallback.*└─ circuit_breaker.*└─ rate_limiter \"quota\".*└─ bulkhead.*"));
    EXPECT_THAT(standard_pipeline({}, rate_limiter{{.name = "own"}}).describe(),
                MatchesRegex("timeout \"total\".*└─ circuit_breaker.*└─ rate_limiter \"own\".*└─ bulkhead.*"));
}

TEST(standard_pipeline, a_throttle_has_its_place_between_retry_and_breaker) {
    throttle load{{.name = "load"}};
    EXPECT_THAT(standard_pipeline({}, ref(load), fallback{tier("none", 0)}).describe(),
                MatchesRegex("fallback.*└─ retry.*└─ throttle \"load\".*└─ circuit_breaker.*└─ bulkhead.*"));
}

TEST(standard_pipeline, a_breaker_or_a_bulkhead_that_is_given_stands_in_the_place_of_its_own) {
    circuit_breaker shared_health{{.name = "shared"}};
    bulkhead shared_share{{.name = "share"}};
    const std::string tree = standard_pipeline({.name = "stock"}, ref(shared_share), ref(shared_health)).describe();
    EXPECT_THAT(tree, MatchesRegex("timeout \"total\".*└─ retry.*└─ circuit_breaker \"shared\".*└─ bulkhead \"share\".*"
                                   "└─ timeout \"attempt\".*"));
    EXPECT_THAT(tree, ::testing::Not(HasSubstr("stock")));
}

TEST(standard_pipeline, names_what_it_guards) {
    const std::string tree = standard_pipeline({.name = "stock", .total = 2s, .each_attempt = 500ms}).describe();
    EXPECT_THAT(tree, HasSubstr("timeout \"total\" {after = 2s}"));
    EXPECT_THAT(tree, HasSubstr("circuit_breaker \"stock\""));
    EXPECT_THAT(tree, HasSubstr("bulkhead \"stock\""));
    EXPECT_THAT(tree, HasSubstr("timeout \"attempt\" {after = 500ms}"));
}

TEST(standard_pipeline, refuses_an_attempt_that_is_longer_than_the_whole) {
    try {
        auto guarded = standard_pipeline({.name = "stock", .total = 200ms, .each_attempt = 5s});
        ADD_FAILURE() << guarded.describe();
    } catch (const invalid_options& e) {
        EXPECT_STREQ(e.what(), "standard_pipeline \"stock\": each_attempt is 5s, allowed is at most total, 200ms");
    }
    EXPECT_NO_THROW((void)standard_pipeline({.total = 1s, .each_attempt = 1s}));
    EXPECT_THAT(standard_pipeline({.total = 500ms}).describe(), HasSubstr("timeout \"attempt\" {after = 500ms}"))
        << "what nobody said follows";
}

TEST(standard_pipeline, hands_the_options_to_their_policies) {
    EXPECT_THROW((void)standard_pipeline({.retrying = {.max_attempts = 0}}), invalid_options);
    EXPECT_THROW((void)standard_pipeline({.breaking = {.probes = 0}}), invalid_options);
    EXPECT_THROW((void)standard_pipeline({.isolating = {.max_concurrent = 0}}), invalid_options);
    EXPECT_THROW((void)standard_pipeline({.total = 0s, .each_attempt = 0s}), invalid_options);
}

TEST(standard_pipeline, retries_what_is_transient_and_stops_where_the_circuit_is_open) {
    testing::virtual_time time;
    auto guarded = standard_pipeline({.breaking = {.window = breaker_window::consecutive, .consecutive_failures = 2}});
    int asked = 0;
    const auto down = [&]() -> int {
        ++asked;
        throw std::system_error{std::make_error_code(std::errc::connection_refused)};
    };
    EXPECT_EQ(time.run(guarded, down).error().code(), errc::circuit_open);
    EXPECT_EQ(asked, 2) << "the third attempt found the circuit open";
    EXPECT_EQ(time.run(guarded, down).error().code(), errc::circuit_open);
    EXPECT_EQ(asked, 2);
}

TEST(standard_pipeline, keeps_a_name_that_was_given) {
    const std::string tree =
        standard_pipeline({.name = "stock", .breaking = {.name = "db"}, .isolating = {.name = "seats"}}).describe();
    EXPECT_THAT(tree, HasSubstr("circuit_breaker \"db\""));
    EXPECT_THAT(tree, HasSubstr("bulkhead \"seats\""));
}

TEST(standard_pipeline, S30_listener_fallback_and_rules_in_the_same_line) {
    struct lost_connection {};
    testing::virtual_time time;
    testing::event_recorder heard;
    auto guarded = standard_pipeline({.name = "stock"}, observe{heard}, fallback{tier("last known", 3)},
                                     classify{transient(exception<lost_connection>())});
    EXPECT_THAT(guarded.describe(), MatchesRegex("observe.*└─ fallback.*└─ timeout \"total\".*"));
    const result<int> got = time.run(guarded, []() -> int { throw lost_connection{}; });
    EXPECT_EQ(got, 3);
    EXPECT_EQ(got.source(), name{"last known"});
    EXPECT_EQ(heard.count("retry_scheduled"), 2U) << "the rules are inside of the retry";
}

TEST(call, gives_what_the_callable_gives) {
    EXPECT_EQ(call([] { return 7; }), 7);
}

TEST(call, hands_on_what_cannot_be_helped) {
    const result<int> failed = call([]() -> int { throw std::runtime_error{"no"}; });
    EXPECT_EQ(failed.error().words(), "no");
}

}  // namespace
}  // namespace cutwater
