#include "cutwater/store/guarded/guarded_store.hpp"

#include "cutwater/cutwater.hpp"
#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/late_store_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// In real time, which it does not wait for: the pipeline's pauses are short.
class guarded_cells final : public testing::stored {
public:
    cell_store& cells() override { return guarded_; }
    void wait(duration d) override { time_.pass(d); }

private:
    testing::virtual_time time_;
    memory_store behind_{{}, time_};
    pipeline<retry> care_{retry{{.base_delay = 1ms}}};
    guarded_store<pipeline<retry>> guarded_{behind_, care_};
};
const testing::store_under_test guarded{"guarded", [] { return std::make_unique<guarded_cells>(); }};

class guarded_store_itself : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::late_store behind{time};
    pipeline<retry> care{retry{{.max_attempts = 3, .base_delay = 1ms}}};
    guarded_store<pipeline<retry>> cells{behind, care};
};

TEST_F(guarded_store_itself, reads_again_what_has_failed) {
    behind.fails(std::errc::connection_reset, 2);
    EXPECT_TRUE(ask(cells, {read_cell{"a"}}));
    EXPECT_EQ(behind.asked, 3U);
}

TEST_F(guarded_store_itself, swaps_again_only_what_was_not_sent) {
    behind.fails(std::errc::connection_refused);
    EXPECT_TRUE(ask(cells, {swap_cell{"a", 0, "first"}}));
    EXPECT_EQ(behind.asked, 2U);
    behind.loses_reply();
    const cell_result unknown = ask(cells, {swap_cell{"b", 0, "first"}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), std::errc::connection_reset);
    EXPECT_EQ(behind.asked, 3U);
}

TEST_F(guarded_store_itself, asks_nothing_while_a_circuit_is_open) {
    circuit_breaker health{{.name = "cells"}};
    pipeline around{ref(health)};
    guarded_store with{behind, around};
    health.open(now());
    const cell_result refused = ask(with, {read_cell{"a"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::circuit_open);
    EXPECT_EQ(refused.error().operation(), name{"read"});
    EXPECT_EQ(behind.asked, 0U);
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(guarded, store_conformance, ::testing::Values(guarded), store_name{});
}  // namespace testing

}  // namespace cutwater
