#include "cutwater/http/retry_after.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "cutwater/http/http_date.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr sys_seconds at(int y, unsigned m, unsigned d, std::chrono::seconds time_of_day = 0s) {
    return sys_days{year{y} / static_cast<int>(m) / static_cast<int>(d)} + time_of_day;
}

// The one date that RFC 9110 §5.6.7 shows in its three forms.
constexpr sys_seconds example = at(1994, 11, 6, 8h + 49min + 37s);
constexpr sys_seconds now = at(2024, 5, 1, 12h);

struct vector {
    std::string_view value;
    std::optional<duration> means;
};

// RFC 9110 §10.2.3: delay-seconds = 1*DIGIT, or an HTTP-date.
const vector seconds_vectors[] = {
    {"0", 0s},
    {"1", 1s},
    {"120", 120s},
    {"3600", 3600s},
    {"00", 0s},
    {"0000000000000000000000120", 120s},
    {" 120\t", 120s},
    {"2147483648", 2147483648s},
    {"9223372036", 9223372036s},
    {"9223372037", forever},
    {"9223372036854775807", forever},
    {"9223372036854775808", forever},
    {"99999999999999999999999999999999", forever},
    {"", std::nullopt},
    {" ", std::nullopt},
    {"-1", std::nullopt},
    {"-0", std::nullopt},
    {"+5", std::nullopt},
    {"1.5", std::nullopt},
    {"1e3", std::nullopt},
    {"0x10", std::nullopt},
    {"12 0", std::nullopt},
    {"5, 10", std::nullopt},
    {"5s", std::nullopt},
    {"soon", std::nullopt},
    {"NaN", std::nullopt},
    {"\xd9\xa3", std::nullopt},  // a digit, but not an ASCII one
    {std::string_view{"5\0", 2}, std::nullopt},
};

TEST(retry_after, reads_seconds_and_nothing_that_only_looks_like_them) {
    for (const vector& v : seconds_vectors) EXPECT_EQ(parse_retry_after(v.value, now), v.means) << v.value;
}

// Dates, held against one minute before RFC 9110's example.
const vector date_vectors[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 60s},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 60s},
    {"Sun Nov  6 08:49:37 1994", 60s},
    {"  Sun, 06 Nov 1994 08:49:37 GMT ", 60s},
    {"Mon, 06 Nov 1994 08:49:37 GMT", 60s},  // the wrong day's name: the date counts
    {"Sun, 06 Nov 1994 08:48:37 GMT", 0s},   // at this very moment
    {"Sun, 06 Nov 1994 08:48:36 GMT", 0s},   // past
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0s},
    {"Sun, 06 Nov 1994 08:48:60 GMT", 23s},  // a leap second is read as the one after it
    {"Fri, 31 Dec 9999 23:59:59 GMT", forever},
};

TEST(retry_after, reads_a_date_in_each_of_the_three_forms) {
    for (const vector& v : date_vectors) EXPECT_EQ(parse_retry_after(v.value, example - 60s), v.means) << v.value;
}

const std::string_view no_dates[] = {
    "Sun, 6 Nov 1994 08:49:37 GMT",          // the zero is missing
    "Sun, 06 Nov 94 08:49:37 GMT",           // two digits belong to the other form
    "Sun, 06 Nov 1994 08:49:37",             // no zone
    "Sun, 06 Nov 1994 08:49:37 UTC",         // another zone
    "Sun, 06 Nov 1994 08:49:37 +0000",       //
    "Sun, 06 Nov 1994 08:49:37 gmt",         // dates are told apart by case
    "sun, 06 Nov 1994 08:49:37 GMT",         //
    "Sun, 06 nov 1994 08:49:37 GMT",         //
    "Sun,06 Nov 1994 08:49:37 GMT",          // blanks
    "Sun, 06  Nov 1994 08:49:37 GMT",        //
    "Sun, 06 Nov 1994 8:49:37 GMT",          //
    "Sun, 06 Nov 1994 08:49 GMT",            //
    "Sun, 06 Nov 1994 24:00:00 GMT",         // no such time
    "Sun, 06 Nov 1994 23:60:00 GMT",         //
    "Sun, 06 Nov 1994 23:59:61 GMT",         //
    "Sun, 00 Nov 1994 08:49:37 GMT",         // no such day
    "Sun, 31 Nov 1994 08:49:37 GMT",         //
    "Wed, 29 Feb 2023 08:49:37 GMT",         //
    "Sun, 06 Nov 1994 08:49:37 GMT, again",  //
    "Sun, 06 Nov 1994 08:49:37 GMTx",        //
    "Sunday, 06-Nov-1994 08:49:37 GMT",      //
    "Sun, 06-Nov-94 08:49:37 GMT",           //
    "Sunday, 06 Nov 94 08:49:37 GMT",        //
    "Sun Nov 6 08:49:37 1994",               // asctime pads with a blank
    "Sun Nov  6 08:49:37 94",                //
    "Sun Nov  6 08:49:37 1994 GMT",          //
    "Sun Nov -6 08:49:37 1994",              //
    "1994-11-06T08:49:37Z",                  // not HTTP's
    "784111777",                             // seconds, not a date: see below
};

