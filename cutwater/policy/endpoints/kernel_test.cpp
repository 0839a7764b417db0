// What is right for a set of endpoints, as a script that can be read: sending, counting, replacing.

#include "cutwater/policy/endpoints/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/endpoints/kernel_test.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using enum endpoint_end;
using enum endpoint_state;

// ---- the picker ----

TEST(endpoints_kernel, sends_to_each_its_share) {
    endpoints_script s{set_of(3)};
    for (const auto& [address, calls] : s.share_of(3000)) EXPECT_NEAR(calls, 1000, 100) << address;
}

TEST(endpoints_kernel, sends_by_weight) {
    endpoints_options o{
        .each = {{.address = "a", .weight = 1}, {.address = "b", .weight = 2}, {.address = "c", .weight = 0.5}}};
    endpoints_script s{o};
    auto got = s.share_of(7000);
    EXPECT_NEAR(got["a"], 2000, 150);
    EXPECT_NEAR(got["b"], 4000, 200);
    EXPECT_NEAR(got["c"], 1000, 120);
}

TEST(endpoints_kernel, the_less_loaded_of_two_is_picked) {
    endpoints_script s{set_of(2)};
    (void)s.kernel.send(s.kernel.id_at(0), s.now);
    EXPECT_THAT(s.share_of(100), ElementsAre(Pair("b", 100)));
}

TEST(endpoints_kernel, load_is_for_each_unit_of_weight) {
    endpoints_options o{.each = {{.address = "a", .weight = 10}, {.address = "b", .weight = 1}}};
    endpoints_script s{o};
    for (int i = 0; i < 5; ++i) (void)s.kernel.send(s.kernel.id_at(0), s.now);
    (void)s.kernel.send(s.kernel.id_at(1), s.now);
    EXPECT_THAT(s.share_of(100), ElementsAre(Pair("a", 100)));
}

TEST(endpoints_kernel, with_few_in_flight_calls_are_by_weight_too) {
    for (const std::size_t under_way : {1U, 2U, 4U, 8U, 16U}) {
        endpoints_script s{endpoints_options{.each = {{.address = "a", .weight = 1}, {.address = "b", .weight = 9}}}};
        const double share = s.share_under_way(under_way, "a");
        EXPECT_GE(share, 5) << under_way;
        EXPECT_LE(share, 12) << under_way;
    }
}

TEST(endpoints_kernel, of_nearly_the_same_weight_the_idle_one_is_picked) {
    for (const auto picker : {endpoint_picker::least_in_flight, endpoint_picker::least_latency})
        for (const double lighter : {99.0, 90.0}) {
            endpoints_script s{endpoints_options{
                .each = {{.address = "a", .weight = lighter}, {.address = "b", .weight = 100}}, .picker = picker}};
            s.end(0, success, 10ms);
            s.end(1, success, 10ms);
            EXPECT_NEAR(s.share_under_way(2, "a"), 50, 2) << lighter << " " << to_text(picker);
            (void)s.kernel.send(s.kernel.id_at(1), s.now);
            EXPECT_THAT(s.share_of(100), ElementsAre(Pair("a", 100))) << lighter << " " << to_text(picker);
        }
}

TEST(endpoints_kernel, by_latency_an_idle_one_of_little_weight_is_not_taken_for_every_call) {
    for (const std::size_t under_way : {1U, 2U, 4U, 8U}) {
        endpoints_script s{endpoints_options{.each = {{.address = "a", .weight = 1}, {.address = "b", .weight = 9}},
                                             .picker = endpoint_picker::least_latency}};
        s.end(0, success, 10ms);
        s.end(1, success, 10ms);
        EXPECT_LE(s.share_under_way(under_way, "a"), 12) << under_way;
    }
}

TEST(endpoints_kernel, with_many_in_flight_all_are_about_as_loaded) {
    endpoints_script s{set_of(10)};
    for (int i = 0; i < 1000; ++i) (void)s.kernel.admit(s.now, s.dice, {});
    for (const auto& e : s.kernel.read(s.now).each) EXPECT_NEAR(e.in_flight, 100, 3) << e.address;
}

