// A quorum in pipelines, on both drivers; and fleets of instances whose breakers hear of each other.

#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/circuit_quorum/circuit_fleet_test.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {

inline void PrintTo(const circuit_tally& t, std::ostream* out) {
    *out << t.closed << " closed, " << t.open << " open, " << t.half_open << " half-open";
}
inline void PrintTo(circuit_state s, std::ostream* out) { *out << to_text(s); }

namespace circuit_quorum_tests {
namespace {

using ::testing::AllOf;
using testing::circuit_fleet;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using ::testing::SizeIs;

static_assert(quick_gate<circuit_quorum>);

class circuit_quorums : public ::testing::TestWithParam<testing::driver> {
protected:
    circuit_quorums() {
        cells.takes = 2ms;
        on.dependency.returns(7);
    }

    testing::stage<int> on{GetParam()};
    testing::late_store cells{on.time};
    circuit_breaker health{{.name = "stock", .window = breaker_window::consecutive, .consecutive_failures = 1}};
    circuit_quorum others{cells, health, {.name = "others", .every = 2s, .jitter = 0}};

    result<int> play() {
        pipeline guarded{observe{on.heard}, cutwater::ref(others), cutwater::ref(health)};
        return on.play(guarded);
    }
    /// Two others say in the cell what their circuits are, as if they had come between.
    void others_say(circuit_state state) {
        const auto there = ask(cells.kept(), {read_cell{"circuit/stock"}});
        circuit_bulletin said = circuit_bulletin::decoded(there->found ? there->found->value : "", 10);
        ++number_;
        for (const std::uint64_t id : {1U, 2U}) {
            std::erase_if(said.reports, [&](const circuit_report& r) { return r.instance == id; });
            said.reports.push_back({.instance = id, .number = number_, .state = state, .open_left = 20s});
        }
        write(said.encoded());
    }
    void write(const std::string& bytes) {
        const auto there = ask(cells.kept(), {read_cell{"circuit/stock"}});
        ASSERT_TRUE(
            ask(cells.kept(), {swap_cell{"circuit/stock", there->found ? there->found->version : 0, bytes}})->done);
    }
    [[nodiscard]] circuit_bulletin cell() {
        return circuit_bulletin::decoded(ask(cells.kept(), {read_cell{"circuit/stock"}})->found->value, 10);
    }
    /// A call that begins an exchange, and time for its answers.
    void exchange() {
        on.time.pass(2s);
        (void)play();
        on.time.pass(10ms);
    }

private:
    std::uint64_t number_ = 0;
};
INSTANTIATE_TEST_SUITE_P(drivers, circuit_quorums, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(circuit_quorums, the_first_call_tells_the_others_and_waits_for_nothing) {
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 0ms);
    on.time.pass(2ms);
    ASSERT_THAT(cell().reports, SizeIs(1));
    EXPECT_EQ(cell().reports[0].state, circuit_state::closed);
    EXPECT_EQ(cells.asked, 1U);
    for (int i = 0; i < 100; ++i) EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(cells.asked, 1U) << "and then none for two seconds";
    on.time.pass(2s);
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(cells.asked, 2U) << "one swap, where nobody has come between";
}

TEST_P(circuit_quorums, T34_where_a_quorum_is_open_ours_proves_itself) {
    others_say(circuit_state::open);
    exchange();
    others_say(circuit_state::open);
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed) << "seen once, they may be long dead";
    exchange();
    EXPECT_EQ(health.state(on.time.present()), circuit_state::half_open);
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(on.heard.last("circuit_quorum_heeded").line(),
              "others circuit_quorum_heeded advice=others_open agree=2 of=2");
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed) << "two probes have succeeded";
    others_say(circuit_state::open);
    exchange();
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed) << "the same advice is not heeded twice";
}

