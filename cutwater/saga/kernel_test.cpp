// The kernel as scripts: what it asks for, call by call.

#include "cutwater/saga/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/core/known_category.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using task = saga_kernel::task;

error failure(std::errc code) { return error{std::make_error_code(code)}; }
const error unknown = failure(std::errc::io_error);
const error no_effect = failure(std::errc::connection_refused);

class saga_kernels : public ::testing::Test {
protected:
    saga_plan plan{.layer = "place", .steps = {"reserve", "charge", "ship"}};
    std::optional<cell> there{};  // what is in the store
    cell_version last = 0;

    saga_kernel run(std::uint64_t holder = 1) { return {plan, saga_entry::run, "42", holder, "c0"}; }
    saga_kernel resume(std::uint64_t holder = 2) { return {plan, saga_entry::resume, "42", holder}; }

    /// What the store does, and says.
    cell_result store(const cell_request& asked) {
        if (const auto* swap = std::get_if<swap_cell>(&asked.what)) {
            if (swap->expected != (there ? there->version : 0)) return cell_reply{.done = false, .found = there};
            there = cell{.value = swap->value, .version = ++last};
            return cell_reply{.version = last};
        }
        return cell_reply{.found = there};
    }
    void answer(saga_kernel& k) {
        ASSERT_EQ(k.next(), task::ask);
        k.heard(store(k.request()));
    }
    saga_record kept() const { return saga_record::decoded(there.value_or(cell{}).value).value_or(saga_record{}); }
    void expect_invoke(saga_kernel& k, std::size_t step) {
        answer(k);
        ASSERT_EQ(k.next(), task::invoke);
        ASSERT_EQ(k.step(), step);
    }
    void expect_undo(saga_kernel& k, std::size_t step) {
        answer(k);
        ASSERT_EQ(k.next(), task::undo);
        ASSERT_EQ(k.step(), step);
    }
    void expect_end(saga_kernel& k, saga_phase phase) {
        answer(k);
        ASSERT_EQ(k.next(), task::finish);
        ASSERT_FALSE(k.refused()) << k.refused()->message();
        EXPECT_EQ(k.record().phase, phase);
    }
    void expect_refusal(saga_kernel& k, errc code, const std::string& words) {
        ASSERT_EQ(k.next(), task::finish);
        ASSERT_TRUE(k.refused());
        EXPECT_EQ(k.refused()->code(), code);
        EXPECT_THAT(k.refused()->message(), HasSubstr(words));
    }
    /// Its process goes, and the lease is over.
    void time_passes() { there->age = plan.options.lease; }
};

TEST_F(saga_kernels, write_ahead_and_n_steps_cost_n_and_one_writes) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    EXPECT_EQ(kept().phase, saga_phase::forward);
    EXPECT_EQ(kept().step, 0U);
    EXPECT_EQ(kept().context, "c0");
    k.done("c1");
    expect_invoke(k, 1);
    EXPECT_EQ(kept().step, 1U);
    EXPECT_EQ(kept().context, "c1");
    k.done("c2");
    expect_invoke(k, 2);
    k.done("c3");
    expect_end(k, saga_phase::completed);
    EXPECT_EQ(last, 4U);
    EXPECT_EQ(kept().context, "c3");
    EXPECT_THAT(k.take_news(), IsEmpty());
}

TEST_F(saga_kernels, keep_for_ever_what_has_not_ended) {
    saga_kernel k = run();
    EXPECT_EQ(std::get<swap_cell>(k.request().what).time_to_live, forever);
    for (std::size_t i = 0; i < 3; ++i) {
        expect_invoke(k, i);
        k.done("");
    }
    EXPECT_EQ(std::get<swap_cell>(k.request().what).time_to_live, plan.options.kept_for);
}

TEST_F(saga_kernels, undo_in_reverse_what_failed_and_what_was_done_before) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.failed(unknown, "half");
    expect_undo(k, 1);
    EXPECT_THAT(kept().to_undo, ElementsAre(1U, 0U));
    EXPECT_EQ(kept().context, "half");
    k.done("");
    expect_undo(k, 0);
    k.done("");
    expect_end(k, saga_phase::undone);
    EXPECT_EQ(k.cause()->code(), std::errc::io_error);
    EXPECT_THAT(k.take_news(), ElementsAre(saga_news::undoing, saga_news::undone));
}

TEST_F(saga_kernels, do_not_undo_what_had_no_effect) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.failed(no_effect, std::nullopt);
    expect_undo(k, 0);
    k.done("");
    expect_end(k, saga_phase::undone);
    saga_kernel first{plan, saga_entry::run, "43", 7, ""};
    there.reset();
    expect_invoke(first, 0);
    first.failed(no_effect, std::nullopt);
    expect_end(first, saga_phase::undone);
}

