// Sagas over a store that is slow and can fail, in virtual time.

#include "cutwater/saga/saga.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cutwater/saga/events.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using outcome_of_step = std::expected<void, std::errc>;
using trip = saga<std::string>;

class sagas : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::late_store cells{time};
    testing::event_recorder heard;
    std::vector<std::string> log;
    std::map<std::string, std::errc> fails;  // step, or "-step" for its undo
    std::map<std::string, duration> takes;

    /// Steps write themselves into the context, undos take themselves out again.
    outcome_of_step act(std::string& context, const std::string& what) {
        log.push_back(what);
        time.pass(takes[what]);
        if (fails.contains(what)) return std::unexpected{fails[what]};
        if (what.starts_with('-'))
            std::erase(context, what[1]);
        else
            context += what;
        return {};
    }
    trip::step step(const std::string& called) {
        return {called, [this, called](std::string& c) { return act(c, called); },
                [this, called](std::string& c) { return act(c, "-" + called); }};
    }
    std::vector<trip::step> steps() { return {step("a"), step("b"), step("c")}; }

    trip made(saga_options options = {.name = "trip"}) {
        return trip{cells, std::move(options), steps(), &heard, time};
    }

    /// A process that has begun "b", and is never heard of again.
    void dies_in_b(const trip& of) {
        saga_record left{.steps = {"a", "b", "c"}, .step = 1, .context = "a", .holder = 1, .lease = of.options().lease};
        ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", "1"), 0, left.encoded()}})->done);
    }
};

TEST_F(sagas, do_their_steps_in_order_and_give_the_context_back) {
    trip place = made();
    const auto ended = place.run("1", "");
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_TRUE(ended->is_completed());
    EXPECT_FALSE(ended->is_replayed);
    EXPECT_EQ(ended->context, "abc");
    EXPECT_EQ(ended->end, saga_end::completed);
    EXPECT_THAT(log, ElementsAre("a", "b", "c"));
    EXPECT_EQ(cells.asked, 4U) << "one write more than steps";
    EXPECT_THAT(heard.lines(), IsEmpty());
}

TEST_F(sagas, do_nothing_when_run_again_and_say_what_was) {
    trip place = made();
    (void)place.run("1", "");
    log.clear();
    const auto again = place.run("1", "another");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->is_completed() && again->is_replayed);
    EXPECT_EQ(again->context, "abc");
    EXPECT_THAT(log, IsEmpty());
    EXPECT_TRUE(place.run("2", "")->is_completed()) << "another id is another saga";
}

TEST_F(sagas, undo_in_reverse_what_was_done_and_what_may_have_been) {
    trip place = made();
    fails["c"] = std::errc::io_error;
    const auto ended = place.run("1", "");
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_EQ(ended->failed_step, "c");
    EXPECT_EQ(ended->cause->code(), std::errc::io_error);
    EXPECT_EQ(*ended->cause->original<std::errc>(), std::errc::io_error) << "the error itself";
    EXPECT_EQ(ended->context, "");
    EXPECT_THAT(log, ElementsAre("a", "b", "c", "-c", "-b", "-a"));
    EXPECT_THAT(heard.names(), ElementsAre("saga_undoing", "saga_undone"));
    EXPECT_EQ(heard.last("saga_undoing").field("step"), "c");
    EXPECT_EQ(heard.last("saga_undoing").layer, "trip");

    log.clear();
    const auto again = place.run("1", "");
    EXPECT_EQ(again->end, saga_end::undone);
    EXPECT_TRUE(again->is_replayed);
    EXPECT_EQ(again->cause->code(), std::errc::io_error);
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(sagas, do_not_undo_what_cannot_have_had_an_effect) {
    trip place = made();
    fails["b"] = std::errc::connection_refused;
    EXPECT_EQ(place.run("1", "")->end, saga_end::undone);
    EXPECT_THAT(log, ElementsAre("a", "b", "-a"));
}

TEST_F(sagas, take_what_is_thrown_for_a_failure) {
    trip place{cells,
               {.name = "trip"},
               {step("a"),
                {"b", [](std::string&) { throw std::runtime_error{"no luck"}; },
                 [](std::string&) { throw std::runtime_error{"none at all"}; }}},
               &heard,
               time};
    const auto ended = place.run("1", "");
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->end, saga_end::stuck);
    EXPECT_EQ(ended->cause->words(), "no luck");
    ASSERT_THAT(ended->left, SizeIs(1));
    EXPECT_EQ(ended->left[0].step, "b");
    EXPECT_THAT(ended->left[0].why.words(), HasSubstr("none at all"));
}

