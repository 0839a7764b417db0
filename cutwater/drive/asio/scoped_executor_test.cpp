// What surrounds coroutines: after each suspension, and nobody else's.

#include "cutwater/drive/asio/scoped_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;

static_assert(asio::execution::is_executor<scoped_executor>::value);
static_assert(std::convertible_to<scoped_executor, asio::any_io_executor>);
static_assert(asio::execution::is_executor<asio::strand<scoped_executor>>::value);

kept_scope scope_of(unsigned number) { return kept_scope{call_options{.earlier_attempts = number}}; }
unsigned number() { return inherited().earlier_attempts; }
awaitable<void> suspend() { return asio::post(asio::use_awaitable); }

class scoped_coroutines : public ::testing::Test {
protected:
    [[nodiscard]] asio::any_io_executor executor() { return loop.context().get_executor(); }
    /// Its number `times` times, suspended between.
    awaitable<void> look(std::vector<unsigned>& seen, int times) {
        for (int i = 0; i < times; ++i) {
            seen.push_back(number());
            if (i % 2 == 0)
                co_await suspend();
            else
                co_await loop.sleep(1ms);
        }
    }
    void spawn(auto body) { asio::co_spawn(executor(), std::move(body), rethrow); }
    static void rethrow(const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    std::vector<unsigned> first;
    std::vector<unsigned> second;
};

// ---- an executor ----

TEST_F(scoped_coroutines, its_executor_is_one_that_answers_as_the_inner_one_does) {
    const scoped_executor scoped{executor(), scope_of(1)};
    EXPECT_EQ(&asio::query(scoped, asio::execution::context), &loop.context());
    EXPECT_EQ(scoped, (scoped_executor{executor(), scoped.scope()}));
    EXPECT_NE(scoped, (scoped_executor{executor(), scope_of(1)}));
    const auto never_blocks = asio::require(scoped, asio::execution::blocking.never);
    EXPECT_EQ(never_blocks.scope(), scoped.scope());
    EXPECT_EQ(asio::query(never_blocks, asio::execution::blocking), asio::execution::blocking.never);
    const auto works = asio::prefer(scoped, asio::execution::outstanding_work.tracked);
    EXPECT_EQ(works.scope(), scoped.scope());
    EXPECT_FALSE(loop.context().poll() > 0 || loop.context().stopped()) << "which keeps the context at work";

    const asio::any_io_executor any{scoped};
    EXPECT_EQ(any, asio::any_io_executor{scoped});
    EXPECT_NE(any, executor());
    EXPECT_EQ(unscoped(any), executor());
    EXPECT_EQ(unscoped(executor()), executor());
    EXPECT_EQ(unscoped(scoped_executor{any, scope_of(2)}), executor());
}

TEST_F(scoped_coroutines, handlers_run_inside_whoever_posts_them) {
    const scoped_executor scoped{executor(), scope_of(1)};
    const call_scope other{call_options{.earlier_attempts = 7}};
    asio::post(scoped, [&] {
        first.push_back(number());
        asio::dispatch(scoped_executor{executor(), no_scope}, [&] { first.push_back(number()); });
        first.push_back(number());
    });
    EXPECT_TRUE(first.empty());
    loop.run_all();
    EXPECT_THAT(first, ElementsAre(1, 0, 1));
    EXPECT_EQ(number(), 7U);
}

TEST_F(scoped_coroutines, work_on_strands_and_with_timers) {
    const auto strand = asio::make_strand(executor());
    spawn_in(scope_of(1), strand, look(first, 4), rethrow);
    spawn_in(scope_of(2), strand, look(second, 4), rethrow);
    loop.run_all();
    EXPECT_THAT(first, AllOf(::testing::SizeIs(4), Each(1U)));
    EXPECT_THAT(second, AllOf(::testing::SizeIs(4), Each(2U)));

    first.clear();
    asio::co_spawn(asio::make_strand(scoped_executor{executor(), scope_of(3)}), look(first, 4), rethrow);
    loop.run_all();
    EXPECT_THAT(first, AllOf(::testing::SizeIs(4), Each(3U)));

    std::vector<unsigned> third;
    asio::steady_timer timer{scoped_executor{executor(), scope_of(4)}, asio::steady_timer::time_point::min()};
    timer.async_wait([&](const auto&) { third.push_back(number()); });
    loop.run_all();
    EXPECT_THAT(third, ElementsAre(4));
}

// ---- coroutines ----

TEST_F(scoped_coroutines, two_that_take_turns_on_one_thread_never_see_each_others) {
    spawn_in(scope_of(1), executor(), look(first, 6), rethrow);
    spawn_in(scope_of(2), executor(), look(second, 6), rethrow);
    std::vector<unsigned> without;
    spawn(look(without, 6));
    loop.run_all();
    EXPECT_THAT(first, AllOf(::testing::SizeIs(6), Each(1U)));
    EXPECT_THAT(second, AllOf(::testing::SizeIs(6), Each(2U)));
    EXPECT_THAT(without, AllOf(::testing::SizeIs(6), Each(0U)));
    EXPECT_EQ(number(), 0U);
}

TEST_F(scoped_coroutines, what_asio_spawns_inside_inherits_until_it_waits_and_background_work_does_not) {
    std::vector<unsigned> background;
    std::vector<unsigned> child;
    spawn_in(
        scope_of(1), executor(),
        [&]() -> awaitable<void> {
            asio::co_spawn(executor(), look(first, 3), asio::detached);
            spawn_in(no_scope, co_await asio::this_coro::executor, look(background, 3), asio::detached);
            spawn_in(surrounding(), executor(), look(child, 3), asio::detached);
            second.push_back(number());
            co_await suspend();
            second.push_back(number());
        },
        rethrow);
    loop.run_all();
    EXPECT_THAT(first, ElementsAre(1, 0, 0)) << "co_spawn begins at once where it is on its context already";
    EXPECT_THAT(background, ElementsAre(0, 0, 0));
    EXPECT_THAT(child, ElementsAre(1, 1, 1));
    EXPECT_THAT(second, ElementsAre(1, 1));
}

TEST_F(scoped_coroutines, who_waits_for_one_goes_on_in_its_own_scope) {
    const auto body = [&]() -> awaitable<int> {
        co_await suspend();
        first.push_back(number());
        co_return 7;
    };
    spawn([&]() -> awaitable<void> {
        EXPECT_EQ(co_await spawn_in(scope_of(1), co_await asio::this_coro::executor, body, asio::use_awaitable), 7);
        second.push_back(number());
    });
    spawn_in(
        scope_of(2), executor(),
        [&]() -> awaitable<void> {
            (void)co_await spawn_in(scope_of(3), co_await asio::this_coro::executor, body, asio::use_awaitable);
            second.push_back(number());
        },
        rethrow);
    {
        const call_scope here{call_options{.earlier_attempts = 4}};
        spawn_in(scope_of(5), executor(), body, [&](const std::exception_ptr&, int) { second.push_back(number()); });
    }
    auto later = spawn_in(scope_of(6), executor(), body, asio::use_future);
    loop.run_all();
    EXPECT_EQ(later.get(), 7);
    EXPECT_THAT(first, ::testing::UnorderedElementsAre(1, 3, 5, 6));
    EXPECT_THAT(second, ::testing::UnorderedElementsAre(0, 2, 4));
}

TEST_F(scoped_coroutines, what_one_throws_and_its_cancellation_come_through) {
    asio::cancellation_signal caller;
    std::exception_ptr cancelled;
    std::exception_ptr thrown;
    spawn_in(
        scope_of(1), executor(), [&]() -> awaitable<void> { co_await loop.sleep(1h); },
        asio::bind_cancellation_slot(caller.slot(), [&](std::exception_ptr e) { cancelled = std::move(e); }));
    spawn_in(
        scope_of(1), executor(), []() -> awaitable<int> { throw std::runtime_error{"boom"}; },
        [&](std::exception_ptr e, int) { thrown = std::move(e); });
    time.after(1s, [&] { asio::post(executor(), [&] { caller.emit(asio::cancellation_type::terminal); }); });
    loop.run_all();
    EXPECT_EQ(time.elapsed(), 1s);
    EXPECT_THROW(std::rethrow_exception(cancelled), boost::system::system_error);
    EXPECT_THROW(std::rethrow_exception(thrown), std::runtime_error);
}

// ---- calls ----

TEST_F(scoped_coroutines, S128_a_pipeline_runs_inside_of_what_surrounds_its_caller) {
    pipeline guarded{timeout{10s}, retry{{.max_attempts = 3, .base_delay = 1s}}, timeout{1s}};
    const instant till = time.in(5s);
    std::vector<instant> deadlines;
    spawn_in(
        kept_scope{call_options{.deadline = till, .earlier_attempts = 1}}, executor(),
        [&]() -> awaitable<void> {
            const auto went = co_await guarded.async_run(inherited(), [&]() -> awaitable<int> {
                first.push_back(number());
                deadlines.push_back(inherited().deadline);
                co_await loop.sleep(1h);
                first.push_back(number());
                co_return 7;
            });
            EXPECT_THAT(went, fails_with(errc::timed_out));
            second.push_back(number());
        },
        rethrow);
    loop.run_all();
    EXPECT_THAT(first, AllOf(::testing::SizeIs(::testing::Ge(2U)), Each(1U)));
    EXPECT_THAT(deadlines, Each(till));
    EXPECT_THAT(second, ElementsAre(1));
}

TEST_F(scoped_coroutines, T70_a_scoped_attempt_has_its_own_scope_after_each_suspension_and_its_caller_another) {
    pipeline guarded{timeout{10s}, retry{{.max_attempts = 3, .base_delay = 1s}}, timeout{1s}};
    std::vector<std::optional<unsigned>> left;
    const auto asks = scoped([&](attempt& a) -> awaitable<std::expected<int, std::errc>> {
        EXPECT_EQ(inherited().deadline, a.deadline());
        co_await suspend();
        co_await loop.sleep(1ms);
        EXPECT_EQ(inherited().deadline, a.deadline());
        first.push_back(number());
        left.push_back(inherited().retries_left);
        co_return std::unexpected{std::errc::connection_reset};
    });
    const auto calls = [&]() -> awaitable<void> {
        EXPECT_FALSE(co_await guarded.async_run(inherited(), asks));
        second.push_back(number());
    };
    spawn(calls);
    spawn_in(scope_of(10), executor(), calls, rethrow);
    loop.run_all();
    EXPECT_THAT(first, ::testing::UnorderedElementsAre(0, 1, 2, 10, 11, 12));
    EXPECT_THAT(left, Each(0U));
    EXPECT_THAT(second, ElementsAre(0, 10));
}

TEST_F(scoped_coroutines, a_scoped_attempt_gives_what_its_callable_gives) {
    struct not_made_of_nothing {
        explicit not_made_of_nothing(int n) : value{n} {}
        int value;
    };
    pipeline bounded{timeout{1h}};
    pipeline unbounded{retry{{.max_attempts = 1}}};
    unsigned ran = 0;
    const auto all = [&](auto& guarded) -> awaitable<void> {
        EXPECT_TRUE(co_await guarded.async_run(scoped([]() -> awaitable<void> { co_return; })));
        EXPECT_EQ(**co_await guarded.async_run(
                      scoped([]() -> awaitable<std::unique_ptr<int>> { co_return std::make_unique<int>(7); })),
                  7);
        const auto made = co_await guarded.async_run(
            scoped([]() -> awaitable<not_made_of_nothing> { co_return not_made_of_nothing{7}; }));
        EXPECT_EQ(made->value, 7);
        const auto thrown =
            co_await guarded.async_run(scoped([]() -> awaitable<int> { throw std::runtime_error{"boom"}; }));
        EXPECT_EQ(thrown.error().message(), "boom");
        EXPECT_EQ(*co_await guarded.async_run(scoped([] { return 7; })), 7) << "no coroutine at all";
        ++ran;
    };
    spawn([&]() -> awaitable<void> { co_await all(bounded); });
    spawn([&]() -> awaitable<void> { co_await all(unbounded); });
    loop.run_all();
    EXPECT_EQ(ran, 2U);
}

TEST_F(scoped_coroutines, a_scoped_attempt_is_interrupted_by_its_deadline_and_by_its_caller) {
    pipeline patient{retry{{.max_attempts = 1}}, timeout{{.name = "attempt", .after = 500ms}}};
    pipeline unbounded{retry{{.max_attempts = 1}}};
    const auto sleeps = scoped([&]() -> awaitable<int> {
        co_await loop.sleep(1h);
        co_return 7;
    });
    EXPECT_THAT(loop.run(patient, sleeps), fails_with(errc::timed_out));
    EXPECT_EQ(time.elapsed(), 500ms);

    asio::cancellation_signal caller;
    time.after(1s, [&] { asio::post(executor(), [&] { caller.emit(asio::cancellation_type::terminal); }); });
    EXPECT_THAT(loop.run(unbounded, {}, sleeps, caller.slot()), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 1500ms);

    std::stop_source stop;
    time.after(1s, [&] { stop.request_stop(); });
    EXPECT_THAT(loop.run(unbounded, {.stop = stop.get_token()}, sleeps), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 2500ms);
}

TEST_F(scoped_coroutines, attempts_that_overlap_have_a_scope_each) {
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 10ms}}};
    const auto asks = scoped([&](attempt& a) -> awaitable<int> {
        for (int i = 0; i < 5; ++i) {
            co_await loop.sleep(10ms);
            first.push_back(number() == a.earlier_attempts() ? a.number() : 100);
        }
        co_return 7;
    });
    EXPECT_THAT(loop.run(guarded, {.idempotent = idempotency::idempotent, .earlier_attempts = 10}, asks), has_value(7));
    EXPECT_THAT(first, Each(::testing::Le(3U)));
    for (const unsigned attempt : {1U, 2U, 3U}) EXPECT_THAT(first, ::testing::Contains(attempt));
}