TEST_F(saga_kernels, try_an_undo_again_and_then_go_on_with_the_others) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 1);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 1);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 0);
    k.done("");
    expect_end(k, saga_phase::stuck);
    ASSERT_THAT(kept().not_undone, SizeIs(1));
    EXPECT_EQ(kept().not_undone[0].step, 1U);
    EXPECT_EQ(k.take_news().back(), saga_news::stuck);
}

TEST_F(saga_kernels, try_again_when_resumed_what_is_stuck_and_only_that) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.failed(unknown, std::nullopt);
    for (int i = 0; i < 2; ++i) {
        expect_undo(k, 1);
        k.failed(unknown, std::nullopt);
    }
    expect_undo(k, 0);
    k.done("");
    expect_end(k, saga_phase::stuck);

    saga_kernel same = run(3);
    expect_end(same, saga_phase::stuck);
    EXPECT_TRUE(same.is_replay()) << "running it again tries nothing";

    saga_kernel again = resume();
    answer(again);
    expect_undo(again, 1);
    again.done("");
    expect_end(again, saga_phase::undone);
    EXPECT_THAT(kept().not_undone, IsEmpty());
    EXPECT_THAT(again.take_news(), ElementsAre(saga_news::resumed, saga_news::undone));
}

TEST_F(saga_kernels, try_what_is_stuck_again_in_reverse) {
    plan.options.undo_attempts = 1;
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.failed(unknown, std::nullopt);
    for (const std::size_t i : {1U, 0U}) {
        expect_undo(k, i);
        k.failed(unknown, std::nullopt);
    }
    expect_end(k, saga_phase::stuck);
    saga_kernel again = resume();
    answer(again);
    expect_undo(again, 1);
    again.failed(unknown, std::nullopt);
    expect_undo(again, 0);
    EXPECT_THAT(kept().not_undone, SizeIs(1)) << "what has failed again is on record meanwhile";
    again.done("");
    expect_end(again, saga_phase::stuck);
    ASSERT_THAT(kept().not_undone, SizeIs(1));
    EXPECT_EQ(kept().not_undone[0].step, 1U);
}

TEST_F(saga_kernels, can_be_set_right_by_hand_where_they_are_stuck) {
    plan.options.undo_attempts = 1;
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 0);
    saga_kernel early{plan, saga_entry::set_right, "42", 3};
    answer(early);
    expect_refusal(early, errc::key_in_use, "under way");
    k.failed(unknown, std::nullopt);
    expect_end(k, saga_phase::stuck);
    saga_kernel hand{plan, saga_entry::set_right, "42", 4};
    answer(hand);
    expect_end(hand, saga_phase::undone);
    EXPECT_TRUE(kept().is_over());
}

TEST_F(saga_kernels, say_so_where_the_last_step_has_no_undo_and_may_have_been_done) {
    plan.last_has_undo = false;
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("");
    expect_invoke(k, 1);
    k.done("");
    expect_invoke(k, 2);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 1);
    k.done("");
    expect_undo(k, 0);
    k.done("");
    expect_end(k, saga_phase::stuck);
    ASSERT_THAT(kept().not_undone, SizeIs(1));
    EXPECT_THAT(kept().not_undone[0].words, HasSubstr("has no undo"));
    saga_kernel again = resume();
    answer(again);
    expect_end(again, saga_phase::stuck);
}

TEST_F(saga_kernels, say_so_where_the_undo_that_was_under_way_is_there_no_more) {
    saga_kernel k = run();
    for (std::size_t i = 0; i < 2; ++i) {
        expect_invoke(k, i);
        k.done("");
    }
    expect_invoke(k, 2);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 2);
    time_passes();
    plan.last_has_undo = false;
    saga_kernel next = resume();
    answer(next);
    expect_undo(next, 1);
    next.done("");
    expect_undo(next, 0);
    next.done("");
    expect_end(next, saga_phase::stuck);
    ASSERT_THAT(kept().not_undone, SizeIs(1));
    EXPECT_EQ(kept().not_undone[0].step, 2U);
    EXPECT_THAT(next.take_news(), ElementsAre(saga_news::resumed, saga_news::stuck));
}

TEST_F(saga_kernels, are_stuck_at_once_where_nothing_else_is_to_be_undone) {
    plan.steps = {"ship"};
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.failed(unknown, std::nullopt);
    expect_undo(k, 0);
    time_passes();
    plan.last_has_undo = false;
    saga_kernel next = resume();
    answer(next);
    expect_end(next, saga_phase::stuck);
    EXPECT_EQ(kept().not_undone.at(0).step, 0U);
}

