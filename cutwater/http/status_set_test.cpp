#include "cutwater/http/status_set.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace cutwater {
namespace {

TEST(status_set, holds_what_was_added) {
    const status_set set{429, 503};
    EXPECT_TRUE(set.contains(429));
    EXPECT_FALSE(set.contains(430));
    EXPECT_FALSE(set.contains(0));
    EXPECT_FALSE(set.contains(4'000'000'000U));
    EXPECT_TRUE(status_set{}.empty());
}

TEST(status_set, reads_codes_and_ranges) {
    EXPECT_EQ(status_set::parse("503"), status_set{503});
    EXPECT_EQ(status_set::parse("429,500-503"), (status_set{429, 500, 501, 502, 503}));
    EXPECT_EQ(status_set::parse("100-599")->text(), "100-599");
    EXPECT_EQ(status_set::parse("503-503,503"), status_set{503});
}

TEST(status_set, names_the_part_that_is_wrong_and_what_is_allowed) {
    for (const auto* const wrong : {"", "abc", "99", "600", "503,", ",503", "503 ", "500-", "-500", "504-500", "5xx",
                                    "500-600", "500--504", "4294967796", "+503", "503;504"}) {
        const auto parsed = status_set::parse(wrong);
        ASSERT_FALSE(parsed) << wrong;
        EXPECT_THAT(parsed.error(), ::testing::HasSubstr("from 100 to 599")) << wrong;
    }
    EXPECT_THAT(status_set::parse("503,9x9").error(), ::testing::StartsWith("\"9x9\" is none of"));
}

TEST(status_set, refuses_codes_that_are_none) {
    EXPECT_THROW(status_set{99}, std::out_of_range);
    EXPECT_THROW(status_set{}.add(600), std::out_of_range);
}

TEST(status_set, writes_itself_as_it_is_read) {
    EXPECT_EQ(transient_statuses().text(), "408, 425, 429, 502-504");
    EXPECT_EQ(status_set{}.text(), "none");
    EXPECT_EQ(status_set{599}.text(), "599");
}

}  // namespace
}  // namespace cutwater
