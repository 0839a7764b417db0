// The guard in pipelines, on both drivers, over a store that takes its time.

#include "cutwater/policy/idempotency_guard/idempotency_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using testing::both_drivers;
using testing::driver_name;
using testing::event_with;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::spoken_by;

static_assert(remembering_frame<idempotency_guard<int>> && frame<idempotency_guard<int>>);

const name pay{"pay"};

class idempotency_guards : public ::testing::TestWithParam<testing::driver> {
protected:
    idempotency_guards() { cells.takes = 2ms; }

    testing::stage<int> on{GetParam()};
    testing::late_store cells{on.time};

    call_options said{.operation = pay, .id = "k1", .tenant = "acme", .fingerprint = "5"};

    result<int> play(idempotency_guard<int>& guard, const call_options& with) {
        pipeline guarded{observe{on.heard}, ref(guard)};
        return on.play(guarded, with);
    }
    result<int> play(idempotency_guard<int>& guard) { return play(guard, said); }

    /// Somebody else reserves the key, and tells nobody how it goes on.
    void somebody_begins(idempotency_options options = {}) {
        const idempotency_record record{.holder = 99, .lease = options.lease, .fingerprint = "5"};
        ASSERT_TRUE(ask(cells.kept(), {swap_cell{idempotency_cell("acme", "pay", "k1"), 0, record.encoded(),
                                                 add(options.lease, options.keep_for)}})
                        ->done);
    }
};
INSTANTIATE_TEST_SUITE_P(drivers, idempotency_guards, ::testing::ValuesIn(both_drivers), driver_name{});

TEST_P(idempotency_guards, a_call_is_made_and_the_next_with_its_key_gets_its_outcome) {
    idempotency_guard<int> guard{cells};
    on.dependency.returns(7).returns(8);
    const result<int> first = play(guard);
    EXPECT_THAT(first, has_value(7));
    EXPECT_TRUE(first.source().empty());
    on.time.pass(3s);
    const result<int> second = play(guard);
    EXPECT_THAT(second, has_value(7));
    EXPECT_EQ(second.source(), name{"idempotency"});
    EXPECT_FALSE(second.is_degraded());
    EXPECT_GE(second.age(), 3s);
    EXPECT_LT(second.age(), 3100ms);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_THAT(on.heard.last("idempotent_replayed").field("age"), HasSubstr("3"));
    EXPECT_EQ(cells.asked, 3U) << "reserve, commit, and one question that finds the outcome";
}

TEST_P(idempotency_guards, keys_of_other_tenants_and_operations_are_others) {
    idempotency_guard<int> guard{cells};
    on.dependency.returns(1).returns(2).returns(3).returns(4);
    EXPECT_THAT(play(guard), has_value(1));
    call_options other = said;
    other.tenant = "globex";
    EXPECT_THAT(play(guard, other), has_value(2));
    other = said;
    other.operation = "refund";
    EXPECT_THAT(play(guard, other), has_value(3));
    other = said;
    other.id = "k2";
    EXPECT_THAT(play(guard, other), has_value(4));
}