TEST_F(saga_kernels, are_refused_while_another_has_the_lease) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    there->age = 20s;
    for (saga_kernel other : {run(3), resume()}) {
        answer(other);
        expect_refusal(other, errc::key_in_use, "20s");
        EXPECT_EQ(other.refused()->retry_after(), 40s);
    }
}

TEST_F(saga_kernels, undo_after_a_crash_what_had_begun_and_what_was_done) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("c1");
    expect_invoke(k, 1);
    time_passes();
    saga_kernel next = resume();
    answer(next);
    expect_undo(next, 1);
    EXPECT_EQ(next.record().context, "c1");
    EXPECT_TRUE(next.is_found());
    next.done("");
    expect_undo(next, 0);
    next.done("");
    expect_end(next, saga_phase::undone);
    EXPECT_THAT(next.cause()->message(), HasSubstr("\"charge\""));
    EXPECT_EQ(kept().takeovers, 1U);
    EXPECT_THAT(next.take_news(), ElementsAre(saga_news::resumed, saga_news::undoing, saga_news::undone));
}

TEST_F(saga_kernels, or_do_it_again_and_go_on) {
    plan.options.after_crash = after_crash::go_on;
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("c1");
    expect_invoke(k, 1);
    time_passes();
    saga_kernel next = run(2);
    answer(next);
    expect_invoke(next, 1);
    next.done("c2");
    expect_invoke(next, 2);
    next.done("c3");
    expect_end(next, saga_phase::completed);
}

TEST_F(saga_kernels, undo_what_had_no_effect_now_but_may_have_had_one_before_the_crash) {
    plan.options.after_crash = after_crash::go_on;
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("c1");
    expect_invoke(k, 1);
    time_passes();
    saga_kernel next = resume();
    answer(next);
    expect_invoke(next, 1);
    next.failed(no_effect, std::nullopt);
    expect_undo(next, 1);
}

TEST_F(saga_kernels, do_nothing_more_when_they_have_been_taken_over) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    time_passes();
    saga_kernel next = resume();
    answer(next);
    expect_undo(next, 0);
    k.done("late");
    answer(k);
    expect_refusal(k, errc::key_in_use, "taken it over");
    EXPECT_THAT(k.take_news(), ElementsAre(saga_news::lost));
    next.done("");
    expect_end(next, saga_phase::undone);
}

TEST_F(saga_kernels, of_two_who_take_over_one_does) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    time_passes();
    saga_kernel one = resume(2);
    saga_kernel two = resume(3);
    answer(one);
    answer(two);
    expect_undo(one, 0);
    answer(two);
    expect_refusal(two, errc::key_in_use, "under way");
}

TEST_F(saga_kernels, recognise_their_own_write_whose_reply_was_lost) {
    saga_kernel k = run();
    for (std::size_t i = 0; i < 3; ++i) {
        (void)store(k.request());
        k.heard(std::unexpected{unknown});
        EXPECT_TRUE(k.is_repeated());
        expect_invoke(k, i);
        k.done("");
    }
    (void)store(k.request());
    k.heard(std::unexpected{unknown});
    expect_end(k, saga_phase::completed);
    EXPECT_EQ(last, 4U);
}

TEST_F(saga_kernels, do_nothing_without_a_journal) {
    saga_kernel k = run();
    k.heard(std::unexpected{unknown});
    k.heard(std::unexpected{unknown});
    expect_refusal(k, errc::store_unavailable, "nothing was done");
    EXPECT_EQ(k.refused()->executed(), effect::none);
}

TEST_F(saga_kernels, begin_no_further_step_where_the_journal_fails_in_the_middle) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    k.done("c1");
    k.heard(std::unexpected{unknown});
    k.heard(std::unexpected{unknown});
    expect_refusal(k, errc::in_doubt, "is to be resumed");
    EXPECT_EQ(k.refused()->executed(), effect::unknown);
    EXPECT_EQ(kept().step, 0U) << "on record up to the last write";
    EXPECT_EQ(k.unrecorded(), "reserve");
}

TEST_F(saga_kernels, renew_a_lease_that_is_over_before_the_step_begins) {
    saga_kernel k = run();
    for (int i = 0; i < 3; ++i) {
        expect_invoke(k, 0);
        k.lapsed();
    }
    expect_invoke(k, 0);
    k.lapsed();
    expect_refusal(k, errc::in_doubt, "longer than its lease");
    EXPECT_EQ(k.unrecorded(), "reserve") << "it was about to begin";
}