TEST(http_date, refuses_what_is_not_exactly_one_of_its_forms) {
    for (const std::string_view text : no_dates) EXPECT_FALSE(parse_http_date(text, now)) << text;
}

TEST(http_date, accepts_two_digits_for_the_day_in_asctime) {
    EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", now), at(1994, 11, 16, 8h + 49min + 37s));
    EXPECT_EQ(parse_http_date("Sun Nov 06 08:49:37 1994", now), example);
}

TEST(http_date, knows_leap_years) {
    EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT", now), at(2024, 2, 29));
    EXPECT_EQ(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT", now), at(2000, 2, 29));
    EXPECT_FALSE(parse_http_date("Thu, 29 Feb 1900 00:00:00 GMT", now));
}

/// RFC 9110 §5.6.7: what appears to be more than 50 years in the future is the most recent such year in the past.
struct two_digit_vector {
    std::string_view text;
    sys_seconds now;
    int year;
};

const two_digit_vector two_digit_vectors[] = {
    {"Sunday, 06-Nov-94 08:49:37 GMT", at(1994, 11, 6), 1994},
    {"Sunday, 06-Nov-94 08:49:37 GMT", at(2024, 5, 1), 1994},
    {"Wednesday, 01-May-24 00:00:00 GMT", at(2024, 5, 1), 2024},
    {"Wednesday, 01-May-30 00:00:00 GMT", at(2024, 5, 1), 2030},
    {"Tuesday, 01-May-74 00:00:00 GMT", at(2024, 5, 1), 2074},    // exactly 50 years ahead
    {"Tuesday, 01-May-74 00:00:01 GMT", at(2024, 5, 1), 1974},    // and a second more
    {"Wednesday, 01-May-75 00:00:00 GMT", at(2024, 5, 1), 1975},  //
    {"Saturday, 01-Jan-00 00:00:00 GMT", at(1999, 12, 31), 2000},
    {"Friday, 31-Dec-99 00:00:00 GMT", at(2000, 1, 1), 1999},
    {"Friday, 02-Jan-05 00:00:00 GMT", at(2099, 6, 1), 2105},
    {"Tuesday, 29-Feb-00 00:00:00 GMT", at(2060, 1, 1), 2000},  // 2100 has no such day
};

TEST(http_date, gives_a_year_of_two_digits_its_century) {
    for (const two_digit_vector& v : two_digit_vectors) {
        const auto when = parse_http_date(v.text, v.now);
        ASSERT_TRUE(when) << v.text;
        const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(*when)};
        EXPECT_EQ(static_cast<int>(date.year()), v.year) << v.text;
    }
}

RC_GTEST_PROP(retry_after, reads_back_any_number_of_seconds, ()) {
    const auto seconds = *rc::gen::inRange<std::int64_t>(0, 9'000'000'000);
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 5);
    const auto read = parse_retry_after(std::string(zeros, '0') + std::to_string(seconds), now);
    RC_ASSERT(read == duration{std::chrono::seconds{seconds}});
}

RC_GTEST_PROP(retry_after, is_never_negative_whatever_it_is_given, (const std::string& text)) {
    const auto read = parse_retry_after(text, now);
    RC_ASSERT(!read || *read >= duration::zero());
}

}  // namespace
}  // namespace cutwater
