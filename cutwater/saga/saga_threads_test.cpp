// Many threads, as many processes, with the same sagas in hand: each is done once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "cutwater/saga/saga.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace cutwater {
namespace {

constexpr unsigned threads = 8;
constexpr std::size_t ids = 100;

class saga_threads : public ::testing::Test {
protected:
    memory_store cells;
    std::array<std::atomic<int>, ids> does{};
    std::array<std::atomic<int>, ids> undoes{};
    std::atomic<unsigned> ended = 0;
    std::atomic<unsigned> wrong = 0;
    std::barrier<> all_together{threads};

    /// Of numbers; every third fails in its last step.
    std::vector<saga_step<std::size_t>> steps() {
        const auto act = [this](const std::size_t& i) {
            ++does[i];
            for (int others = 0; others < 20; ++others) std::this_thread::yield();
        };
        const auto undo = [this](const std::size_t& i) { ++undoes[i]; };
        return {{"one", act, undo},
                {"two", act, undo},
                {"three",
                 [](const std::size_t& i) -> std::expected<void, std::errc> {
                     if (i % 3 == 0) return std::unexpected{std::errc::connection_refused};
                     return {};
                 },
                 undo}};
    }

    void play(saga<std::size_t>& place) {
        for (std::size_t i = 0; i < ids; ++i) {
            all_together.arrive_and_wait();
            const auto told = place.run(std::to_string(i), i);
            if (!told) {
                if (told.error().code() != errc::key_in_use) ++wrong;
                continue;
            }
            if (!told->is_replayed) ++ended;
            if (told->end != (i % 3 == 0 ? saga_end::undone : saga_end::completed) || told->context != i) ++wrong;
        }
    }
};

TEST_F(saga_threads, do_each_saga_once_whoever_comes) {
    saga<std::size_t> one{cells, {.name = "count"}, steps()};
    saga<std::size_t> another{cells, {.name = "count"}, steps()};
    {
        std::vector<std::jthread> all;
        for (unsigned i = 0; i < threads; ++i) all.emplace_back([&, i] { play(i % 2 == 0 ? one : another); });
    }
    EXPECT_EQ(ended, ids);
    EXPECT_EQ(wrong, 0U);
    for (std::size_t i = 0; i < ids; ++i) {
        EXPECT_EQ(does[i], 2) << i;
        EXPECT_EQ(undoes[i], i % 3 == 0 ? 2 : 0) << i;
    }
    EXPECT_THAT(one.unfinished().value(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace cutwater