TEST_F(saga_kernels, tell_again_how_it_ended) {
    saga_kernel k = run();
    for (std::size_t i = 0; i < 3; ++i) {
        expect_invoke(k, i);
        k.done("c" + std::to_string(i));
    }
    expect_end(k, saga_phase::completed);
    for (saga_kernel again : {run(2), resume(3)}) {
        expect_end(again, saga_phase::completed);
        EXPECT_TRUE(again.is_replay());
        EXPECT_EQ(again.record().context, "c2");
    }
    EXPECT_EQ(last, 4U);
}

TEST_F(saga_kernels, are_not_those_of_another_definition) {
    saga_kernel k = run();
    expect_invoke(k, 0);
    time_passes();
    plan.steps = {"reserve", "ship"};
    saga_kernel other = run(2);
    answer(other);
    expect_refusal(other, errc::key_reused, "reserve, charge, ship; this one has reserve, ship");
}

TEST_F(saga_kernels, refuse_what_they_cannot_read) {
    there = cell{.value = "x", .version = ++last};
    saga_kernel k = run();
    answer(k);
    expect_refusal(k, errc::in_doubt, "cannot be read");
    saga_kernel other = run();
    plan.reads = [](std::string_view) noexcept { return false; };
    there.reset();
    expect_invoke(other, 0);
    time_passes();
    saga_kernel next = resume();
    answer(next);
    expect_refusal(next, errc::in_doubt, "cannot be read");
    EXPECT_EQ(kept().holder, 1U) << "and leave it as it is";
}

TEST_F(saga_kernels, have_an_id_that_fits_a_cell) {
    for (const std::string& id : {std::string{}, std::string(600, 'x'), std::string{"a\0b", 3}}) {
        saga_kernel k{plan, saga_entry::run, id, 1, ""};
        expect_refusal(k, errc::key_missing, "the id of the saga");
    }
    saga_kernel nothing = resume();
    answer(nothing);
    expect_refusal(nothing, errc::key_missing, "no journal");
}

TEST(saga_records, read_back_as_they_were) {
    saga_record all{.steps = {"a", "b", ""},
                    .phase = saga_phase::undoing,
                    .step = 2,
                    .to_undo = {1, 0},
                    .not_undone = {{2, std::make_error_code(std::errc::io_error), "why"}},
                    .cause = saga_failure{2, make_error_code(errc::timed_out), "late"},
                    .context = std::string{"a\0b", 3},
                    .holder = 1ULL << 63U,
                    .sequence = 7,
                    .lease = 3s,
                    .takeovers = 2};
    const std::string bytes = all.encoded();
    EXPECT_EQ(saga_record::decoded(bytes), all);
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(saga_record::decoded(bytes.substr(0, n))) << n;
    EXPECT_FALSE(saga_record::decoded(bytes + "x"));
    all.to_undo = {3};
    EXPECT_FALSE(saga_record::decoded(all.encoded())) << "there is no such step";
    all.to_undo.clear();
    EXPECT_FALSE(saga_record::decoded(all.encoded())) << "nothing to undo";
}

TEST(saga_records, of_sagas_whose_names_and_ids_run_together_are_in_other_cells) {
    EXPECT_NE(saga_cell("a", "b/c"), saga_cell("a/b", "c"));
    EXPECT_THAT(saga_cell("a", "b"), ::testing::StartsWith(saga_cells("a")));
}

TEST(saga_records, keep_the_words_of_codes_that_nobody_knows) {
    const saga_failure kept = saga_failure::of(1, error{std::make_error_code(std::io_errc::stream)}.with_text("odd"));
    EXPECT_EQ(kept.code, errc::failed);
    EXPECT_THAT(kept.as_error().words(), HasSubstr("odd"));
}

/// Of a category that is the user's own: each is a timeout.
class bank_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bank"; }
    [[nodiscard]] std::string message(int) const override { return "too late"; }
    [[nodiscard]] std::error_condition default_error_condition(int) const noexcept override {
        return std::errc::timed_out;
    }
};

TEST(saga_records, keep_what_a_code_equals_and_the_code_where_it_is_known) {
    const bank_texts bank;
    saga_record record{.steps = {"a"}, .phase = saga_phase::undone};
    record.cause = saga_failure::of(0, error{std::error_code{7, bank}});
    EXPECT_EQ(saga_record::decoded(record.encoded())->cause->code, condition::timeout);
    const known_category known{bank};
    record.cause = saga_failure::of(0, error{std::error_code{7, bank}});
    EXPECT_EQ(saga_record::decoded(record.encoded())->cause->code, (std::error_code{7, bank}));
}

}  // namespace
}  // namespace cutwater