TEST_F(scoped_coroutines, a_task_of_a_work_queue_begins_outside_wherever_the_queue_was_made) {
    pipeline guarded{retry{}};
    std::optional<async_work_queue> queue;
    std::vector<kept_scope> seen;
    spawn_in(
        scope_of(1), executor(),
        [&]() -> awaitable<void> {
            queue.emplace(co_await asio::this_coro::executor);
            EXPECT_TRUE(queue->post(
                ref(guarded),
                [&]() -> awaitable<void> {
                    seen.push_back(surrounding());
                    co_await suspend();
                    seen.push_back(surrounding());
                },
                [&](const auto&) { seen.push_back(surrounding()); }));
            EXPECT_TRUE(queue->post({.earlier_attempts = 7}, ref(guarded), scoped([&]() -> awaitable<void> {
                                        co_await suspend();
                                        first.push_back(number());
                                    })));
            EXPECT_TRUE(queue->post(ref(guarded), carrying([&] { first.push_back(number()); })));
            (void)co_await queue->async_drain();
            second.push_back(number());
        },
        rethrow);
    loop.run_all();
    EXPECT_THAT(seen, ElementsAre(no_scope, no_scope, no_scope));
    EXPECT_THAT(first, ::testing::UnorderedElementsAre(7, 1));
    EXPECT_THAT(second, ElementsAre(1));
}