TEST_P(circuit_quorums, where_what_it_calls_is_down_its_own_probes_open_it) {
    others_say(circuit_state::open);
    exchange();
    others_say(circuit_state::open);
    exchange();
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset);
    EXPECT_FALSE(play());
    EXPECT_FALSE(play());
    EXPECT_EQ(health.state(on.time.present()), circuit_state::open);
    EXPECT_EQ(on.heard.last("circuit_opened").field("reason"), "failed_probes");
}

TEST_P(circuit_quorums, where_ours_alone_is_open_it_probes_before_its_time) {
    others_say(circuit_state::closed);
    exchange();
    others_say(circuit_state::closed);
    exchange();
    (void)health.open(on.time.present());
    on.time.pass(1s);
    EXPECT_THAT(play(), fails_with(errc::circuit_open));
    on.time.pass(10ms);
    EXPECT_EQ(std::ranges::count(cell().reports, circuit_state::open, &circuit_report::state), 1)
        << "and the others hear of it at once";
    for (int i = 0; i < 2; ++i) {
        others_say(circuit_state::closed);
        exchange();
        EXPECT_EQ(health.state(on.time.present()), circuit_state::open) << "open_at_least is five seconds";
    }
    others_say(circuit_state::closed);
    exchange();
    EXPECT_EQ(health.state(on.time.present()), circuit_state::half_open) << "and not after thirty seconds";
}

TEST_P(circuit_quorums, one_that_has_closed_and_opened_again_between_two_exchanges_is_open_from_then_on) {
    others_say(circuit_state::closed);
    exchange();
    others_say(circuit_state::closed);
    exchange();
    (void)health.open(on.time.present());
    for (int i = 0; i < 2; ++i) {
        others_say(circuit_state::closed);
        exchange();
    }
    (void)health.close(on.time.present());
    (void)health.open(on.time.present());
    for (int i = 0; i < 3; ++i) {
        others_say(circuit_state::closed);
        exchange();
        EXPECT_EQ(health.state(on.time.present()), circuit_state::open)
            << "not open for five seconds, as far as is seen";
    }
    others_say(circuit_state::closed);
    exchange();
    EXPECT_EQ(health.state(on.time.present()), circuit_state::half_open);
}

TEST_P(circuit_quorums, an_opening_is_told_once) {
    exchange();
    (void)health.open(on.time.present());
    on.time.pass(1s);
    const unsigned asked = cells.asked;
    for (int i = 0; i < 50; ++i, on.time.pass(10ms)) EXPECT_THAT(play(), fails_with(errc::circuit_open));
    EXPECT_EQ(cells.asked, asked + 1);
}

TEST_P(circuit_quorums, what_is_forced_neither_tells_nor_heeds) {
    (void)health.set_mode(breaker_mode::forced_closed, on.time.present());
    exchange();
    exchange();
    EXPECT_EQ(cells.asked, 0U);
}

TEST_P(circuit_quorums, other_keys_are_other_fleets) {
    circuit_quorum apart{cells, health, {.key = "elsewhere"}};
    apart.exchange(on.time);
    on.time.pass(2ms);
    EXPECT_TRUE(ask(cells.kept(), {read_cell{"circuit/elsewhere"}})->found);
    EXPECT_FALSE(ask(cells.kept(), {read_cell{"circuit/stock"}})->found);
}

TEST_P(circuit_quorums, may_be_exchanged_by_hand) {
    others.exchange(on.time);
    others.exchange(on.time);
    EXPECT_EQ(cells.asked, 1U) << "one is under way";
    on.time.pass(2ms);
    others.exchange(on.time);
    EXPECT_EQ(cells.asked, 2U);
}

// ---- failures ----

