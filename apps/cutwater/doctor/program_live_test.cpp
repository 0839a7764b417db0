// `cutwater doctor` and where it looks: live pages, files, a real Prometheus, and servers that answer as one does.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "apps/cutwater/doctor/source.hpp"
#include "test/servers/prometheus_server.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::nginx;
using testing::prometheus_server;
using testing::ran;
using testing::run;
using testing::run_in_shell;

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

constexpr auto retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} ";

TEST(doctor_program, looks_twice_at_a_live_page_and_judges_what_came_between) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", std::string{retries} + "1000\n");
    testing::running program{{"doctor", "--for", "2s", shows.url("/metrics")}};
    ASSERT_EQ(shows.requests(1).size(), 1U);
    shows.publish("metrics", std::string{retries} + "1100\n");
    const ran done = program.end();
    EXPECT_EQ(done.exit, 3) << done.err;
    EXPECT_THAT(done.out,
                AllOf(HasSubstr("get: retry (retries_never_help)"), HasSubstr("100 retries rescued 0 calls")));
}

TEST(doctor_program, has_nothing_to_say_of_a_page_where_nothing_happens) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", std::string{retries} + "1000\n");
    const ran done = run({"doctor", "--for", "100ms", shows.url("/metrics")});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("nothing is to be changed"));
}

TEST(doctor_program, is_not_content_with_a_page_that_says_nothing_or_is_cut_off) {
    const ran nothing = run({"doctor", "-"}, "cutwater_metric_series_refused_total 0\ncutwater_keys 7\n");
    EXPECT_EQ(nothing.exit, 4);
    EXPECT_EQ(nothing.out, "");
    EXPECT_THAT(nothing.err, HasSubstr("nothing to judge by"));
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", std::string{retries} + "1000");
    const ran cut = run({"doctor", "--for", "0s", shows.url("/metrics")});
    EXPECT_EQ(cut.exit, 4);
    EXPECT_THAT(cut.err, HasSubstr("is cut off"));
}

TEST(doctor_program, asks_a_prometheus_server) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", "cutwater_metric_series_refused_total 7\n");
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    ran done;
    ASSERT_TRUE(testing::running::comes_true([&] { return (done = run({"doctor", "--prometheus", url})).exit != 4; }))
        << done.err;
    EXPECT_EQ(done.exit, 3) << done.err;
    EXPECT_THAT(done.out, HasSubstr("series_refused"));
}

TEST(doctor_program, finds_in_a_page_and_in_a_prometheus_server_that_nothing_succeeds) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", "cutwater_calls_total{operation=\"get\",verdict=\"ignored\"} 300\n");
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const ran page = run({"doctor", "--for", "0s", shows.url("/metrics")});
    EXPECT_EQ(page.exit, 3) << page.err;
    EXPECT_THAT(page.out, AllOf(HasSubstr("get (calls_hardly_succeed)"), HasSubstr("0 of 300 calls succeeded")));
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    ran asked;
    ASSERT_TRUE(testing::running::comes_true([&] { return (asked = run({"doctor", "--prometheus", url})).exit != 4; }))
        << asked.err;
    EXPECT_EQ(asked.exit, 3) << asked.err;
    EXPECT_THAT(asked.out, HasSubstr("0 of 300 calls succeeded; 300 were ignored"));
}

TEST(doctor_program, reads_a_file_of_metrics_or_a_log_and_prints_json) {
    const ran page =
        run_in_shell("printf 'cutwater_metric_series_refused_total 7\\n' > page; $program doctor --json page");
    EXPECT_EQ(page.exit, 3) << page.err;
    EXPECT_EQ(nlohmann::json::parse(page.out).at(0).at("finding"), "series_refused");
    const ran log = run_in_shell(
        "for i in $(seq 30); do echo '{\"event\":\"retry_scheduled\",\"layer\":\"retry\",\"operation\":\"get\"}'; done "
        "| $program doctor -");
    EXPECT_EQ(log.exit, 3) << log.err;
    EXPECT_THAT(log.out, HasSubstr("30 retries rescued 0 calls"));
}

TEST(doctor_program, says_why_there_is_nothing_to_look_at) {
    const ran nowhere = run({"doctor"});
    EXPECT_EQ(nowhere.exit, 2);
    EXPECT_THAT(nowhere.err, AllOf(HasSubstr("give a URL or a file"), HasSubstr("try `cutwater doctor --help`")));
    EXPECT_EQ(run({"doctor", "/nowhere/page"}).exit, 4);
    EXPECT_EQ(run({"doctor", "http://127.0.0.1:" + std::to_string(testing::free_port()) + "/metrics"}).exit, 4);
    const ran html = run({"doctor", "-"}, "<html>\n");
    EXPECT_EQ(html.exit, 4);
    EXPECT_THAT(html.err, HasSubstr("line 1 is no metric"));
    const nginx shows{"location /metrics { default_type text/plain; }"};
    EXPECT_THAT(run({"doctor", shows.url("/metrics")}).err, HasSubstr("404"));
}

TEST(doctor_program, a_real_prometheus_of_which_nothing_is_known_is_nothing_to_look_at) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", "up_since 7\n");
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    const ran asked = run({"doctor", "--prometheus", url});
    EXPECT_EQ(asked.exit, 4);
    EXPECT_THAT(asked.err, HasSubstr("has no metric of cutwater's, now or 1h ago")) << "and the query is understood";
    EXPECT_EQ(run({"doctor", "--for", "0s", url + "/metrics"}).exit, 4) << "its own page";
}

TEST(doctor_program, lists_what_it_looks_for) {
    const ran done = run({"doctor", "--rules"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, HasSubstr("retries_never_help"));
}

}  // namespace
}  // namespace cutwater::app
