// The async guarded store in virtual time: what it asks again, when it ends, and what becomes of a question when the store or its context goes.

#include "cutwater/store/async_guarded/async_guarded_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// What somebody was told, how often, and when.
struct answer {
    std::optional<cell_result> said;
    int times = 0;
    duration after{};

    [[nodiscard]] bool is_well() const { return said && *said; }
    [[nodiscard]] std::error_code code() const { return said && !*said ? said->error().code() : std::error_code{}; }
};

class async_guarded_stores : public ::testing::Test {
protected:
    /// One question, through the store that is guarded by `through`.
    template <class Pipeline>
    void use(Pipeline& through) {
        cells = std::make_unique<async_guarded_store<Pipeline>>(*behind, through, loop->context().get_executor());
        raw = cells.get();
    }
    void begin(answer& to, cell_request what, std::function<void()> then = {}) {
        raw->begin(std::move(what), [&to, then, this](cell_result said) noexcept {
            ++to.times;
            to.said = std::move(said);
            to.after = time.elapsed();
            if (then) then();
        });
    }
    answer asked(cell_request what) {
        answer to;
        begin(to, std::move(what));
        loop->run_all();
        EXPECT_EQ(to.times, 1);
        return to;
    }

    testing::virtual_time time;
    pipeline<retry> twice{retry{{.max_attempts = 3, .base_delay = 1ms, .jitter = jitter::none}}};
    pipeline<timeout> brief{timeout{20ms}};
    std::optional<testing::virtual_asio> loop{std::in_place, time};
    std::optional<testing::late_store> behind{std::in_place, time};
    std::unique_ptr<cell_store> cells;
    cell_store* raw = nullptr;  // while it is being destroyed, too
};

TEST_F(async_guarded_stores, only_hand_over) {
    use(twice);
    answer to;
    begin(to, {read_cell{"a"}});
    EXPECT_EQ(behind->asked, 0U);
    loop->run_all();
    EXPECT_EQ(behind->asked, 1U);
    EXPECT_TRUE(to.is_well());
}

TEST_F(async_guarded_stores, read_again_what_has_failed) {
    use(twice);
    behind->takes = 5ms;
    behind->fails(std::errc::connection_reset, 2);
    EXPECT_TRUE(asked({read_cell{"a"}}).is_well());
    EXPECT_EQ(behind->asked, 3U);
    EXPECT_GE(time.elapsed(), 17ms) << "three questions, and two waits between them";
}

TEST_F(async_guarded_stores, swap_again_only_what_was_not_sent) {
    use(twice);
    behind->fails(std::errc::connection_refused);
    EXPECT_TRUE(asked({swap_cell{"a", 0, "first"}}).is_well());
    EXPECT_EQ(behind->asked, 2U);
    behind->loses_reply();
    EXPECT_EQ(asked({swap_cell{"b", 0, "first"}}).code(), std::errc::connection_reset);
    EXPECT_EQ(behind->asked, 3U);
}

TEST_F(async_guarded_stores, ask_nothing_while_a_circuit_is_open) {
    circuit_breaker health{{.name = "cells"}};
    pipeline around{ref(health)};
    use(around);
    health.open(time.present());
    const answer refused = asked({read_cell{"a"}});
    EXPECT_EQ(refused.code(), errc::circuit_open);
    EXPECT_EQ(refused.said->error().operation(), name{"read"});
    EXPECT_EQ(behind->asked, 0U);
}

TEST_F(async_guarded_stores, end_a_question_with_its_limit_whatever_the_store_does) {
    use(twice);
    behind->is_silent();
    const answer late = asked({.what = swap_cell{"a", 0, ""}, .limit = 50ms});
    EXPECT_EQ(late.code(), condition::timeout);
    EXPECT_NE(late.code(), condition::never_sent) << "whether it was done is not known";
    EXPECT_EQ(late.after, 50ms);
    EXPECT_TRUE(asked({read_cell{"a"}}).said->value().found) << "it was";
}

TEST_F(async_guarded_stores, end_an_attempt_with_the_pipelines_limit_and_read_again) {
    pipeline care{retry{{.max_attempts = 2, .base_delay = 1ms, .jitter = jitter::none}}, timeout{10ms}};
    use(care);
    behind->is_silent();
    const answer second = asked({read_cell{"a"}});
    EXPECT_TRUE(second.is_well());
    EXPECT_GE(second.after, 11ms);
    EXPECT_LT(second.after, 20ms);
    behind->is_silent();
    EXPECT_EQ(asked({swap_cell{"a", 0, ""}}).code(), errc::timed_out);
    EXPECT_EQ(behind->asked, 3U) << "a swap that may have been made is not made again";
}

TEST_F(async_guarded_stores, do_not_hear_an_answer_that_comes_too_late) {
    use(brief);
    behind->takes = 50ms;
    answer first;
    answer second;
    begin(first, {swap_cell{"a", 0, "x"}});
    loop->run_until([&] { return first.times > 0; });
    EXPECT_EQ(first.after, 20ms);
    EXPECT_EQ(first.code(), errc::timed_out);
    behind->takes = 0ms;
    begin(second, {read_cell{"b"}});
    loop->run_all();
    EXPECT_FALSE(second.said->value().found) << "the answer to this question, and not to the one before";
    EXPECT_EQ(first.times, 1);
}

