#include "cutwater/core/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cutwater/core/result.hpp"

namespace shop {
enum class errc { closed = 3 };
std::error_code make_error_code(errc e) { return {static_cast<int>(e), std::generic_category()}; }
}  // namespace shop
template <>
struct std::is_error_code_enum<shop::errc> : std::true_type {};

namespace cutwater {
namespace {

using ::testing::NotNull;

// errors of a user's own, of every make
enum class db_errc { deadlock = 1, gone = 2 };

class db_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "db"; }
    [[nodiscard]] std::string message(int value) const override { return value == 1 ? "deadlock" : "gone"; }
};
std::error_code make_error_code(db_errc e) {
    static const db_texts category;
    return {static_cast<int>(e), category};
}

enum class plain_enum { too_big };
enum class named_enum { too_small };
std::string to_string(named_enum) { return "too small"; }

struct parse_failure {
    std::string where;
    int line = 0;
};

struct moved_once {
    moved_once() = default;
    moved_once(moved_once&&) = default;
    moved_once& operator=(moved_once&&) = delete;
    moved_once(const moved_once&) = delete;
    moved_once& operator=(const moved_once&) = delete;
    ~moved_once() = default;
    int value = 7;
};

struct throws_when_moved {
    throws_when_moved() = default;
    throws_when_moved(throws_when_moved&&) { throw std::runtime_error{"moving failed"}; }  // NOLINT
    throws_when_moved& operator=(throws_when_moved&&) = delete;
    throws_when_moved(const throws_when_moved&) = delete;
    throws_when_moved& operator=(const throws_when_moved&) = delete;
    ~throws_when_moved() = default;
};

// ---- what it makes of types ----

static_assert(std::same_as<value_of<int>, int>);
static_assert(std::same_as<value_of<const int>, int>);
static_assert(std::same_as<value_of<int&>, int>);
static_assert(std::same_as<value_of<void>, void>);
static_assert(std::same_as<value_of<std::expected<int, std::string>>, int>);
static_assert(std::same_as<value_of<const std::expected<int, std::string>>, int>);
static_assert(std::same_as<value_of<std::expected<int, std::string>&>, int>, "a reference to a result is a result");
static_assert(std::same_as<value_of<const std::expected<int, std::string>&>, int>);
static_assert(std::same_as<value_of<std::expected<void, int>>, void>);
static_assert(std::same_as<value_of<std::optional<int>>, std::optional<int>>,
              "an empty optional is a value, not a failure");
static_assert(std::same_as<value_of<result<int>>, int>, "what another pipeline gave is a result, not a value");

struct takes_attempt {
    void operator()(attempt&) const;
};
struct takes_nothing {
    void operator()() const;
};
struct takes_a_number {
    void operator()(int) const;
};
static_assert(attempt_callable<takes_attempt> && attempt_callable<takes_nothing>);
static_assert(!attempt_callable<takes_a_number>);

// ---- values ----

TEST(capture, a_value_is_the_outcome) {
    EXPECT_EQ(*capture([] { return 7; }).result(), 7);
    EXPECT_TRUE(capture([] {}).has_value());
    EXPECT_EQ(*capture([] { return std::string(100, 'a'); }).result(), std::string(100, 'a'));
}

TEST(capture, what_a_reference_refers_to_is_copied) {
    std::string kept = "a";
    const auto out = capture([&]() -> std::string& { return kept; });
    kept = "b";
    EXPECT_EQ(*out.result(), "a");
}

TEST(capture, what_can_only_be_moved_is_moved) {
    EXPECT_EQ(**capture([] { return std::make_unique<int>(7); }).result(), 7);
    EXPECT_EQ(capture([] { return moved_once{}; }).result()->value, 7);
    EXPECT_EQ(**capture([]() -> std::expected<std::unique_ptr<int>, int> { return std::make_unique<int>(7); }).result(),
              7);
}

TEST(capture, the_value_of_an_expected_is_the_value) {
    EXPECT_EQ(*capture([]() -> std::expected<int, std::string> { return 7; }).result(), 7);
    EXPECT_TRUE(capture([]() -> std::expected<void, std::string> { return {}; }).has_value());
}

TEST(capture, a_reference_to_an_expected_is_looked_into) {
    const std::expected<int, std::error_code> good = 7;
    const std::expected<int, std::error_code> bad{std::unexpect, std::make_error_code(std::errc::io_error)};
    EXPECT_EQ(*capture([&]() -> const auto& { return good; }).result(), 7);
    const auto out = capture([&]() -> const auto& { return bad; });
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.failure().code(), std::errc::io_error);
}

// ---- errors that are returned ----

template <class E>
outcome<int> returned_as(E e) {
    return capture([&]() -> std::expected<int, E> { return std::unexpected{std::move(e)}; });
}

TEST(capture, an_error_of_ours_comes_out_as_it_is) {
    const auto out = returned_as(error{errc::circuit_open, "inner", "get"});
    EXPECT_EQ(out.failure().code(), errc::circuit_open);
    EXPECT_EQ(out.failure().layer(), name{"inner"});
    EXPECT_EQ(out.failure().operation(), name{"get"});
}

TEST(capture, an_error_code_is_the_code) {
    const auto out = returned_as(std::make_error_code(std::errc::broken_pipe));
    EXPECT_EQ(out.failure().code(), std::errc::broken_pipe);
}

