#include <gtest/gtest.h>

#include <mutex>

#include "cutwater/core/gathered_counter.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

using counter = gathered_counter<std::atomic>;
using cell = counter::cell;

constexpr std::uint32_t apples = 1;
constexpr std::uint32_t pears = 2;

/// Counts one, if the cell is as it should be for that.
template <class Cell>
bool count_one(Cell& mine, std::uint32_t subject) {
    typename Cell::seen seen = mine.look();
    return Cell::is_open(seen, subject) && !Cell::is_full(seen) && mine.count(seen);
}

TEST(gathered_counter, counts_only_what_it_is_open_for) {
    counter counts;
    EXPECT_FALSE(count_one(counts.mine(), apples)) << "it is closed";
    counts.open_mine(apples, cell::most);
    EXPECT_TRUE(count_one(counts.mine(), apples));
    EXPECT_TRUE(count_one(counts.mine(), apples));
    EXPECT_FALSE(count_one(counts.mine(), pears));
    EXPECT_EQ(counts.close_all(cell::most), 2U);
    EXPECT_FALSE(count_one(counts.mine(), apples));
    EXPECT_EQ(counts.close_all(cell::most), 0U) << "once";
}

TEST(gathered_counter, what_was_looked_at_before_it_was_opened_anew_is_not_counted) {
    counter counts;
    counts.open_mine(apples, cell::most);
    cell::seen seen = counts.mine().look();
    EXPECT_TRUE(counts.mine().is_as_opened(seen));
    EXPECT_EQ(counts.close_all(cell::most), 0U);
    counts.open_used(apples, cell::most);
    EXPECT_FALSE(counts.mine().is_as_opened(seen)) << "though the same number is in it";
    EXPECT_FALSE(counts.mine().count(seen));
    EXPECT_TRUE(counts.mine().count(seen)) << "now it has been looked at again";
    EXPECT_TRUE(counts.mine().is_as_opened(seen)) << "a count does not change that";
    EXPECT_EQ(counts.close_all(cell::most), 1U);
}

TEST(gathered_counter, a_cell_takes_as_many_as_there_is_room_for) {
    counter counts;
    counts.open_mine(apples, 2);
    EXPECT_TRUE(count_one(counts.mine(), apples));
    EXPECT_TRUE(count_one(counts.mine(), apples));
    EXPECT_FALSE(count_one(counts.mine(), apples));
    EXPECT_EQ(counts.close_all(2), 2U);
}

TEST(gathered_counter, nothing_is_lost_when_each_thread_gets_a_cell_of_its_own) {
    counter counts;
    counts.open_mine(apples, cell::most);
    EXPECT_TRUE(count_one(counts.mine(), apples));
    counts.spread();
    EXPECT_FALSE(count_one(counts.mine(), apples)) << "its own is not open yet";
    counts.open_mine(apples, cell::most);
    EXPECT_TRUE(count_one(counts.mine(), apples));
    EXPECT_EQ(counts.close_all(cell::most), 2U);
}

/// As its users have it: gathered now and then, by whoever cannot count.
template <template <class> class Atomic, class Mutex>
class gathering {
public:
    gathering() { counts_.open_mine(apples, room); }
    void one() {
        while (!count_one(counts_.mine(), apples)) {
            const std::scoped_lock lock{mutex_};
            total_ += counts_.close_all(room);
            counts_.spread();
            counts_.open_used(apples, room);
            counts_.open_mine(apples, room);
        }
    }
    [[nodiscard]] std::uint64_t total() { return total_ += counts_.close_all(room); }

private:
    static constexpr std::uint32_t room = 3;

    gathered_counter<Atomic> counts_;
    Mutex mutex_;
    std::uint64_t total_ = 0;
};

TEST(gathered_counter, counts_every_one_step_by_step) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        gathering<testing::stepped_atomic, testing::stepped_mutex> shared;
        testing::play_stepped(3, seed, [&](unsigned) {
            for (int i = 0; i < 10; ++i) shared.one();
        });
        ASSERT_EQ(shared.total(), 30U) << "seed " << seed;
    }
}

TEST(gathered_counter, counts_every_one_in_parallel) {
    gathering<std::atomic, std::mutex> shared;
    testing::race(
        4, 1, [](unsigned) {},
        [&](unsigned, unsigned) {
            for (int i = 0; i < 10'000; ++i) shared.one();
        });
    EXPECT_EQ(shared.total(), 40'000U);
}

}  // namespace
}  // namespace cutwater