TEST_P(circuit_quorums, where_the_store_fails_the_breaker_goes_on_alone) {
    cells.fails(std::errc::connection_refused, 2);
    EXPECT_THAT(play(), has_value(7));
    on.time.pass(10ms);
    EXPECT_EQ(cells.asked, 2U) << "once more, and then not for a while";
    for (int i = 0; i < 10; ++i) EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(on.heard.count("circuit_quorum_store_failed"), 1U);
    EXPECT_THAT(on.heard.last("circuit_quorum_store_failed").line(), HasSubstr("refused"));
    EXPECT_EQ(cells.asked, 2U);
    cells.fails(std::errc::connection_refused, 1);
    exchange();
    EXPECT_EQ(cells.asked, 3U) << "in an outage it is asked once";
    exchange();
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(on.heard.count("circuit_quorum_store_failed"), 1U) << "once for each outage";
    EXPECT_EQ(on.heard.count("circuit_quorum_store_back"), 1U);
    EXPECT_THAT(on.heard.last("circuit_quorum_store_back").field("after"), HasSubstr("4."));
}

TEST_P(circuit_quorums, a_store_that_does_not_answer_holds_up_nobody) {
    cells.is_silent(2);
    EXPECT_THAT(play(), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 0ms);
    exchange();
    (void)play();
    EXPECT_EQ(on.heard.count("circuit_quorum_store_failed"), 1U);
}

TEST_P(circuit_quorums, what_is_in_the_cell_and_cannot_be_read_is_passed_over_and_counted) {
    write("who knows");
    exchange();
    (void)play();
    EXPECT_EQ(on.heard.last("circuit_quorum_unreadable").field("lines"), "1");
    EXPECT_EQ(others.unreadable(), 1U);
    EXPECT_THAT(cell().reports, SizeIs(1));
    EXPECT_EQ(cell().unreadable, 0U) << "it is not written again";
}

TEST_P(circuit_quorums, where_there_is_no_room_it_hears_and_does_not_tell) {
    circuit_quorum third{
        cells, health, {.name = "third", .every = 2s, .jitter = 0, .min_instances = 1, .max_instances = 2}};
    pipeline guarded{observe{on.heard}, cutwater::ref(third), cutwater::ref(health)};
    for (int i = 0; i < 3; ++i) {
        others_say(circuit_state::closed);
        (void)on.play(guarded);
        on.time.pass(2s);
    }
    EXPECT_EQ(on.heard.count("circuit_quorum_full"), 1U) << "once";
    EXPECT_EQ(on.heard.last("circuit_quorum_full").field("instances"), "2");
    EXPECT_EQ(third.others(on.time.present()), (circuit_tally{.closed = 2}));
    EXPECT_THAT(cell().reports, SizeIs(2));
}

TEST_P(circuit_quorums, an_answer_may_come_when_the_layer_has_gone) {
    {
        circuit_quorum brief{cells, health};
        brief.exchange(on.time);
    }
    on.time.pass(10ms);
    EXPECT_EQ(health.state(on.time.present()), circuit_state::closed);
}

TEST_P(circuit_quorums, T34_where_others_come_between_again_and_again_it_gives_up_until_the_next_time) {
    unsigned writes = 0;
    std::function<void()> meddle = [&] {
        others_say(circuit_state::closed);
        if (++writes < 100) on.time.after(1ms, meddle);
    };
    meddle();
    EXPECT_THAT(play(), has_value(7));
    on.time.pass(50ms);
    EXPECT_EQ(cells.asked, 8U);
    EXPECT_EQ(others.others(on.time.present()), (circuit_tally{.closed = 2})) << "it has heard";
}

TEST_P(circuit_quorums, compares_two_instants_where_there_is_nothing_to_do) {
    exchange();
    on.time.reset_reads();
    for (int i = 0; i < 100; ++i) EXPECT_THAT(play(), has_value(7));
    EXPECT_LE(on.time.reads(), 200U) << "one for itself, one for what judges when it is over";
    EXPECT_EQ(cells.asked, 1U);
}

// ---- options ----

