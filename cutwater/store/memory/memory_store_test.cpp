#include "cutwater/store/memory/memory_store.hpp"

#include "cutwater/store/conformance_test.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class memory_cells final : public testing::stored {
public:
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { time_.pass(d); }

private:
    testing::virtual_time time_;
    memory_store cells_{{}, time_};
};

const testing::store_under_test memory{"memory", [] { return std::make_unique<memory_cells>(); }};

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(memory, store_conformance, ::testing::Values(memory), store_name{});
}  // namespace testing

namespace {

class memory_store_itself : public ::testing::Test {
protected:
    testing::virtual_time time;
    memory_store cells{{.name = "here", .max_cells = 2}, time};

    cell_result swap(const std::string& key, duration lives = forever) {
        return ask(cells, {swap_cell{.key = key, .expected = 0, .value = "", .time_to_live = lives}});
    }
};

TEST_F(memory_store_itself, a_new_cell_is_refused_where_there_is_no_room) {
    ASSERT_TRUE(swap("a"));
    ASSERT_TRUE(swap("b"));
    const cell_result third = swap("c");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), std::errc::not_enough_memory);
    EXPECT_THAT(third.error().message(), HasSubstr("max_cells = 2"));
    const cell_result known = ask(cells, {read_cell{"a"}});
    ASSERT_TRUE(known && known->found);
    EXPECT_TRUE(ask(cells, {swap_cell{"a", known->found->version, "more"}})->done) << "one that is there has its room";
}

TEST_F(memory_store_itself, a_new_cell_takes_the_place_of_one_that_has_expired) {
    ASSERT_TRUE(swap("a", 1s));
    ASSERT_TRUE(swap("b"));
    time.pass(1s);
    EXPECT_TRUE(swap("c"));
    EXPECT_EQ(cells.size(), 2U);
}

TEST_F(memory_store_itself, started_anew_it_is_empty) {
    ASSERT_TRUE(swap("a", 1s));
    cells.clear();
    EXPECT_EQ(cells.size(), 0U);
    EXPECT_FALSE(ask(cells, {read_cell{"a"}})->found);
}

TEST(memory_store_options, what_is_out_of_range_is_refused) {
    EXPECT_EQ(testing::refused_with<memory_store>(memory_store_options{.max_cells = 0}),
              "memory_store \"memory\": max_cells is 0, allowed is at least 1");
}

}  // namespace
}  // namespace cutwater
