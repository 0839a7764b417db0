#include "cutwater/http/http_rules.hpp"

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_status.hpp"
#include "cutwater/http/method.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr std::chrono::system_clock::time_point noon{sys_days{year{2024} / 5 / 1} + 12h};

http_rules rules_at_noon(status_set transient = transient_statuses()) {
    return http_rules{{.transient = transient, .wall_clock = [] { return noon; }}};
}

http_response answered(unsigned status, http_fields fields = {}) {
    return {.status = status, .fields = std::move(fields)};
}

TEST(http_rules, gives_each_status_its_verdict) {
    const http_rules rules;
    for (const unsigned status : {408U, 425U, 429U, 502U, 503U, 504U})
        EXPECT_EQ(rules.judge(answered(status)).meaning, verdict::transient) << status;
    for (const unsigned status : {500U, 501U, 505U, 507U, 511U, 599U})
        EXPECT_EQ(rules.judge(answered(status)).meaning, verdict::permanent) << status;
    for (const unsigned status : {101U, 200U, 204U, 206U, 301U, 304U, 400U, 401U, 403U, 404U, 409U, 418U, 422U, 451U})
        EXPECT_EQ(rules.judge(answered(status)).meaning, verdict::success) << status;
}

struct status_wanted {
    unsigned first;
    unsigned last;
    verdict meaning;
    effect executed;
};

constexpr status_wanted statuses[] = {
    {100, 399, verdict::success, effect::certain},   {400, 401, verdict::success, effect::none},
    {402, 402, verdict::success, effect::unknown},   {403, 405, verdict::success, effect::none},
    {406, 406, verdict::success, effect::unknown},   {407, 407, verdict::success, effect::none},
    {408, 408, verdict::transient, effect::unknown}, {409, 409, verdict::success, effect::unknown},
    {410, 415, verdict::success, effect::none},      {416, 416, verdict::success, effect::unknown},
    {417, 417, verdict::success, effect::none},      {418, 420, verdict::success, effect::unknown},
    {421, 423, verdict::success, effect::none},      {424, 424, verdict::success, effect::unknown},
    {425, 425, verdict::transient, effect::none},    {426, 426, verdict::success, effect::none},
    {427, 427, verdict::success, effect::unknown},   {428, 428, verdict::success, effect::none},
    {429, 429, verdict::transient, effect::unknown}, {430, 430, verdict::success, effect::unknown},
    {431, 431, verdict::success, effect::none},      {432, 450, verdict::success, effect::unknown},
    {451, 451, verdict::success, effect::none},      {452, 499, verdict::success, effect::unknown},
    {500, 500, verdict::permanent, effect::unknown}, {501, 501, verdict::permanent, effect::none},
    {502, 504, verdict::transient, effect::unknown}, {505, 505, verdict::permanent, effect::none},
    {506, 510, verdict::permanent, effect::unknown}, {511, 511, verdict::permanent, effect::none},
    {512, 599, verdict::permanent, effect::unknown},
};

TEST(http_rules, give_every_status_the_verdict_and_the_effect_of_the_table) {
    unsigned next = 100;
    for (const auto& [first, last, meaning, executed] : statuses) {
        ASSERT_EQ(first, next);
        for (; next <= last; ++next) {
            const observation seen{.judged = http_rules{}.judge(answered(next))};
            EXPECT_EQ(seen.meaning(), meaning) << next;
            EXPECT_EQ(seen.executed(), executed) << next;
            const http_status_row* const row = http_status_row_of(next);
            EXPECT_EQ(row == nullptr ? verdict::success : row->meaning, meaning) << next;
        }
    }
    EXPECT_EQ(next, 600U);
}

TEST(http_rules, T58_who_knows_that_a_service_had_not_begun_says_so) {
    for (const auto& [known, expected] : {std::pair{status_set{}, 1U}, std::pair{status_set{429, 503}, 2U}}) {
        testing::virtual_time time;
        testing::mock_dependency<http_response> server{time};
        server.returns(answered(429)).returns(answered(200));
        pipeline guarded{retry{}, classify{http_rules{{.not_executed = known}}}};
        (void)time.run(guarded, call_options{.idempotent = idempotency_of("POST")}, server.blocking());
        EXPECT_EQ(server.calls(), expected);
    }
}

