// What is only so with coroutines: several attempts at once, posting that waits, and an executor that may go.

#include "cutwater/drive/async_work/async_work_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::ElementsAre;
using enum queue_overflow;
namespace asio = boost::asio;
using asio::awaitable;

class async_work_queue_test : public ::testing::Test {
protected:
    virtual_time time;
    mock_dependency<int> dependency{time};
    event_recorder heard;
    bulkhead wide{{.max_concurrent = 1000}};
    pipeline<reference<bulkhead>> plain{ref(wide)};
    std::vector<std::string> told;
    virtual_asio loop{time};

    [[nodiscard]] auto executor() { return loop.context().get_executor(); }
    auto tells(const std::string& called) {
        return [this, called](const auto& r) {
            told.push_back(called + (r ? "" : ": " + r.error().code().message()) + " " + to_text(time.elapsed()));
        };
    }
    /// Awaits posting `called`, and remembers what came of that.
    awaitable<void> posts(async_work_queue& queue, std::string called, call_options said = {}) {
        const auto taken = co_await queue.async_post(said, ref(plain), loop.coroutine(dependency), tells(called));
        told.push_back(called + (taken ? " is taken " : " is not: " + taken.error().code().message() + " ") +
                       to_text(time.elapsed()));
    }
    void start(awaitable<void> what, asio::cancellation_slot slot = {}) {
        asio::co_spawn(loop.context(), std::move(what), asio::bind_cancellation_slot(slot, asio::detached));
    }
};

TEST_F(async_work_queue_test, as_many_attempts_run_at_once_as_there_are_workers) {
    async_work_queue queue{executor(), {.workers = 2}};
    dependency.returns(7, 10ms);
    for (const auto* name : {"a", "b", "c"})
        ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), tells(name)));
    EXPECT_EQ(queue.waiting(), 3U);
    loop.run_until([&] { return time.elapsed() > 0s; });
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("a 10ms", "b 10ms", "c 20ms"));
    EXPECT_EQ(dependency.most_at_once(), 2U);
    EXPECT_EQ(queue.running() + queue.waiting() + queue.held(), 0U);
}

TEST_F(async_work_queue_test, S86_what_has_paused_counts_for_no_worker) {
    async_work_queue queue{executor(), {.workers = 1}};
    pipeline retries{retry{{.max_attempts = 2, .base_delay = 50ms, .jitter = jitter::none}}};
    dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7, 10ms);
    for (const auto* name : {"a", "b", "c"})
        ASSERT_TRUE(queue.post(ref(retries), loop.coroutine(dependency), tells(name)));
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("c 10ms", "a 60ms", "b 70ms"));
}

TEST_F(async_work_queue_test, T46_what_passes_its_deadline_leaves_though_every_worker_is_busy) {
    async_work_queue queue{executor(), {.workers = 1}, heard};
    dependency.returns(7, 20ms);
    ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), tells("slow")));
    ASSERT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), loop.coroutine(dependency), tells("late")));
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("late: the deadline passed before it had begun 10ms", "slow 20ms"));
    EXPECT_EQ(heard.last("work_expired").field("queued_for"), "10ms");
}

TEST_F(async_work_queue_test, what_is_no_coroutine_runs_as_well) {
    async_work_queue queue{executor()};
    unsigned sent = 0;
    pipeline retries{retry{{.max_attempts = 3, .base_delay = 5ms, .jitter = jitter::none}}};
    ASSERT_TRUE(queue.post(
        ref(retries),
        [&]() -> std::expected<int, std::errc> {
            if (++sent < 2) return std::unexpected{std::errc::connection_reset};
            return 7;
        },
        tells("a")));
    ASSERT_TRUE(queue.post(ref(plain), []() -> awaitable<void> { co_return; }, tells("b")));
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("b 0s", "a 5ms"));
}

TEST_F(async_work_queue_test, S125_who_posts_may_wait_for_a_place) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 1, .when_full = block}};
    dependency.returns(7, 10ms);
    for (const auto* name : {"a", "b", "c"}) start(posts(queue, name));
    loop.run_all();
    EXPECT_THAT(told,
                ElementsAre("a is taken 0s", "c is not: the queue is full 0s", "a 10ms", "b is taken 10ms", "b 20ms"))
        << "as many may wait as there are places";
}

TEST_F(async_work_queue_test, T46_who_waits_for_a_place_has_that_of_a_task_that_came_after_and_passes_its_deadline) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 2, .when_full = block, .max_wait = 1h}};
    dependency.returns(7, 100ms);
    std::stop_source caller;
    ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), tells("slow")));
    ASSERT_TRUE(queue.post({.deadline = time.in(50ms)}, ref(plain), loop.coroutine(dependency), tells("late")));
    start(posts(queue, "short", {.deadline = time.in(70ms)}));
    start(posts(queue, "patient"));
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("late: the deadline passed before it had begun 50ms", "short is taken 50ms",
                                  "short: the deadline passed before it had begun 70ms", "patient is taken 70ms",
                                  "slow 100ms", "patient 200ms"));
}

