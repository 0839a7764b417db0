#include "cutwater/observe/metrics/metric_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "cutwater/core/options.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr instant noon{};
constexpr metric letters{"letters_total", metric_type::counter, "Letters.", "country"};
constexpr metric weight{"weight_grams", metric_type::histogram, "Weight."};
constexpr metric temperature{"temperature_celsius", metric_type::gauge, "Temperature."};

// ---- series ----

TEST(metric_registry, counts_what_is_recorded_by_labels) {
    metric_registry registry;
    const auto home = registry.open(letters, {.layer = "post", .operation = "send", .detail = "home"});
    const auto abroad = registry.open(letters, {.layer = "post", .operation = "send", .detail = "abroad"});
    home->record(1);
    home->record(2);
    abroad->record(0.5);
    const auto read = registry.read(noon);
    ASSERT_THAT(read, SizeIs(1));
    EXPECT_EQ(read[0].of, &letters);
    EXPECT_THAT(read[0].samples,
                ElementsAre(metric_sample{.layer = "post", .operation = "send", .detail = "abroad", .value = 0.5},
                            metric_sample{.layer = "post", .operation = "send", .detail = "home", .value = 3}));
    EXPECT_EQ(metric_total(read, letters), 3.5);
    EXPECT_EQ(metric_value(read, letters, {.layer = "post", .operation = "send", .detail = "home"}), 3);
}

