#include "cutwater/observe/prometheus/prometheus_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr metric letters{"letters_total", metric_type::counter, "Letters.", "country"};
constexpr metric weight{"weight_grams", metric_type::histogram, "Weight."};

class shown_to_prometheus : public ::testing::Test {
protected:
    testing::virtual_time time;
    metric_registry registry{{.buckets = {1, 10}}};
    prometheus_metrics shown{registry, time};
};

TEST_F(shown_to_prometheus, a_counter_with_its_labels_and_help) {
    const auto held = registry.open(letters, {.layer = "post", .operation = "send", .detail = "home"});
    held->record(3);
    EXPECT_THAT(shown.text(), HasSubstr("# HELP letters_total Letters.\n# TYPE letters_total counter\n"
                                        "letters_total{layer=\"post\",operation=\"send\",country=\"home\"} 3\n"));
}

TEST_F(shown_to_prometheus, labels_that_are_empty_are_none) {
    const auto held = registry.open(letters, {});
    EXPECT_THAT(shown.text(), HasSubstr("\nletters_total 0\n"));
}

TEST_F(shown_to_prometheus, a_histogram_is_cumulative_up_to_infinity) {
    const auto held = registry.open(weight, {});
    for (const double each : {0.5, 5.0, 50.0}) held->record(each);
    EXPECT_THAT(shown.text(), HasSubstr("weight_grams_count 3\nweight_grams_sum 55.5\n"
                                        "weight_grams_bucket{le=\"1\"} 1\nweight_grams_bucket{le=\"10\"} 2\n"
                                        "weight_grams_bucket{le=\"+Inf\"} 3\n"));
}

TEST_F(shown_to_prometheus, what_would_break_a_line_is_escaped_and_bytes_that_are_no_text_are_mended) {
    const auto held = registry.open(letters, {.detail = "a\"b\\c\nd\xff"
                                                        "e"});
    EXPECT_THAT(shown.text(), HasSubstr(R"(country="a\"b\\c\nd)"
                                        "\xEF\xBF\xBD"
                                        R"(e")"));
}

TEST_F(shown_to_prometheus, a_help_text_is_one_line) {
    constexpr metric odd{"odd_total", metric_type::counter, "a\nb\\c\xff"};
    const auto held = registry.open(odd, {});
    EXPECT_THAT(shown.text(), HasSubstr(R"(# HELP odd_total a\nb\\c)"
                                        "\xEF\xBF\xBD\n# TYPE odd_total counter\nodd_total 0\n"));
}

TEST_F(shown_to_prometheus, what_has_the_same_labels_once_it_is_mended_is_added_up) {
    std::vector<std::shared_ptr<metric_series>> held;
    for (const std::string_view each : {"\xff", "\xfe", "\xEF\xBF\xBD"}) {
        held.push_back(registry.open(letters, {.operation = name{each}}));
        held.back()->record(2);
        held.push_back(registry.open(weight, {.operation = name{each}}));
        held.back()->record(5);
    }
    const std::string page = shown.text();
    EXPECT_THAT(page, HasSubstr("letters_total{operation=\"\xEF\xBF\xBD\"} 6\n"));
    EXPECT_THAT(page, HasSubstr("weight_grams_count{operation=\"\xEF\xBF\xBD\"} 3\n"));
    EXPECT_THAT(page, HasSubstr("weight_grams_sum{operation=\"\xEF\xBF\xBD\"} 15\n"));
    EXPECT_THAT(page, HasSubstr("weight_grams_bucket{operation=\"\xEF\xBF\xBD\",le=\"10\"} 3\n"));
    EXPECT_EQ(page.find("letters_total{"), page.rfind("letters_total{")) << "and is there once";
}

TEST_F(shown_to_prometheus, details_of_a_metric_that_has_no_label_for_them_are_added_up) {
    const auto home = registry.open(weight, {.detail = "home"});
    const auto abroad = registry.open(weight, {.detail = "abroad"});
    home->record(1);
    abroad->record(1);
    EXPECT_THAT(shown.text(), HasSubstr("weight_grams_count 2\n"));
}

TEST_F(shown_to_prometheus, gauges_are_asked_at_the_time_of_reading) {
    circuit_breaker health{{.name = "health", .open_for = 10s}};
    const auto watched = registry.watch(health);
    health.open(time.now());
    EXPECT_THAT(shown.text(), HasSubstr(R"(cutwater_circuit_state{layer="health",state="open"} 1)"));
    time.pass(11s);
    EXPECT_THAT(shown.text(), HasSubstr(R"(cutwater_circuit_state{layer="health",state="half_open"} 1)"));
}

TEST_F(shown_to_prometheus, what_it_says_itself_is_there_once) {
    constexpr metric taken{"cutwater_metric_series", metric_type::counter, "Mine."};
    const auto held = registry.open(taken, {});
    EXPECT_THAT(shown.text(), AllOf(HasSubstr("cutwater_metric_series 1\n"), Not(HasSubstr("Mine."))));
}

TEST_F(shown_to_prometheus, it_says_how_many_series_there_are) {
    const auto held = registry.open(letters, {});
    EXPECT_THAT(shown.text(), HasSubstr("cutwater_metric_series 1\n"));
    EXPECT_THAT(shown.text(), HasSubstr("cutwater_metric_series_refused_total 0\n"));
}

}  // namespace
}  // namespace cutwater