TEST_P(idempotency_guards, a_call_that_names_no_operation_is_of_its_guards_name) {
    idempotency_guard<int> charges{cells, {.name = "charges"}};
    idempotency_guard<int> refunds{cells, {.name = "refunds"}};
    on.dependency.returns(1).returns(2).returns(3);
    said.operation = {};
    EXPECT_THAT(play(charges), has_value(1));
    EXPECT_THAT(play(refunds), has_value(2));
    EXPECT_THAT(play(charges), has_value(1));
    said.operation = "charges";
    EXPECT_THAT(play(refunds), has_value(1)) << "as if it had said so";
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(idempotency_guards, T94_the_same_key_with_another_request_is_refused) {
    idempotency_guard<int> guard{cells};
    on.dependency.returns(7);
    ASSERT_THAT(play(guard), has_value(7));
    said.fingerprint = "6";
    EXPECT_THAT(play(guard), AllOf(fails_with(errc::key_reused), spoken_by("idempotency")));
    EXPECT_EQ(on.heard.last("idempotent_refused").field("reason"), "key_reused");
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, T94_a_call_whose_key_is_in_use_is_refused_and_told_when_to_ask_again) {
    idempotency_guard<int> guard{cells};
    somebody_begins();
    on.time.pass(1s);
    const result<int> got = play(guard);
    EXPECT_THAT(got, fails_with(errc::key_in_use));
    EXPECT_EQ(got.error().retry_after(), 1s);
    EXPECT_NE(got.error().code(), condition::never_sent) << "what came first may have had its effect";
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(idempotency_guards, or_it_waits_for_the_outcome) {
    idempotency_guard<int> guard{cells, {.while_in_use = while_in_use::wait}};
    somebody_begins();
    on.time.after(900ms, [&] {
        const auto there = ask(cells.kept(), {read_cell{idempotency_cell("acme", "pay", "k1")}});
        const idempotency_record made{
            .is = idempotency_record::state::done, .holder = 99, .fingerprint = "5", .outcome = "v7"};
        ASSERT_TRUE(
            ask(cells.kept(), {swap_cell{idempotency_cell("acme", "pay", "k1"), there->found->version, made.encoded()}})
                ->done);
    });
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_GE(on.time.elapsed(), 900ms);
    EXPECT_LT(on.time.elapsed(), 2500ms);
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(idempotency_guards, or_executes_where_the_other_has_given_up_the_key) {
    idempotency_guard<int> guard{cells, {.while_in_use = while_in_use::wait}};
    somebody_begins();
    on.time.after(200ms, [&] {
        const std::string key = idempotency_cell("acme", "pay", "k1");
        const auto there = ask(cells.kept(), {read_cell{key}});
        ASSERT_TRUE(ask(cells.kept(), {erase_cell{key, there->found->version}})->done);
    });
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, a_wait_has_an_end) {
    idempotency_guard<int> guard{cells, {.while_in_use = while_in_use::wait, .max_wait = 500ms}};
    somebody_begins();
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    EXPECT_GE(on.time.elapsed(), 500ms);
    EXPECT_LT(on.time.elapsed(), 600ms);
}

TEST_P(idempotency_guards, a_wait_ends_with_the_deadline) {
    idempotency_guard<int> guard{cells, {.while_in_use = while_in_use::wait}};
    somebody_begins();
    said.deadline = on.deadline_in(300ms);
    EXPECT_THAT(play(guard), fails_with(errc::deadline_exceeded));
    EXPECT_EQ(on.time.elapsed(), 300ms);
}

TEST_P(idempotency_guards, a_wait_ends_with_the_callers_cancellation) {
    idempotency_guard<int> guard{cells, {.while_in_use = while_in_use::wait}};
    somebody_begins();
    on.cancels_after(70ms);
    EXPECT_THAT(play(guard), fails_with(errc::cancelled));
    EXPECT_EQ(on.time.elapsed(), 70ms);
}

TEST_P(idempotency_guards, what_nobody_has_told_the_end_of_is_in_doubt_and_stays_so) {
    idempotency_guard<int> guard{cells, {.lease = 5s}};
    somebody_begins({.lease = 5s});
    on.time.pass(5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    on.time.pass(23h);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(idempotency_guards, a_key_is_in_doubt_after_its_lease_for_as_long_as_an_outcome_is_kept) {
    idempotency_guard<int> guard{cells, {.keep_for = 5s, .lease = 5s}};
    on.dependency.hangs().returns(7);
    EXPECT_THAT(play(guard), fails_with(errc::timed_out));
    EXPECT_EQ(on.time.elapsed(), 5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    on.time.pass(4900ms);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    on.time.pass(200ms);
    EXPECT_THAT(play(guard), has_value(7)) << "then it is forgotten";
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(idempotency_guards, a_key_is_in_use_for_as_long_as_its_holder_is_at_work_though_outcomes_are_kept_more_briefly) {
    idempotency_guard<int> guard{cells, {.keep_for = 1s, .lease = 10s}};
    on.dependency.returns(7, 2s).returns(8);
    bool is_in_use = false;
    on.time.after(1300ms, [&] {
        is_in_use = ask(cells.kept(), {read_cell{idempotency_cell("acme", "pay", "k1")}})->found.has_value();
    });
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_TRUE(is_in_use);
    EXPECT_EQ(on.heard.count("idempotency_lost"), 0U);
    EXPECT_THAT(play(guard), has_value(7));
    on.time.pass(1s);
    EXPECT_THAT(play(guard), has_value(8));
}

TEST_P(idempotency_guards, is_taken_over_where_that_is_safe) {
    idempotency_guard<int> guard{cells, {.lease = 5s, .takeover = takeover::safe}};
    somebody_begins({.lease = 5s});
    on.time.pass(4s);
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    on.time.pass(1s);
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.count("idempotent_taken_over"), 1U);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, a_call_without_a_key_is_refused) {
    idempotency_guard<int> guard{cells};
    said.id = {};
    EXPECT_THAT(play(guard), fails_with(errc::key_missing));
    EXPECT_EQ(cells.asked, 0U);
}

TEST_P(idempotency_guards, or_made_unguarded) {
    idempotency_guard<int> guard{cells, {.without_key = without_key::unguarded}};
    on.dependency.returns(1).returns(2);
    said.id = {};
    EXPECT_THAT(play(guard), has_value(1));
    EXPECT_THAT(play(guard), has_value(2));
    EXPECT_EQ(cells.asked, 0U);
}

TEST_P(idempotency_guards, a_key_that_is_none_is_refused) {
    idempotency_guard<int> guard{cells};
    const std::string long_key(256, 'k');
    said.id = long_key;
    EXPECT_THAT(play(guard).error().message(), HasSubstr("max_key is 255"));
    said.id = std::string_view{"a\0b", 3};
    EXPECT_THAT(play(guard).error().message(), HasSubstr("zero byte"));
}

// ---- what becomes of a call that was made ----

TEST_P(idempotency_guards, what_fails_without_an_effect_may_be_tried_again) {
    idempotency_guard<int> guard{cells};
    on.dependency.fails(std::errc::connection_refused).returns(7);
    EXPECT_THAT(play(guard), fails_with(std::errc::connection_refused));
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.last("idempotent_held").field("then"), "release");
}

TEST_P(idempotency_guards, what_fails_and_may_have_had_one_may_not) {
    idempotency_guard<int> guard{cells, {.lease = 5s}};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(play(guard), fails_with(std::errc::connection_reset));
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    on.time.pass(5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, unless_it_is_said_that_it_may) {
    idempotency_guard<int> guard{cells, {.unknown_means = afterwards::release}};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(play(guard), fails_with(std::errc::connection_reset));
    EXPECT_THAT(play(guard), has_value(7));
}

TEST_P(idempotency_guards, a_permanent_failure_is_an_outcome_too) {
    idempotency_guard<int> guard{cells};
    on.dependency.throws(std::invalid_argument{"no such account"}).returns(7);
    pipeline guarded{observe{on.heard}, ref(guard),
                     classify{permanent(exception<std::invalid_argument>(), effect::none)}};
    const result<int> first = on.play(guarded, said);
    ASSERT_FALSE(first);
    const result<int> second = on.play(guarded, said);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), errc::failed);
    EXPECT_THAT(second.error().message(), HasSubstr("no such account"));
    EXPECT_EQ(second.source(), name{"idempotency"});
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, an_exception_whose_effect_nobody_states_is_none) {
    idempotency_guard<int> guard{cells, {.lease = 5s}};
    on.dependency.throws(std::runtime_error{"boom"}).returns(7);
    EXPECT_THAT(play(guard).error().message(), HasSubstr("boom"));
    EXPECT_EQ(on.heard.last("idempotent_held").field("then"), "hold");
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    on.time.pass(5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

/// Writes no negative numbers.
struct narrow_codec {
    static std::string encode(int value) {
        if (value < 0) throw std::range_error{"it is negative"};
        return cell_codec<int>::encode(value);
    }
    static std::optional<int> decode(std::string_view bytes) { return cell_codec<int>::decode(bytes); }
};

TEST_P(idempotency_guards, an_outcome_that_its_codec_throws_for_is_the_callers_and_told_and_the_key_is_in_doubt) {
    idempotency_guard<int, narrow_codec> guard{cells, {.lease = 5s}};
    pipeline guarded{observe{on.heard}, ref(guard)};
    on.dependency.returns(-7).returns(8);
    EXPECT_THAT(on.play(guarded, said), has_value(-7));
    EXPECT_EQ(on.heard.last("idempotency_lost").field("reason"), "the codec has thrown: it is negative");
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::key_in_use));
    on.time.pass(5s);
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::in_doubt));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, so_is_one_that_is_larger_than_max_outcome) {
    idempotency_guard<int> guard{cells, {.lease = 5s, .max_outcome = 3}};
    on.dependency.returns(1000).returns(10);
    EXPECT_THAT(play(guard), has_value(1000));
    EXPECT_EQ(on.heard.last("idempotency_lost").field("reason"), "the outcome is larger than max_outcome");
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    on.time.pass(5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    said.id = "k2";
    EXPECT_THAT(play(guard), has_value(10));
    EXPECT_THAT(play(guard), has_value(10)) << "3 bytes: v10";
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(idempotency_guards, so_is_one_that_should_keep_throws_for) {
    idempotency_guard<int> guard{
        cells, {.lease = 5s, .should_keep = [](const observation&) -> afterwards { throw std::runtime_error{"oh"}; }}};
    on.dependency.returns(7).fails(std::errc::connection_reset);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.last("idempotency_lost").field("reason"), "should_keep has thrown: oh");
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    said.id = "k2";
    EXPECT_THAT(play(guard), fails_with(std::errc::connection_reset));
    EXPECT_EQ(on.heard.count("idempotency_lost"), 2U);
}

TEST_P(idempotency_guards, what_was_refused_inside_leaves_no_trace) {
    idempotency_guard<int> guard{cells};
    circuit_breaker breaker{{.name = "db"}};
    breaker.open(on.time.present());
    pipeline guarded{ref(guard), ref(breaker)};
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::circuit_open));
    EXPECT_EQ(cells.kept().size(), 0U);
}

TEST_P(idempotency_guards, attempts_inside_are_one_call) {
    idempotency_guard<int> guard{cells};
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7);
    pipeline guarded{ref(guard), retry{{.max_attempts = 3, .base_delay = 1ms}}};
    said.idempotent = cutwater::idempotency::idempotent;
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 3U);
}