TEST_F(async_work_queue_test, ends_are_told_on_the_executor_wherever_others_are_posted) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 2, .when_full = drop_oldest}};
    dependency.returns(7);
    std::vector<std::string> elsewhere;
    const auto looks = [&](const std::string& called) {
        return [this, &elsewhere, called](const auto&) {
            told.push_back(called);
            if (!executor().running_in_this_thread()) elsewhere.push_back(called);
        };
    };
    ASSERT_TRUE(queue.post({.deadline = time.present()}, ref(plain), loop.coroutine(dependency), looks("late")));
    for (const auto* name : {"a", "b", "c"})
        ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), looks(name)));
    EXPECT_THAT(told, ::testing::IsEmpty());
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("late", "a", "b", "c"));
    EXPECT_THAT(elsewhere, ::testing::IsEmpty());
}

TEST_F(async_work_queue_test, no_more_ends_are_untold_than_there_are_places) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 2, .when_full = drop_oldest}};
    dependency.returns(7);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), tells("a")));
    EXPECT_THAT(queue.post(ref(plain), loop.coroutine(dependency), tells("b")), fails_with(errc::queue_full));
    loop.run_all();
    EXPECT_EQ(told.size(), 4U);
    EXPECT_TRUE(queue.post(ref(plain), loop.coroutine(dependency), tells("b")));
}

TEST_F(async_work_queue_test, what_has_left_a_queue_and_is_untold_goes_with_its_context) {
    const auto owned = std::make_shared<int>(0);
    {
        virtual_time own_time;
        virtual_asio own{own_time};
        async_work_queue queue{own.context().get_executor(), {.workers = 1, .max_length = 1, .when_full = drop_oldest}};
        for (int i = 0; i < 2; ++i) ASSERT_TRUE(queue.post(ref(plain), [owned] { return *owned; }));
    }
    EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(async_work_queue_test, tasks_that_post_tasks_leave_the_executor_to_others) {
    async_work_queue queue{executor(), {.workers = 2}};
    unsigned turns = 0;
    struct again {
        async_work_queue* queue;
        pipeline<reference<bulkhead>>* through;
        unsigned* turns;
        void operator()(const result<int>&) const {
            if (++*turns < 10'000) (void)queue->post(ref(*through), [] { return 7; }, *this);
        }
    };
    ASSERT_TRUE(queue.post(ref(plain), [] { return 7; }, again{&queue, &plain, &turns}));
    unsigned before_others = 0;
    asio::post(loop.context(), [&] { asio::post(loop.context(), [&] { before_others = turns; }); });
    loop.run_all();
    EXPECT_EQ(turns, 10'000U);
    EXPECT_LT(before_others, 200U);
}

/// An executor that has no memory once, when it is told so.
struct poor_executor {
    asio::io_context::executor_type inner;
    bool* is_poor;

    template <class F>
    void execute(F&& f) const {
        if (std::exchange(*is_poor, false)) throw std::bad_alloc{};
        inner.execute(std::forward<F>(f));
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return inner.context(); }
    [[nodiscard]] static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    friend bool operator==(const poor_executor& a, const poor_executor& b) noexcept { return a.inner == b.inner; }
};

TEST_F(async_work_queue_test, an_attempt_that_cannot_be_begun_has_failed) {
    bool is_poor = false;
    async_work_queue queue{
        asio::any_io_executor{poor_executor{asio::require(executor(), asio::execution::blocking.never), &is_poor}},
        {.workers = 1}};
    struct becomes_poor {
        bool* is_poor;
        [[nodiscard]] static name layer_name() { return "becomes_poor"; }
        int before(call_context&) const { return *is_poor = true, 0; }
        void after(int, const observation&, call_context&) const { *is_poor = false; }
    };
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, becomes_poor{&is_poor},
                     classify{transient(exception<std::bad_alloc>())}};
    dependency.returns(7);
    ASSERT_TRUE(queue.post(ref(guarded), loop.coroutine(dependency), tells("a")));
    loop.run_all();
    EXPECT_THAT(told, ElementsAre("a: the call failed 10ms"));
    EXPECT_EQ(queue.held(), 0U);
    EXPECT_EQ(dependency.calls(), 0U);
}

TEST_F(async_work_queue_test, S27_who_waits_for_a_place_does_so_no_longer_than_it_may) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 3, .when_full = block, .max_wait = 5ms}};
    dependency.returns(7, 10ms);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency)));
    std::stop_source caller;
    asio::cancellation_signal signal;
    start(posts(queue, "waits"));
    start(posts(queue, "stopped", {.stop = caller.get_token()}));
    start(posts(queue, "due", {.deadline = time.in(3ms)}));
    time.after(1ms, [&] { caller.request_stop(); });
    loop.run_until([&] { return told.size() == 3; });
    EXPECT_THAT(told, ElementsAre("stopped is not: the caller cancelled the call 1ms",
                                  "due is not: no permit or place became free in time 3ms",
                                  "waits is not: no permit or place became free in time 5ms"));
    told.clear();
    start(posts(queue, "cancelled"), signal.slot());
    time.after(1ms, [&] { signal.emit(asio::cancellation_type::terminal); });
    loop.run_all();
    EXPECT_EQ(queue.held(), 0U);
    EXPECT_TRUE(queue.post(ref(plain), loop.coroutine(dependency))) << "and has left nothing behind";
    loop.run_all();
}

