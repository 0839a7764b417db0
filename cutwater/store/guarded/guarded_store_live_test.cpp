// A guarded store in real time: whatever the store behind it does, a question ends with its limit.

#include "cutwater/store/guarded/guarded_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "cutwater/cutwater.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Does not answer before it is told to.
class mute_store final : public cell_store {
public:
    [[nodiscard]] name store_name() const noexcept override { return "mute"; }
    void begin(cell_request what, cell_completion done) noexcept override {
        ++asked;
        limit = what.limit;
        asker_ = std::move(done);
    }
    void answers() { std::exchange(asker_, nullptr)(cell_reply{.version = 7}); }

    int asked = 0;
    duration limit{};

private:
    cell_completion asker_;
};

class a_store_that_never_answers : public ::testing::Test {
protected:
    mute_store behind;
    const instant began = now();
};

TEST_F(a_store_that_never_answers, is_waited_for_until_the_questions_limit) {
    pipeline care{retry{{.max_attempts = 3, .base_delay = 1ms}}};
    guarded_store cells{behind, care};
    const cell_result said = ask(cells, {.what = swap_cell{"a", 0, ""}, .limit = 30ms});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::timeout);
    EXPECT_NE(said.error().code(), condition::never_sent) << "whether it was done is not known";
    EXPECT_GE(between(began, now()), 30ms);
    EXPECT_EQ(behind.asked, 1);
    EXPECT_LE(behind.limit, 30ms);
}

TEST_F(a_store_that_never_answers, is_waited_for_until_the_pipelines_limit_and_asked_again_where_it_is_read) {
    pipeline care{retry{{.max_attempts = 2, .base_delay = 1ms}}, timeout{20ms}};
    guarded_store cells{behind, care};
    const cell_result said = ask(cells, {read_cell{"a"}});
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), errc::timed_out);
    EXPECT_EQ(behind.asked, 2);
    EXPECT_FALSE(ask(cells, {swap_cell{"a", 0, ""}}));
    EXPECT_EQ(behind.asked, 3) << "a swap that may have been made is not made again";
}

TEST_F(a_store_that_never_answers, may_do_so_when_nobody_waits_any_more) {
    pipeline care{timeout{10ms}};
    guarded_store cells{behind, care};
    EXPECT_FALSE(ask(cells, {read_cell{"a"}}));
    behind.answers();
    EXPECT_FALSE(ask(cells, {read_cell{"b"}})) << "the answer to the one is not the other's";
}

}  // namespace
}  // namespace cutwater
