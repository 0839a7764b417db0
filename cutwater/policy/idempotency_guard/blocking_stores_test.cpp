// A guard over a store that blocks whoever asks: what there is time for is counted from when the store has answered.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/idempotency_guard/idempotency_guard.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using testing::both_drivers;
using testing::driver_name;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using testing::spoken_by;

/// Answers before `begin` returns, when `takes` has passed; at the limit, where that is sooner, though it does what was asked.
class blocking_store final : public cell_store {
public:
    explicit blocking_store(testing::virtual_time& time) : time_{time}, kept_{{.name = "cells"}, time} {}

    duration takes{};
    std::vector<duration> limits{};

    [[nodiscard]] memory_store& kept() noexcept { return kept_; }
    [[nodiscard]] name store_name() const noexcept override { return kept_.store_name(); }
    void begin(cell_request asked, cell_completion done) noexcept override {
        limits.push_back(asked.limit);
        const bool is_late = takes > asked.limit;
        time_.pass(std::min(takes, asked.limit));
        if (!is_late) return kept_.begin(std::move(asked), std::move(done));
        kept_.begin(std::move(asked), [](const cell_result&) noexcept {});
        takes = duration::zero();
        done(std::unexpected{error{std::make_error_code(std::errc::timed_out), store_name(), {}}});
    }

private:
    testing::virtual_time& time_;
    memory_store kept_;
};

class guards_over_a_store_that_blocks : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    blocking_store cells{on.time};
    call_options said{.operation = "pay", .id = "k1"};
};
INSTANTIATE_TEST_SUITE_P(drivers, guards_over_a_store_that_blocks, ::testing::ValuesIn(both_drivers), driver_name{});

TEST_P(guards_over_a_store_that_blocks, a_timeout_inside_is_counted_from_when_it_is_entered) {
    idempotency_guard<int> guard{cells};
    pipeline guarded{ref(guard), timeout{{.name = "inner", .after = 400ms}}};
    cells.takes = 300ms;
    on.dependency.hangs();
    EXPECT_THAT(on.play(guarded, said), AllOf(fails_with(errc::timed_out), spoken_by("inner")));
    EXPECT_EQ(on.time.elapsed(), 700ms);
}

TEST_P(guards_over_a_store_that_blocks, a_lease_that_is_over_when_the_key_is_reserved_executes_nothing) {
    idempotency_guard<int> guard{cells, {.name = "payments", .lease = 200ms}};
    pipeline guarded{ref(guard)};
    cells.takes = 300ms;
    const result<int> got = on.play(guarded, said);
    EXPECT_THAT(got, AllOf(fails_with(errc::timed_out), spoken_by("payments")));
    EXPECT_EQ(got.error().limit(), 200ms);
    EXPECT_EQ(on.dependency.calls(), 0U);
    EXPECT_EQ(cells.kept().size(), 0U) << "it is given back";
}

TEST_P(guards_over_a_store_that_blocks, the_store_is_told_of_the_callers_deadline_and_nothing_is_executed_after_it) {
    for (const without_store then : {without_store::refused, without_store::unguarded}) {
        idempotency_guard<int> guard{cells, {.without_store = then}};
        pipeline guarded{ref(guard)};
        cells.limits.clear();
        cells.takes = 300ms;
        said.deadline = on.deadline_in(200ms);
        EXPECT_THAT(on.play(guarded, said), fails_with(errc::deadline_exceeded));
        EXPECT_THAT(cells.limits, ElementsAre(200ms, 1s, 1s)) << "and what may have been reserved is given back";
        EXPECT_EQ(on.dependency.calls(), 0U);
        EXPECT_EQ(cells.kept().size(), 0U);
    }
}

TEST_P(guards_over_a_store_that_blocks, each_question_has_the_stores_limit) {
    idempotency_guard<int> guard{cells, {.store_limit = 250ms}};
    pipeline guarded{ref(guard)};
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(cells.limits, ElementsAre(250ms, 250ms, 250ms));
}

}  // namespace
}  // namespace cutwater
