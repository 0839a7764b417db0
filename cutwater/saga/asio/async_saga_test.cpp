// Sagas of coroutines, in virtual time, over a store that takes its time and can be silent.

#include "cutwater/saga/asio/async_saga.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using trip = async_saga<std::string>;

class async_sagas : public ::testing::Test {
protected:
    async_sagas() { cells.takes = 2ms; }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::late_store cells{time};
    testing::event_recorder heard;
    asio::cancellation_signal signal;
    std::vector<std::string> log;
    std::map<std::string, std::errc> fails;

    asio::awaitable<std::expected<void, std::errc>> act(std::string& context, std::string what) {
        log.push_back(what);
        co_await loop.sleep(10ms);
        log.push_back(what + ".");
        if (fails.contains(what)) co_return std::unexpected{fails[what]};
        context += what;
        co_return std::expected<void, std::errc>{};
    }
    trip::step step(const std::string& called) {
        return {called, [this, called](std::string& c) { return act(c, called); },
                [this, called](std::string& c, instant) { return act(c, "-" + called); }};
    }
    std::vector<trip::step> steps() { return {step("a"), step("b")}; }
    trip made(saga_options options = {.name = "trip"}) { return {cells, std::move(options), steps(), &heard}; }

    /// Awaits it in a coroutine of its own.
    template <class T>
    T play(asio::awaitable<T> what) {
        std::optional<T> out;
        auto awaits = [&](asio::awaitable<T> whole) -> asio::awaitable<void> {
            out.emplace(co_await std::move(whole));
            co_await asio::this_coro::throw_if_cancelled(false);
        };
        asio::co_spawn(loop.context(), awaits(std::move(what)),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        loop.run_until([&] { return out.has_value(); });
        return std::move(out).value();
    }
    void cancels_after(duration d) {
        time.after(d, [this] { signal.emit(asio::cancellation_type::all); });
    }
    void dies_in_b() {
        const saga_record left{.steps = {"a", "b"}, .step = 1, .context = "a", .holder = 1, .lease = 1min};
        ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", "1"), 0, left.encoded()}})->done);
    }
};

TEST_F(async_sagas, do_their_steps_without_blocking) {
    trip place = made();
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_TRUE(ended->is_completed());
    EXPECT_EQ(ended->context, "ab");
    EXPECT_THAT(log, ElementsAre("a", "a.", "b", "b."));
    EXPECT_EQ(time.elapsed(), 26ms) << "two steps and three writes";
    EXPECT_TRUE(play(place.async_run("1", ""))->is_replayed);
}

TEST_F(async_sagas, undo_in_reverse) {
    trip place = made();
    fails["b"] = std::errc::io_error;
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_EQ(ended->cause->code(), std::errc::io_error);
    EXPECT_THAT(log, ElementsAre("a", "a.", "b", "b.", "-b", "-b.", "-a", "-a."));
    EXPECT_THAT(heard.names(), ElementsAre("saga_undoing", "saga_undone"));
}

TEST_F(async_sagas, take_plain_callables_and_what_they_throw) {
    trip place{cells,
               {.name = "trip"},
               {{"a", [](std::string& c) { c = "a"; }, [](std::string& c) { c = "-a"; }},
                {"b", [](std::string&) -> asio::awaitable<int> { throw std::runtime_error{"no luck"}; }, no_undo}},
               &heard};
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::stuck) << "b may have been done, and has no undo";
    EXPECT_EQ(ended->cause->words(), "no luck");
    EXPECT_EQ(ended->context, "-a");
    EXPECT_EQ(play(place.async_set_right("1"))->end, saga_end::undone);
}

TEST_F(async_sagas, are_resumed_by_another_process) {
    trip place = made();
    dies_in_b();
    EXPECT_EQ(play(place.async_resume("1")).error().code(), errc::key_in_use);
    time.pass(1min);
    const auto all = play(place.async_resume_all());
    ASSERT_TRUE(all) << all.error();
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().ended->end, saga_end::undone);
    EXPECT_THAT(log, ElementsAre("-b", "-b.", "-a", "-a."));
    EXPECT_THAT(play(place.async_unfinished()).value(), IsEmpty());
}

TEST_F(async_sagas, whose_last_undo_was_taken_away_meanwhile_tell_which_step_is_left) {
    const saga_record left{.steps = {"a", "b"},
                           .phase = saga_phase::undoing,
                           .step = 1,
                           .to_undo = {1, 0},
                           .cause = saga_failure{.step = 1, .code = std::make_error_code(std::errc::io_error)},
                           .context = "ab",
                           .holder = 1,
                           .lease = 1min};
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{saga_cell("trip", "1"), 0, left.encoded()}})->done);
    time.pass(1min);
    trip place{cells, {.name = "trip"}, {step("a"), {"b", [](std::string&) {}, no_undo}}, &heard};
    const auto ended = play(place.async_resume("1"));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::stuck);
    ASSERT_EQ(ended->left.size(), 1U);
    EXPECT_EQ(ended->left[0].step, "b");
    EXPECT_THAT(log, ElementsAre("-a", "-a."));
}

TEST_F(async_sagas, undo_what_was_done_when_a_step_is_cancelled) {
    trip place = made();
    cancels_after(20ms);  // in b
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_EQ(ended->failed_step, "b");
    EXPECT_EQ(ended->cause->code(), std::errc::operation_canceled);
    EXPECT_THAT(log, ElementsAre("a", "a.", "b", "-b", "-b.", "-a", "-a."));
}

TEST_F(async_sagas, begin_no_step_when_cancelled_while_the_journal_is_written) {
    trip place = made();
    cancels_after(13ms);  // between a and b
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_EQ(ended->cause->code(), errc::withdrawn);
    EXPECT_THAT(log, ElementsAre("a", "a.", "-a", "-a."));
}

TEST_F(async_sagas, do_not_have_their_undos_cancelled) {
    trip place = made();
    fails["b"] = std::errc::io_error;
    cancels_after(30ms);  // in -b
    const auto ended = play(place.async_run("1", ""));
    ASSERT_TRUE(ended) << ended.error();
    EXPECT_EQ(ended->end, saga_end::undone);
    EXPECT_THAT(log, ElementsAre("a", "a.", "b", "b.", "-b", "-b.", "-a", "-a."));
}

TEST_F(async_sagas, take_silence_for_a_lost_reply) {
    trip place = made();
    cells.answers_next();
    cells.is_silent();
    EXPECT_TRUE(play(place.async_run("1", ""))->is_completed());
    EXPECT_THAT(log, ElementsAre("a", "a.", "b", "b."));
    cells.is_silent(2);
    const auto ended = play(place.async_run("2", ""));
    EXPECT_EQ(ended.error().code(), errc::store_unavailable);
    EXPECT_THAT(ended.error().message(), HasSubstr("nothing was done"));
}

TEST_F(async_sagas, that_are_destroyed_while_they_wait_are_woken_by_nobody) {
    trip place = made();
    {
        testing::virtual_asio gone{time};
        asio::co_spawn(gone.context(), place.async_run("1", ""), [](const auto&...) {});
        gone.context().poll();
    }
    time.pass(1s);  // the reply comes
    EXPECT_THAT(log, IsEmpty());
}

}  // namespace
}  // namespace cutwater
