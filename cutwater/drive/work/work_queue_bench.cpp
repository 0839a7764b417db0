// What a task costs that does nothing: posted, taken by a worker, and told. One thread, or two, post a burst, wait until it is done, and
// post the next; beside it the same through the barest queue there is, and a worker pool, whose caller waits for each call.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

cw::pipeline<cw::reference<cw::bulkhead>>& gate() {
    static cw::bulkhead wide{{.max_concurrent = 1'000'000}};
    static cw::pipeline through{cw::ref(wide)};
    return through;
}

constexpr unsigned burst = 500;

/// Calls `post`, and after each burst waits until `is_done`: the time is that of the whole.
template <class Post, class IsDone>
void in_bursts(benchmark::State& state, Post post, IsDone is_done) {
    const auto all_done = [&] {
        while (!is_done()) std::this_thread::yield();
    };
    const cw::bench::count_allocations counting{state};
    unsigned posted = 0;
    for (auto _ : state) {
        post();
        if (++posted % burst == 0) all_done();
    }
    all_done();
}

void posted_and_run(benchmark::State& state) {
    static auto& queue = *new cw::work_queue{
        // for the life of the process
        {.workers = 1, .max_length = 2 * burst, .when_full = cw::queue_overflow::block, .max_wait = 1h}};
    in_bursts(
        state, [] { cw::bench::keep(queue.post(cw::ref(gate()), cw::bench::bare_call)); },
        [] { return queue.held() == 0; });
}
CUTWATER_BENCH(posted_and_run, "work_queue/posted_and_run");

void refused(benchmark::State& state) {
    static auto& queue = [] -> auto& {
        auto& made = *new cw::work_queue{{.workers = 1, .max_length = 1}};
        (void)made.post(cw::ref(gate()), [](cw::attempt& a) {
            while (!a.stop_requested()) std::this_thread::sleep_for(10ms);
        });
        return made;
    }();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(queue.post(cw::ref(gate()), cw::bench::bare_call));
}
CUTWATER_BENCH(refused, "work_queue/refused");

/// A mutex, a deque and a thread: what a queue without bound, order, deadline or end costs.
class bare_queue {
public:
    void post(std::move_only_function<void()> task) {
        {
            const std::scoped_lock lock{mutex_};
            tasks_.push_back(std::move(task));
        }
        changed_.notify_one();
    }
    [[nodiscard]] bool is_empty() {
        const std::scoped_lock lock{mutex_};
        return tasks_.empty();
    }

private:
    void work(const std::stop_token& stop) {
        for (;;) {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [&] { return !tasks_.empty() || stop.stop_requested(); });
            if (tasks_.empty()) return;
            auto next = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            next();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::move_only_function<void()>> tasks_;
    std::jthread worker_{[this](const std::stop_token& stop) { work(stop); }};
};

void bare(benchmark::State& state) {
    static auto& queue = *new bare_queue;
    in_bursts(
        state, [] { queue.post([] { cw::bench::keep(gate().run(cw::bench::bare_call)); }); },
        [] { return queue.is_empty(); });
}
CUTWATER_BENCH(bare, "work_queue/reference/mutex_and_deque");

void pool(benchmark::State& state) {
    static auto& guarded = [] -> auto& {
        static auto& threads = *new cw::worker_pool{{.threads = 1, .max_queue = 10}};
        static cw::pipeline made{cw::ref(threads)};
        return made;
    }();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
CUTWATER_BENCH(pool, "work_queue/reference/worker_pool");

}  // namespace
