#include "apps/cutwater/slo/objective.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(slo_objective, has_a_name_operations_a_target_and_a_latency) {
    const auto read = parse_objective("orders:place_order,cancel_order:99.9%:250ms");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->name, "orders");
    EXPECT_THAT(read->operations, ElementsAre("place_order", "cancel_order"));
    EXPECT_THAT(read->target, DoubleNear(0.999, 1e-12));
    EXPECT_EQ(read->latency, 250ms);
}

TEST(slo_objective, may_be_of_every_operation_and_of_any_latency) {
    const auto read = parse_objective("all:*:99%");
    ASSERT_TRUE(read) << read.error();
    EXPECT_THAT(read->operations, IsEmpty());
    EXPECT_EQ(read->latency, forever);
}

TEST(slo_objective, what_is_none_is_refused_with_what_to_write) {
    const std::array<std::pair<const char*, const char*>, 14> wrong{{
        {"orders", "write NAME:OPERATION"},
        {"orders:place_order", "write NAME:OPERATION"},
        {"a:b:99%:1s:2s", "write NAME:OPERATION"},
        {"orders:place_order:0.999", "write 99.9%"},
        {"orders:place_order:many%", "write 99.9%"},
        {"orders:place_order:100%", "the target 100% is not from 50% to 99.999%"},
        {"orders:place_order:49%", "the target 49% is not from 50% to 99.999%"},
        {"orders:place_order:nan%", "is not from 50% to 99.999%"},
        {"orders:caf\xE9:99%", "no UTF-8"},
        {"orders:place_order:99%:300", "has no unit"},
        {"orders:a,,b:99%", "operations"},
        {"orders:*,place_order:99%", "* is every operation: write it alone"},
        {"orders:place_order,*:99%", "* is every operation: write it alone"},
        {"a {{ $x }}:get:99%", "Prometheus would take it for a template"},
    }};
    for (const auto& [text, said] : wrong) {
        const auto read = parse_objective(text);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error(), HasSubstr(said)) << text;
    }
}

TEST(slo_objective, a_latency_that_the_histogram_has_no_bound_for_is_refused_with_those_that_it_has) {
    constexpr std::array bounds{0.1, 0.25, 1.0};
    EXPECT_THAT(problem_of_latency({.name = "orders", .latency = 250ms}, bounds), IsEmpty());
    EXPECT_THAT(problem_of_latency({.name = "orders"}, bounds), IsEmpty());
    EXPECT_THAT(problem_of_latency({.name = "orders", .latency = 300ms}, bounds), HasSubstr("0.1, 0.25, 1"));
}

TEST(slo_objective, a_latency_has_to_be_written_like_the_bound_in_all_its_digits) {
    constexpr std::array bounds{1.0 / 3, 1.2345678};
    EXPECT_THAT(problem_of_latency({.name = "orders", .latency = 1'234'567'800ns}, bounds), IsEmpty());
    EXPECT_THAT(problem_of_latency({.name = "orders", .latency = 333'333'333ns}, bounds), HasSubstr("0.333333333s"))
        << "a label of that text is none of the histogram's";
}

}  // namespace
}  // namespace cutwater::app