TEST_F(sagas, undo_the_others_where_one_cannot_be_undone_and_try_it_again_when_resumed) {
    trip place = made();
    fails["c"] = fails["-b"] = std::errc::io_error;
    const auto ended = place.run("1", "");
    EXPECT_EQ(ended->end, saga_end::stuck);
    EXPECT_THAT(log, ElementsAre("a", "b", "c", "-c", "-b", "-b", "-a"));
    EXPECT_EQ(heard.last("saga_stuck").field("step"), "b");
    EXPECT_EQ(heard.last("saga_stuck").field("left"), "1");
    EXPECT_THAT(place.unfinished().value(), ElementsAre("1"));

    time.pass(8760h * 10);
    log.clear();
    EXPECT_EQ(place.run("1", "")->end, saga_end::stuck);
    EXPECT_THAT(log, IsEmpty()) << "whoever asks again is told";
    fails.clear();
    EXPECT_EQ(place.resume("1")->end, saga_end::undone);
    EXPECT_THAT(log, ElementsAre("-b"));
    EXPECT_THAT(place.unfinished().value(), IsEmpty());
}

TEST_F(sagas, can_be_set_right_by_hand) {
    trip place = made();
    fails["a"] = fails["-a"] = std::errc::io_error;
    EXPECT_EQ(place.run("1", "")->end, saga_end::stuck);
    const auto right = place.set_right("1");
    ASSERT_TRUE(right) << right.error();
    EXPECT_EQ(right->end, saga_end::undone);
    EXPECT_THAT(right->left, IsEmpty()) << "nothing is left to be set right";
    EXPECT_THAT(place.unfinished().value(), IsEmpty());
    const auto again = place.run("1", "");
    EXPECT_EQ(again->end, saga_end::undone);
    EXPECT_THAT(again->left, IsEmpty());
}

TEST_F(sagas, are_undone_when_resumed_after_their_process_has_gone) {
    trip place = made();
    dies_in_b(place);
    EXPECT_EQ(place.run("1", "").error().code(), errc::key_in_use);
    EXPECT_EQ(place.resume("1").error().code(), errc::key_in_use);
    EXPECT_THAT(log, IsEmpty());
    time.pass(1min);
    const auto all = place.resume_all();
    ASSERT_TRUE(all) << all.error();
    ASSERT_THAT(*all, SizeIs(1));
    EXPECT_EQ(all->front().id, "1");
    ASSERT_TRUE(all->front().ended) << all->front().ended.error();
    EXPECT_EQ(all->front().ended->end, saga_end::undone);
    EXPECT_EQ(all->front().ended->failed_step, "b");
    EXPECT_THAT(log, ElementsAre("-b", "-a"));
    EXPECT_THAT(heard.names(), ElementsAre("saga_resumed", "saga_undoing", "saga_undone"));
    EXPECT_EQ(heard.last("saga_resumed").field("then"), "undoing");
}

/// In the version that began them "c" had an undo, which was being made as its process went.
TEST_F(sagas, whose_last_undo_was_taken_away_meanwhile_tell_which_step_is_left) {
    const saga_record left{.steps = {"a", "b", "c"},
                           .phase = saga_phase::undoing,
                           .step = 2,
                           .to_undo = {2, 1, 0},
                           .cause = saga_failure{.step = 2, .code = std::make_error_code(std::errc::io_error)},
                           .context = "abc",
                           .holder = 1,
                           .lease = 1min};
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", "1"), 0, left.encoded()}})->done);
    time.pass(1min);
    trip place{cells, {.name = "trip"}, {step("a"), step("b"), {"c", [](std::string&) {}, no_undo}}, &heard, time};
    const auto ended = place.resume("1");
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::stuck);
    ASSERT_THAT(ended->left, SizeIs(1));
    EXPECT_EQ(ended->left[0].step, "c");
    EXPECT_THAT(ended->left[0].why.message(), HasSubstr("has no undo"));
    EXPECT_THAT(log, ElementsAre("-b", "-a")) << "the others are undone";
    EXPECT_THAT(heard.names(), ElementsAre("saga_resumed", "saga_stuck"));
    EXPECT_EQ(place.set_right("1")->end, saga_end::undone);
}