TEST(method, T58_a_post_that_came_too_early_was_not_processed_and_is_sent_again) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(425)).returns(answered(200));
    pipeline guarded{retry{}, classify{http_rules{}}};
    EXPECT_EQ(time.run(guarded, call_options{.idempotent = idempotency_of("POST")}, server.blocking())->status, 200U);
}

TEST(http_rules, names_the_status_that_it_judged_a_failure) {
    EXPECT_EQ(http_rules{}.judge(answered(503)).reason.view(), "HTTP 503");
    EXPECT_EQ(http_rules{}.judge(answered(500)).reason.view(), "HTTP 500");
    EXPECT_TRUE(http_rules{}.judge(answered(404)).reason.empty());
}

TEST(http_rules, the_reason_is_in_what_a_retry_logs) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(503)).returns(answered(200));
    std::vector<std::string> logged;
    pipeline guarded{retry{{.on_retry = [&](const retry_scheduled& e) { logged.push_back(e.error_message); }}},
                     classify{http_rules{}}};
    EXPECT_TRUE(time.run(guarded, server.blocking()));
    EXPECT_EQ(logged, std::vector<std::string>{"the result was judged transient: HTTP 503"});
}

TEST(http_rules, makes_500_transient_where_that_is_asked) {
    const http_rules rules = rules_at_noon(transient_statuses().add(500));
    EXPECT_EQ(rules.judge(answered(500)).meaning, verdict::transient);
    EXPECT_EQ(rules.judge(answered(501)).meaning, verdict::permanent);
}

TEST(http_rules, hands_on_how_long_the_server_wants_to_be_left_alone) {
    const http_rules rules = rules_at_noon();
    EXPECT_EQ(rules.judge(answered(503)).retry_after, std::nullopt);
    EXPECT_EQ(rules.judge(answered(503, {{"Retry-After", "7"}})).retry_after, 7s);
    EXPECT_EQ(rules.judge(answered(429, {{"RETRY-AFTER", "Wed, 01 May 2024 12:00:30 GMT"}})).retry_after, 30s);
    EXPECT_EQ(rules.judge(answered(503, {{"retry-after", "Wed, 01 May 2024 11:00:00 GMT"}})).retry_after, 0s);
    EXPECT_EQ(rules.judge(answered(503, {{"retry-after", "-3"}})).retry_after, std::nullopt);
}

TEST(http_rules, says_nothing_of_a_wish_that_no_retry_goes_with) {
    EXPECT_EQ(http_rules{}.judge(answered(301, {{"retry-after", "7"}})).retry_after, std::nullopt);
    EXPECT_EQ(http_rules{}.judge(answered(500, {{"retry-after", "7"}})).retry_after, std::nullopt);
}

TEST(http_rules, holds_a_date_against_the_clock_of_the_server_that_wrote_it) {
    const http_fields an_hour_ahead{{"Date", "Wed, 01 May 2024 13:00:00 GMT"},
                                    {"Retry-After", "Wed, 01 May 2024 13:00:05 GMT"}};
    EXPECT_EQ(rules_at_noon().judge(answered(503, an_hour_ahead)).retry_after, 5s);
    const http_fields nonsense{{"Date", "yesterday"}, {"Retry-After", "Wed, 01 May 2024 12:00:05 GMT"}};
    EXPECT_EQ(rules_at_noon().judge(answered(503, nonsense)).retry_after, 5s);
}

TEST(http_rules, takes_the_longest_of_several_wishes) {
    const http_fields several{
        {"retry-after", "3"}, {"retry-after", "soon"}, {"retry-after", "9"}, {"retry-after", "1"}};
    EXPECT_EQ(http_rules{}.judge(answered(503, several)).retry_after, 9s);
}

TEST(http_rules, lets_a_pipeline_wait_as_long_as_the_server_asks) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(503, {{"retry-after", "2"}})).returns(answered(200));
    pipeline guarded{retry{}, classify{http_rules{}}};
    const auto result = time.run(guarded, server.blocking());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200U);
    ASSERT_EQ(time.sleeps().size(), 1U);
    EXPECT_GE(time.sleeps().front(), 2s);
    EXPECT_LE(time.sleeps().front(), 3s);
}

