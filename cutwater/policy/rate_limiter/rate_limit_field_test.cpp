#include "cutwater/policy/rate_limiter/rate_limit_field.hpp"

#include <gtest/gtest.h>

#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

namespace cutwater::rate_limit_field_tests {
namespace {

// The shapes are those of draft-ietf-httpapi-ratelimit-headers: "burst";q=100;w=60 and "default";r=50;t=30.
TEST(rate_limit_field, says_the_quota_and_its_window) {
    EXPECT_EQ(rate_limit_policy_field({.name = "burst", .window = rate_window::fixed, .permits = 100, .per = 60s}),
              "\"burst\";q=100;w=60");
    EXPECT_EQ(rate_limit_policy_field({.name = "hourly", .window = rate_window::sliding, .permits = 1000, .per = 1h}),
              "\"hourly\";q=1000;w=3600");
    EXPECT_EQ(rate_limit_policy_field({.name = "api", .permits = 5, .per = 500ms, .burst = 3}), "\"api\";q=13;w=1")
        << "what may pass in a window: the burst, and what comes back";
}

TEST(rate_limit_field, says_what_is_left_and_until_when) {
    EXPECT_EQ(rate_limit_field("default", {.limit = 100, .remaining = 50, .reset = 30s}), "\"default\";r=50;t=30");
    EXPECT_EQ(rate_limit_field("default", {.limit = 100, .remaining = 0, .reset = 29001ms}), "\"default\";r=0;t=30");
    EXPECT_EQ(rate_limit_field("default", {.limit = 100, .remaining = 100}), "\"default\";r=100;t=0");
}

TEST(rate_limit_field, a_name_cannot_end_the_string_that_it_is_in) {
    EXPECT_EQ(rate_limit_field("a\"b\\c\r\n\xc3\xa9", {}), "\"a\\\"b\\\\c????\";r=0;t=0");
}

TEST(rate_limit_field, T74_nobody_is_asked_back_too_early) {
    EXPECT_EQ(retry_after_field(0s), "1");
    EXPECT_EQ(retry_after_field(1ns), "1");
    EXPECT_EQ(retry_after_field(1s), "1");
    EXPECT_EQ(retry_after_field(1s + 1ns), "2");
    EXPECT_EQ(retry_after_field(24h * 366), "31622400");
    EXPECT_EQ(retry_after_field(forever), std::nullopt) << "never is no time to come back";
    EXPECT_EQ(retry_after_field(std::nullopt), std::nullopt) << "an error says nothing then";
    EXPECT_EQ(retry_after_field(error{errc::rate_limited}.with_retry_after(1500ms).retry_after()), "2");
}

TEST(rate_limit_field, T74_says_of_no_window_that_it_takes_longer_than_it_does) {
    constexpr instant noon{12h};
    for (const duration per : {duration{1s}, duration{1min}, duration{24h}}) {
        rate_limiter api{{.name = "api", .window = rate_window::fixed, .permits = 1, .per = per}};
        ASSERT_TRUE(api.try_acquire(noon));
        const std::string seconds = std::to_string(per / 1s);
        EXPECT_EQ(rate_limit_field(api, noon), "\"api\";r=0;t=" + seconds);
        EXPECT_EQ(retry_after_field(api.read(noon).retry_after), seconds);
    }
}

}  // namespace
}  // namespace cutwater::rate_limit_field_tests
