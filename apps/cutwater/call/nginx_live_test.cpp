// `cutwater call` against a real nginx. Limits are generous and nothing is said about elapsed time.
#include <gmock/gmock.h>

#include <ctime>

#include "apps/cutwater/console/program_live_test.hpp"
#include "cutwater/http/certificates_live_test.hpp"

namespace cutwater::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::nginx;
using ::testing::Not;
using testing::ran;
using testing::run;
using testing::running;
using words = std::vector<std::string>;

/// A call with limits that a loaded machine keeps.
ran call(words more) {
    more.insert(more.begin(), {"call", "--timeout", "2min", "--attempt-timeout", "1min"});
    return run(more);
}
/// The same, with waits of a millisecond.
ran call_fast(words more) {
    more.insert(more.begin(), {"--base-delay", "1ms", "--max-delay", "1ms"});
    return call(more);
}

TEST(call_nginx_live, an_answer_goes_to_standard_output_and_nothing_else_is_said) {
    nginx server{"location /hello { return 200 'hello\\n'; }"};
    const ran done = call({server.url("/hello")});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.out, "hello\n");
    EXPECT_EQ(done.err, "");
    EXPECT_THAT(server.requests(1), ElementsAre("GET /hello 200"));
}

TEST(call_nginx_live, status_and_header_come_before_the_body_where_they_are_asked_for) {
    nginx server{"location / { add_header X-Id 7; return 201 'made\\n'; }"};
    const ran done = call({"-i", server.url("/")});
    EXPECT_THAT(done.out, HasSubstr("HTTP/1.1 201 Created\r\n"));
    EXPECT_THAT(done.out, HasSubstr("\r\nX-Id: 7\r\n"));
    EXPECT_THAT(done.out, HasSubstr("\r\n\r\nmade\n"));
}

TEST(call_nginx_live, a_4xx_and_a_5xx_are_answers_and_exit_codes) {
    nginx server{"location /bug { return 500 'bug\\n'; } location /gone { return 410 'gone\\n'; }"};
    const ran bug = call_fast({server.url("/bug")});
    EXPECT_EQ(bug.exit, 5);
    EXPECT_EQ(bug.out, "bug\n");
    const ran gone = call_fast({server.url("/gone")});
    EXPECT_EQ(gone.exit, 4);
    EXPECT_EQ(gone.out, "gone\n");
    EXPECT_THAT(server.requests(2), ElementsAre("GET /bug 500", "GET /gone 410"));
}

TEST(call_nginx_live, a_500_is_tried_again_where_it_is_asked_for) {
    nginx server{"location / { return 500; }"};
    EXPECT_EQ(call_fast({"--retry-500", "--max-attempts", "2", server.url("/")}).exit, 5);
    EXPECT_EQ(server.requests(2).size(), 2U);
}

TEST(call_nginx_live, only_the_statuses_that_are_listed_are_tried_again) {
    nginx server{"location /418 { return 418; } location /503 { return 503; }"};
    for (const auto* const path : {"/418", "/503"})
        (void)call_fast({"--retry-status", "418", "--max-attempts", "2", server.url(path)});
    EXPECT_THAT(server.requests(3), ElementsAre("GET /418 418", "GET /418 418", "GET /503 503"));
}

TEST(call_nginx_live, a_redirect_is_an_answer_and_is_not_followed) {
    nginx server{"location /old { return 302 /new; } location /new { return 200 new; }"};
    const ran done = call({"-i", server.url("/old")});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, HasSubstr("Location: "));
    EXPECT_THAT(server.requests(1), ElementsAre("GET /old 302"));
}

TEST(call_nginx_live, a_stopped_server_is_tried_again_and_each_line_tells_it_as_json) {
    nginx server{"location / { return 200 ok; }"};
    server.stop();
    const ran done = call_fast({"--max-attempts", "3", server.url("/")});
    EXPECT_EQ(done.exit, 6);
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.events(), ElementsAre("retry_scheduled", "retry_scheduled", "retry_gave_up", "call_failed"));
    const nlohmann::json wait = done.event("retry_scheduled");
    EXPECT_THAT(wait.at("timestamp").get<std::string>(), MatchesRegex("....-..-..T..:..:..\\....Z"));
    EXPECT_EQ(wait.at("level"), "warning");
    EXPECT_EQ(wait.at("logger"), "cutwater");
    EXPECT_EQ(wait.at("failed_attempts"), 1);
    EXPECT_TRUE(wait.at("delay_ms").is_number());
    EXPECT_THAT(wait.at("exception").at("message").get<std::string>(), HasSubstr("Connection refused"));
    EXPECT_EQ(done.event("call_failed").at("level"), "error");
    EXPECT_EQ(done.event("call_failed").at("attempts"), 3);
}

