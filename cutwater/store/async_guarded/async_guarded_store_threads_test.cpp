// The async guarded store on several threads: as every store, and destroyed while it is asked.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/store/async_guarded/async_guarded_store.hpp"
#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/store/offloaded/offloaded_store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

using careful = pipeline<timeout, retry>;
careful care() { return careful{timeout{30s}, retry{{.base_delay = 1ms}}}; }

/// On two threads of a user's, round one that answers at once.
class async_guarded_cells final : public testing::stored {
public:
    cell_store& cells() override { return guarded_; }
    void wait(duration d) override { time_.pass(d); }

private:
    testing::virtual_time time_;
    memory_store behind_{{}, time_};
    careful care_ = care();
    asio::thread_pool threads_{2};
    async_guarded_store<careful> guarded_{behind_, care_, threads_.get_executor()};
};
/// And round one that answers from threads of its own.
class async_guarded_cells_aside final : public testing::stored {
public:
    cell_store& cells() override { return guarded_; }
    void wait(duration d) override { time_.pass(d); }

private:
    testing::virtual_time time_;
    memory_store behind_{{}, time_};
    careful care_ = care();
    asio::thread_pool threads_{2};
    offloaded_store aside_{behind_, {.threads = 2}};
    async_guarded_store<careful> guarded_{aside_, care_, threads_.get_executor()};
};
const testing::store_under_test plain{"async_guarded", [] { return std::make_unique<async_guarded_cells>(); }};
const testing::store_under_test aside{"round_an_offloaded_one",
                                      [] { return std::make_unique<async_guarded_cells_aside>(); }};

TEST(async_guarded_store_threads, its_context_may_go_while_it_is_asked) {
    for (int times = 0; times < 20; ++times) {
        careful around = care();
        memory_store kept;
        offloaded_store behind{kept, {.threads = 2}};
        auto threads = std::make_unique<asio::thread_pool>(2);
        async_guarded_store cells{behind, around, threads->get_executor()};
        std::atomic<int> answered = 0;
        std::atomic<int> ended = 0;
        std::vector<std::jthread> all;
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&] {
                cell_result said = ask(cells, {read_cell{"a"}});
                for (; said; said = ask(cells, {read_cell{"a"}})) ++answered;
                if (said.error().code() == errc::cancelled || said.error().code() == errc::withdrawn) ++ended;
            });
        while (answered < 20) std::this_thread::yield();
        threads.reset();
        all.clear();
        EXPECT_EQ(ended, 4);
    }
}

TEST(async_guarded_store_threads, it_may_go_while_answers_are_on_their_way) {
    for (int times = 0; times < 60; ++times) {
        careful around = care();
        std::atomic<int> told = 0;
        asio::thread_pool threads{2};
        memory_store kept;
        {
            offloaded_store behind{kept, {.threads = 2}};
            async_guarded_store cells{behind, around, threads.get_executor()};
            for (int i = 0; i < 20; ++i) cells.begin({read_cell{"a"}}, [&](const cell_result&) noexcept { ++told; });
            if (times % 2 == 0) std::this_thread::yield();
        }
        while (told < 20) std::this_thread::yield();  // one that had begun may outlast the store
        if (times % 3 == 0) threads.join();
        EXPECT_EQ(told, 20);
    }
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(async_guarded, store_conformance, ::testing::Values(plain, aside), store_name{});
}  // namespace testing

}  // namespace cutwater
