// What is in the window of an estimate, by hand-made instants.

#include "cutwater/estimate/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace cutwater {
namespace {

constexpr instant noon{12h};

class kernel_test : public ::testing::Test {
public:
    latency_estimate_kernel kernel{{.window = 4s, .min_samples = 1}};
    [[nodiscard]] std::uint64_t samples(instant now) const { return kernel.read(0.5, now).samples; }
};

TEST_F(kernel_test, says_nothing_before_it_has_seen_anything) { EXPECT_EQ(kernel.read(0.99, noon), latency_reading{}); }

TEST_F(kernel_test, says_nothing_below_so_many_samples) {
    latency_estimate_kernel careful{{.window = 4s, .min_samples = 3}};
    careful.record(10ms, noon), careful.record_censored(10ms, noon);
    EXPECT_EQ(careful.read(0.99, noon).percentile, std::nullopt);
    careful.record(10ms, noon);
    EXPECT_NE(careful.read(0.99, noon).percentile, std::nullopt);
    EXPECT_EQ(careful.read(0.99, noon).censored, 1U);
}

TEST_F(kernel_test, forgets_a_quarter_of_the_window_at_a_time) {
    for (int s = 0; s < 4; ++s) kernel.record(10ms, noon + s * 1s);
    EXPECT_EQ(samples(noon + 4s - 1ns), 4U);
    EXPECT_EQ(samples(noon + 4s), 3U);
    EXPECT_EQ(samples(noon + 5s), 2U);
    EXPECT_EQ(samples(noon + 7s - 1ns), 1U);
    EXPECT_EQ(samples(noon + 7s), 0U);
    EXPECT_EQ(samples(noon + 1000h), 0U);
    EXPECT_EQ(samples(noon + 3s), 4U) << "to read changes nothing";
}

TEST_F(kernel_test, what_comes_at_a_slices_end_is_in_the_next) {
    kernel.record(10ms, noon);
    kernel.record(10ms, noon + 1s - 1ns);
    kernel.record(10ms, noon + 1s);
    EXPECT_EQ(samples(noon + 4s), 1U);
}

TEST_F(kernel_test, slices_go_on_where_they_began_after_a_pause) {
    kernel.record(10ms, noon);
    kernel.record(10ms, noon + 2500ms);  // in the slice from 2 s
    EXPECT_EQ(samples(noon + 4s), 1U);
    EXPECT_EQ(samples(noon + 6s - 1ns), 1U);
    EXPECT_EQ(samples(noon + 6s), 0U);
}

TEST_F(kernel_test, after_a_gap_as_long_as_the_window_nothing_is_left_and_it_begins_anew) {
    for (const duration gap : {duration{4s}, duration{4500ms}, duration{24h}, duration{24h * 3650}}) {
        latency_estimate_kernel k{{.window = 4s, .min_samples = 1}};
        k.record(10ms, noon);
        k.record(20ms, noon + gap);
        EXPECT_EQ(k.read(0.5, noon + gap).samples, 1U);
        EXPECT_EQ(k.read(0.5, noon + gap + 4s - 1ns).samples, 1U);
        EXPECT_EQ(k.read(0.5, noon + gap + 4s).samples, 0U);
    }
}

TEST_F(kernel_test, what_comes_with_an_instant_a_little_before_counts_with_the_latest) {
    kernel.record(10ms, noon);
    kernel.record(10ms, noon + 3s);
    kernel.record(10ms, noon + 1s);
    kernel.record(10ms, noon - 999ms);
    EXPECT_EQ(samples(noon - 999ms), 4U);
    EXPECT_EQ(samples(noon + 4s), 3U);
    EXPECT_EQ(samples(noon + 7s - 1ns), 3U);
}

TEST_F(kernel_test, a_jump_back_as_long_as_the_window_begins_anew) {
    kernel.record(10ms, noon);
    EXPECT_EQ(samples(noon - 4s + 1ns), 1U);
    EXPECT_EQ(samples(noon - 4s), 0U);
    kernel.record(10ms, noon - 4s);
    EXPECT_EQ(samples(noon - 4s), 1U);
    EXPECT_EQ(samples(noon), 0U);
}

TEST_F(kernel_test, an_instant_that_never_comes_does_no_harm) {
    kernel.record(10ms, never);
    kernel.record(10ms, noon);
    kernel.record(10ms, instant::min());
    kernel.record(10ms, noon);
    EXPECT_EQ(samples(noon), 1U);
}

/// As plain as can be: the numbers of the slices that samples came in.
RC_GTEST_PROP(latency_estimate_kernel, has_in_its_window_what_came_in_its_last_four_slices, ()) {
    latency_estimate_kernel kernel{{.window = 4s, .min_samples = 1}};
    std::map<duration::rep, std::uint64_t> came;  // by the slice's number, from noon on
    duration now{};
    kernel.record(1ms, noon), ++came[0];
    for (int i = 0; i < 60; ++i) {
        now += duration{*rc::gen::inRange<duration::rep>(0, 900'000'000)};
        const bool would_begin_anew = now / 1s - came.rbegin()->first >= 3;
        if (would_begin_anew || *rc::gen::inRange(0, 3) > 0) kernel.record(1ms, noon + now), ++came[now / 1s];
        std::uint64_t expected = 0;
        for (const auto& [slice, n] : came) expected += now / 1s - slice < 4 ? n : 0;
        RC_ASSERT(kernel.read(0.5, noon + now).samples == expected);
    }
}

}  // namespace
}  // namespace cutwater