TEST_P(idempotency_guards, the_lease_bounds_the_call) {
    idempotency_guard<int> guard{cells, {.name = "payments", .lease = 400ms}};
    on.dependency.hangs();
    const result<int> got = play(guard);
    EXPECT_THAT(got, AllOf(fails_with(errc::timed_out), spoken_by("payments")));
    EXPECT_EQ(got.error().limit(), 400ms);
    EXPECT_EQ(on.time.elapsed(), 400ms) << "counted from before the reservation";
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
}

TEST_P(idempotency_guards, a_cancelled_call_that_was_sent_keeps_its_key_in_use) {
    idempotency_guard<int> guard{cells};
    on.dependency.hangs();
    on.cancels_after(50ms);
    EXPECT_THAT(play(guard), fails_with(errc::cancelled));
    EXPECT_EQ(on.heard.last("idempotent_held").field("then"), "hold");
    EXPECT_EQ(cells.kept().size(), 1U);
}

TEST_P(idempotency_guards, who_cancels_while_reserving_reserves_nothing) {
    idempotency_guard<int> guard{cells};
    cells.takes = 100ms;
    on.cancels_after(50ms);
    EXPECT_THAT(play(guard), fails_with(errc::cancelled));
    on.time.pass(1s);
    EXPECT_EQ(cells.kept().size(), 0U) << "what was reserved meanwhile is given back";
}