TEST_F(sagas, or_go_on_with_the_context_that_was_written_down) {
    trip place = made({.name = "trip", .after_crash = after_crash::go_on});
    dies_in_b(place);
    time.pass(1min);
    const auto ended = place.run("1", "of the second");
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_TRUE(ended->is_completed());
    EXPECT_EQ(ended->context, "abc");
    EXPECT_THAT(log, ElementsAre("b", "c"));
}

TEST_F(sagas, make_no_further_step_when_another_has_taken_them_over) {
    trip place = made();
    trip other = made();
    trip slow{cells,
              {.name = "trip"},
              {step("a"),
               {"b",
                [&](std::string&) {
                    log.push_back("b begins");
                    time.pass(61s);
                    EXPECT_EQ(other.resume("1")->end, saga_end::undone);
                    log.push_back("b ends");
                },
                [](std::string&) {}},
               step("c")},
              &heard,
              time};
    const auto ended = slow.run("1", "");
    EXPECT_EQ(ended.error().code(), errc::key_in_use);
    EXPECT_THAT(ended.error().message(), HasSubstr("another has taken it over"));
    EXPECT_THAT(log, ElementsAre("a", "b begins", "-b", "-a", "b ends"));
    EXPECT_EQ(heard.names().back(), "saga_lost");
}

TEST_F(sagas, renew_the_lease_with_each_write) {
    trip place = made();
    for (const char* each : {"a", "b", "c"}) takes[each] = 50s;
    EXPECT_TRUE(place.run("1", "")->is_completed());
}

TEST_F(sagas, tell_a_step_when_its_lease_ends) {
    std::vector<instant> ends;
    const instant begins = time.present();
    trip place{cells,
               {.name = "trip", .lease = 10s},
               {{"a",
                 [&](std::string&, instant deadline) {
                     ends.push_back(deadline);
                     time.pass(3s);
                 },
                 [](std::string&, instant) {}},
                {"b", [&](std::string&, instant deadline) { ends.push_back(deadline); }, no_undo}},
               nullptr,
               time};
    ASSERT_TRUE(place.run("1", "")->is_completed());
    EXPECT_THAT(ends, ElementsAre(begins + 10s, begins + 13s));
}

TEST_F(sagas, do_nothing_where_the_journal_cannot_be_begun) {
    trip place = made();
    cells.fails(std::errc::connection_refused, 2);
    const auto ended = place.run("1", "");
    EXPECT_EQ(ended.error().code(), errc::store_unavailable);
    EXPECT_EQ(ended.error().executed(), effect::none);
    EXPECT_THAT(log, IsEmpty());
    EXPECT_TRUE(place.run("1", "")->is_completed());
}

TEST_F(sagas, go_no_further_where_the_journal_fails_in_the_middle) {
    trip place = made();
    cells.answers_next();
    cells.fails(std::errc::connection_reset, 2);
    const auto ended = place.run("1", "");
    EXPECT_EQ(ended.error().code(), errc::in_doubt);
    EXPECT_THAT(log, ElementsAre("a"));
    EXPECT_THAT(heard.names(), ElementsAre("saga_lost"));
    EXPECT_EQ(heard.last("saga_lost").field("step"), "a") << "the one that is not on record";
    time.pass(1min);
    EXPECT_EQ(place.resume("1")->end, saga_end::undone);
    EXPECT_THAT(log, ElementsAre("a", "-a"));
}

TEST_F(sagas, say_in_doubt_where_all_is_done_and_that_cannot_be_written) {
    trip place = made();
    cells.answers_next(3);
    cells.fails(std::errc::connection_reset, 2);
    EXPECT_EQ(place.run("1", "").error().code(), errc::in_doubt);
    EXPECT_THAT(log, ElementsAre("a", "b", "c"));
    EXPECT_EQ(heard.last("saga_lost").field("step"), "c");
    time.pass(1min);
    EXPECT_EQ(place.resume("1")->end, saga_end::undone) << "the journal says that c had begun";
}

TEST_F(sagas, say_which_undo_cannot_be_written) {
    trip place = made();
    fails["c"] = std::errc::io_error;
    cells.answers_next(4);
    cells.fails(std::errc::connection_reset, 2);
    EXPECT_EQ(place.run("1", "").error().code(), errc::in_doubt);
    EXPECT_THAT(log, ElementsAre("a", "b", "c", "-c"));
    EXPECT_EQ(heard.last("saga_lost").field("step"), "c");
}