TEST(call_nginx_live, a_server_that_is_started_again_meanwhile_is_a_call_rescued) {
    nginx server{"location / { return 200 'back\\n'; }"};
    server.stop();
    running program{{"call", "--timeout", "2min", "--max-attempts", "100000", "--base-delay", "20ms", "--max-delay",
                     "50ms", "--events", "info", server.url("/")}};
    ASSERT_TRUE(program.heard("retry_scheduled"));
    ASSERT_TRUE(server.start());
    const ran done = program.end();
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.out, "back\n");
    EXPECT_EQ(done.events().back(), "call_completed");
    EXPECT_FALSE(done.event("retry_rescued").is_null());
    EXPECT_THAT(server.requests(1), ElementsAre("GET / 200"));
}

TEST(call_nginx_live, a_slow_server_is_given_up_at_the_limit_of_the_attempt) {
    nginx server{"location / { limit_rate 1k; }"};
    server.publish("large", std::string(2'000'000, 'x'));  // takes half an hour
    const ran done = run({"call", "--timeout", "2min", "--attempt-timeout", "300ms", "--max-attempts", "2", "--explain",
                          server.url("/large")});
    EXPECT_EQ(done.exit, 7);
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.err, HasSubstr("attempt 1: timed out while"));
    EXPECT_THAT(done.err, HasSubstr("attempt 2: timed out while"));
    EXPECT_THAT(done.err, HasSubstr("no further attempt"));
}

TEST(call_nginx_live, a_slow_server_is_given_up_at_the_limit_of_the_call) {
    nginx server{"location / { limit_rate 1k; }"};
    server.publish("large", std::string(2'000'000, 'x'));
    const ran done = run({"call", "--timeout", "500ms", "--attempt-timeout", "1h", server.url("/large")});
    EXPECT_EQ(done.exit, 7);
    EXPECT_EQ(done.event("call_failed").at("exception").at("type"), "cutwater:timed_out");
    EXPECT_EQ(done.event("timed_out").at("limit_ms"), 500.0);
}

TEST(call_nginx_live, retry_after_in_seconds_is_waited_for) {
    nginx server{"location / { add_header Retry-After 1 always; return 503 'busy\\n'; }"};
    const ran done = call_fast({"--max-attempts", "2", server.url("/")});
    EXPECT_EQ(done.exit, 5);
    EXPECT_EQ(done.out, "busy\n");
    EXPECT_THAT(done.events(), ElementsAre("retry_scheduled", "retry_gave_up"));
    EXPECT_GE(done.event("retry_scheduled").at("delay_ms").get<double>(), 1000.0);
    EXPECT_EQ(server.requests(2).size(), 2U);
}

/// nginx configuration that asks to be left alone until `date`.
std::string busy_until(const std::string& date) {
    return "location / { add_header Retry-After '" + date + "' always; return 503 busy; }";
}

TEST(call_nginx_live, retry_after_as_a_date_is_understood_in_all_three_forms) {
    const auto year = static_cast<int>(std::chrono::year_month_day{
                          std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())}
                                           .year()) +
                      2;
    const std::string full = std::to_string(year);
    for (const std::string& date :
         {"Sun, 06 Nov " + full + " 08:49:37 GMT", "Sunday, 06-Nov-" + full.substr(2) + " 08:49:37 GMT",
          "Sun Nov  6 08:49:37 " + full}) {
        nginx server{busy_until(date)};
        const ran done = call_fast({"--explain", server.url("/")});
        EXPECT_EQ(done.exit, 5);
        EXPECT_THAT(done.err, HasSubstr("no second attempt")) << date;
        EXPECT_EQ(server.requests(1).size(), 1U) << date;
    }
}

TEST(call_nginx_live, retry_after_in_the_past_is_no_reason_to_wait) {
    for (const auto* const date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                   "Sun Nov  6 08:49:37 1994", "whenever you like"}) {
        nginx server{busy_until(date)};
        (void)call_fast({"--max-attempts", "2", server.url("/")});
        EXPECT_EQ(server.requests(2).size(), 2U) << date;
    }
}

TEST(call_nginx_live, retry_after_beyond_the_cap_ends_the_call) {
    nginx server{busy_until("2")};
    const ran done = call_fast({"--max-retry-after", "1s", "--events", "info", server.url("/")});
    EXPECT_EQ(done.event("retry_not_tried").at("reason"), "retry_after_too_long");
    EXPECT_EQ(server.requests(1).size(), 1U);
}

TEST(call_nginx_live, what_is_not_idempotent_is_sent_once_unless_it_is_declared_to_be) {
    nginx server{"location / { return 503; }"};
    EXPECT_EQ(call_fast({"-d", "sku=7", server.url("/once")}).exit, 5);
    EXPECT_EQ(call_fast({"-d", "sku=7", "--idempotent", "--max-attempts", "2", server.url("/twice")}).exit, 5);
    EXPECT_THAT(server.requests(3), ElementsAre("POST /once 503", "POST /twice 503", "POST /twice 503"));
}