TEST(metric_registry, a_counter_never_goes_down) {
    metric_registry registry;
    const auto series = registry.open(letters, {});
    series->record(5);
    for (const double wrong :
         {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
        series->record(wrong);
    EXPECT_EQ(metric_total(registry.read(noon), letters), 5);
}

TEST(metric_registry, a_gauge_is_what_was_recorded_last) {
    metric_registry registry;
    const auto series = registry.open(temperature, {});
    series->record(20);
    series->record(-3);
    EXPECT_EQ(metric_total(registry.read(noon), temperature), -3);
}

TEST(metric_registry, a_histogram_says_how_many_were_at_most_each_bound) {
    metric_registry registry{{.buckets = {1, 10}}};
    const auto series = registry.open(weight, {});
    for (const double grams : {0.5, 1.0, 1.5, 10.0, 11.0, -2.0, std::numeric_limits<double>::quiet_NaN()})
        series->record(grams);
    const auto read = registry.read(noon);
    ASSERT_THAT(read, SizeIs(1));
    EXPECT_THAT(read[0].samples[0].counts.at_most, ElementsAre(3, 5));
    EXPECT_EQ(read[0].samples[0].counts.count, 6U);
    EXPECT_THAT(read[0].samples[0].counts.sum, DoubleEq(22));
}

TEST(metric_registry, the_same_labels_are_one_series_whoever_holds_it) {
    metric_registry registry;
    const auto one = registry.open(letters, {.detail = "home"});
    const auto other = registry.open(letters, {.detail = "home"});
    EXPECT_EQ(one, other);
    EXPECT_EQ(registry.size(), 1U);
}

TEST(metric_registry, T88_a_series_is_gone_with_its_last_holder) {
    metric_registry registry;
    auto one = registry.open(letters, {.detail = "home"});
    auto other = registry.open(letters, {.detail = "home"});
    one->record(1);
    one.reset();
    EXPECT_THAT(registry.read(noon), SizeIs(1));
    other.reset();
    EXPECT_THAT(registry.read(noon), IsEmpty());
    EXPECT_EQ(registry.size(), 0U);
    one = registry.open(letters, {.detail = "home"});
    EXPECT_EQ(metric_total(registry.read(noon), letters), 0) << "and begins anew";
}

TEST(metric_registry, T79_what_there_is_no_room_for_is_counted_together) {
    metric_registry registry{{.max_series = 2}};
    std::vector<std::shared_ptr<metric_series>> held;
    for (int i = 0; i < 1000; ++i) {
        held.push_back(
            registry.open(letters, {.layer = "post", .operation = name{"op " + std::to_string(i)}, .detail = "home"}));
        held.back()->record(1);
    }
    EXPECT_EQ(registry.size(), 3U);
    EXPECT_EQ(registry.refused(), 998U);
    const auto read = registry.read(noon);
    EXPECT_EQ(metric_total(read, letters), 1000) << "nothing is lost but whose it was";
    EXPECT_EQ(metric_value(read, letters, {.layer = "post", .operation = "other", .detail = "other"}), 998);
}

TEST(metric_registry, there_is_an_end_to_what_is_counted_together_too) {
    metric_registry registry{{.max_series = 1}};
    std::vector<std::shared_ptr<metric_series>> held;
    std::size_t none = 0;
    for (int i = 0; i < 3000; ++i) {
        held.push_back(registry.open(letters, {.layer = name{"layer " + std::to_string(i)}}));
        if (held.back() == nullptr) ++none;
    }
    EXPECT_LE(registry.size(), 1001U);
    EXPECT_GT(none, 0U);
}

TEST(metric_registry, series_may_outlive_the_registry) {
    std::shared_ptr<metric_series> series;
    {
        metric_registry registry;
        series = registry.open(weight, {});
    }
    series->record(1);
    series.reset();
}

// ---- metrics that are none ----

std::string refusal_of(metric_registry& registry, const metric& of) {
    try {
        (void)registry.open(of, {});
        return {};
    } catch (const invalid_options& refused) {
        return refused.what();
    }
}

TEST(metric_registry, a_metric_whose_name_or_label_would_break_a_page_is_refused) {
    metric_registry registry;
    constexpr metric odd{"1 bad name", metric_type::counter, "Odd.", "my label"};
    EXPECT_THAT(refusal_of(registry, odd), HasSubstr("metric \"1 bad name\": name is \"1 bad name\", allowed is"));
    EXPECT_THAT(refusal_of(registry, odd), HasSubstr("detail is \"my label\", allowed is"));
    for (const std::string_view name : {"", "a-b", "a\nb", "7", "a b", "\xc3\xa4"})
        EXPECT_NE(refusal_of(registry, metric{name, metric_type::counter, "Odd."}), "") << name;
    for (const std::string_view detail : {"a:b", "7", "a\"", "__name", "layer", "operation", "le"})
        EXPECT_NE(refusal_of(registry, metric{"fine", metric_type::counter, "Odd.", detail}), "") << detail;
    for (const std::string_view name : {"a", "_a7", "a:b", ":", "Z"})
        EXPECT_EQ(refusal_of(registry, metric{name, metric_type::counter, "Fine.", "_z9"}), "") << name;
    EXPECT_EQ(registry.size(), 0U);
}

TEST(metric_registry, two_metrics_of_one_name_have_one_type_and_one_label) {
    metric_registry registry;
    auto held = registry.open(letters, {.layer = "post", .detail = "home"});
    constexpr metric other_type{"letters_total", metric_type::gauge, "Letters.", "country"};
    constexpr metric other_label{"letters_total", metric_type::counter, "Letters.", "city"};
    constexpr metric again{"letters_total", metric_type::counter, "Said in other words.", "country"};
    EXPECT_THAT(refusal_of(registry, other_type), HasSubstr("type is gauge, allowed is counter, as of the metric"));
    EXPECT_THAT(refusal_of(registry, other_label), HasSubstr("detail is \"city\", allowed is \"country\""));
    EXPECT_EQ(registry.open(again, {.layer = "post", .detail = "home"}), held);
    held.reset();
    EXPECT_EQ(refusal_of(registry, other_type), "") << "the other has gone";
}

TEST(metric_registry, what_a_histogram_is_shown_as_is_no_other_metrics_name) {
    for (const std::string_view end : {"_count", "_sum", "_bucket"}) {
        metric_registry registry;
        const std::string called = std::string{weight.name}.append(end);
        const metric other{called, metric_type::counter, "Of nobody."};
        auto histogram = registry.open(weight, {});
        EXPECT_THAT(refusal_of(registry, other), HasSubstr("\"weight_grams\" is a histogram")) << end;
        histogram.reset();
        const auto held = registry.open(other, {});
        EXPECT_THAT(refusal_of(registry, weight), HasSubstr("is kept already")) << end;
    }
    metric_registry registry;
    constexpr metric total{"weight_grams_total", metric_type::counter, "Weight."};
    const auto apart = registry.open(total, {});
    EXPECT_EQ(refusal_of(registry, weight), "");
}

TEST(metric_registry, a_gauge_that_is_called_as_a_histogram_is_shown_is_left_out) {
    metric_registry registry;
    const auto held = registry.open(weight, {});
    constexpr metric taken{"weight_grams_sum", metric_type::gauge, "Odd."};
    const auto watched = registry.watch_by([&](instant, gauge_visitor& seen) {
        seen(taken, 7);
        seen(temperature, 7);
    });
    const auto read = registry.read(noon);
    EXPECT_THAT(read, SizeIs(2));
    EXPECT_EQ(metric_total(read, taken), 0);
    EXPECT_EQ(metric_total(read, temperature), 7);
}

TEST(metric_registry, a_gauge_that_would_break_a_page_is_left_out_and_nothing_else) {
    metric_registry registry;
    const auto held = registry.open(letters, {.detail = "home"});
    constexpr metric bad_name{"a b", metric_type::gauge, "Odd."};
    constexpr metric bad_label{"ab", metric_type::gauge, "Odd.", "le"};
    constexpr metric taken{"letters_total", metric_type::gauge, "Odd.", "country"};
    const auto watched = registry.watch_by([&](instant, gauge_visitor& seen) {
        for (const metric* each : {&bad_name, &bad_label, &taken, &weight, &temperature}) seen(*each, 7);
    });
    const auto read = registry.read(noon);
    ASSERT_THAT(read, SizeIs(2));
    EXPECT_EQ(read[0].of, &letters);
    EXPECT_EQ(read[0].samples[0].value, 0);
    EXPECT_EQ(metric_total(read, temperature), 7);
}

// ---- gauges ----

struct cellar {
    double degrees = 12;
    [[nodiscard]] static name layer_name() { return "cellar"; }
    void gauges(instant, gauge_visitor& seen) const { seen(temperature, degrees); }
};

TEST(metric_registry, asks_what_it_watches_when_it_is_read) {
    metric_registry registry;
    cellar below;
    const auto watched = registry.watch(below);
    below.degrees = 13;
    EXPECT_EQ(metric_value(registry.read(noon), temperature, {.layer = "cellar"}), 13);
}

TEST(metric_registry, T88_what_is_no_longer_watched_is_gone) {
    metric_registry registry;
    const cellar below;
    auto watched = registry.watch(below);
    watched.reset();
    EXPECT_THAT(registry.read(noon), IsEmpty());
}

TEST(metric_registry, two_of_one_name_are_added_up) {
    metric_registry registry;
    const cellar one{.degrees = 12};
    const cellar other{.degrees = 3};
    const auto first = registry.watch(one);
    const auto second = registry.watch(other);
    const auto read = registry.read(noon);
    ASSERT_THAT(read, SizeIs(1));
    EXPECT_THAT(read[0].samples, SizeIs(1));
    EXPECT_EQ(metric_total(read, temperature), 15);
}

TEST(metric_registry, what_throws_while_it_is_asked_is_left_out_and_nothing_else) {
    metric_registry registry;
    const cellar well;
    const auto first = registry.watch(well);
    const auto second = registry.watch_by([](instant, gauge_visitor& seen) {
        seen(temperature, 100);
        throw std::runtime_error{"broken"};
    });
    EXPECT_EQ(metric_total(registry.read(noon), temperature), 12);
}

TEST(metric_registry, a_gauge_is_told_the_time) {
    metric_registry registry;
    const auto watched = registry.watch_by(
        [](instant now, gauge_visitor& seen) { seen(temperature, std::chrono::duration<double>(now - noon).count()); });
    EXPECT_EQ(metric_total(registry.read(noon + std::chrono::seconds{7}), temperature), 7);
}

// ---- options ----

TEST(metric_registry, bad_buckets_are_refused) {
    for (const std::vector<double>& wrong :
         {std::vector<double>{}, {2, 1}, {1, 1}, {0, 1}, {-1}, {std::nan("")}, std::vector<double>(101, 1.0)}) {
        try {
            const metric_registry registry{{.buckets = wrong}};
            FAIL() << wrong.size() << " bounds";
        } catch (const invalid_options& refused) {
            EXPECT_THAT(refused.what(), HasSubstr("buckets"));
        }
    }
    EXPECT_THROW(metric_registry{{.max_series = 0}}, invalid_options);
}

// ---- properties ----

RC_GTEST_PROP(metric_registry, a_histogram_counts_each_value_in_every_bucket_that_reaches_it, ()) {
    const auto values = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2000));
    metric_registry registry{{.buckets = {1, 5, 50, 500, 1000}}};
    const auto series = registry.open(weight, {});
    for (const int v : values) series->record(v);
    const auto read = registry.read(noon);
    const histogram_counts& counts = read[0].samples[0].counts;
    RC_ASSERT(counts.count == values.size());
    const auto& bounds = registry.options().buckets;
    for (std::size_t i = 0; i < bounds.size(); ++i)
        RC_ASSERT(counts.at_most[i] ==
                  static_cast<std::uint64_t>(std::ranges::count_if(values, [&](int v) { return v <= bounds[i]; })));
}

}  // namespace
}  // namespace cutwater
