// `cutwater doctor` and where it looks: live pages, and servers that answer as Prometheus does.
#include <gmock/gmock.h>

#include <chrono>

#include "apps/cutwater/doctor_source.hpp"
#include "apps/cutwater/program_live_test.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::nginx;
using testing::ran;
using testing::run;

constexpr auto answer_of_seven =
    R"({"status":"success","data":{"result":[{"metric":{"__name__":"cutwater_retries_total"},"value":[1,"7"]}]}})";
constexpr auto empty_answer = R"({"status":"success","data":{"result":[]}})";

/// A server with that answer now, and that one for what was before.
std::string answers(const std::string& now, const std::string& before) {
    return "location /api/v1/query { if ($arg_query ~ offset) { return 200 '" + before + "'; } return 200 '" + now +
           "'; }";
}

TEST(doctor_program, knows_no_time_where_a_prometheus_server_has_no_past) {
    const nginx young{answers(answer_of_seven, empty_answer)};
    const auto seen = look_at({.place = young.url(""), .is_prometheus = true, .over = 1h});
    ASSERT_TRUE(seen) << seen.error();
    EXPECT_EQ(seen->total("cutwater_retries_total"), 7);
    EXPECT_EQ(seen->apart(), 0s) << "seven since nobody knows when, and not in an hour";
    EXPECT_THAT(seen->notes(), ElementsAre(HasSubstr("has nothing of 1h ago")));
    const nginx old{answers(answer_of_seven, answer_of_seven)};
    const auto grown = look_at({.place = old.url(""), .is_prometheus = true, .over = 1h});
    ASSERT_TRUE(grown) << grown.error();
    EXPECT_EQ(grown->total("cutwater_retries_total"), 0);
    EXPECT_EQ(grown->apart(), 1h);
}

TEST(doctor_program, says_what_a_prometheus_server_complains_of) {
    const nginx strict{
        R"(location /api/v1/query { return 400 '{"status":"error","error":"exceeded maximum resolution"}'; })"};
    const ran done = run({"doctor", "--prometheus", strict.url("")});
    EXPECT_EQ(done.exit, 4);
    EXPECT_THAT(done.err, HasSubstr("400 Bad Request"));
    EXPECT_THAT(done.err, HasSubstr("exceeded maximum resolution"));
}

TEST(doctor_program, measures_the_time_between_its_looks_and_reads_schemes_in_any_case) {
    const nginx shows{"location /metrics { }"};
    shows.publish("metrics", "cutwater_retries_total 7\n");
    const std::string place = "HTTP://127.0.0.1:" + std::to_string(shows.port()) + "/metrics";
    const auto seen = look_at({.place = place, .between_looks = 50ms});
    ASSERT_TRUE(seen) << seen.error();
    EXPECT_GT(seen->apart(), 50ms) << "the second look takes its time as well";
}

TEST(doctor_program, refuses_times_that_make_no_sense) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--over", "500ms"}, {"--over", "0s"}, {"--for", "200000h"}}) {
        const ran done = run({"doctor", words[0], words[1], "page"});
        EXPECT_EQ(done.exit, 2) << words[1];
        EXPECT_THAT(done.err, HasSubstr(words[0])) << words[1];
    }
}

TEST(doctor_program, refuses_a_time_where_it_means_nothing) {
    const auto refused = [](const std::vector<std::string>& words) {
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2) << words.back();
        return done.err;
    };
    EXPECT_THAT(refused({"doctor", "--for", "1s", "page"}), HasSubstr("a file is one"));
    EXPECT_THAT(refused({"doctor", "--over", "1h", "http://127.0.0.1:1/metrics"}), HasSubstr("--prometheus as well"));
    EXPECT_THAT(refused({"doctor", "--prometheus", "--for", "1s", "http://127.0.0.1:1"}), HasSubstr("--over"));
}

TEST(doctor_program, a_page_without_a_metric_of_ours_is_nothing_to_look_at) {
    const nginx shows{"location /metrics { }"};
    shows.publish("metrics", "node_cpu_seconds_total{cpu=\"0\"} 5\n");
    const auto seen = look_at({.place = shows.url("/metrics")});
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error(), HasSubstr("has no metric of cutwater's"));
}

TEST(doctor_program, says_where_a_service_has_gone) {
    const nginx server{answers(empty_answer, answer_of_seven)};
    const auto seen = look_at({.place = server.url(""), .is_prometheus = true, .over = 1h});
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error(), HasSubstr("has no metric of cutwater's now; 1h ago it had"));
}

TEST(doctor_program, reads_answers_of_a_fleet_and_says_what_is_too_large) {
    const nginx shows{"location /metrics { }"};
    std::string large = "cutwater_retries_total 7\n";
    large.append(std::size_t{17} * 1024 * 1024, '\n');
    shows.publish("metrics", large);
    EXPECT_TRUE(look_at({.place = shows.url("/metrics")}));
    const auto seen = look_at({.place = shows.url("/metrics"), .most = std::size_t{1024} * 1024});
    ASSERT_FALSE(seen);
    EXPECT_THAT(seen.error(), HasSubstr("larger than 1 MiB"));
}

TEST(doctor_program, passes_over_what_is_no_json_in_a_log_and_says_so) {
    std::string log = "service 1.2 starts\n";
    for (int i = 0; i < 30; ++i)
        log += R"({"event":"retry_scheduled","layer":"retry","operation":"get"})"
               "\n";
    const ran done = run({"doctor", "-"}, log + "{\"event\":\"retry_sch");
    EXPECT_EQ(done.exit, 3) << done.err;
    EXPECT_THAT(done.out, HasSubstr("30 retries rescued 0 calls"));
    EXPECT_THAT(done.err, HasSubstr("2 of 32 lines are no JSON object"));
}

}  // namespace
}  // namespace cutwater::app