TEST(endpoints_kernel, the_slower_one_is_not_picked_where_latency_counts) {
    endpoints_script s{set_of(2, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    s.end(0, success, 100ms);
    s.end(1, success, 10ms);
    EXPECT_THAT(s.share_of(100), ElementsAre(Pair("b", 100)));
    for (int i = 0; i < 10; ++i) (void)s.kernel.send(s.kernel.id_at(1), s.now);
    EXPECT_THAT(s.share_of(100), ElementsAre(Pair("a", 100))) << "eleven in line take longer than one that is slow";
}

TEST(endpoints_kernel, who_looked_slow_is_tried_again) {
    endpoints_script s{set_of(2, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    s.end(0, success, 100ms);
    for (int i = 0; i < 100 && s.share_of(1).contains("b"); ++i) s.advance(1s), s.end(1, success, 10ms);
    EXPECT_THAT(s.now - s.noon, ::testing::AllOf(::testing::Ge(22s), ::testing::Le(25s)))
        << "a tenth is left after 2.3 times its memory";
}

TEST(endpoints_kernel, where_one_latency_is_not_known_calls_in_flight_decide) {
    endpoints_script s{set_of(2, [](auto& o) { o.picker = endpoint_picker::least_latency; })};
    s.end(0, success, 100ms);
    for (const auto& [address, calls] : s.share_of(1000)) EXPECT_NEAR(calls, 500, 60) << address;
}

TEST(endpoints_kernel, T33_failing_fast_does_not_look_fast) {
    for (const auto picker : {endpoint_picker::least_in_flight, endpoint_picker::least_latency}) {
        endpoints_script s{set_of(2, [&](auto& o) { o.picker = picker; })};
        s.end(1, success, 50ms);
        s.end(0, failure, 1ms);
        s.end(0, failure, 1ms);
        EXPECT_THAT(s.share_of(100), ElementsAre(Pair("b", 100))) << to_text(picker);
        (void)s.kernel.send(s.kernel.id_at(1), s.now);
        EXPECT_THAT(s.share_of(100), ElementsAre(Pair("b", 100))) << to_text(picker) << ", also where that is busy";
    }
}

TEST(endpoints_kernel, T33_a_failure_is_forgotten_so_that_who_failed_once_is_asked_again) {
    for (const auto picker : {endpoint_picker::least_in_flight, endpoint_picker::least_latency}) {
        endpoints_script s{set_of(2, [&](auto& o) { o.picker = picker; })};
        s.end(1, success, 10ms);
        s.end(0, failure, 1ms);
        EXPECT_THAT(s.share_of(100), ElementsAre(Pair("b", 100))) << to_text(picker);
        for (int i = 0; i < 60; ++i) s.advance(1s), s.end(1, success, 10ms);
        EXPECT_GE(s.share_of(100)["a"], 30U) << to_text(picker);
    }
}

TEST(endpoints_kernel, T33_a_failure_counts_as_long_as_the_penalty_or_as_it_took) {
    endpoints_script s{set_of(2, [](auto& o) { o.failure_penalty = 2s; })};
    s.end(0, failure, 1ms);
    s.end(1, failure, 3s);
    EXPECT_EQ(s.kernel.read(s.now).each[1].latency, 3s);
    EXPECT_NEAR(static_cast<double>(s.kernel.read(s.now - 3s).each[0].latency.count()), 2e9, 1e3);
}

TEST(endpoints_kernel, a_latency_is_an_average_over_its_memory) {
    endpoints_script s{set_of(1, [](auto& o) { o.latency_memory = 10s; })};
    s.end(0, success, 10ms);
    s.advance(10s - 110ms);
    s.end(0, success, 110ms);
    EXPECT_EQ(s.kernel.read(s.now).each[0].latency, duration{73'212'055}) << "the old one weighs 1/e";
    s.advance(10s);
    EXPECT_EQ(s.kernel.read(s.now).each[0].latency, duration{26'933'210}) << "and all of it is forgotten alike";
}

// ---- zones ----

endpoints_options two_zones(unsigned here, unsigned there) {
    endpoints_options o{.each = named(here + there), .zone = "here", .max_ejected = 1};
    for (unsigned i = 0; i < here + there; ++i) o.each[i].zone = i < here ? "here" : "there";
    return o;
}

TEST(endpoints_zones, calls_stay_in_their_zone) {
    endpoints_script s{two_zones(2, 5)};
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("a"), Key("b")));
}

TEST(endpoints_zones, calls_stay_while_the_zone_has_enough_and_spill_over_as_it_has_not) {
    endpoints_script s{two_zones(10, 10)};
    for (std::size_t i = 0; i < 3; ++i) s.fails(i);
    for (const auto& [address, calls] : s.share_of(1000)) EXPECT_LT(address, "k") << "seven of ten are enough";
    for (std::size_t i = 3; i < 5; ++i) s.fails(i);
    unsigned stayed = 0;
    for (const auto& [address, calls] : s.share_of(7000)) stayed += address < "k" ? calls : 0;
    EXPECT_NEAR(stayed, 5000, 150) << "five carry what five of seven would";
    for (std::size_t i = 5; i < 10; ++i) s.fails(i);
    for (const auto& [address, calls] : s.share_of(1000)) EXPECT_GE(address, "k");
}

TEST(endpoints_zones, where_nobody_else_is_healthy_calls_stay) {
    endpoints_script s{two_zones(5, 1)};
    for (const std::size_t place : {0U, 1U, 5U}) s.fails(place);
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("c"), Key("d"), Key("e")))
        << "three of five are not enough, but all";
}

