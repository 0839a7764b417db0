#include "cutwater/core/verdict.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace cutwater {
namespace {

struct meaning_of {
    verdict v;
    std::string_view text;
    bool about_the_dependency;
    bool failure;
};

constexpr std::array table{
    meaning_of{verdict::success, "success", true, false},
    meaning_of{verdict::transient, "transient", true, true},
    meaning_of{verdict::permanent, "permanent", true, true},
    meaning_of{verdict::ignored, "ignored", false, false},
    meaning_of{verdict::rejected, "rejected", false, false},
    meaning_of{verdict::cancelled, "cancelled", false, false},
    meaning_of{verdict::abandoned, "abandoned", false, false},
};

TEST(verdict, only_what_the_dependency_answered_for_counts) {
    for (const meaning_of& row : table) {
        EXPECT_EQ(judges_dependency(row.v), row.about_the_dependency) << row.text;
        EXPECT_EQ(is_failure(row.v), row.failure) << row.text;
        EXPECT_EQ(to_text(row.v), row.text);
    }
}

}  // namespace
}  // namespace cutwater
