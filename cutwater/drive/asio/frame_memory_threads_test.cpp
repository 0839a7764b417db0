// Blocks for frames: kept by the thread that gives them back, a few of each size.

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/drive/asio/frame_memory.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;

/// Every byte of it can be written.
void* written(void* block, std::size_t size) { return std::memset(block, 0x5a, size); }

TEST(frame_memory, gives_the_block_that_came_back_last) {
    void* const first = written(frame_memory::take(900), 900);
    frame_memory::give_back(first, 900);
    void* const second = written(frame_memory::take(1000), 1000);  // of the same step
    EXPECT_EQ(second, first);
    void* const other = written(frame_memory::take(300), 300);
    EXPECT_NE(other, first);
    frame_memory::give_back(second, 1000);
    frame_memory::give_back(other, 300);
}

TEST(frame_memory, takes_any_size) {
    for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 4095U, 4096U, 4097U, 1'000'000U})
        for (int i = 0; i < 3; ++i) frame_memory::give_back(written(frame_memory::take(size), size), size);
}

TEST(frame_memory, keeps_a_few_and_frees_the_rest) {
    std::vector<void*> taken;
    for (int i = 0; i < 10; ++i) taken.push_back(written(frame_memory::take(2000), 2000));
    for (void* const block : taken) frame_memory::give_back(block, 2000);
}

TEST(frame_memory, goes_with_the_thread_that_kept_it) {
    void* const made_here = written(frame_memory::take(600), 600);
    std::thread{[&] {
        frame_memory::give_back(made_here, 600);
        void* const again = written(frame_memory::take(600), 600);
        EXPECT_EQ(again, made_here);
        frame_memory::give_back(again, 600);
    }}.join();
}

/// Gives its block back when the thread's own things are destroyed, the first of which is the last to go.
struct gives_back_late {
    void* block = nullptr;
    ~gives_back_late() {
        if (block != nullptr) frame_memory::give_back(block, 700);
    }
};

TEST(frame_memory, takes_blocks_back_while_a_thread_ends) {
    std::thread{[] {
        thread_local gives_back_late last;  // made before the thread keeps anything: destroyed after that is swept
        last.block = frame_memory::take(700);
        frame_memory::give_back(frame_memory::take(700), 700);
    }}.join();
}

asio::awaitable<int> framed_here(frame_memory, std::array<char, 1500> large) { co_return large[7]; }

TEST(frame_memory, holds_the_frame_of_a_coroutine_that_says_so) {
    void* const kept = frame_memory::take(3000);
    frame_memory::give_back(kept, 3000);
    std::array<char, 1500> large{};
    large[7] = 7;
    asio::io_context context;
    std::optional<int> out;
    const auto awaits = [&]() -> asio::awaitable<void> { out = co_await framed_here({}, large); };
    asio::co_spawn(context, awaits, asio::detached);
    context.run();
    EXPECT_EQ(out, 7);
}

int sent = 0;
asio::awaitable<void> sends() {
    ++sent;
    co_return;
}
asio::awaitable<void> waits_and_says_nothing() {
    asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::hours{1}};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}
asio::awaitable<void> goes_on(frame_memory) {
    co_await waits_and_says_nothing();
    co_await sends();
}

TEST(frame_memory, leaves_asio_to_throw_where_the_caller_has_cancelled) {
    asio::io_context context;
    asio::cancellation_signal signal;
    bool thrown = false;
    asio::co_spawn(context, goes_on({}), asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& e) {
                       thrown = e != nullptr;
                   }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.run();
    EXPECT_TRUE(thrown);
    EXPECT_EQ(sent, 0);
}

}  // namespace
}  // namespace cutwater