TEST(endpoints_zones, a_zone_that_has_nobody_is_no_zone) {
    endpoints_script s{two_zones(0, 2)};
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("a"), Key("b")));
}

TEST(endpoints_zones, in_a_panic_they_do_not_matter) {
    endpoints_script s{two_zones(2, 2)};
    for (const std::size_t place : {0U, 1U, 2U}) s.fails(place);
    EXPECT_TRUE(s.kernel.read(s.now).panics);
    EXPECT_THAT(s.share_of(1000), SizeIs(4));
}

// ---- another attempt ----

TEST(endpoints_tried, another_attempt_goes_elsewhere) {
    endpoints_script s{set_of(3)};
    tried_targets tried;
    tried.add(s.kernel.id_at(1));
    EXPECT_THAT(s.share_of(1000, tried), UnorderedElementsAre(Key("a"), Key("c")));
    tried.add(s.kernel.id_at(0));
    EXPECT_THAT(s.share_of(1000, tried), ElementsAre(Key("c")));
    tried.add(s.kernel.id_at(2));
    EXPECT_THAT(s.share_of(1000, tried), SizeIs(3)) << "there is nobody else";
}

TEST(endpoints_tried, rather_to_another_zone_than_to_the_same_endpoint) {
    endpoints_script s{two_zones(1, 2)};
    tried_targets tried;
    tried.add(s.kernel.id_at(0));
    EXPECT_THAT(s.share_of(100, tried), UnorderedElementsAre(Key("b"), Key("c")));
}

TEST(endpoints_tried, the_last_32_are_remembered_and_by_a_copy_too) {
    tried_targets tried;
    for (std::uint32_t id = 1; id <= 33; ++id) tried.add(id), tried.add(id);
    tried_targets copy;
    copy.add(1);
    copy = tried;
    for (const tried_targets& each : {tried, copy}) {
        EXPECT_FALSE(each.contains(1));
        for (std::uint32_t id = 2; id <= 33; ++id) EXPECT_TRUE(each.contains(id)) << id;
        EXPECT_FALSE(each.contains(34));
    }
}

// ---- failures in a row ----

TEST(endpoints_row, five_failures_eject_and_four_do_not) {
    endpoints_script s{set_of(3)};
    s.fails(0, 4);
    EXPECT_THAT(s.states(), ElementsAre(healthy, healthy, healthy));
    EXPECT_THAT(s.end(0, failure), ElementsAre(endpoint_change{.what = endpoint_change::kind::ejected,
                                                               .place = 0,
                                                               .cause = ejection_cause::consecutive_failures,
                                                               .how_long = 30s,
                                                               .in_a_row = 1,
                                                               .ejected_now = 1,
                                                               .of = 3}));
    EXPECT_THAT(s.share_of(1000), UnorderedElementsAre(Key("b"), Key("c")));
}

TEST(endpoints_row, a_success_ends_it) {
    endpoints_script s{set_of(3)};
    s.fails(0, 4);
    s.end(0, success);
    s.fails(0, 4);
    EXPECT_THAT(s.states(), ElementsAre(healthy, healthy, healthy));
}

TEST(endpoints_row, T37_what_is_neutral_neither_ends_it_nor_goes_on_with_it) {
    endpoints_script s{set_of(3)};
    s.fails(0, 4);
    s.end(0, neutral);
    EXPECT_THAT(s.states(), ElementsAre(healthy, healthy, healthy));
    s.end(0, failure);
    EXPECT_THAT(s.states(), ElementsAre(ejected, healthy, healthy));
}

TEST(endpoints_row, nothing_ejects_where_it_is_off) {
    endpoints_script s{set_of(3, [](auto& o) { o.consecutive_failures = 0; })};
    s.fails(0, 300);
    EXPECT_THAT(s.told, IsEmpty());
}

