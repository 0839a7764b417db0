#include "apps/cutwater/doctor_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cutwater::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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
}

}  // namespace
}  // namespace cutwater::app