TEST_P(idempotency_guards, whose_deadline_passes_while_reserving_reserves_nothing) {
    idempotency_guard<int> guard{cells};
    cells.takes = 100ms;
    said.deadline = on.deadline_in(50ms);
    EXPECT_THAT(play(guard), fails_with(errc::deadline_exceeded));
    EXPECT_EQ(on.time.elapsed(), 50ms);
    on.time.pass(1s);
    EXPECT_EQ(cells.kept().size(), 0U);
}

TEST_P(idempotency_guards, what_has_come_out_is_written_down_though_the_caller_cancels) {
    idempotency_guard<int> guard{cells};
    cells.takes = 100ms;
    on.cancels_after(150ms);
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 150ms);
    on.time.pass(1s);
    testing::stage<int> later{GetParam()};
    const auto kept = ask(cells.kept(), {read_cell{idempotency_cell("acme", "pay", "k1")}});
    ASSERT_TRUE(kept->found);
    EXPECT_EQ(idempotency_record::decoded(kept->found->value)->outcome, "v7");
}

// ---- where the store fails ----

TEST_P(idempotency_guards, without_its_store_calls_are_refused) {
    idempotency_guard<int> guard{cells};
    cells.fails(std::errc::connection_refused);
    const result<int> got = play(guard);
    EXPECT_THAT(got, AllOf(fails_with(errc::store_unavailable), fails_with(condition::never_sent)));
    EXPECT_EQ(on.dependency.calls(), 0U);
    EXPECT_THAT(on.heard.all(), ::testing::Contains(event_with("then", "refused")));
}