TEST(endpoints_row, begins_anew_where_no_more_may_be_ejected) {
    endpoints_script s{set_of(3)};
    s.fails(0);
    s.fails(1, 5);
    EXPECT_THAT(s.states(), ElementsAre(ejected, healthy, healthy));
    s.advance(30s);
    s.fails(1, 4);
    EXPECT_THAT(s.states(), ElementsAre(returning, healthy, healthy));
    s.end(1, failure);
    EXPECT_THAT(s.states(), ElementsAre(returning, ejected, healthy));
}

TEST(endpoints_row, T31_what_began_before_an_ejection_decides_nothing_after_it) {
    endpoints_script s{set_of(3)};
    std::vector<endpoints_kernel::ticket> late;
    for (int i = 0; i < 20; ++i) late.push_back(s.kernel.send(s.kernel.id_at(0), s.now));
    s.fails(0);
    for (int i = 0; i < 5; ++i) (void)s.kernel.settle(late[static_cast<std::size_t>(i)], failure, s.now);
    s.advance(30s);
    EXPECT_THAT(s.states(), ElementsAre(returning, healthy, healthy));
    s.fails(0, 4);
    for (std::size_t i = 5; i < 10; ++i) (void)s.kernel.settle(late[i], success, s.now);
    EXPECT_THAT(s.end(0, failure), SizeIs(1)) << "a late success ends no row";
    s.advance(60s);
    for (std::size_t i = 10; i < 20; ++i) (void)s.kernel.settle(late[i], failure, s.now);
    EXPECT_THAT(s.states(), ElementsAre(returning, healthy, healthy)) << "a late failure ejects nobody";
    EXPECT_EQ(s.kernel.read(s.now).each[0].in_flight, 0U);
}

TEST(endpoints_row, T31_its_count_begins_anew_with_its_return) {
    endpoints_script s{set_of(3)};
    s.fails(0);
    s.advance(30s);
    s.fails(0, 4);
    EXPECT_THAT(s.states(), ElementsAre(returning, healthy, healthy));
    s.end(0, failure);
    EXPECT_THAT(s.states(), ElementsAre(ejected, healthy, healthy)) << "and it can be ejected again";
}

TEST(endpoints_row, what_was_known_of_its_latency_is_forgotten_with_an_ejection) {
    endpoints_script s{set_of(3)};
    s.fails(0, 4);
    EXPECT_GE(s.kernel.read(s.now).each[0].latency, 1s);
    s.end(0, failure);
    EXPECT_EQ(s.kernel.read(s.now).each[0].latency, 0s);
}

TEST(endpoints_row, T32_what_is_sent_to_the_ejected_in_a_panic_decides_nothing) {
    endpoints_script s{set_of(2, [](auto& o) { o.max_ejected = 1; })};
    s.fails(0), s.fails(1);
    s.fails(0, 20);
    EXPECT_EQ(s.kernel.read(s.now).each[0].ejections, 1U);
    s.advance(30s);
    s.fails(0, 4);
    EXPECT_EQ(s.kernel.read(s.now).each[0].ejections, 1U);
}

// ---- another set ----

TEST(endpoints_replaced, those_that_stay_keep_their_state) {
    endpoints_script s{set_of(3)};
    const auto in_flight = s.kernel.send(s.kernel.id_at(1), s.now);
    s.fails(1, 4);
    s.fails(0);
    (void)s.kernel.replace({{.address = "x"}, {.address = "b", .weight = 3}, {.address = "a"}}, s.now);
    EXPECT_THAT(s.states(), ElementsAre(healthy, healthy, ejected));
    const auto seen = s.kernel.read(s.now);
    EXPECT_EQ(seen.each[1].in_flight, 1U);
    EXPECT_EQ(seen.each[1].weight, 3);
    EXPECT_EQ(seen.each[1].calls, 4U);
    (void)s.kernel.settle(in_flight, success, s.now);
    EXPECT_EQ(s.kernel.read(s.now).each[1].in_flight, 0U);
    EXPECT_THAT(s.share_of(100), UnorderedElementsAre(Key("x"), Key("b")));
    s.advance(30s);
    EXPECT_THAT(s.states(), ElementsAre(healthy, healthy, returning));
}

TEST(endpoints_replaced, what_is_sent_to_one_that_has_gone_ends_there) {
    endpoints_script s{set_of(2)};
    const auto in_flight = s.kernel.send(s.kernel.id_at(0), s.now);
    (void)s.kernel.replace({{.address = "b"}}, s.now);
    (void)s.kernel.replace({{.address = "a"}, {.address = "b"}}, s.now);
    EXPECT_EQ(s.kernel.gone_in_flight(), 1U);
    EXPECT_THAT(s.kernel.settle(in_flight, failure, s.now), IsEmpty());
    EXPECT_EQ(s.kernel.gone_in_flight(), 0U);
    EXPECT_EQ(s.kernel.read(s.now).each[0].calls, 0U) << "it is another, of the same address";
}