TEST(call_nginx_live, the_ledger_tells_attempts_waits_the_circuit_and_the_refusal) {
    nginx server{"location / { return 503; }"};
    const ran done = call_fast({"--explain", "--breaker-consecutive", "1", server.url("/")});
    EXPECT_EQ(done.exit, 8);
    EXPECT_THAT(done.err, HasSubstr("attempt 1: 503 Service Temporarily"));
    EXPECT_THAT(done.err, HasSubstr("wait 1.00ms before attempt 2"));
    EXPECT_THAT(done.err, HasSubstr("the circuit opens"));
    EXPECT_THAT(done.err, HasSubstr("refused: the circuit is open"));
    EXPECT_THAT(done.err, Not(HasSubstr("{")));
    EXPECT_EQ(server.requests(1).size(), 1U);
}

TEST(call_nginx_live, many_calls_end_in_a_table) {
    nginx server{"location / { return 200 ok; }"};
    const ran done = call({"--repeat", "60", "--concurrency", "5", server.url("/")});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.err, "");
    EXPECT_THAT(done.out, HasSubstr("60 of 60 calls, 5 at once"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("succeeded +60  100.0 %"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("requests seen +60  by the dependency"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("circuit open +0ms  never"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("latency p50 .*\n +p90 .*\n +p99 .*\n +max "));
    EXPECT_EQ(server.requests(60).size(), 60U);
}

TEST(call_nginx_live, or_in_json_for_machines) {
    nginx server{"location / { return 200 ok; }"};
    const ran done = call({"--repeat", "20", "--json", server.url("/")});
    EXPECT_EQ(done.exit, 0);
    const auto said = nlohmann::json::parse(done.out);
    EXPECT_EQ(said["calls"], 20);
    EXPECT_EQ(said["succeeded"], 20);
    EXPECT_EQ(said["requests_seen"], 20);
    EXPECT_TRUE(said["endpoints"].empty());
    EXPECT_NE(call({"--json", server.url("/")}).exit, 0) << "one call has no summary";
}

TEST(call_nginx_live, the_circuit_opens_and_the_rest_of_many_calls_is_refused) {
    nginx server{"location / { return 503; }"};
    const ran done = call({"--repeat", "50", "--breaker-consecutive", "3", "--breaker-open-for", "1h", "--retries", "0",
                           "--events", "error", server.url("/")});
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.out, ::testing::ContainsRegex("failed +3  6.0 %"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("refused by a policy +47  94.0 %\n  the circuit is open +47\n"));
    EXPECT_THAT(done.out, ::testing::ContainsRegex("requests seen +3 "));
    EXPECT_THAT(done.out, HasSubstr("opened once"));
    EXPECT_FALSE(done.event("circuit_opened").is_null());
    EXPECT_EQ(server.requests(3).size(), 3U);
}

TEST(call_nginx_live, the_circuit_closes_when_the_server_is_back) {
    nginx server{"location / { return 200 ok; }"};
    server.stop();
    running program{{"call", "--repeat", "10000000", "--breaker-consecutive", "2", "--breaker-open-for", "50ms",
                     "--events", "info", server.url("/")}};
    ASSERT_TRUE(program.heard("circuit_opened"));
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(program.heard("circuit_closed"));
    program.interrupt();
    EXPECT_EQ(program.end().exit, 130);
    EXPECT_GE(server.requests(1).size(), 1U);
}

TEST(call_nginx_live, a_certificate_is_believed_where_its_authority_is) {
    const testing::test_authority authority;
    nginx server{"location / { return 200 'secret\\n'; }", authority.certify("DNS:localhost,IP:127.0.0.1")};
    for (const auto* const host : {"localhost", "127.0.0.1"}) {
        const ran done = call({"--cacert", authority.ca_file(), server.url("/", host)});
        EXPECT_EQ(done.exit, 0) << done.err;
        EXPECT_EQ(done.out, "secret\n");
    }
    EXPECT_EQ(call({"--insecure", server.url("/")}).out, "secret\n");
    EXPECT_EQ(server.requests(3).size(), 3U);
}

TEST(call_nginx_live, a_certificate_of_nobodys_is_refused_and_not_tried_again) {
    const testing::test_authority authority;
    nginx server{"location / { return 200 secret; }", authority.certify("DNS:localhost,IP:127.0.0.1")};
    const ran done = call({server.url("/")});
    EXPECT_EQ(done.exit, 6);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(done.event("call_failed").at("attempts"), 1);
    EXPECT_THAT(done.event("call_failed").at("exception").at("message").get<std::string>(), HasSubstr("certificate"));
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(call_nginx_live, a_name_that_does_not_exist_is_said_to_be_so) {
    const ran done = call_fast({"--max-attempts", "2", "http://nobody.invalid/"});
    EXPECT_EQ(done.exit, 6);
    EXPECT_THAT(done.event("call_failed").at("exception").at("message").get<std::string>(),
                HasSubstr("cannot look up nobody.invalid"));
}

}  // namespace
}  // namespace cutwater::app
