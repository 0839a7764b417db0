// Callables of every shape, with and without the attempt, on both drivers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <any>
#include <memory>
#include <string>

#include "cutwater/pipeline/own_policies_test.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using ::testing::AllOf;
using testing::fails_with;
using testing::has_value;
using ::testing::Pointee;
using testing::spoken_by;

struct plain_error {
    int number = 0;
};

class callables : public ::testing::Test {
protected:
    template <class F>
    auto blocking(F&& f) {
        return time.run(guarded, said, std::forward<F>(f));
    }
    template <class F>
    auto coroutine(F f) {
        return loop.run(guarded, said, std::move(f));
    }

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    pipeline<retry, timeout> guarded{retry{{.max_attempts = 2, .base_delay = 10ms}}, timeout{100ms}};
    call_options said{.operation = "get"};
};

TEST_F(callables, give_a_value) {
    EXPECT_THAT(blocking([] { return 7; }), has_value(7));
    EXPECT_THAT(blocking([](attempt& a) { return a.number(); }), has_value(1U));
    EXPECT_THAT(coroutine([]() -> awaitable<int> { co_return 7; }), has_value(7));
    EXPECT_THAT(coroutine([](attempt& a) -> awaitable<unsigned> { co_return a.number(); }), has_value(1U));
    EXPECT_THAT(coroutine([] { return 7; }), has_value(7)) << "one that awaits nothing need not be a coroutine";
}

TEST_F(callables, give_nothing) {
    int ran = 0;
    EXPECT_TRUE(blocking([&] { ++ran; }));
    EXPECT_TRUE(blocking([&](attempt&) { ++ran; }));
    EXPECT_TRUE(coroutine([&]() -> awaitable<void> {
        ++ran;
        co_return;
    }));
    EXPECT_TRUE(coroutine([&](attempt&) -> awaitable<void> {
        ++ran;
        co_return;
    }));
    EXPECT_TRUE(coroutine([&] { ++ran; }));
    EXPECT_EQ(ran, 5);
}

TEST_F(callables, give_an_expected) {
    using answer = std::expected<int, plain_error>;
    EXPECT_THAT(blocking([]() -> answer { return 7; }), has_value(7));
    EXPECT_EQ(
        blocking([]() -> answer { return std::unexpected{plain_error{3}}; }).error().original<plain_error>()->number,
        3);
    EXPECT_THAT(coroutine([]() -> awaitable<answer> { co_return 7; }), has_value(7));
    const auto failed = coroutine([]() -> awaitable<answer> { co_return std::unexpected{plain_error{3}}; });
    EXPECT_EQ(failed.error().original<plain_error>()->number, 3);
    const auto nothing = coroutine(
        []() -> awaitable<std::expected<void, std::errc>> { co_return std::unexpected{std::errc::io_error}; });
    EXPECT_THAT(nothing, fails_with(std::errc::io_error));
}

TEST_F(callables, throw) {
    const auto thrown = blocking([]() -> int { throw std::runtime_error{"no"}; });
    EXPECT_EQ(thrown.error().message(), "get: no");
    EXPECT_THROW(thrown.error().raise(), std::runtime_error);
    const auto also = coroutine([]() -> awaitable<int> { throw std::runtime_error{"no"}; });
    EXPECT_EQ(also.error().message(), "get: no");
    EXPECT_THROW(also.error().raise(), std::runtime_error);
    const auto strange = coroutine([]() -> awaitable<void> { throw 42; });
    EXPECT_EQ(strange.error().type(), "int");
    const auto at_once = coroutine([](attempt&) -> int { throw std::logic_error{"before it awaits"}; });
    EXPECT_EQ(at_once.error().words(), "before it awaits");
}

TEST_F(callables, give_what_can_only_be_moved) {
    EXPECT_THAT(*blocking([] { return std::make_unique<int>(7); }), Pointee(7));
    EXPECT_THAT(*coroutine([]() -> awaitable<std::unique_ptr<int>> { co_return std::make_unique<int>(7); }),
                Pointee(7));
}