TEST_F(async_work_queue_test, post_itself_never_waits) {
    async_work_queue queue{executor(), {.workers = 1, .max_length = 1, .when_full = block}};
    dependency.returns(7);
    ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency)));
    EXPECT_THAT(queue.post(ref(plain), loop.coroutine(dependency)), fails_with(errc::queue_full));
    loop.run_all();
}

TEST_F(async_work_queue_test, a_drain_waits_for_what_is_held) {
    async_work_queue queue{executor(), {.name = "orders"}, heard};
    pipeline retries{retry{{.max_attempts = 2, .base_delay = 50ms, .jitter = jitter::none}}};
    dependency.fails(std::errc::connection_reset, 5ms).returns(7, 5ms);
    ASSERT_TRUE(queue.post(ref(retries), loop.coroutine(dependency), tells("a")));
    std::optional<unsigned> left;
    const auto drains = [&]() -> awaitable<void> { left = co_await queue.async_drain(); };
    start(drains());
    loop.run_all();
    EXPECT_EQ(left, 0U);
    EXPECT_THAT(told, ElementsAre("a 60ms"));
    EXPECT_EQ(heard.last("work_queue_drained").field("took"), "60ms");
    EXPECT_THAT(queue.post(ref(plain), loop.coroutine(dependency)), fails_with(errc::queue_closed));
}

TEST_F(async_work_queue_test, a_drain_that_takes_too_long_says_how_many_are_left) {
    async_work_queue queue{executor(), {.workers = 1}};
    dependency.returns(7, 50ms);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.post(ref(plain), loop.coroutine(dependency)));
    std::optional<unsigned> left;
    const auto drains = [&]() -> awaitable<void> { left = co_await queue.async_drain(70ms); };
    start(drains());
    loop.run_all();
    EXPECT_EQ(left, 2U);
}

TEST_F(async_work_queue_test, a_queue_that_goes_has_its_tasks_told_on_the_executor) {
    std::optional<async_work_queue> queue{std::in_place, executor(), work_queue_options{.workers = 1}};
    dependency.hangs();
    pipeline bounded{timeout{1h}};
    ASSERT_TRUE(queue->post(ref(bounded), loop.coroutine(dependency), tells("runs")));
    ASSERT_TRUE(queue->post(ref(bounded), loop.coroutine(dependency), tells("waits")));
    time.after(5ms, [&] { queue.reset(); });
    loop.run_all();
    EXPECT_THAT(told, ::testing::UnorderedElementsAre("runs: the caller cancelled the call 5ms",
                                                      "waits: the queue takes no more 5ms"));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(async_work_queue_test, a_context_may_go_at_any_step_and_nothing_is_left_behind) {
    for (unsigned steps = 0; steps < 60; ++steps) {
        virtual_time own_time;
        mock_dependency<int> shop{own_time};
        shop.fails(std::errc::connection_reset, 5ms).returns(7, 5ms);
        bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
        pipeline guarded{ref(narrow), retry{{.max_attempts = 2, .base_delay = 5ms}}, timeout{1s}};
        const auto owned = std::make_shared<int>(0);
        {
            virtual_asio own{own_time};
            async_work_queue queue{own.context().get_executor(), {.workers = 2}};
            std::stop_source caller;
            const auto counts = [owned](const result<int>&) { ++*owned; };
            for (int i = 0; i < 3; ++i)
                ASSERT_TRUE(queue.post({.stop = caller.get_token()}, ref(guarded), own.coroutine(shop), counts));
            for (unsigned step = 0; step < steps && own.step(); ++step) {}
        }
        EXPECT_EQ(owned.use_count(), 1) << "after " << steps << " steps";
        EXPECT_LE(*owned, 3);
        EXPECT_EQ(narrow.in_use(), 0U);
        EXPECT_EQ(narrow.queued(), 0U);
    }
}

}  // namespace
}  // namespace cutwater