TEST_P(idempotency_guards, or_made_unguarded_and_an_event_says_so) {
    idempotency_guard<int> guard{cells, {.without_store = without_store::unguarded}};
    cells.fails(std::errc::connection_refused, 2);
    on.dependency.returns(1).returns(2);
    EXPECT_THAT(play(guard), has_value(1));
    EXPECT_THAT(play(guard), has_value(2));
    EXPECT_EQ(on.heard.count("idempotency_store_failed"), 2U);
}

TEST_P(idempotency_guards, what_is_known_to_be_in_use_is_not_made_unguarded) {
    const idempotency_options open{
        .lease = 1h, .while_in_use = while_in_use::wait, .without_store = without_store::unguarded};
    idempotency_guard<int> guard{cells, open};
    somebody_begins({.lease = 1h});
    cells.answers_next();  // in use
    cells.fails(std::errc::connection_refused);
    const result<int> got = play(guard);
    EXPECT_THAT(got, AllOf(fails_with(errc::key_in_use), spoken_by("idempotency")));
    EXPECT_THAT(got.error().message(), HasSubstr("the store cannot be asked again"));
    EXPECT_EQ(got.error().retry_after(), 1s);
    EXPECT_EQ(on.heard.last("idempotency_store_failed").field("then"), "refused");

    cells.answers_next(3);  // in use, in use, in use
    cells.is_silent();
    EXPECT_THAT(play(guard), fails_with(errc::key_in_use));
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(idempotency_guards, unless_it_has_been_given_up_since) {
    idempotency_guard<int> guard{cells,
                                 {.while_in_use = while_in_use::wait, .without_store = without_store::unguarded}};
    somebody_begins();
    on.time.after(20ms, [&] {
        const std::string key = idempotency_cell("acme", "pay", "k1");
        const auto there = ask(cells.kept(), {read_cell{key}});
        ASSERT_TRUE(ask(cells.kept(), {erase_cell{key, there->found->version}})->done);
    });
    cells.answers_next(2);  // in use, nothing there
    cells.fails(std::errc::connection_refused);
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.last("idempotency_store_failed").field("then"), "unguarded");
}

TEST_P(idempotency_guards, a_reservation_of_which_nobody_heard_is_given_back) {
    idempotency_guard<int> guard{cells};
    cells.loses_reply();
    EXPECT_THAT(play(guard), fails_with(errc::store_unavailable));
    on.time.pass(1s);
    EXPECT_EQ(cells.kept().size(), 0U);
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
}