std::string problems_of_quorum(const circuit_quorum_options& o) {
    std::string text;
    for (const option_problem& p : problems_of(o)) text.append(p.option).append(" ");
    return text;
}
TEST(circuit_quorum_options, what_makes_no_sense_is_refused) {
    EXPECT_EQ(problems_of_quorum({}), "");
    EXPECT_EQ(problems_of_quorum({.every = 5s}), "stale_after ");
    EXPECT_EQ(problems_of_quorum({.quorum = 0}), "quorum ");
    EXPECT_EQ(problems_of_quorum({.min_instances = 4, .max_instances = 4}), "min_instances ");
    EXPECT_EQ(problems_of_quorum({.key = std::string(501, 'k')}), "key ");
}

// ---- fleets ----

RC_GTEST_PROP(circuit_fleet, T34_one_that_cannot_reach_it_opens_nobody_elses_circuit, ()) {
    testing::circuit_fleet_options o{.instances = *rc::gen::inRange(3U, 10U)};
    o.quorum.quorum = *rc::gen::element(0.3, 0.5, 1.0);
    o.quorum.every = *rc::gen::element<duration>(500ms, 2s);
    o.store_takes = *rc::gen::element<duration>(0ms, 2ms, 40ms);
    o.longest_pause = 500ms;
    o.fails_anyway = *rc::gen::element(0.0, 0.05);
    o.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    circuit_fleet all{o};
    all.run(10s);
    all.of(0).cannot_reach_it = true;
    all.run(50s);
    RC_ASSERT(all.of(0).heard.count("circuit_opened") > 0U);
    for (unsigned i = 1; i < o.instances; ++i) {
        RC_ASSERT(all.of(i).heard.count("circuit_opened") == 0U);
        RC_ASSERT(all.of(i).heard.count("circuit_quorum_heeded") == 0U);
        RC_ASSERT(all.of(i).sent == all.of(i).called);
    }
}

/// Even where those that are wrong are a quorum: each rise of it is one round of probes, and they succeed.
RC_GTEST_PROP(circuit_fleet, T34_a_quorum_that_is_wrong_costs_the_others_a_round_of_probes_and_nothing_else, ()) {
    testing::circuit_fleet_options o{.instances = *rc::gen::inRange(5U, 10U)};
    o.longest_pause = 500ms;
    o.breaker.open_for = *rc::gen::element<duration>(10s, 1min);
    o.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    const unsigned wrong = o.instances / 2 + 1;
    circuit_fleet all{o};
    all.run(10s);
    for (unsigned i = 0; i < wrong; ++i) all.of(i).cannot_reach_it = true;
    all.run(1min);
    std::size_t heeded = 0;
    for (unsigned i = wrong; i < o.instances; ++i) {
        RC_ASSERT(all.of(i).heard.count("circuit_opened") == 0U);
        RC_ASSERT(all.of(i).sent == all.of(i).called);  // calls come one by one: each probe has ended before the next
        heeded += all.of(i).heard.count("circuit_quorum_heeded");
    }
    RC_ASSERT(heeded > 0U);
}

/// One that calls so rarely that its own window never opens its circuit.
RC_GTEST_PROP(circuit_fleet, where_it_is_down_who_has_not_noticed_probes_within_an_exchange, ()) {
    testing::circuit_fleet_options o{.instances = *rc::gen::inRange(5U, 10U)};
    o.quorum.every = *rc::gen::element<duration>(1s, 2s);
    o.store_takes = *rc::gen::element<duration>(0ms, 2ms, 20ms);
    o.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    o.longest_pause = 400ms;
    o.breaker.minimum_calls = 35;
    circuit_fleet all{o};
    auto& rare = all.of(0);
    rare.longest_pause = 1500ms;
    all.run(20s);
    all.is_down = true;
    duration waited{};
    const auto are_open = [&] {
        return static_cast<std::size_t>(
            std::ranges::count(all.cell().reports, circuit_state::open, &circuit_report::state));
    };
    for (; 2 * are_open() < o.instances - 1 || are_open() < 2; waited += 10ms) all.run(10ms);
    RC_ASSERT(waited < 15s);
    RC_ASSERT(rare.heard.count("circuit_opened") == 0U);
    const duration bound = scale(o.quorum.every, 1 + o.quorum.jitter) + rare.longest_pause + 16 * o.store_takes + 10ms;
    for (waited = {}; rare.state() == circuit_state::closed; waited += 10ms) {
        RC_ASSERT(waited <= bound);
        all.run(10ms);
    }
    all.run(15s);
    RC_ASSERT(rare.heard.count("circuit_quorum_heeded") == 1U);
    RC_ASSERT(rare.heard.last("circuit_opened").field("reason") == "failed_probes");
}

