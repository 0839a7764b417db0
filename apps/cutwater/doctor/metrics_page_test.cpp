#include "apps/cutwater/doctor/metrics_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <sstream>

namespace cutwater::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// One sample of a page that has one.
page_sample only(std::string_view text) {
    const auto page = parse_metrics_page(text);
    EXPECT_TRUE(page) << page.error();
    EXPECT_THAT(*page, SizeIs(1)) << text;
    return page->front();
}

TEST(metrics_page, has_names_labels_and_values) {
    EXPECT_EQ(only("calls_total{operation=\"get\",verdict=\"success\"} 7\n"),
              (page_sample{"calls_total", {{"operation", "get"}, {"verdict", "success"}}, 7}));
    EXPECT_EQ(only("up 1"), (page_sample{"up", {}, 1}));
    EXPECT_EQ(only("empty{} 1.5e+06"), (page_sample{"empty", {}, 1.5e6}));
}

/// The example of https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4, in part.
TEST(metrics_page, is_read_as_the_format_is_described) {
    const auto page = parse_metrics_page(R"(# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045
http_request_duration_seconds_bucket{le="+Inf"} 144320
rpc_duration_seconds{quantile="0.99",} NaN
)");
    ASSERT_TRUE(page) << page.error();
    ASSERT_THAT(*page, SizeIs(6));
    EXPECT_EQ((*page)[0].value, 1027);
    EXPECT_EQ((*page)[1].label("path"), R"(C:\DIR\FILE.TXT)");
    EXPECT_EQ((*page)[1].label("error"), "Cannot find file:\n\"FILE.TXT\"");
    EXPECT_EQ((*page)[2].value, 12.47);
    EXPECT_TRUE(std::isinf((*page)[3].value));
    EXPECT_EQ((*page)[4].label("le"), "+Inf");
    EXPECT_EQ((*page)[4].label("none"), "");
    EXPECT_TRUE(std::isnan((*page)[5].value));
}

TEST(metrics_page, may_have_nothing_and_other_ends_of_lines) {
    EXPECT_THAT(*parse_metrics_page(""), IsEmpty());
    EXPECT_THAT(*parse_metrics_page("# nothing\n\n  \n"), IsEmpty());
    EXPECT_EQ(only("up 1\r\n").value, 1);
}

/// https://prometheus.io/docs/specs/om/open_metrics_spec/, version 1.0: seconds with decimals, and exemplars.
TEST(metrics_page, of_open_metrics_is_read_without_its_exemplars) {
    const auto page = parse_metrics_page(
        "# TYPE calls counter\ncalls_total{operation=\"a # b\"} 7 1700000000.123 # {trace_id=\"ab#c\"} 0.5 1.7e9\n"
        "took_bucket{le=\"0.1\"} 3 # {} 0.05\n# EOF\n");
    ASSERT_TRUE(page) << page.error();
    ASSERT_THAT(*page, SizeIs(2));
    EXPECT_EQ((*page)[0], (page_sample{"calls_total", {{"operation", "a # b"}}, 7}));
    EXPECT_EQ((*page)[1].value, 3);
}

TEST(metrics_page, the_first_line_that_is_no_metric_is_named) {
    for (const char* const wrong : {"<html>", "up", "up one", "up{a=b} 1", "up{a=\"b} 1", "up{a=\"b\" 1", "1up 1",
                                    "up 1 2 3", "up 1# {} 1", "{\"json\":1}"}) {
        const auto page = parse_metrics_page(std::string{"up 1\n"} + wrong + "\n");
        ASSERT_FALSE(page) << wrong;
        EXPECT_THAT(page.error(), HasSubstr("line 2 is no metric")) << wrong;
    }
}

/// What prometheus-cpp writes is what is read, whatever the labels say.
RC_GTEST_PROP(metrics_page, reads_what_an_exporter_writes, (const std::string& said, double value)) {
    const std::string text = [&] {
        std::string kept;
        for (const char c : said)
            if (c != '\r' && c != '\0') kept += c;
        return kept;
    }();
    prometheus::MetricFamily family;
    family.name = "letters_total";
    family.type = prometheus::MetricType::Counter;
    family.metric.resize(1);
    family.metric[0].label = {{.name = "country", .value = text}};
    family.metric[0].counter.value = value;
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, {family});
    const auto page = parse_metrics_page(out.str());
    RC_ASSERT(page.has_value());
    RC_ASSERT(page->size() == 1U);
    RC_ASSERT(page->front().label("country") == text);
    RC_ASSERT(std::abs(page->front().value - value) <= 1e-9 * std::abs(value));
}

}  // namespace
}  // namespace cutwater::app
