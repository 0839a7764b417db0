#include "cutwater/classify/grpc/grpc_status.hpp"

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

struct wanted {
    int code;
    std::string_view symbol;
    verdict meaning;
    effect executed;
};

constexpr wanted table[] = {
    {0, "OK", verdict::success, effect::certain},
    {1, "CANCELLED", verdict::cancelled, effect::unknown},
    {2, "UNKNOWN", verdict::permanent, effect::unknown},
    {3, "INVALID_ARGUMENT", verdict::success, effect::unknown},
    {4, "DEADLINE_EXCEEDED", verdict::transient, effect::unknown},
    {5, "NOT_FOUND", verdict::success, effect::unknown},
    {6, "ALREADY_EXISTS", verdict::success, effect::unknown},
    {7, "PERMISSION_DENIED", verdict::success, effect::unknown},
    {8, "RESOURCE_EXHAUSTED", verdict::permanent, effect::unknown},
    {9, "FAILED_PRECONDITION", verdict::success, effect::unknown},
    {10, "ABORTED", verdict::permanent, effect::unknown},
    {11, "OUT_OF_RANGE", verdict::success, effect::unknown},
    {12, "UNIMPLEMENTED", verdict::permanent, effect::none},
    {13, "INTERNAL", verdict::permanent, effect::unknown},
    {14, "UNAVAILABLE", verdict::transient, effect::unknown},
    {15, "DATA_LOSS", verdict::permanent, effect::unknown},
    {16, "UNAUTHENTICATED", verdict::success, effect::none},
};

struct status {
    int code = 0;
};

auto rules() {
    return classify{judging<status>([](const status& s) { return grpc_judgement(s.code); })};
}

TEST(grpc_status, each_row_is_as_it_was_written_down) {
    ASSERT_EQ(std::size(table), grpc_rows.size());
    for (const auto& [code, symbol, meaning, executed] : table) {
        const judgement j = grpc_judgement(code);
        EXPECT_EQ(j.meaning, meaning) << symbol;
        EXPECT_EQ(j.executed, executed) << symbol;
        EXPECT_EQ(j.retry_after, std::nullopt) << symbol;
        EXPECT_EQ(j.reason.view(), "gRPC " + std::string{symbol});
    }
}

TEST(grpc_status, T58_a_code_that_nobody_knows_is_permanent_and_its_effect_unknown) {
    for (const int code : {17, -1, 99, 1 << 30}) {
        EXPECT_EQ(grpc_judgement(code).meaning, verdict::permanent);
        EXPECT_EQ(grpc_judgement(code).executed, effect::unknown);
        EXPECT_EQ(grpc_judgement(code).reason.view(), "gRPC unknown code");
    }
}

TEST(grpc_status, a_pushback_is_a_wish_and_one_that_makes_no_sense_a_no) {
    EXPECT_EQ(parse_grpc_pushback("0"), 0ms);
    EXPECT_EQ(parse_grpc_pushback("150"), 150ms);
    EXPECT_EQ(parse_grpc_pushback("2147483647"), 2147483647ms);
    for (const auto* const no : {"-1", "-150", "", "soon", "1.5", "10 ", "2147483648"})
        EXPECT_LT(parse_grpc_pushback(no), 0ms) << no;
    EXPECT_EQ(grpc_judgement({.code = 14, .pushback = "150"}).retry_after, 150ms);
    EXPECT_EQ(grpc_judgement({.code = 0, .pushback = "150"}).retry_after, std::nullopt);
}

TEST(grpc_status, what_is_exhausted_is_tried_again_where_the_server_says_when) {
    EXPECT_EQ(grpc_judgement({.code = 8, .pushback = "150"}).meaning, verdict::transient);
    EXPECT_EQ(grpc_judgement({.code = 8, .pushback = "-1"}).meaning, verdict::permanent);
    EXPECT_EQ(grpc_judgement({.code = 10, .pushback = "150"}).meaning, verdict::permanent);
}

TEST(grpc_status, T58_what_the_servers_code_has_not_seen_has_no_effect) {
    EXPECT_EQ(grpc_judgement({.code = 14, .was = grpc_request::refused}).executed, effect::none);
    EXPECT_EQ(grpc_judgement({.code = 14, .was = grpc_request::unsent}).executed, effect::none);
    EXPECT_EQ(grpc_judgement({.code = 0, .was = grpc_request::unsent}).executed, effect::certain);
}

TEST(grpc_status, a_retry_obeys_a_pushback_that_says_no) {
    testing::virtual_time time;
    unsigned calls = 0;
    pipeline guarded{
        retry{},
        classify{judging<status>([](const status& s) { return grpc_judgement({.code = s.code, .pushback = "-1"}); })}};
    EXPECT_EQ(time.run(guarded, [&] { return ++calls, status{14}; })->code, 14);
    EXPECT_EQ(calls, 1U);
}

TEST(grpc_status, T58_what_is_not_idempotent_is_repeated_only_where_nothing_was_executed) {
    for (const auto& [sent_as, expected] : {std::pair{grpc_request::sent, 1U}, std::pair{grpc_request::refused, 2U}}) {
        testing::virtual_time time;
        unsigned calls = 0;
        pipeline guarded{retry{{.max_attempts = 2}}, classify{judging<status>([was = sent_as](const status& s) {
                             return grpc_judgement({.code = s.code, .was = was});
                         })}};
        const call_options charge{.idempotent = idempotency::not_idempotent};
        (void)time.run(guarded, charge, [&] { return ++calls, status{14}; });
        EXPECT_EQ(calls, expected);
    }
}

TEST(grpc_status, statuses_come_as_values_as_errors_and_as_exceptions) {
    EXPECT_EQ(rules()(outcome<status>{std::in_place, 14}).meaning, verdict::transient);
    const outcome<int> returned{error::from_original(errc::failed, status{14})};
    EXPECT_EQ(rules()(returned).meaning, verdict::transient);
}

}  // namespace
}  // namespace cutwater
