// The caller cancels: by its cancellation slot or by a stop token, in each place in which a call can be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <stop_token>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using ::testing::AllOf;
using testing::fails_with;
using testing::has_value;
using testing::spoken_by;

/// How the caller cancels.
enum class by : std::uint8_t {
    awaiting,    ///< the slot of the coroutine that awaits the call
    completing,  ///< the slot of the handler that the call completes
    stopping,    ///< a stop token
};

class cancellation : public ::testing::TestWithParam<by> {
protected:
    /// Plays one call that is cancelled after so long.
    template <class Pipeline, class F>
    result<int> cancelled_after(duration d, Pipeline& guarded, F f, call_options said = {}) {
        const asio::cancellation_type type = type_;
        time.after(d, [this, type] {
            if (GetParam() == by::stopping)
                caller.request_stop();
            else
                signal.emit(type);
        });
        std::optional<result<int>> out;
        if (GetParam() == by::awaiting) return loop.run(guarded, said, f, signal.slot());
        if (GetParam() == by::stopping) said.stop = caller.get_token();
        guarded.async_run(
            said, f,
            asio::bind_cancellation_slot(
                signal.slot(), asio::bind_executor(loop.context(), [&](result<int> r) { out = std::move(r); })));
        loop.run_until([&] { return out.has_value(); });
        return *out;
    }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    asio::cancellation_signal signal;
    std::stop_source caller;
    asio::cancellation_type type_ = asio::cancellation_type::terminal;
};

std::string way(const ::testing::TestParamInfo<by>& tried) {
    constexpr std::array texts{"awaiting", "completing", "stopping"};
    return texts.at(static_cast<std::size_t>(tried.param));
}

INSTANTIATE_TEST_SUITE_P(ways, cancellation, ::testing::Values(by::awaiting, by::completing, by::stopping), way);

TEST_P(cancellation, ends_an_attempt_that_can_be_interrupted) {
    pipeline bounded{timeout{1h}};
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, bounded, sleeps), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 20ms);
}

TEST_P(cancellation, ends_an_attempt_of_a_call_without_any_limit) {
    pipeline unbounded{retry{}};
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    const auto given = cancelled_after(20ms, unbounded, sleeps, {.operation = "get"});
    EXPECT_THAT(given, AllOf(fails_with(errc::cancelled), spoken_by("")));
    EXPECT_EQ(given.error().message(), "get: the caller cancelled the call");
    EXPECT_EQ(time.elapsed(), 20ms);
}

TEST_P(cancellation, T72_ends_a_sleep_at_once) {
    pipeline guarded{retry{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none}}};
    const auto fails = []() -> awaitable<int> { throw boost::system::system_error{asio::error::connection_reset}; };
    EXPECT_THAT(cancelled_after(20ms, guarded, fails), AllOf(fails_with(errc::cancelled), spoken_by("retry")));
    EXPECT_EQ(time.elapsed(), 20ms);
}

TEST_P(cancellation, T43_ends_a_place_in_a_queue_at_once) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    pipeline holds{ref(narrow)};
    holds.async_run([&]() -> awaitable<void> { co_await loop.sleep(1h); },
                    asio::bind_executor(loop.context(), asio::detached));
    loop.run_until([&] { return true; });
    pipeline guarded{ref(narrow)};
    const auto never_runs = []() -> awaitable<int> { co_return 7; };
    EXPECT_THAT(cancelled_after(20ms, guarded, never_runs), AllOf(fails_with(errc::cancelled), spoken_by("bulkhead")));
    EXPECT_EQ(time.elapsed(), 20ms);
    EXPECT_EQ(narrow.queued(), 0U);
    EXPECT_EQ(narrow.in_use(), 1U);
    loop.run_all();
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(cancellation, T38_T39_is_told_from_a_timeout_by_who_asked) {
    pipeline guarded{timeout{50ms}};
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(49ms, guarded, sleeps), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 49ms);
}

TEST_P(cancellation, that_comes_after_the_deadline_comes_too_late) {
    pipeline guarded{timeout{50ms}};
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(51ms, guarded, sleeps), AllOf(fails_with(errc::timed_out), spoken_by("timeout")));
    EXPECT_EQ(time.elapsed(), 50ms);
}

TEST_P(cancellation, T38_is_known_whatever_the_attempt_makes_of_it) {
    pipeline guarded{timeout{1h}};
    const auto hides_it = [&]() -> awaitable<int> {
        try {
            co_await loop.sleep(30min);
        } catch (const boost::system::system_error&) {
            throw std::runtime_error{"something else"};
        }
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, hides_it), fails_with(errc::cancelled));
}