TEST_F(callables, can_be_what_can_only_be_moved) {
    auto owned = std::make_unique<int>(7);
    EXPECT_THAT(blocking([owned = std::move(owned)] { return *owned; }), has_value(7));
    auto also = std::make_unique<int>(7);
    std::optional<result<int>> out;
    auto held = [also = std::move(also)]() -> awaitable<int> { co_return *also; };
    auto awaits = [&]() -> awaitable<void> { out = co_await guarded.async_run(std::move(held)); };
    boost::asio::co_spawn(loop.context(), awaits, boost::asio::detached);
    loop.run_all();
    ASSERT_TRUE(out);
    EXPECT_THAT(*out, has_value(7));
}

int twice(attempt& a) { return static_cast<int>(2 * a.number()); }
struct counter {
    int count = 0;
    int operator()() { return ++count; }
};

TEST_F(callables, are_functions_and_objects_with_state) {
    EXPECT_THAT(blocking(twice), has_value(2));
    EXPECT_THAT(blocking(&twice), has_value(2));
    counter c;
    EXPECT_THAT(blocking(c), has_value(1));
    EXPECT_THAT(blocking(c), has_value(2)) << "the caller's own is called, not a copy";
    const std::function<int(attempt&)> wrapped = twice;
    EXPECT_THAT(blocking(wrapped), has_value(2));
}

TEST_F(callables, that_take_both_get_the_attempt) {
    struct both {
        int operator()(attempt&) const { return 1; }
        int operator()() const { return 2; }
    };
    EXPECT_THAT(blocking(both{}), has_value(1));
}

TEST_F(callables, see_each_attempt_by_its_number_and_deadline) {
    std::vector<unsigned> numbers;
    std::vector<duration> left;
    const auto f = [&](attempt& a) -> std::expected<int, std::errc> {
        numbers.push_back(a.number());
        left.push_back(a.remaining());
        time.pass(30ms);
        return std::unexpected{std::errc::connection_reset};
    };
    EXPECT_THAT(blocking(f), fails_with(std::errc::connection_reset));
    EXPECT_THAT(numbers, ::testing::ElementsAre(1U, 2U));
    EXPECT_THAT(left, ::testing::ElementsAre(100ms, 100ms));
}

// ---- a pipeline inside a pipeline ----

TEST_F(callables, what_another_pipeline_refused_is_a_refusal_here) {
    own::ledger book;
    pipeline inner{own::door{"inner", book, 0}};
    unsigned calls = 0;
    const auto refused = blocking([&] {
        ++calls;
        return time.run(inner, [] { return 7; });
    });
    static_assert(std::same_as<decltype(refused), const result<int>>);
    EXPECT_THAT(refused, AllOf(fails_with(errc::refused), spoken_by("inner")));
    EXPECT_EQ(calls, 1U) << "a refusal is not retried";
}

TEST_F(callables, what_another_pipeline_failed_with_is_retried_here_as_its_own_would_be) {
    pipeline inner{timeout{1s}};
    unsigned calls = 0;
    EXPECT_THAT(blocking([&] {
                    return time.run(inner, [&]() -> std::expected<int, std::errc> {
                        if (++calls == 1) return std::unexpected{std::errc::connection_reset};
                        return 7;
                    });
                }),
                has_value(7));
    EXPECT_EQ(calls, 2U);
}

TEST_F(callables, what_another_pipeline_degraded_is_degraded_here) {
    pipeline inner{fallback{tier("stale cache", 42)}};
    const auto degraded = blocking([&] { return time.run(inner, []() -> int { throw std::runtime_error{"no"}; }); });
    EXPECT_THAT(degraded, AllOf(has_value(42), testing::is_degraded("stale cache")));
    const auto awaited = coroutine([&]() -> awaitable<result<int>> {
        co_return co_await inner.async_run([]() -> awaitable<int> { throw std::runtime_error{"no"}; });
    });
    EXPECT_THAT(awaited, AllOf(has_value(42), testing::is_degraded("stale cache")));
}

// ---- values that are hard to handle ----

