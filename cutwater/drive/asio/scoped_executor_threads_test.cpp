// Scopes of coroutines on a context that several threads run.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/asio.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;

class scoped_on_threads : public ::testing::Test {
protected:
    /// Begins coroutines inside of coroutines, each told what must surround it.
    // NOLINTNEXTLINE(misc-no-recursion)
    awaitable<void> grow(std::string around, unsigned depth) {
        const asio::any_io_executor here = co_await asio::this_coro::executor;
        for (unsigned step = 0; step < 8; ++step) {
            if (inherited().id != around) broken_ = true;
            if (step % 2 == 0) co_await asio::post(asio::use_awaitable);
            if (depth == 0 || step % 3 != 0) continue;
            const std::string id = around + std::string(30, static_cast<char>('a' + step));
            spawn_in(kept_scope{call_options{.id = id}}, asio::make_strand(unscoped(here)), grow(id, depth - 1),
                     asio::detached);
            spawn_in(no_scope, asio::make_strand(unscoped(here)), grow({}, depth - 1), asio::detached);
            const auto inside = scoped([&] { return grow(around, 0); });
            (void)co_await guarded_.async_run(inherited(), inside);
        }
        ended_.fetch_add(1);
    }

    asio::io_context context_;
    pipeline<timeout> guarded_{timeout{24h}};
    std::atomic<bool> broken_{false};
    std::atomic<int> ended_{0};
};

TEST_F(scoped_on_threads, each_coroutine_has_its_own_on_whichever_thread_it_goes_on) {
    for (const std::string id : {"first", "second", "third"})
        spawn_in(kept_scope{call_options{.id = id}}, asio::make_strand(context_), grow(id, 3), asio::detached);
    asio::co_spawn(asio::make_strand(context_), grow({}, 3), asio::detached);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([this] {
                context_.run();
                if (!(surrounding() == no_scope)) broken_ = true;
            });
    }
    EXPECT_FALSE(broken_);
    EXPECT_GT(ended_, 4 * 6 * 6 * 6);
}

}  // namespace
}  // namespace cutwater
