#include "apps/cutwater/call/outcome.hpp"

#include <gmock/gmock.h>

#include "cutwater/http/http_error.hpp"

namespace cutwater::app {
namespace {

using ::testing::HasSubstr;
using got = result<http_response>;

got answer(unsigned status, std::string reason = "") {
    return http_response{.status = status, .reason = std::move(reason)};
}
got failure(std::error_code code) { return std::unexpected{error{code}}; }

TEST(call_outcome, a_status_gives_the_exit_code) {
    EXPECT_EQ(exit_of(answer(200)), 0);
    EXPECT_EQ(exit_of(answer(302)), 0);
    EXPECT_EQ(exit_of(answer(399)), 0);
    EXPECT_EQ(exit_of(answer(400)), 4);
    EXPECT_EQ(exit_of(answer(429)), 4);
    EXPECT_EQ(exit_of(answer(499)), 4);
    EXPECT_EQ(exit_of(answer(500)), 5);
    EXPECT_EQ(exit_of(answer(599)), 5);
}

TEST(call_outcome, so_does_the_lack_of_an_answer) {
    EXPECT_EQ(exit_of(failure(http_errc::invalid_request)), 2);
    EXPECT_EQ(exit_of(failure(http_errc::host_not_found)), 6);
    EXPECT_EQ(exit_of(failure(http_errc::certificate_rejected)), 6);
    EXPECT_EQ(exit_of(failure(http_errc::body_too_large)), 6);
    EXPECT_EQ(exit_of(failure(std::make_error_code(std::errc::connection_refused))), 6);
    EXPECT_EQ(exit_of(failure(errc::timed_out)), 7);
    EXPECT_EQ(exit_of(failure(errc::circuit_open)), 8);
    EXPECT_EQ(exit_of(failure(errc::bulkhead_full)), 8);
    EXPECT_EQ(exit_of(failure(errc::cancelled)), 130);
}

TEST(call_outcome, each_exit_code_stands_in_the_help) {
    for (const int code : {0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 141})
        EXPECT_THAT(std::string{"\n"} + call_exit_codes, HasSubstr("  " + std::to_string(code) + "  ")) << code;
}

TEST(call_outcome, what_the_server_says_cannot_speak_to_the_terminal) {
    EXPECT_EQ(sentence_of(answer(503, "Service Unavailable")), "503 Service Unavailable");
    EXPECT_EQ(sentence_of(answer(503)), "503");
    EXPECT_EQ(kind_of(answer(503, "\x1b[31m")), "503 ?[31m");
}

TEST(call_outcome, all_of_a_kind_have_the_same_words) {
    const error at_one{http_errc::connection_closed};
    error at_another{http_errc::connection_closed};
    at_another.with_text("127.0.0.1:80 closed the connection");
    EXPECT_EQ(kind_of(got{std::unexpected{at_one}}), kind_of(got{std::unexpected{at_another}}));
    EXPECT_EQ(sentence_of(failure(errc::cancelled)), "stopped");
}

}  // namespace
}  // namespace cutwater::app