TEST(endpoints_replaced, where_too_many_are_ejected_then_the_one_that_would_be_first_returns) {
    endpoints_script s{set_of(20)};
    s.fails(3);
    s.advance(1s);
    s.fails(4);
    const auto changes = s.kernel.replace(named(10), s.now);
    EXPECT_THAT(changes,
                ElementsAre(endpoint_change{
                    .what = endpoint_change::kind::returned, .place = 3, .how_long = 10s, .ejected_now = 1, .of = 10}));
    EXPECT_EQ(s.states()[4], ejected);
}

TEST(endpoints_replaced, nobody_is_a_set_too) {
    endpoints_script s{set_of(2)};
    (void)s.kernel.replace({}, s.now);
    EXPECT_THAT(s.share_of(10), ElementsAre(Pair("refused", 10)));
    EXPECT_EQ(s.kernel.admit(s.now, s.dice, {}).retry_after, std::nullopt) << "nobody knows when there will be one";
    (void)s.kernel.replace(named(1), s.now);
    EXPECT_THAT(s.share_of(10), ElementsAre(Pair("a", 10)));
}

// ---- whatever happens ----

RC_GTEST_PROP(endpoints_kernel_property,
              no_more_are_ejected_than_may_be_and_all_return_and_calls_in_flight_are_conserved, ()) {
    const unsigned most = *rc::gen::inRange(1U, 12U);
    endpoints_script s{set_of(most, [](auto& o) {
        o.max_ejected = *rc::gen::element(0.0, 0.1, 0.34, 0.5, 1.0);
        o.when_few = *rc::gen::element(few_healthy::use_all, few_healthy::refuse);
        o.consecutive_failures = 2;
        o.success_rate_calls = o.failure_share_calls = 3;
        o.success_rate_endpoints = o.failure_share_endpoints = 2;
    })};
    std::vector<endpoints_kernel::ticket> open;
    const int steps = *rc::gen::inRange(0, 300);
    for (int i = 0; i < steps; ++i) {
        const auto n = *rc::gen::inRange(0, 20);
        if (n == 0) s.now = add(s.now, *rc::gen::element(duration{1s}, duration{11s}, duration{40s}, duration{24h}));
        if (n == 1) (void)s.kernel.replace(named(*rc::gen::inRange(0U, most + 1)), s.now);
        if (n < 12) {
            if (const auto a = s.kernel.admit(s.now, s.dice, {}); a.sent) open.push_back(*a.sent);
        } else if (!open.empty()) {
            (void)s.kernel.settle(open.back(), *rc::gen::element(success, failure, failure, neutral), s.now);
            open.pop_back();
        }
        const auto seen = s.kernel.read(s.now);
        const auto of = seen.each.size();
        const auto are_ejected = std::ranges::count(seen.each, ejected, &endpoint_reading::state);
        const double share = s.options.max_ejected;
        const double may =
            std::max(std::floor(share * static_cast<double>(of) + 1e-9), of > 1 && share > 0 ? 1.0 : 0.0);
        RC_ASSERT(static_cast<double>(are_ejected) <= may);
        std::size_t in_flight = s.kernel.gone_in_flight();
        for (const auto& e : seen.each) in_flight += e.in_flight;
        RC_ASSERT(in_flight == open.size());
    }
    (void)s.kernel.advance(add(s.now, 300s));  // may eject, for 300 s at most
    (void)s.kernel.advance(add(s.now, 600s));
    s.now = add(s.now, 611s);
    (void)s.kernel.advance(s.now);
    for (const auto& e : s.kernel.read(s.now).each) RC_ASSERT(e.state == healthy);
    for (const auto& t : open) s.kernel.abandon(t);
    RC_ASSERT(s.kernel.gone_in_flight() == 0U);
}

TEST(endpoint_tally, keeps_the_share_where_it_has_no_room_for_more) {
    endpoint_tally t;
    for (unsigned i = 0; i < 3U * endpoint_tally::most; ++i) t = i % 4 == 0 ? t.with_failure() : t.with_success();
    EXPECT_NEAR(t.success_rate(), 0.75, 0.001);
    for (unsigned i = 0; i < 300; ++i) t = t.with_failure();
    EXPECT_EQ(t.consecutive, 255U);
    for (unsigned i = 0; i < 0x10000; ++i) t = t.next_in_use();
    EXPECT_EQ(t.epoch, 0U);
}

}  // namespace
}  // namespace cutwater
