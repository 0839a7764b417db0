#include "cutwater/classify/grpc/grpc_timeout.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct encoded {
    duration left;
    std::string_view text;
};

// The rows of grpc-go, internal/grpcutil/encode_duration_test.go.
const encoded encodings[] = {
    {nanoseconds{12'345'678}, "12345678n"},
    {nanoseconds{123'456'789}, "123457u"},
    {microseconds{12'345'678}, "12345678u"},
    {microseconds{123'456'789}, "123457m"},
    {milliseconds{12'345'678}, "12345678m"},
    {milliseconds{123'456'789}, "123457S"},
    {seconds{12'345'678}, "12345678S"},
    {seconds{123'456'789}, "2057614M"},
    {minutes{12'345'678}, "12345678M"},
    {minutes{123'456'789}, "2057614H"},
    {nanoseconds{99'999'999}, "99999999n"},
    {nanoseconds{100'000'001}, "100001u"},
    {microseconds{100'000'001}, "100001m"},
    {milliseconds{100'000'001}, "100001S"},
    {seconds{100'000'000}, "1666667M"},
    {minutes{100'000'000}, "1666667H"},
    {forever, "2562048H"},
    {0ns, "0n"},
    {-1ns, "0n"},
    {1ns, "1n"},
};

TEST(grpc_timeout, is_encoded_in_the_finest_unit_that_holds_it_rounded_up) {
    for (const auto& [left, text] : encodings) EXPECT_EQ(encode_grpc_timeout(left), text);
}

struct decoded {
    std::string_view text;
    std::optional<duration> left;
};

// The 21 rows of grpc-go, internal/transport/http_util_test.go, TestDecodeTimeout.
const decoded decodings[] = {
    {"00000001n", 1ns},
    {"10u", 10us},
    {"00000010m", 10ms},
    {"1234S", 1234s},
    {"00000001M", 1min},
    {"09999999S", seconds{9'999'999}},
    {"99999999S", seconds{99'999'999}},
    {"99999999M", minutes{99'999'999}},
    {"2562047H", hours{2'562'047}},
    {"2562048H", forever},
    {"99999999H", forever},
    {"-1S", std::nullopt},
    {"1234x", std::nullopt},
    {"1234s", std::nullopt},
    {"1234", std::nullopt},
    {"1", std::nullopt},
    {"", std::nullopt},
    {"9a1S", std::nullopt},
    {"0S", 0s},
    {"00000000S", 0s},
    {"000000000S", std::nullopt},
};

TEST(grpc_timeout, T93_is_decoded_as_grpc_go_does_and_what_is_malformed_says_nothing) {
    for (const auto& [text, left] : decodings) EXPECT_EQ(decode_grpc_timeout(text), left) << text;
    for (const auto* const more : {" 1S", "1S ", "+1S", "1.5S", "S", "1SS", "0x1S"})
        EXPECT_EQ(decode_grpc_timeout(more), std::nullopt) << more;
}

RC_GTEST_PROP(grpc_timeout, T93_what_is_sent_is_read_as_at_least_that_and_no_more_than_one_in_a_million_above, ()) {
    const duration left{*rc::gen::inRange<std::int64_t>(0, INT64_MAX)};
    const std::string text = encode_grpc_timeout(left);
    RC_ASSERT(text.size() <= 9U);
    const auto read = decode_grpc_timeout(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read >= left);
    RC_ASSERT(static_cast<double>((*read - left).count()) <= static_cast<double>(left.count()) / 1e6 * 1.0001);
}

}  // namespace
}  // namespace cutwater