struct never_assigned {
    explicit never_assigned(int v) : value{v} {}
    const int value;  // so it can be made and moved, but not assigned
};

TEST_F(callables, give_what_cannot_be_assigned) {
    const auto given = blocking([] { return never_assigned{7}; });
    ASSERT_TRUE(given);
    EXPECT_EQ(given->value, 7);
    const auto awaited = coroutine([]() -> awaitable<never_assigned> { co_return never_assigned{7}; });
    ASSERT_TRUE(awaited);
    EXPECT_EQ(awaited->value, 7);
    const auto failed =
        blocking([]() -> std::expected<never_assigned, std::errc> { return std::unexpected{std::errc::io_error}; });
    EXPECT_THAT(failed, fails_with(std::errc::io_error));
}

struct moved_at_a_price {
    explicit moved_at_a_price(int& left) : lives{&left} {}
    moved_at_a_price(moved_at_a_price&& other) : lives{other.lives} {  // NOLINT(*-noexcept-move*)
        if ((*lives)-- == 0) throw std::runtime_error{"moved once too often"};
    }
    moved_at_a_price& operator=(moved_at_a_price&&) = delete;
    moved_at_a_price(const moved_at_a_price&) = delete;
    moved_at_a_price& operator=(const moved_at_a_price&) = delete;
    ~moved_at_a_price() = default;
    int* lives;
};

TEST_F(callables, that_give_what_cannot_be_moved_into_the_outcome_have_failed) {
    int lives = 0;
    unsigned calls = 0;
    const auto failed = blocking([&]() {
        ++calls;
        return moved_at_a_price{lives};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().words(), "moved once too often");
    EXPECT_EQ(calls, 1U);
}

// ---- or throw ----

TEST_F(callables, run_or_throw_gives_the_value_or_the_original_exception) {
    EXPECT_EQ(guarded.run_or_throw([] { return 7; }), 7);
    EXPECT_THAT(guarded.run_or_throw(said, [] { return std::make_unique<int>(7); }), Pointee(7));
    EXPECT_NO_THROW(guarded.run_or_throw([] {}));
    EXPECT_THROW(guarded.run_or_throw([]() -> int { throw std::out_of_range{"no"}; }), std::out_of_range);
}

TEST_F(callables, run_or_throw_throws_the_error_where_nothing_was_thrown) {
    try {
        guarded.run_or_throw(said,
                             []() -> std::expected<void, std::errc> { return std::unexpected{std::errc::io_error}; });
        FAIL() << "nothing was thrown";
    } catch (const call_error& e) {
        EXPECT_EQ(e.code(), std::errc::io_error);
        EXPECT_EQ(e.reason().operation(), name{"get"});
    }
}

TEST_F(callables, that_run_another_pipeline_and_throw_its_error_keep_all_that_it_says) {
    pipeline inner{retry{{.name = "inner", .max_attempts = 3, .base_delay = 10ms}}};
    const auto down = []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::host_unreachable}; };
    pipeline outer{timeout{100s}};
    const auto got = time.run(outer, said, [&]() -> int {
        auto out = time.run(inner, {.operation = "inside"}, down);
        if (!out) throw call_error{std::move(out).error()};  // as run_or_throw does
        return *out;
    });
    EXPECT_THAT(got, fails_with(std::errc::host_unreachable));
    EXPECT_EQ(got.error().operation(), "inside");
    EXPECT_EQ(got.error().history().size(), 3U);
}

#ifndef __clang__  // with libstdc++ 12 it cannot move an std::expected<std::any, ...> at all
TEST_F(callables, give_a_value_of_a_type_that_anything_converts_to) {
    const auto got = blocking([] { return std::any{7}; });
    ASSERT_TRUE(got);
    EXPECT_EQ(std::any_cast<int>(*got), 7);
    EXPECT_THAT(
        blocking([]() -> std::expected<std::any, std::errc> { return std::unexpected{std::errc::not_supported}; }),
        fails_with(std::errc::not_supported));
}
#endif

}  // namespace
}  // namespace cutwater