TEST(capture, an_enumeration_of_errors_is_the_code_and_the_original) {
    EXPECT_EQ(returned_as(std::errc::timed_out).failure().code(), std::errc::timed_out);
    EXPECT_EQ(returned_as(errc::refused).failure().code(), errc::refused);
    const auto out = returned_as(db_errc::deadlock);
    EXPECT_EQ(out.failure().message(), "deadlock");
    ASSERT_THAT(out.failure().original<db_errc>(), NotNull());
    EXPECT_EQ(*out.failure().original<db_errc>(), db_errc::deadlock);
}

TEST(capture, so_is_one_that_is_a_code_by_itself) {
    static_assert(std::convertible_to<shop::errc, std::error_code>);
    const auto out = returned_as(shop::errc::closed);
    EXPECT_EQ(out.failure().code(), shop::errc::closed);
    ASSERT_THAT(out.failure().original<shop::errc>(), NotNull());
    EXPECT_EQ(*out.failure().original<shop::errc>(), shop::errc::closed);
}

TEST(capture, an_enumeration_without_a_code_says_which_it_is) {
    EXPECT_EQ(returned_as(plain_enum::too_big).failure().words(), "error 0");
    EXPECT_EQ(returned_as(named_enum::too_small).failure().words(), "too small");
}

TEST(capture, anything_else_is_kept_whole) {
    const auto out = returned_as(parse_failure{"stock.json", 3});
    EXPECT_EQ(out.failure().code(), errc::failed);
    ASSERT_THAT(out.failure().original<parse_failure>(), NotNull());
    EXPECT_EQ(out.failure().original<parse_failure>()->line, 3);
    EXPECT_EQ(*returned_as(plain_enum::too_big).failure().original<plain_enum>(), plain_enum::too_big);
    EXPECT_EQ(*returned_as(std::string{"no"}).failure().original<std::string>(), "no");
    EXPECT_EQ(*returned_as(42).failure().original<int>(), 42);
    EXPECT_EQ(**returned_as(std::make_unique<int>(7)).failure().original<std::unique_ptr<int>>(), 7);
}

// ---- what another pipeline gave ----

TEST(capture, the_error_of_a_pipeline_inside_is_an_error_outside) {
    const auto out = capture([] {
        return result<int>{std::expected<int, error>{std::unexpect, error{errc::circuit_open, "inner", "get"}}, {}};
    });
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.failure().code(), errc::circuit_open);
    EXPECT_EQ(out.failure().layer(), name{"inner"});
}

TEST(capture, a_value_that_was_degraded_inside_is_degraded_outside) {
    const origin stale{.source = "stale cache", .age = std::chrono::seconds{3}, .is_degraded = true};
    const auto degraded = capture([&] { return result<int>{std::expected<int, error>{7}, stale}; });
    EXPECT_EQ(*degraded.result(), 7);
    EXPECT_EQ(degraded.from(), stale);
    const auto own = capture([] { return result<int>{std::expected<int, error>{7}, {}}; });
    EXPECT_TRUE(own.source().empty());
    const auto nothing = capture([&] { return result<void>{std::expected<void, error>{}, stale}; });
    EXPECT_EQ(nothing.from(), stale);
}

// ---- exceptions ----

template <class Thrown>
outcome<int> thrown_as(Thrown t) {
    return capture([&]() -> int { throw std::move(t); });
}

TEST(capture, an_exception_is_kept_whatever_it_is) {
    EXPECT_EQ(thrown_as(std::runtime_error{"x"}).failure().words(), "x");
    EXPECT_EQ(thrown_as(42).failure().code(), errc::failed);
    EXPECT_EQ(thrown_as(std::string{"text"}).failure().type(),
              "std::__cxx11::basic_string<char, std::char_traits<char>, "
              "std::allocator<char> >");
    EXPECT_EQ(thrown_as(parse_failure{}).failure().words(), "an exception that is not a std::exception");
}

TEST(capture, the_code_of_a_system_error_is_the_code) {
    const auto out = thrown_as(std::system_error{std::make_error_code(std::errc::connection_reset), "read"});
    EXPECT_EQ(out.failure().code(), std::errc::connection_reset);
    EXPECT_TRUE(out.failure().cause());
}

TEST(capture, what_moving_a_value_throws_is_an_exception_like_any_other) {
    const auto out = capture(
        []() -> std::expected<throws_when_moved, int> { return std::expected<throws_when_moved, int>{std::in_place}; });
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.failure().words(), "moving failed");
}

TEST(capture, an_exception_after_which_a_value_follows_leaves_no_trace) {
    outcome_slot<int> slot;
    capture_into(slot, []() -> int { throw 42; });
    EXPECT_FALSE(slot->has_value());
    capture_into(slot, [] { return 7; });
    EXPECT_EQ(*slot->result(), 7);
}

TEST(capture, the_exception_that_is_being_handled_can_be_stored_by_hand) {
    outcome_slot<int> slot;
    try {
        throw std::system_error{std::make_error_code(std::errc::io_error)};
    } catch (...) {
        store_exception(slot);
    }
    EXPECT_EQ(slot->failure().code(), std::errc::io_error);
}

TEST(capture, an_error_that_is_a_text_is_what_there_is_to_say) {
    const error e = to_error(std::string{"no stock"});
    EXPECT_EQ(e.message(), "no stock");
    EXPECT_EQ(*e.original<std::string>(), "no stock");
    EXPECT_EQ(to_error(std::string_view{"no stock"}).message(), "no stock");
}

TEST(capture, what_a_call_error_says_is_said_once) {
    const error e = to_error(std::string{"no stock"});
    EXPECT_STREQ(call_error{e}.what(), "no stock");
    const call_error refused{error{errc::circuit_open, "breaker", "get"}};
    EXPECT_EQ(refused.what(), refused.reason().message());
}

}  // namespace
}  // namespace cutwater
