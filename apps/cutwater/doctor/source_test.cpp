#include "apps/cutwater/doctor/source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace cutwater::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(doctor_source, reads_what_prometheus_answers) {
    const auto page = parse_query_answer(R"({"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"cutwater_retries_total","layer":"retry","operation":"get"},"value":[1700000000.1,"7"]},
        {"metric":{"__name__":"up"},"value":[1700000000.1,"NaN"]}]}})");
    ASSERT_TRUE(page) << page.error();
    ASSERT_THAT(*page, SizeIs(2));
    EXPECT_EQ(page->front(), (page_sample{"cutwater_retries_total", {{"layer", "retry"}, {"operation", "get"}}, 7}));
    EXPECT_EQ(page->back().name, "up");
}

TEST(doctor_source, an_answer_without_results_is_an_empty_page) {
    const auto page = parse_query_answer(R"({"status":"success","data":{"resultType":"vector","result":[]}})");
    ASSERT_TRUE(page) << page.error();
    EXPECT_THAT(*page, IsEmpty());
}

TEST(doctor_source, what_is_no_answer_of_prometheus_is_said_to_be_none) {
    for (const char* const wrong :
         {"", "<html>", "[]", R"({"status":"error","error":"bad"})", R"({"status":"success"})",
          R"({"status":"success","data":{"result":[{"metric":{},"value":[1]}]}})",
          R"({"status":"success","data":{"result":[{"metric":{},"value":[1,"many"]}]}})", R"({"status":7})"}) {
        const auto page = parse_query_answer(wrong);
        ASSERT_FALSE(page) << wrong;
        EXPECT_THAT(page.error(), HasSubstr("no answer of Prometheus"));
    }
}

/// An answer with one result, of that value.
std::string answer_of(const std::string& value) {
    return R"({"status":"success","data":{"result":[{"metric":{"__name__":"up"},"value":[1,")" + value + R"("]}]}})";
}

TEST(doctor_source, values_are_as_prometheus_writes_them) {
    const auto value = [](const std::string& text) { return parse_query_answer(answer_of(text))->front().value; };
    EXPECT_EQ(value("1e-310"), 1e-310);
    EXPECT_EQ(value("1e-999"), 0) << "too small";
    EXPECT_EQ(value("+1e+06"), 1e6);
    EXPECT_TRUE(std::isinf(value("+Inf")));
    EXPECT_LT(value("-Inf"), 0);
    EXPECT_TRUE(std::isnan(value("NaN")));
}

TEST(doctor_source, a_value_that_is_no_number_is_said_in_words) {
    for (const char* const wrong : {"abc", "1e999", "", "7 calls", "0x10"})
        EXPECT_EQ(parse_query_answer(answer_of(wrong)).error(),
                  std::string{"this is no answer of Prometheus: \""} + wrong + "\" is no number");
    for (const char* const odd : {R"({"status":"success"})", R"({"status":"success","data":{"result":[7]}})",
                                  R"({"status":"success","data":{"result":[{"metric":{},"value":[1]}]}})",
                                  R"({"status":"success","data":{"result":[{"metric":{"a":1},"value":[1,"1"]}]}})"})
        EXPECT_THAT(parse_query_answer(odd).error(), Not(HasSubstr("json.exception"))) << odd;
}

TEST(doctor_source, asks_prometheus_for_what_rules_read_and_of_a_histogram_for_successes) {
    const std::string query = prometheus_query(" offset 60s");
    EXPECT_THAT(query, AllOf(HasSubstr(R"({__name__=~"cutwater_slo_budget_remaining_ratio|)"),
                             HasSubstr(R"("} offset 60s or cutwater_call_duration_seconds_bucket{verdict="success"} )"
                                       "offset 60s")));
    EXPECT_THAT(query, Not(HasSubstr("cutwater_cache_entries")));
}

/// What is found in the text of a file.
std::expected<doctor_view, std::string> looked_at(const std::string& text) { return look_at_text(text, "notes.txt"); }