TEST(circuit_fleet, T35_clocks_that_differ_by_weeks_agree) {
    circuit_fleet all{{.instances = 6}};
    all.run(10s);
    for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(all.of(i).tally(), (circuit_tally{.closed = 5}));
    all.is_down = true;
    all.run(12s);
    for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(all.of(i).tally(), (circuit_tally{.open = 5})) << i;
}

TEST(circuit_fleet, those_that_die_count_no_more_and_are_forgotten) {
    circuit_fleet all{{.instances = 5}};
    all.run(10s);
    all.kill(3);
    all.kill(4);
    all.run(13s);
    EXPECT_EQ(all.of(0).tally(), (circuit_tally{.closed = 2})) << "stale after ten seconds";
    EXPECT_THAT(all.cell().reports, SizeIs(5));
    all.run(25s);
    EXPECT_THAT(all.cell().reports, SizeIs(3)) << "and forgotten after thirty";
}

TEST(circuit_fleet, one_that_is_started_again_is_another) {
    circuit_fleet all{{.instances = 3}};
    all.run(10s);
    all.kill(2);
    all.start(2);
    all.run(5s);
    EXPECT_THAT(all.cell().reports, SizeIs(4));
    EXPECT_EQ(all.of(2).tally().closed, 2U) << "it has seen that they are alive";
    all.run(40s);
    EXPECT_THAT(all.cell().reports, SizeIs(3));
    EXPECT_EQ(all.of(0).tally(), (circuit_tally{.closed = 2}));
}

TEST(circuit_fleet, one_whose_network_was_broken_is_back_before_its_time) {
    circuit_fleet all{{.instances = 5, .breaker = {.name = "inventory", .open_for = 5min}}};
    all.run(10s);
    all.of(0).cannot_reach_it = true;
    while (all.of(0).state() != circuit_state::open) all.run(100ms);
    all.of(0).cannot_reach_it = false;
    all.run(10s);
    EXPECT_EQ(all.of(0).state(), circuit_state::closed);
    EXPECT_EQ(all.of(0).heard.last("circuit_quorum_heeded").field("advice"), "others_closed");
}

TEST(circuit_fleet, one_whose_network_stays_broken_is_advised_once) {
    circuit_fleet all{{.instances = 5, .breaker = {.name = "inventory", .open_for = 5min}}};
    all.run(10s);
    all.of(0).cannot_reach_it = true;
    all.run(4min);
    EXPECT_EQ(all.of(0).heard.count("circuit_quorum_heeded"), 1U);
    EXPECT_EQ(all.of(0).heard.count("circuit_opened"), 2U);
}

TEST(circuit_fleet, the_others_do_not_depend_on_the_store) {
    circuit_fleet all{{.instances = 5}};
    all.cells.fails(std::errc::connection_refused, 1'000'000);
    all.run(10s);
    all.is_down = true;
    all.run(20s);
    for (unsigned i = 0; i < 5; ++i) EXPECT_EQ(all.of(i).state(), circuit_state::open);
    EXPECT_EQ(all.heard_by_all("circuit_quorum_store_failed"), 5U) << "each once";
}

}  // namespace
}  // namespace circuit_quorum_tests
}  // namespace cutwater
