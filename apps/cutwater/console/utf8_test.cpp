#include "apps/cutwater/console/utf8.hpp"

#include <gtest/gtest.h>

namespace cutwater::app {
namespace {

TEST(utf8, has_characters_of_one_to_four_bytes) {
    for (const char* const good : {"", "shop", "caf\xC3\xA9", "\xE2\x82\xAC", "\xEF\xBF\xBD", "\xF0\x9F\x90\x99",
                                   "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"})
        EXPECT_TRUE(is_utf8(good)) << good;
}

TEST(utf8, what_is_cut_off_too_long_a_surrogate_or_out_of_range_is_none) {
    for (const char* const wrong : {"\xFF", "a\x80", "\xC3", "\xC3(", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF",
                                    "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x90x"})
        EXPECT_FALSE(is_utf8(wrong)) << wrong;
}

}  // namespace
}  // namespace cutwater::app
