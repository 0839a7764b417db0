// Who posts and who cancels on threads of their own, while a context runs.

#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/drive/async_work/async_work_queue.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using enum queue_overflow;
namespace asio = boost::asio;
using asio::awaitable;

/// Posts from a thread of its own, and cancels every third.
class poster {
public:
    poster(async_work_queue& queue, pipeline<reference<bulkhead>>& guarded, unsigned tasks)
        : runs_{[this, &queue, &guarded, tasks] {
              for (unsigned i = 0; i < tasks; ++i) post(queue, guarded, i);
          }} {}
    void join() { runs_.join(); }
    [[nodiscard]] unsigned accounted_for() const { return ends_ + refused_; }

private:
    void post(async_work_queue& queue, pipeline<reference<bulkhead>>& guarded, unsigned number) {
        std::stop_source caller;
        const auto yields = []() -> awaitable<int> {
            co_await asio::post(asio::use_awaitable);
            co_return 7;
        };
        const auto counts = [this](const result<int>&) { ++ends_; };
        if (!queue.post({.stop = caller.get_token()}, ref(guarded), yields, counts)) ++refused_;
        if (number % 3 == 0) caller.request_stop();
    }

    std::atomic<unsigned> ends_{0};
    std::atomic<unsigned> refused_{0};
    std::jthread runs_;
};

TEST(async_work_queue_threads, others_may_post_and_cancel_while_a_context_runs) {
    constexpr unsigned each = 200;
    asio::io_context context;
    bulkhead narrow{{.max_concurrent = 2, .max_queue = 4 * each, .max_wait = 24h}};
    pipeline guarded{ref(narrow)};
    async_work_queue queue{context.get_executor(), {.workers = 3, .max_length = 10, .when_full = drop_oldest}};
    poster first{queue, guarded, each};
    poster second{queue, guarded, each};
    {
        auto keeps_running = asio::make_work_guard(context);
        const std::jthread runs{[&] { context.run(); }};
        first.join();
        second.join();
        queue.stop();
        while (queue.held() > 0) std::this_thread::yield();
        keeps_running.reset();
    }
    EXPECT_EQ(first.accounted_for(), each);
    EXPECT_EQ(second.accounted_for(), each);
    EXPECT_EQ(narrow.in_use(), 0U);
}

}  // namespace
}  // namespace cutwater
