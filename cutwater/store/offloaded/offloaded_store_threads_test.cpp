// The offloaded store: as every store, and never in the thread that asks.

#include <future>
#include <semaphore>

#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/store/offloaded/offloaded_store.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class offloaded_cells final : public testing::stored {
public:
    cell_store& cells() override { return aside_; }
    void wait(duration d) override { time_.pass(d); }

private:
    testing::virtual_time time_;
    memory_store behind_{{}, time_};
    offloaded_store aside_{behind_, {.threads = 2}};
};
const testing::store_under_test offloaded{"offloaded", [] { return std::make_unique<offloaded_cells>(); }};

/// A store whose answers wait until they are let go.
class held_store final : public cell_store {
public:
    [[nodiscard]] name store_name() const noexcept override { return "held"; }
    void begin(cell_request asked, cell_completion done) noexcept override {
        limit = asked.limit;
        by = std::this_thread::get_id();
        began.release();
        go_on.acquire();
        done(cell_reply{});
    }

    std::counting_semaphore<> began{0};
    std::counting_semaphore<> go_on{0};
    duration limit{};
    std::thread::id by;
};

std::future<cell_result> begin(cell_store& store, duration limit = forever) {
    auto said = std::make_shared<std::promise<cell_result>>();
    store.begin({read_cell{"a"}, limit}, [said](cell_result reply) noexcept { said->set_value(std::move(reply)); });
    return said->get_future();
}

TEST(offloaded_store_itself, does_not_ask_in_the_thread_of_the_caller) {
    held_store behind;
    offloaded_store aside{behind};
    behind.go_on.release();
    EXPECT_TRUE(begin(aside).get());
    EXPECT_NE(behind.by, std::this_thread::get_id());
}

TEST(offloaded_store_itself, refuses_what_is_more_than_may_wait) {
    held_store behind;
    offloaded_store aside{behind, {.name = "aside", .threads = 1, .max_waiting = 1}};
    auto first = begin(aside);
    behind.began.acquire();
    auto second = begin(aside);
    const cell_result third = begin(aside).get();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), std::errc::resource_unavailable_try_again);
    EXPECT_THAT(third.error().message(), HasSubstr("aside"));
    behind.go_on.release(2);
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
}

TEST(offloaded_store_itself, does_not_ask_what_nobody_waits_for_any_more) {
    held_store behind;
    offloaded_store aside{behind, {.threads = 1}};
    auto first = begin(aside);
    behind.began.acquire();
    auto second = begin(aside, 1ns);
    behind.go_on.release();
    EXPECT_TRUE(first.get());
    const cell_result late = second.get();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), std::errc::timed_out);
    EXPECT_FALSE(behind.began.try_acquire());
}

TEST(offloaded_store_itself, hands_on_what_is_left_of_the_limit) {
    held_store behind;
    offloaded_store aside{behind};
    behind.go_on.release();
    EXPECT_TRUE(begin(aside, 1h).get());
    EXPECT_LT(behind.limit, 1h);
    EXPECT_GT(behind.limit, 59min);
}

TEST(offloaded_store_itself, answers_everybody_before_it_goes) {
    held_store behind;
    auto aside = std::make_unique<offloaded_store>(behind, offloaded_options{.threads = 1});
    auto first = begin(*aside);
    behind.began.acquire();
    auto second = begin(*aside);
    behind.go_on.release();
    aside.reset();
    EXPECT_TRUE(first.get());
    const cell_result left = second.get();
    EXPECT_TRUE(left || left.error().code() == std::errc::operation_canceled);
}

TEST(offloaded_options, that_are_wrong_are_refused) {
    held_store behind;
    EXPECT_THROW((offloaded_store{behind, {.threads = 0}}), invalid_options);
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(offloaded, store_conformance, ::testing::Values(offloaded), store_name{});
}  // namespace testing

}  // namespace cutwater
