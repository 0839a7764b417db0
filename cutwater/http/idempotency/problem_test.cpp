#include "cutwater/http/idempotency/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

unsigned status_of(std::error_code code) { return problem_of(code).status; }

TEST(http_problem, T94_of_a_key_has_the_drafts_status) {
    EXPECT_EQ(status_of(errc::key_missing), 400U);
    EXPECT_EQ(malformed_key.status, 400U);
    EXPECT_EQ(status_of(errc::key_reused), 422U);
    EXPECT_EQ(status_of(errc::key_in_use), 409U);
    EXPECT_EQ(status_of(errc::in_doubt), 409U);
}

TEST(http_problem, of_what_ended_otherwise_says_who_is_to_wait) {
    for (const errc refused :
         {errc::refused, errc::circuit_open, errc::bulkhead_full, errc::wait_timed_out, errc::concurrency_limited,
          errc::load_shed, errc::throttled, errc::queue_full, errc::displaced, errc::queue_overloaded,
          errc::too_many_keys, errc::queue_closed, errc::no_endpoint, errc::store_unavailable, errc::withdrawn}) {
        EXPECT_EQ(status_of(refused), 503U) << to_text(refused);
        EXPECT_EQ(problem_of(refused).when, comes_again::later) << to_text(refused);
    }
    EXPECT_EQ(status_of(errc::rate_limited), 429U);
    for (const errc late : {errc::timed_out, errc::deadline_exceeded, errc::expired})
        EXPECT_EQ(status_of(late), 504U) << to_text(late);
    EXPECT_EQ(status_of(std::make_error_code(std::errc::timed_out)), 504U);
    EXPECT_EQ(status_of(std::make_error_code(std::errc::connection_reset)), 502U);
    EXPECT_EQ(status_of(errc::failed), 500U);
    EXPECT_EQ(status_of(errc::callback_failed), 500U);
}

TEST(http_problem, a_key_in_use_names_a_time_and_a_key_in_doubt_does_not) {
    EXPECT_EQ(problem_response(problem_of(errc::key_in_use), "", "", 1ms).fields.find("Retry-After"), "1");
    EXPECT_EQ(problem_response(problem_of(errc::key_in_use), "", "", 2001ms).fields.find("Retry-After"), "3");
    EXPECT_EQ(problem_response(problem_of(errc::key_in_use), "", "", -1s).fields.find("Retry-After"), std::nullopt);
    EXPECT_EQ(problem_response(problem_of(errc::in_doubt), "", "", 1s).fields.find("Retry-After"), std::nullopt);
    EXPECT_NE(problem_of(errc::in_doubt).type, problem_of(errc::key_in_use).type);
    EXPECT_THAT(problem_of(errc::key_in_use).detail, ::testing::HasSubstr("or may have been executed"))
        << "a key that is held is in use, though nothing is under way";
}

TEST(http_problem, is_an_object_in_json) {
    const http_response made = problem_response(problem_of(errc::key_reused), "https://pay.example/problems/");
    EXPECT_EQ(made.status, 422U);
    EXPECT_EQ(made.fields.find("content-type"), "application/problem+json");
    EXPECT_EQ(nlohmann::json::parse(made.body),
              (nlohmann::json{{"type", "https://pay.example/problems/idempotency-key-reused"},
                              {"title", "Idempotency-Key is that of another request"},
                              {"status", 422},
                              {"detail", "A key is of one request. Send this one with a key of its own."}}));
}

TEST(http_problem, says_what_was_wrong_in_any_words) {
    const http_response made = problem_response(malformed_key, "", "a \"quote\"\n\xff");
    EXPECT_EQ(nlohmann::json::parse(made.body)["detail"], "a \"quote\"\n\xef\xbf\xbd");
}

}  // namespace
}  // namespace cutwater