TEST(http_rules, leaves_the_last_response_to_the_caller_when_retries_are_used_up) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(502)).returns(answered(503));
    pipeline guarded{retry{{.max_attempts = 2}}, classify{http_rules{}}};
    const auto result = time.run(guarded, server.blocking());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 503U);
    EXPECT_EQ(server.calls(), 2U);
}

TEST(http_rules, never_retries_a_client_error) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(404)).returns(answered(200));
    pipeline guarded{retry{}, classify{http_rules{}}};
    EXPECT_EQ(time.run(guarded, server.blocking())->status, 404U);
    EXPECT_EQ(server.calls(), 1U);
}

TEST(http_rules, keeps_a_circuit_closed_over_client_errors_and_opens_it_over_server_errors) {
    for (const auto& [status, state] : {std::pair{404U, circuit_state::closed}, std::pair{500U, circuit_state::open}}) {
        testing::virtual_time time;
        testing::mock_dependency<http_response> server{time};
        server.returns(answered(status));
        circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 3}};
        pipeline guarded{ref(health), classify{http_rules{}}};
        for (int call = 0; call < 3; ++call) (void)time.run(guarded, server.blocking());
        EXPECT_EQ(health.state(time.present()), state) << status;
    }
}

TEST(http_rules, leave_outcomes_of_other_types_to_other_rules) {
    const classify rules{http_rules{}, transient(value([](int v) { return v == 503; }))};
    EXPECT_EQ(rules(outcome<int>{std::in_place, 503}).meaning, verdict::transient);
    EXPECT_EQ(rules(outcome<http_response>{error{http_errc::connection_closed}}).meaning, verdict::transient);
}

TEST(method, T58_only_what_the_rfc_calls_idempotent_is) {
    for (const auto* const method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
        EXPECT_EQ(idempotency_of(method), idempotency::idempotent) << method;
    for (const auto* const method : {"POST", "PATCH", "CONNECT", "get", "PURGE", "", "GET "})
        EXPECT_EQ(idempotency_of(method), idempotency::not_idempotent) << method;
}

http_request request_of(std::string method, http_fields fields = {}) {
    return {.method = std::move(method), .url = *http_url::parse("http://stock.example/"), .fields = std::move(fields)};
}

TEST(method, T58_a_request_with_a_key_may_be_sent_twice_whatever_its_method) {
    const auto with = [](http_fields fields) { return idempotency_of(request_of("POST", std::move(fields))); };
    EXPECT_EQ(idempotency_of(request_of("GET")), idempotency::idempotent);
    EXPECT_EQ(idempotency_of(request_of("PATCH")), idempotency::not_idempotent);
    EXPECT_EQ(with({}), idempotency::not_idempotent);
    EXPECT_EQ(with({{"idempotency-KEY", " \"k7\" "}}), idempotency::idempotent);
    for (const auto* const none : {"", "\"\"", "k7", "\"k7", "\"k\xc3\xa4\""})
        EXPECT_EQ(with({{"Idempotency-Key", none}}), idempotency::not_idempotent) << none;
    EXPECT_EQ(with({{"Idempotency-Key", "\"a\""}, {"Idempotency-Key", "\"b\""}}), idempotency::not_idempotent);
}

TEST(method, T58_the_request_says_what_its_caller_does_not) {
    const http_request post = request_of("POST");
    const http_request get = request_of("GET");
    EXPECT_EQ(options_of(post).idempotent, idempotency::not_idempotent);
    EXPECT_EQ(options_of(get).idempotent, idempotency::idempotent);
    EXPECT_EQ(options_of(post, {.idempotent = idempotency::idempotent}).idempotent, idempotency::idempotent);
    EXPECT_EQ(options_of(get, {.idempotent = idempotency::not_idempotent}).idempotent, idempotency::not_idempotent);
    EXPECT_EQ(options_of(post, {.operation = "pay", .weight = 3}).weight, 3U);
}

TEST(method, T58_a_post_that_may_have_arrived_is_not_sent_again) {
    testing::virtual_time time;
    testing::mock_dependency<http_response> server{time};
    server.returns(answered(503)).returns(answered(200));
    pipeline guarded{retry{}, classify{http_rules{}}};
    const call_options post{.idempotent = idempotency_of("POST")};
    EXPECT_EQ(time.run(guarded, post, server.blocking())->status, 503U);
    EXPECT_EQ(server.calls(), 1U);
}

}  // namespace
}  // namespace cutwater