TEST_F(sagas, are_not_troubled_by_replies_that_are_lost) {
    trip place = made();
    for (int i = 0; i < 4; ++i) {
        cells.loses_reply();
        cells.answers_next();
    }
    EXPECT_TRUE(place.run("1", "")->is_completed());
    EXPECT_THAT(log, ElementsAre("a", "b", "c"));
    EXPECT_EQ(cells.asked, 8U);
}

TEST_F(sagas, are_forgotten_some_time_after_their_end) {
    trip place = made({.name = "trip", .kept_for = 1h});
    EXPECT_TRUE(place.run("1", "")->is_completed());
    time.pass(59min);
    EXPECT_TRUE(place.run("1", "")->is_replayed);
    time.pass(2min);
    EXPECT_EQ(place.resume("1").error().code(), errc::key_missing);
    EXPECT_FALSE(place.run("1", "")->is_replayed);
}

TEST_F(sagas, of_other_steps_are_others) {
    trip place = made();
    dies_in_b(place);
    time.pass(1min);
    trip newer{cells, {.name = "trip"}, {step("a"), step("c")}, nullptr, time};
    const auto ended = newer.resume("1");
    EXPECT_EQ(ended.error().code(), errc::key_reused);
    EXPECT_THAT(ended.error().message(), HasSubstr("a, b, c; this one has a, c"));
}

TEST_F(sagas, list_all_that_have_not_ended_however_many_they_are) {
    trip place = made();
    for (int i = 0; i < 250; ++i) {
        const saga_record left{.steps = {"a", "b", "c"}, .lease = 1min};
        const saga_record over{.steps = {"a", "b", "c"}, .phase = saga_phase::completed};
        const std::string& bytes = (i % 2 == 0 ? left : over).encoded();
        ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", std::to_string(1000 + i)), 0, bytes}})->done);
    }
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", "unreadable"), 0, "?"}})->done);
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip2", "1"), 0, "?"}})->done);
    const auto ids = place.unfinished();
    ASSERT_TRUE(ids) << ids.error();
    EXPECT_THAT(*ids, SizeIs(126));
    EXPECT_EQ(ids->back(), "unreadable");
    cells.fails(std::errc::io_error, 2);
    EXPECT_EQ(place.unfinished().error().code(), errc::store_unavailable);
}

TEST_F(sagas, fail_a_step_that_leaves_too_large_a_context) {
    trip place{cells,
               {.name = "trip", .max_context = 10},
               {{"a", [](std::string& c) { c.assign(11, 'x'); }, [](std::string& c) { c.clear(); }}},
               nullptr,
               time};
    const auto refused = place.run("1", std::string(11, 'x'));
    EXPECT_EQ(refused.error().code(), errc::refused);
    EXPECT_EQ(refused.error().executed(), effect::none);
    EXPECT_THAT(refused.error().message(), HasSubstr("11 bytes; max_context is 10"));
    const auto ended = place.run("1", "");
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_THAT(ended->cause->words(), HasSubstr("max_context"));
}

TEST_F(sagas, refuse_steps_that_make_none) {
    const auto words = [&](std::vector<trip::step> wrong, saga_options options = {.name = "trip"}) {
        try {
            trip{cells, std::move(options), std::move(wrong)};
        } catch (const invalid_options& e) {
            return std::string{e.what()};
        }
        return std::string{};
    };
    const trip::step final{"f", [](std::string&) {}, no_undo};
    EXPECT_THAT(words({}), HasSubstr("at least one"));
    EXPECT_THAT(words({step("a"), step("a")}), HasSubstr("two called \"a\""));
    EXPECT_THAT(words({final, step("a")}), HasSubstr("\"f\" without an undo"));
    EXPECT_THAT(words({step("")}), HasSubstr("without a name"));
    EXPECT_THAT(words(steps(), {.name = std::string(101, 'x')}), HasSubstr("100 bytes"));
    EXPECT_THAT(words(steps(), {.name = "trip", .lease = 1ms}), HasSubstr("lease"));
    EXPECT_EQ(words({step("a"), final}), "");
}

}  // namespace
}  // namespace cutwater