TEST_P(cancellation, T42_leaves_a_completed_value_alone) {
    pipeline guarded{timeout{1h}};
    const auto succeeds_all_the_same = [&]() -> awaitable<int> {
        co_await asio::this_coro::throw_if_cancelled(false);
        try {
            co_await loop.sleep(30min);
        } catch (const boost::system::system_error&) {}
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, succeeds_all_the_same), has_value(7));
    EXPECT_EQ(time.elapsed(), 20ms);
}

TEST_P(cancellation, of_an_attempt_is_not_followed_by_another) {
    pipeline guarded{retry{{.max_attempts = 5, .base_delay = 1ms}}, timeout{1h}};
    unsigned calls = 0;
    const auto sleeps = [&]() -> awaitable<int> {
        ++calls;
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, sleeps), fails_with(errc::cancelled));
    EXPECT_EQ(calls, 1U);
}

TEST_P(cancellation, T37_says_nothing_of_the_dependency) {
    circuit_breaker breaker{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{ref(breaker), timeout{1h}};
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, sleeps), fails_with(errc::cancelled));
    EXPECT_THAT(time.run(guarded, [] { return 7; }), has_value(7)) << "the circuit is still closed";
}

TEST_P(cancellation, that_asks_for_more_than_can_be_promised_is_not_heard) {
    if (GetParam() == by::stopping) return;  // a stop token asks for nothing in particular
    type_ = asio::cancellation_type::total;  // no side effects: but the request may have left
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, timeout{1h}};
    unsigned calls = 0;
    const auto fails_once = [&]() -> awaitable<int> {
        co_await loop.sleep(30ms);
        if (++calls == 1) throw boost::system::system_error{asio::error::connection_reset};
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, fails_once), has_value(7));
}

TEST_P(cancellation, twice_is_once) {
    pipeline guarded{timeout{1h}};
    time.after(20ms, [&] {
        caller.request_stop();
        signal.emit(asio::cancellation_type::terminal);
    });
    const auto sleeps = [&]() -> awaitable<int> {
        co_await loop.sleep(30min);
        co_return 7;
    };
    EXPECT_THAT(cancelled_after(20ms, guarded, sleeps), fails_with(errc::cancelled));
}

TEST_P(cancellation, after_the_end_finds_nothing_to_do) {
    pipeline guarded{timeout{1h}};
    EXPECT_THAT(cancelled_after(20ms, guarded, []() -> awaitable<int> { co_return 7; }), has_value(7));
    signal.emit(asio::cancellation_type::terminal);
    caller.request_stop();
    loop.run_all();
    EXPECT_THAT(loop.run(guarded, []() -> awaitable<int> { co_return 8; }), has_value(8));
}

TEST_P(cancellation, leaves_a_value_that_was_judged_a_failure_without_a_stand_in) {
    pipeline guarded{fallback{tier("default", 0)}, timeout{1h},
                     classify{transient(value([](int status) { return status == 503; }))}};
    const auto answers_too_late_to_be_wanted = [&]() -> awaitable<int> {
        try {
            co_await loop.sleep(30min);
        } catch (const boost::system::system_error&) {  // its answer has come meanwhile
        }
        co_return 503;
    };
    const auto given = cancelled_after(20ms, guarded, answers_too_late_to_be_wanted);
    EXPECT_THAT(given, has_value(503));
    EXPECT_FALSE(given.is_degraded());
}

TEST_P(cancellation, that_comes_as_a_sleep_ends_sends_nothing_more) {
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 100ms, .jitter = jitter::none}}};
    int calls = 0;
    const auto fails = [&]() -> awaitable<std::expected<int, std::errc>> {
        ++calls;
        co_return std::unexpected{std::errc::connection_reset};
    };
    EXPECT_THAT(cancelled_after(100ms, guarded, fails), fails_with(errc::cancelled));
    EXPECT_EQ(calls, 1);
}

TEST_P(cancellation, that_comes_as_a_sleep_ends_sends_nothing_more_within_a_limit_either) {
    pipeline limited{timeout{1h}, retry{{.max_attempts = 2, .base_delay = 100ms, .jitter = jitter::none}}};
    int calls = 0;
    const auto fails = [&] {
        ++calls;
        return std::expected<int, std::errc>{std::unexpected{std::errc::connection_reset}};
    };
    EXPECT_THAT(cancelled_after(100ms, limited, fails), fails_with(errc::cancelled));
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace cutwater
