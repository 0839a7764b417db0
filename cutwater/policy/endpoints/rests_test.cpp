// What an endpoint asked for, and what a lost race tells of it: the specification.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/policy/endpoints/kernel_test.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

/// That place has asked to be left alone for so long.
void rests(endpoints_script& s, std::size_t place, duration how_long) {
    const auto t = s.kernel.send(s.kernel.id_at(place), s.now);
    s.kernel.rest(t, add(s.now, how_long));
    s.kernel.abandon(t);
}

// ---- a wish to be left alone ----

TEST(endpoints_rest, who_asked_to_be_left_alone_is_left_alone_until_then_by_every_call) {
    endpoints_script s{set_of(3)};
    rests(s, 0, 2s);
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("b"), Key("c")));
    s.advance(2s - 1ns);
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("b"), Key("c")));
    s.advance(1ns);
    EXPECT_THAT(s.share_of(1000), SizeIs(3));
}

TEST(endpoints_rest, a_shorter_wish_takes_nothing_from_a_longer_one) {
    endpoints_script s{set_of(2)};
    rests(s, 0, 2s);
    rests(s, 0, 1s);
    s.advance(1s);
    EXPECT_THAT(s.share_of(100), ElementsAre(Key("b")));
}

TEST(endpoints_rest, where_all_rest_they_are_asked_all_the_same) {
    endpoints_script s{set_of(2)};
    rests(s, 0, 2s);
    rests(s, 1, 2s);
    EXPECT_THAT(s.share_of(1000), SizeIs(2));
}

TEST(endpoints_rest, one_that_was_tried_is_rather_asked_than_one_that_rests) {
    endpoints_script s{set_of(2)};
    rests(s, 0, 2s);
    tried_targets tried;
    tried.add(s.kernel.id_at(1));
    EXPECT_THAT(s.share_of(100, tried), ElementsAre(Key("b")));
    EXPECT_TRUE(s.kernel.has_awake(s.now)) << "so that a call need not wait for the other's wish";
    rests(s, 1, 2s);
    EXPECT_FALSE(s.kernel.has_awake(s.now));
    EXPECT_THAT(s.share_of(100, tried), ElementsAre(Key("a"))) << "both rest, and one has not been tried";
}

TEST(endpoints_rest, rather_in_another_zone_than_one_that_rests) {
    endpoints_script s{set_of(3, [](auto& o) {
        o.zone = "x";
        o.each[0].zone = "x";
    })};
    EXPECT_THAT(s.share_of(100), ElementsAre(Key("a")));
    rests(s, 0, 2s);
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("b"), Key("c")));
}

TEST(endpoints_rest, there_is_one_to_ask_while_one_is_neither_resting_nor_ejected) {
    endpoints_script s{set_of(3)};
    rests(s, 0, 2s);
    rests(s, 1, 2s);
    EXPECT_TRUE(s.kernel.has_awake(s.now));
    s.fails(2);
    EXPECT_EQ(s.states()[2], endpoint_state::ejected);
    EXPECT_FALSE(s.kernel.has_awake(s.now));
    EXPECT_TRUE(s.kernel.has_awake(add(s.now, 2s)));
}

// ---- what has lost ----

/// One that was cut off after so long because another attempt had won.
void loses(endpoints_script& s, std::size_t place, duration after) {
    const auto t = s.kernel.send(s.kernel.id_at(place), s.now);
    s.now = add(s.now, after);
    s.kernel.lose(t, s.now);
    s.kernel.abandon(t);
}
duration latency_of(const endpoints_script& s, std::size_t place) { return s.kernel.read(s.now).each[place].latency; }

TEST(endpoints_lost, what_was_cut_off_took_at_least_so_long) {
    endpoints_script s{set_of(1)};
    loses(s, 0, 10ms);
    EXPECT_EQ(latency_of(s, 0), 10ms);
    loses(s, 0, 50ms);
    EXPECT_GT(latency_of(s, 0), 10ms);
    EXPECT_EQ(s.kernel.read(s.now).each[0].calls, 0U) << "it counts neither as a success nor as a failure";
}

TEST(endpoints_lost, it_never_looks_quicker_for_it) {
    endpoints_script s{set_of(1, [](auto& o) { o.latency_memory = 100ms; })};
    s.end(0, endpoint_end::success, 60ms);
    endpoints_script untold{s.options};
    untold.end(0, endpoint_end::success, 60ms);
    for (int i = 0; i < 20; ++i) {
        loses(s, 0, 2ms);
        untold.now = s.now;
        EXPECT_GE(latency_of(s, 0), latency_of(untold, 0)) << i;
    }
}

TEST(endpoints_lost, a_slow_one_that_has_never_answered_is_left_alone) {
    endpoints_script s{set_of(3, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    s.end(0, endpoint_end::success, 2ms);
    s.end(1, endpoint_end::success, 2ms);
    loses(s, 2, 12ms);
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("a"), Key("b")));
}

TEST(endpoints_lost, of_an_epoch_that_is_over_nothing_is_learnt) {
    endpoints_script s{set_of(3)};
    const auto t = s.kernel.send(s.kernel.id_at(0), s.now);
    s.fails(0);
    s.kernel.lose(t, add(s.now, 1s));
    EXPECT_EQ(latency_of(s, 0), duration::zero());
}

}  // namespace
}  // namespace cutwater