TEST_P(idempotency_guards, a_store_that_says_nothing_is_waited_for_so_long) {
    idempotency_guard<int> guard{cells, {.store_limit = 200ms}};
    cells.is_silent();
    EXPECT_THAT(play(guard).error().message(), HasSubstr("timed out"));
    EXPECT_EQ(on.time.elapsed(), 200ms);
    on.time.pass(1s);
    EXPECT_EQ(cells.kept().size(), 0U);
}

TEST_P(idempotency_guards, an_outcome_of_which_nobody_heard_that_it_was_kept_is_kept) {
    idempotency_guard<int> guard{cells};
    cells.answers_next();
    cells.loses_reply();
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.count("idempotency_lost"), 0U);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, a_key_whose_release_was_not_heard_is_released_again) {
    idempotency_guard<int> guard{cells};
    cells.answers_next();
    cells.fails(std::errc::connection_refused);
    on.dependency.fails(std::errc::connection_refused).returns(7);
    EXPECT_THAT(play(guard), fails_with(std::errc::connection_refused));
    EXPECT_EQ(cells.kept().size(), 0U);
    EXPECT_THAT(play(guard), has_value(7));
}

TEST_P(idempotency_guards, an_outcome_that_cannot_be_kept_is_told_and_leaves_the_key_in_doubt) {
    idempotency_guard<int> guard{cells, {.lease = 5s}};
    cells.answers_next();
    cells.fails(std::errc::connection_refused, 2);
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.count("idempotency_lost"), 1U);
    on.time.pass(5s);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(idempotency_guards, who_was_taken_over_does_not_overwrite) {
    idempotency_guard<int> guard{cells};
    on.dependency.on_call([&](unsigned) {
        const std::string key = idempotency_cell("acme", "pay", "k1");
        const auto there = ask(cells.kept(), {read_cell{key}});
        const idempotency_record other{
            .is = idempotency_record::state::done, .holder = 99, .fingerprint = "5", .outcome = "v8"};
        ASSERT_TRUE(ask(cells.kept(), {swap_cell{key, there->found->version, other.encoded()}})->done);
    });
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.last("idempotency_lost").field("reason"), "taken over");
    EXPECT_THAT(play(guard), has_value(8));
}

TEST_P(idempotency_guards, a_store_that_has_forgotten_is_an_event) {
    idempotency_guard<int> guard{cells};
    on.dependency.on_call([&](unsigned) { cells.kept().clear(); });
    on.dependency.returns(7);
    EXPECT_THAT(play(guard), has_value(7));
    EXPECT_EQ(on.heard.last("idempotency_lost").field("reason"), "gone from the store");
}

TEST_P(idempotency_guards, what_is_stored_and_cannot_be_read_is_in_doubt) {
    idempotency_guard<int> guard{cells};
    const idempotency_record odd{.is = idempotency_record::state::done, .fingerprint = "5", .outcome = "vseven"};
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{idempotency_cell("acme", "pay", "k1"), 0, odd.encoded()}})->done);
    EXPECT_THAT(play(guard), fails_with(errc::in_doubt));
    said.id = "k2";
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{idempotency_cell("acme", "pay", "k2"), 0, "something"}})->done);
    EXPECT_THAT(play(guard).error().message(), HasSubstr("cannot be read"));
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(idempotency_guards, a_pipeline_of_run_time_does_the_same) {
    idempotency_guard<int> guard{cells};
    any_pipeline<int> guarded;
    guarded.add(ref(guard)).add(retry{{.max_attempts = 2, .base_delay = 1ms}});
    said.idempotent = cutwater::idempotency::idempotent;
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST(idempotency_options, that_are_wrong_are_refused) {
    testing::virtual_time time;
    testing::late_store cells{time};
    EXPECT_THAT(([&] {
                    try {
                        idempotency_guard<int> none{
                            cells, {.name = "", .lease = 0s, .poll = 0s, .store_limit = 2min, .max_key = 401}};
                        return std::string{};
                    } catch (const invalid_options& e) {
                        return std::string{e.what()};
                    }
                }()),
                AllOf(HasSubstr("lease"), HasSubstr("poll"), HasSubstr("name"), HasSubstr("store_limit"),
                      HasSubstr("max_key")));
}

}  // namespace
}  // namespace cutwater
