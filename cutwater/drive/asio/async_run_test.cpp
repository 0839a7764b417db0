// The coroutine driver, as its callers meet it: awaited, or completed by any token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
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
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::Pointee;
using testing::spoken_by;

awaitable<int> seven() { co_return 7; }

/// Two kinds of pipeline, as the driver sees them: one that has something to interrupt a call with, and one that has not.
class async_run : public ::testing::Test {
protected:
    template <class Body>
    void spawn(Body body) {
        asio::co_spawn(loop.context(), std::move(body), [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
    }
    [[nodiscard]] auto executor() { return loop.context().get_executor(); }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    pipeline<timeout, retry> bounded{timeout{100ms}, retry{{.base_delay = 10ms, .jitter = jitter::none}}};
    pipeline<retry> unbounded{retry{{.base_delay = 10ms, .jitter = jitter::none}}};
};

/// What a socket throws is judged the same, whoever waits for it.
TEST_F(async_run, what_asio_throws_is_judged_as_in_a_blocking_call) {
    pipeline by_rules{retry{{.base_delay = 10ms}}, classify{system_rules{}}};
    const auto attempts = [&](auto& guarded, auto code) {
        std::array<unsigned, 2> made{};
        const auto fail = [&](unsigned& count) {
            ++count;
            throw boost::system::system_error{code, "connect"};
        };
        (void)time.run(guarded, [&] { fail(made[0]); });
        spawn([&]() -> awaitable<void> {
            (void)co_await guarded.async_run([&]() -> awaitable<void> {
                fail(made[1]);
                co_return;
            });
        });
        loop.run_all();
        return made;
    };
    EXPECT_THAT(attempts(unbounded, asio::error::connection_refused), ElementsAre(3U, 3U));
    EXPECT_THAT(attempts(unbounded, asio::error::access_denied), ElementsAre(1U, 1U));
    EXPECT_THAT(attempts(unbounded, asio::error::no_descriptors), ElementsAre(1U, 1U));
    EXPECT_THAT(attempts(by_rules, asio::error::no_descriptors), ElementsAre(3U, 3U));
}

// ---- awaited ----

TEST_F(async_run, is_awaited) {
    std::vector<int> given;
    spawn([&]() -> awaitable<void> {
        given.push_back(*co_await bounded.async_run(seven));
        given.push_back(*co_await unbounded.async_run(seven));
        given.push_back(*co_await bounded.async_run({.operation = "get"}, seven));
        given.push_back(*co_await unbounded.async_run({.operation = "get"}, seven, asio::use_awaitable));
    });
    loop.run_all();
    EXPECT_THAT(given, ElementsAre(7, 7, 7, 7));
}

TEST_F(async_run, may_be_started_now_and_awaited_later) {
    std::optional<result<int>> given;
    spawn([&]() -> awaitable<void> {
        auto later = unbounded.async_run([owned = std::make_unique<int>(7)]() -> awaitable<int> { co_return *owned; });
        co_await loop.sleep(50ms);
        given = co_await std::move(later);
    });
    loop.run_all();
    EXPECT_THAT(*given, has_value(7));
}

TEST_F(async_run, keeps_the_callable_and_its_options_for_as_long_as_it_needs_them) {
    std::optional<result<int>> given;
    spawn([&]() -> awaitable<void> {
        auto call = [&] {  // what is handed over is gone before the call begins
            const std::string text(100, 'a');
            return unbounded.async_run({.operation = "get"}, [text](attempt& a) -> awaitable<int> {
                co_await asio::post(asio::use_awaitable);
                co_return static_cast<int>(text.size()) + (a.operation() == name{"get"} ? 1 : 0);
            });
        }();
        given = co_await std::move(call);
    });
    loop.run_all();
    EXPECT_THAT(*given, has_value(101));
}

TEST_F(async_run, gives_nothing_and_what_can_only_be_moved) {
    bool nothing = false;
    std::unique_ptr<int> moved;
    spawn([&]() -> awaitable<void> {
        nothing = (co_await bounded.async_run([]() -> awaitable<void> { co_return; })).has_value();
        moved = *co_await bounded.async_run(
            []() -> awaitable<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
    });
    loop.run_all();
    EXPECT_TRUE(nothing);
    EXPECT_THAT(moved, Pointee(7));
}

TEST_F(async_run, errors_of_asio_are_understood) {
    const auto fails = [](boost::system::error_code code) {
        return [code]() -> awaitable<int> {
            throw boost::system::system_error{code};
            co_return 0;
        };
    };
    std::vector<result<int>> given;
    pipeline once{retry{{.max_attempts = 1}}};
    spawn([&]() -> awaitable<void> {
        given.push_back(co_await once.async_run(fails(asio::error::connection_refused)));
        given.push_back(co_await once.async_run(fails(asio::error::connection_reset)));
        given.push_back(co_await once.async_run(fails(asio::error::timed_out)));
        given.push_back(co_await once.async_run(fails(asio::error::eof)));
    });
    loop.run_all();
    EXPECT_THAT(given, ElementsAre(AllOf(fails_with(condition::network), fails_with(condition::never_sent)),
                                   fails_with(condition::network), fails_with(condition::timeout),
                                   ::testing::Not(fails_with(condition::network))));
    EXPECT_THROW(given[0].error().raise(), boost::system::system_error);
}

// ---- completed ----

TEST_F(async_run, completes_a_future) {
    auto soon = bounded.async_run(seven, asio::bind_executor(executor(), asio::use_future));
    auto moved = unbounded.async_run([]() -> awaitable<std::unique_ptr<int>> { co_return std::make_unique<int>(7); },
                                     asio::bind_executor(executor(), asio::use_future));
    auto nothing =
        bounded.async_run([]() -> awaitable<void> { co_return; }, asio::bind_executor(executor(), asio::use_future));
    loop.run_all();
    EXPECT_THAT(soon.get(), has_value(7));
    EXPECT_THAT(*moved.get(), Pointee(7));
    EXPECT_TRUE(nothing.get());
}

TEST_F(async_run, completes_a_callback_on_its_executor) {
    const auto strand = asio::make_strand(loop.context());
    std::optional<result<int>> given;
    bool on_strand = false;
    bounded.async_run(
        {.operation = "get"},
        [&]() -> awaitable<int> {
            EXPECT_TRUE(strand.running_in_this_thread()) << "the callable runs there, too";
            co_return 7;
        },
        asio::bind_executor(strand, [&](result<int> r) {
            on_strand = strand.running_in_this_thread();
            given = std::move(r);
        }));
    EXPECT_FALSE(given) << "nothing completes before the context runs";
    loop.run_all();
    EXPECT_THAT(*given, has_value(7));
    EXPECT_TRUE(on_strand);
}

TEST_F(async_run, a_callback_may_be_what_can_only_be_moved) {
    auto owned = std::make_unique<int>(0);
    int* const sum = owned.get();
    int seen = 0;
    bounded.async_run(seven,
                      asio::bind_executor(executor(), [owned = std::move(owned), &seen, sum](const result<int>& r) {
                          *owned += *r;
                          seen = *sum;
                      }));
    loop.run_all();
    EXPECT_EQ(seen, 7);
}

TEST_F(async_run, runs_detached) {
    int ran = 0;
    bounded.async_run(
        [&]() -> awaitable<void> {
            ++ran;
            co_return;
        },
        asio::bind_executor(executor(), asio::detached));
    loop.run_all();
    EXPECT_EQ(ran, 1);
}

TEST_F(async_run, that_is_deferred_begins_when_it_is_launched) {
    int ran = 0;
    auto later = bounded.async_run([&]() -> awaitable<int> { co_return ++ran; }, asio::deferred);
    loop.run_all();
    EXPECT_EQ(ran, 0);
    std::optional<result<int>> given;
    spawn([&]() -> awaitable<void> { given = co_await std::move(later)(asio::use_awaitable); });
    loop.run_all();
    EXPECT_THAT(*given, has_value(1));
}

TEST_F(async_run, a_callback_may_start_the_next_call) {
    int done = 0;
    std::function<void(const result<int>&)> next = [&](const result<int>&) {
        if (++done < 5) bounded.async_run(seven, asio::bind_executor(executor(), next));
    };
    bounded.async_run(seven, asio::bind_executor(executor(), next));
    loop.run_all();
    EXPECT_EQ(done, 5);
}

TEST_F(async_run, a_callback_may_destroy_the_pipeline) {
    auto own = std::make_unique<pipeline<timeout>>(timeout{1s});
    bool done = false;
    own->async_run(seven, asio::bind_executor(executor(), [&](const result<int>&) {
                       own.reset();
                       done = true;
                   }));
    loop.run_all();
    EXPECT_TRUE(done);
}

TEST_F(async_run, what_a_callback_throws_comes_out_of_the_context) {
    bulkhead narrow{{.max_concurrent = 1}};
    pipeline guarded{timeout{1s}, ref(narrow)};
    guarded.async_run(seven,
                      asio::bind_executor(executor(), [](const result<int>&) { throw std::out_of_range{"callback"}; }));
    EXPECT_THROW(loop.run_all(), std::out_of_range);
    EXPECT_EQ(narrow.in_use(), 0U);
    std::optional<result<int>> given;
    guarded.async_run(seven, asio::bind_executor(executor(), [&](const result<int>& r) { given = r; }));
    loop.run_all();
    EXPECT_THAT(*given, has_value(7)) << "the next call is not concerned";
}

/// Throws when it is moved for the last time that it lets itself be moved.
struct hard_to_move {
    explicit hard_to_move(int& left) : moves_left{&left} {}
    hard_to_move(hard_to_move&& other) : moves_left{other.moves_left} {
        if (--*moves_left == 0) throw std::length_error{"no more moves"};
    }
    hard_to_move& operator=(hard_to_move&&) = delete;
    int* moves_left;
};

TEST_F(async_run, that_cannot_move_its_value_completes_with_what_that_threw) {
    pipeline hedged{hedge{{.delay = 1s, .unstated_means = idempotency::idempotent}}};
    const auto completes = [&](auto& guarded, int moves) {
        std::vector<std::string> seen;
        guarded.async_run([&]() -> awaitable<hard_to_move> { co_return hard_to_move{moves}; },
                          asio::bind_executor(executor(), [&](const result<hard_to_move>& r) {
                              seen.push_back(r ? "a value" : r.error().words());
                          }));
        loop.run_all();
        return seen;
    };
    const auto each_move_may_throw = [&](auto& guarded) {
        int moves = 1;
        std::vector<std::string> seen;
        for (; moves < 50 && (seen = completes(guarded, moves), seen != std::vector<std::string>{"a value"}); ++moves)
            EXPECT_THAT(seen, ElementsAre("no more moves")) << "move " << moves;
        EXPECT_GT(moves, 1);
        EXPECT_LT(moves, 50);
    };
    each_move_may_throw(unbounded);
    each_move_may_throw(bounded);
    each_move_may_throw(hedged);
}

// ---- several at once ----

TEST_F(async_run, calls_interleave_on_one_thread) {
    bulkhead narrow{{.max_concurrent = 3, .max_queue = 100, .max_wait = 1h}};
    pipeline guarded{timeout{1h}, ref(narrow)};
    int inside = 0;
    int most = 0;
    int done = 0;
    for (int i = 0; i < 50; ++i)
        guarded.async_run(
            [&]() -> awaitable<int> {
                most = std::max(most, ++inside);
                co_await loop.sleep(10ms);
                co_return --inside;
            },
            asio::bind_executor(executor(), [&](const result<int>& r) { done += r ? 1 : 0; }));
    loop.run_all();
    EXPECT_EQ(done, 50);
    EXPECT_EQ(most, 3);
    EXPECT_EQ(time.elapsed(), 170ms) << "seventeen rounds of three";
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_F(async_run, a_queue_serves_coroutines_in_their_order) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 100, .max_wait = 1h}};
    pipeline guarded{ref(narrow)};
    std::vector<int> order;
    for (int i = 0; i < 5; ++i)
        guarded.async_run(
            [&, i]() -> awaitable<void> {
                order.push_back(i);
                co_await loop.sleep(1ms);
            },
            asio::bind_executor(executor(), asio::detached));
    loop.run_all();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(async_run, a_call_inside_a_call_is_bounded_by_the_outer_one) {
    pipeline outer{timeout{{.name = "outer", .after = 30ms}}};
    pipeline inner{timeout{{.name = "inner", .after = 100ms}}};
    std::optional<result<int>> seen_inside;
    const auto given = loop.run(outer, [&]() -> awaitable<result<int>> {
        seen_inside = co_await inner.async_run([&]() -> awaitable<int> {
            co_await loop.sleep(1h);
            co_return 7;
        });
        co_return *seen_inside;
    });
    EXPECT_THAT(given, AllOf(fails_with(errc::timed_out), spoken_by("outer")));
    EXPECT_THAT(*seen_inside, fails_with(errc::cancelled)) << "to the inner call the outer one is its caller";
    EXPECT_EQ(time.elapsed(), 30ms);
}

TEST_F(async_run, a_call_inside_a_call_that_times_out_first_speaks_for_itself) {
    pipeline outer{timeout{{.name = "outer", .after = 100ms}}};
    pipeline inner{timeout{{.name = "inner", .after = 30ms}}};
    const auto given = loop.run(outer, [&]() -> awaitable<result<int>> {
        co_return co_await inner.async_run([&]() -> awaitable<int> {
            co_await loop.sleep(1h);
            co_return 7;
        });
    });
    EXPECT_THAT(given, AllOf(fails_with(errc::timed_out), spoken_by("inner")));
}

// ---- who ended it ----

TEST_F(async_run, T42_a_value_that_arrives_together_with_the_deadline_is_the_value) {
    pipeline guarded{timeout{30ms}};
    EXPECT_THAT(loop.run(guarded,
                         [&]() -> awaitable<int> {
                             time.pass(1h);  // busy, so that nothing can interrupt it
                             co_return 7;
                         }),
                has_value(7));
}

TEST_F(async_run, what_ignores_its_interruption_is_waited_for) {
    pipeline guarded{timeout{30ms}};
    EXPECT_THAT(loop.run(guarded,
                         [&]() -> awaitable<int> {
                             co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
                             co_await loop.sleep(50ms);
                             co_return 7;
                         }),
                has_value(7));
    EXPECT_EQ(time.elapsed(), 50ms);
}

TEST_F(async_run, a_failure_at_the_deadline_is_the_timeouts_where_it_is_about_time) {
    pipeline guarded{timeout{30ms}};
    const auto bounds_itself = [&](attempt& a) -> awaitable<std::expected<int, std::errc>> {
        time.pass(a.remaining());
        co_return std::unexpected{std::errc::timed_out};
    };
    EXPECT_THAT(loop.run(guarded, bounds_itself), AllOf(fails_with(errc::timed_out), spoken_by("timeout")));
}

TEST_F(async_run, an_interrupted_attempt_can_be_followed_by_another) {
    pipeline guarded{retry{{.max_attempts = 3, .base_delay = 1ms, .jitter = jitter::none}}, timeout{30ms}};
    unsigned calls = 0;
    EXPECT_THAT(loop.run(guarded,
                         [&]() -> awaitable<int> {
                             if (++calls < 3) co_await loop.sleep(1h);
                             co_await loop.sleep(10ms);
                             co_return 7;
                         }),
                has_value(7));
    EXPECT_EQ(calls, 3U);
}

TEST_F(async_run, keeps_the_cancellation_settings_of_the_coroutine_that_awaits_it) {
    bool before = false;
    bool after = true;
    spawn([&]() -> awaitable<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        (void)co_await unbounded.async_run(
            [&]() -> awaitable<int> { throw boost::system::system_error{asio::error::connection_reset}; });
        before = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(true);
        (void)co_await unbounded.async_run(
            [&]() -> awaitable<int> { throw boost::system::system_error{asio::error::connection_reset}; });
        after = co_await asio::this_coro::throw_if_cancelled();
    });
    loop.run_all();
    EXPECT_FALSE(before);
    EXPECT_TRUE(after);
}

}  // namespace
}  // namespace cutwater