TEST(doctor_source, a_file_is_a_page_of_metrics_or_a_log) {
    const std::string retries = "cutwater_retries_total";
    EXPECT_EQ(looked_at("# a page\n" + retries + " 7\n")->total(retries), 7);
    const std::string line = "{\"event\":\"retry_scheduled\",\"layer\":\"retry\"}\n";
    EXPECT_EQ(looked_at(line)->total(retries), 1);
    EXPECT_EQ(looked_at("service 1.2 starts\n" + line)->total(retries), 1) << "a log, whatever its first line is";
}

TEST(doctor_source, what_is_neither_is_told_what_it_should_be) {
    EXPECT_THAT(looked_at("<html>\n").error(),
                AllOf(HasSubstr("notes.txt is neither a page of metrics nor a log of JSON lines (json_log)"),
                      HasSubstr("line 1 is no metric")));
    EXPECT_THAT(looked_at("{\n}\n").error(), HasSubstr("notes.txt: no line of it is a JSON object"));
    EXPECT_THAT(looked_at("# nothing\n").error(), HasSubstr("has no metrics"));
    EXPECT_THAT(looked_at(" \n").error(), HasSubstr("notes.txt is empty"));
}

TEST(doctor_source, a_page_that_no_program_shows_is_not_judged) {
    const std::string calls = "cutwater_calls_total{operation=\"get\",verdict=\"success\"} 1000\n";
    EXPECT_TRUE(looked_at("\xEF\xBB\xBF" + calls)) << "a mark of its bytes' order is none of it";
    EXPECT_THAT(looked_at(calls + calls).error(),
                HasSubstr("notes.txt says twice what cutwater_calls_total{operation=\"get\",verdict=\"success\"} is"));
    EXPECT_FALSE(looked_at(calls + "cutwater_calls_total{verdict=\"success\",operation=\"get\"} 7\n"));
    for (const char* const wrong : {"-1", "NaN", "+Inf"}) {
        const auto seen = looked_at(calls + "cutwater_retries_total " + wrong + "\n");
        ASSERT_FALSE(seen) << wrong;
        EXPECT_THAT(seen.error(), HasSubstr("cutwater_retries_total is ")) << wrong;
        EXPECT_TRUE(looked_at(calls + "node_load_total " + wrong + "\n")) << "what is not ours is not ours to judge";
    }
}

TEST(doctor_source, what_has_nothing_of_ours_is_not_said_to_be_well) {
    EXPECT_THAT(looked_at("node_cpu_seconds_total{cpu=\"0\"} 5\n").error(),
                HasSubstr("notes.txt has no metric of cutwater's"));
    EXPECT_THAT(looked_at("{\"a\":1}\n").error(), HasSubstr("notes.txt: no line of it is an event of cutwater's"));
}

TEST(doctor_source, a_page_that_is_cut_off_is_not_judged) {
    const std::string whole = "cutwater_calls_total{operation=\"get\",verdict=\"success\"} 1000\n";
    ASSERT_TRUE(looked_at(whole));
    for (std::size_t size = 1; size < whole.size(); ++size)
        EXPECT_FALSE(looked_at(whole + whole.substr(0, size))) << size;
    EXPECT_THAT(looked_at(whole + "cutwater_retries_total 10").error(),
                HasSubstr("notes.txt is cut off: its last line has no end"));
}

TEST(doctor_source, an_address_that_is_taken_for_a_file_is_told_what_it_may_be) {
    for (const char* const server : {"127.0.0.1:9090/metrics", "shop.example:9100", "localhost:9100"})
        EXPECT_THAT(look_at({.place = server}).error(),
                    HasSubstr(std::string{"did you mean \"http://"} + server + "\"?"));
    for (const char* const file : {"/nowhere/page", "./nowhere.log", "nowhere"})
        EXPECT_THAT(look_at({.place = file}).error(), Not(HasSubstr("did you mean"))) << file;
}

TEST(doctor_source, a_server_without_its_scheme_is_told_what_was_typed) {
    EXPECT_THAT(look_at({.place = "127.0.0.1:9090", .is_prometheus = true}).error(),
                HasSubstr("did you mean \"http://127.0.0.1:9090\"?"));
}

}  // namespace
}  // namespace cutwater::app