// ---- a model ----

/// Coroutines that begin coroutines, all on one thread: each is told what must surround it.
class random_tree {
public:
    explicit random_tree(std::uint64_t seed) : random_{seed} {}

    [[nodiscard]] bool run() {
        for (unsigned i = 1; i <= 3; ++i) spawn_in(scope_of(i), executor(), grow(i, 4), asio::detached);
        asio::co_spawn(executor(), grow(0, 4), asio::detached);
        loop_.run_all();
        return ok_ && begun_ == ended_ && number() == 0;
    }

private:
    [[nodiscard]] asio::any_io_executor executor() { return loop_.context().get_executor(); }
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
    void check(unsigned expected) { ok_ = ok_ && number() == expected; }

    // NOLINTNEXTLINE(misc-no-recursion)
    awaitable<void> grow(unsigned around, int depth) {
        ++begun_;
        const asio::any_io_executor here = co_await asio::this_coro::executor;
        for (unsigned steps = depth == 0 ? 1 : pick(5); steps > 0; --steps) {
            check(around);
            const unsigned own = pick(50);
            switch (depth == 0 ? pick(2) : pick(7)) {
                case 0: co_await suspend(); break;
                case 1: co_await loop_.sleep(duration{pick(3)}); break;
                case 2: spawn_in(surrounding(), here, grow(around, depth - 1), asio::detached); break;
                case 3: spawn_in(no_scope, here, grow(0, depth - 1), asio::detached); break;
                case 4:
                    co_await spawn_in(kept_scope{inherited({.earlier_attempts = own})}, here,
                                      grow(std::max(around, own), depth - 1), asio::use_awaitable);
                    break;
                case 5: {
                    const call_scope block{call_options{.earlier_attempts = own}};
                    spawn_in(surrounding(), here, grow(std::max(around, own), depth - 1), asio::detached);
                    check(std::max(around, own));
                    break;
                }
                default:
                    (void)co_await guarded_.async_run(inherited(), scoped([this, around, depth](attempt& a) {
                                                          return grow(around + a.number() - 1, depth - 1);
                                                      }));
                    break;
            }
        }
        check(around);
        ++ended_;
    }

    random_source random_;
    testing::virtual_time time_;
    testing::virtual_asio loop_{time_};
    pipeline<retry, timeout> guarded_{retry{}, timeout{1h}};
    bool ok_ = true;
    int begun_ = 0;
    int ended_ = 0;
};

RC_GTEST_PROP(scoped_coroutines_model, however_coroutines_begin_coroutines_each_has_what_surrounds_it, ()) {
    RC_ASSERT(random_tree{*rc::gen::arbitrary<std::uint64_t>()}.run());
}

}  // namespace
}  // namespace cutwater