TEST_F(async_guarded_stores, have_many_questions_under_way_at_once) {
    use(brief);
    behind->takes = 10ms;
    std::vector<answer> all(100);
    for (answer& each : all) begin(each, {read_cell{"a"}});
    loop->run_all();
    for (const answer& each : all) {
        EXPECT_TRUE(each.is_well());
        EXPECT_EQ(each.after, 10ms);
    }
}

TEST_F(async_guarded_stores, may_hedge_what_is_read) {
    pipeline care{hedge{{.delay = 5ms}}};
    use(care);
    behind->is_silent();
    const answer second = asked({read_cell{"a"}});
    EXPECT_TRUE(second.is_well());
    EXPECT_EQ(behind->asked, 2U);
}

TEST_F(async_guarded_stores, may_be_asked_again_by_a_completion_and_destroyed_by_one) {
    use(brief);
    int left = 10'000;
    answer to;
    const std::function<void()> next = [&] {
        if (--left > 0) return begin(to, {read_cell{"a"}}, next);
        cells.reset();
    };
    begin(to, {read_cell{"a"}}, next);
    loop->run_all();
    EXPECT_EQ(left, 0);
    EXPECT_EQ(to.times, 10'000);
}

// --- what is open when it goes, or its context --------------------------------------------------------------------------

TEST_F(async_guarded_stores, that_are_destroyed_tell_everybody_and_leave_the_store_behind_alone) {
    use(twice);
    behind->takes = 10ms;
    behind->fails(std::errc::connection_reset, 2);
    answer to[4];
    answer again;
    for (answer& each : to) begin(each, {read_cell{"a"}});
    loop->run_until([&] { return behind->asked >= 4; });
    begin(to[3], {read_cell{"posted and not begun"}}, [&] { begin(again, {read_cell{"a"}}); });
    const unsigned so_far = behind->asked;
    cells.reset();
    EXPECT_EQ(to[0].code(), errc::cancelled);
    EXPECT_THAT(to[0].said->error().message(), HasSubstr("was destroyed"));
    EXPECT_EQ(to[3].code(), errc::cancelled);
    EXPECT_EQ(again.code(), errc::withdrawn);
    EXPECT_EQ(again.code(), condition::never_sent);
    loop->run_all();
    EXPECT_EQ(behind->asked, so_far) << "nor is anything asked again";
    EXPECT_EQ(to[0].times, 1);
}

TEST_F(async_guarded_stores, whose_context_goes_tell_everybody_and_refuse_from_then_on) {
    use(brief);
    behind->takes = 10ms;
    answer to[3];
    answer again;
    begin(to[0], {read_cell{"a"}}, [&] { begin(again, {read_cell{"a"}}); });
    begin(to[1], {read_cell{"a"}});
    loop->run_until([&] { return behind->asked == 2; });
    begin(to[2], {read_cell{"posted and not begun"}});
    loop.reset();
    for (const answer& each : to) EXPECT_EQ(each.code(), errc::cancelled);
    EXPECT_EQ(again.code(), errc::withdrawn);
    time.pass(1s);  // the store behind answers, and nobody is there
    EXPECT_EQ(to[0].times, 1);
    answer late;
    begin(late, {swap_cell{"a", 0, ""}});
    EXPECT_EQ(late.code(), condition::never_sent);
    EXPECT_THAT(late.said->error().message(), HasSubstr("has been destroyed"));
}

/// After each step of the loop, in both orders: everybody is told once, every permit is back, and nothing is touched that has gone.
TEST_F(async_guarded_stores, may_go_at_every_step) {
    enum class first : std::uint8_t { store, context };
    for (const first goes : {first::store, first::context}) {
        bool is_over = false;
        for (int steps = 0; !is_over; ++steps) {
            SCOPED_TRACE(std::to_string(steps) + (goes == first::store ? " steps, the store" : " steps, the context"));
            bulkhead narrow{{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}};
            pipeline care{timeout{1h}, retry{{.max_attempts = 3, .base_delay = 10ms, .jitter = jitter::none}},
                          ref(narrow), timeout{15ms}};
            loop.emplace(time);
            behind.emplace(time);
            behind->takes = 5ms;
            behind->fails(std::errc::connection_reset);
            behind->is_silent();
            use(care);
            answer to[3];
            for (answer& each : to) begin(each, {read_cell{"a"}});
            for (int i = 0; i < steps && !is_over; ++i) is_over = !loop->step();
            if (goes == first::context) loop.reset();
            cells.reset();
            for (const answer& each : to) EXPECT_EQ(each.times, 1);
            if (goes == first::store && steps % 2 == 0) loop->run_all();
            time.pass(1s);  // answers of the store behind, before it goes, too
            loop.reset();
            EXPECT_EQ(narrow.in_use(), 0U);
            EXPECT_EQ(narrow.queued(), 0U);
            for (const answer& each : to) EXPECT_EQ(each.times, 1);
            if (HasFailure()) return;
        }
    }
}

}  // namespace
}  // namespace cutwater
