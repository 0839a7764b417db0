#include "cutwater/core/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::NotNull;
using ::testing::SizeIs;

struct out_of_stock {
    int sku = 0;
};
struct dropped_line : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class Thrown>
std::exception_ptr captured(Thrown t) {
    return std::make_exception_ptr(std::move(t));
}

static_assert(std::is_nothrow_copy_constructible_v<error> && std::is_nothrow_move_constructible_v<error>);

// ---- one line ----

TEST(error, a_message_names_layer_operation_and_what_happened) {
    EXPECT_EQ(error{errc::failed}.message(), "the call failed");
    EXPECT_EQ(error(errc::circuit_open, "inventory", {}).message(), "inventory: the circuit is open");
    EXPECT_EQ(error(errc::circuit_open, {}, "get_stock").message(), "get_stock: the circuit is open");
    EXPECT_EQ(error(errc::circuit_open, "inventory", "get_stock").message(),
              "inventory: get_stock: the circuit is open");
}

TEST(error, a_message_says_all_that_is_known) {
    error e{errc::timed_out, "attempt", "get_stock"};
    EXPECT_EQ(e.with_limit(500ms).message(), "attempt: get_stock: the time limit was reached (limit 500ms)");
    EXPECT_EQ(e.with_retry_after(3s).message(),
              "attempt: get_stock: the time limit was reached (limit 500ms), retry after 3s");
    e.with_call_id("c-42");
    EXPECT_EQ(e.message(), "attempt: get_stock: call c-42: the time limit was reached (limit 500ms), retry after 3s");
    e.with_history({{.number = 1}, {.number = 2}, {.number = 3}});
    EXPECT_EQ(
        e.message(),
        "attempt: get_stock: call c-42: the time limit was reached (limit 500ms), retry after 3s, after 3 attempts");
    e.with_also(error{errc::failed}.with_text("the cache is empty"));
    EXPECT_EQ(
        e.message(),
        "attempt: get_stock: call c-42: the time limit was reached (limit 500ms), retry after 3s, after 3 attempts; "
        "then: the cache is empty");
}

TEST(error, is_written_as_its_message) {
    const error e{errc::bulkhead_full, "payments", "charge"};
    std::ostringstream out;
    out << e;
    EXPECT_EQ(out.str(), e.message());
}

TEST(error, the_message_counts_attempts_that_the_history_has_forgotten) {
    error e{errc::failed};
    e.with_history({{.number = 1}, {.number = 90}});
    EXPECT_EQ(e.message(), "the call failed, after 90 attempts");
    e.with_history({{.number = 1}});
    EXPECT_EQ(e.message(), "the call failed") << "one attempt is nothing to tell of";
}

TEST(error, the_words_are_the_originals_own) {
    EXPECT_EQ(error::from_exception(captured(std::runtime_error{"no such sku"})).words(), "no such sku");
    EXPECT_EQ(error::from_exception(captured(42)).words(), "an exception that is not a std::exception");
    EXPECT_EQ(error{errc::callback_failed}.with_cause(captured(std::bad_alloc{})).words(), "std::bad_alloc");
    EXPECT_EQ(error{errc::callback_failed}.words(), "a callback of the pipeline's failed");
    EXPECT_EQ(error{std::make_error_code(std::errc::broken_pipe)}.words(), "Broken pipe");
    EXPECT_EQ(error{errc::failed}.with_text("the result was judged a failure").words(),
              "the result was judged a failure");
}

TEST(error, where_a_policy_speaks_the_exception_underneath_is_only_the_cause) {
    const error e = error{errc::timed_out}.with_cause(captured(std::runtime_error{"operation aborted"}));
    EXPECT_EQ(e.words(), "the time limit was reached");
    EXPECT_EQ(e.type(), "cutwater:timed_out");
    EXPECT_TRUE(e.cause());
}

TEST(error, an_exception_without_words_leaves_it_to_the_code) {
    EXPECT_EQ(error::from_exception(captured(std::runtime_error{""})).words(), "the call failed");
}

// ---- where it came from ----

TEST(error, the_code_of_a_system_error_is_kept) {
    const error e =
        error::from_exception(captured(std::system_error{std::make_error_code(std::errc::io_error), "read"}));
    EXPECT_EQ(e.code(), std::errc::io_error);
    EXPECT_TRUE(e.cause());
    EXPECT_TRUE(e.layer().empty()) << "the callable spoke, no policy did";
}

TEST(error, a_class_derived_from_system_error_counts_as_one) {
    const error e = error::from_exception(captured(std::ios_base::failure{"closed", std::io_errc::stream}));
    EXPECT_EQ(e.code(), std::io_errc::stream);
}

TEST(error, any_other_exception_has_no_code_of_its_own) {
    EXPECT_EQ(error::from_exception(captured(std::runtime_error{"x"})).code(), errc::failed);
    EXPECT_EQ(error::from_exception(captured(std::logic_error{"x"})).code(), errc::failed);
    EXPECT_EQ(error::from_exception(captured(42)).code(), errc::failed);
    EXPECT_EQ(error::from_exception(captured("text")).code(), errc::failed);
    EXPECT_EQ(error::from_exception(captured(std::string{"text"})).code(), errc::failed);
}

TEST(error, what_a_callable_returned_is_kept_whole_and_given_back_by_its_type) {
    const error e = error::from_original(errc::failed, out_of_stock{7});
    ASSERT_THAT(e.original<out_of_stock>(), NotNull());
    EXPECT_EQ(e.original<out_of_stock>()->sku, 7);
    EXPECT_THAT(e.original<int>(), IsNull());
    EXPECT_THAT(error{errc::failed}.original<out_of_stock>(), IsNull());
}

TEST(error, an_original_that_cannot_be_copied_is_kept_as_well) {
    const error e = error::from_original(errc::failed, std::make_unique<int>(7));
    const error copy = e;
    EXPECT_EQ(**copy.original<std::unique_ptr<int>>(), 7);
}

TEST(error, the_type_is_written_as_in_the_source) {
    EXPECT_EQ(error::from_exception(captured(std::runtime_error{"x"})).type(), "std::runtime_error");
    EXPECT_THAT(error::from_exception(captured(dropped_line{"x"})).type(), ::testing::HasSubstr("dropped_line"));
    EXPECT_EQ(error::from_exception(captured(42)).type(), "int");
    EXPECT_THAT(error::from_original(errc::failed, out_of_stock{}).type(), ::testing::HasSubstr("out_of_stock"));
    EXPECT_EQ(error{errc::circuit_open}.type(), "cutwater:circuit_open");
    EXPECT_EQ(error{std::make_error_code(std::errc::timed_out)}.type(), "generic:110");
}

// ---- what may be known ----

TEST(error, what_nobody_said_is_not_there) {
    const error e{errc::failed};
    EXPECT_FALSE(e.retry_after());
    EXPECT_FALSE(e.limit());
    EXPECT_FALSE(e.cause());
    EXPECT_THAT(e.history(), IsEmpty());
    EXPECT_THAT(e.also(), IsNull());
    EXPECT_EQ(e.call_id(), "");
}

TEST(error, zero_is_a_wish_too) {
    EXPECT_EQ(error{errc::failed}.with_retry_after(0s).retry_after(), 0s);
    EXPECT_EQ(error{errc::failed}.with_limit(0s).limit(), 0s);
}

TEST(error, a_negative_wait_says_not_to_ask_again) {
    EXPECT_EQ(error{errc::failed}.with_retry_after(-1ns).retry_after(), -1ns);
    EXPECT_EQ(error{errc::failed}.with_retry_after(-1h).retry_after(), -1h);
    EXPECT_LT(error{errc::failed}.with_retry_after(duration::min()).retry_after().value_or(0s), 0s);
}

TEST(error, the_setters_set_what_they_name) {
    const error e = error{errc::failed}.with_code(errc::refused).with_layer("gate").with_operation("get");
    EXPECT_EQ(e.code(), errc::refused);
    EXPECT_EQ(e.layer(), name{"gate"});
    EXPECT_EQ(e.operation(), name{"get"});
}

// ---- copies ----

error with_details() {
    error e = error::from_original(errc::failed, out_of_stock{7});
    e.with_text("first").with_history({{.number = 1}}).with_also(error{errc::refused}).with_call_id("a");
    return e;
}

TEST(error, copies_share_what_they_do_not_change) {
    const error e = with_details();
    const error copy = e;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
    EXPECT_EQ(copy.original<out_of_stock>(), e.original<out_of_stock>());
    EXPECT_EQ(copy.history().data(), e.history().data());
    EXPECT_EQ(copy.also(), e.also());
}

TEST(error, what_is_said_of_a_copy_is_not_said_of_the_first) {
    const error e = with_details();
    error copy = e;
    copy.with_text("second")
        .with_call_id("b")
        .with_history({{.number = 1}, {.number = 2}})
        .with_also(error{errc::failed});
    EXPECT_EQ(e.words(), "first");
    EXPECT_EQ(e.call_id(), "a");
    EXPECT_THAT(e.history(), SizeIs(1));
    EXPECT_EQ(e.also()->code(), errc::refused);
    EXPECT_EQ(copy.words(), "second");
    EXPECT_EQ(copy.call_id(), "b");
    EXPECT_THAT(copy.history(), SizeIs(2));
    EXPECT_EQ(copy.original<out_of_stock>()->sku, 7) << "what it does not change it keeps";
}

TEST(error, what_is_said_of_the_first_is_not_said_of_a_copy) {
    error e = with_details();
    const error copy = e;
    e.with_text("changed");
    EXPECT_EQ(copy.words(), "first");
}

TEST(error, a_second_error_can_have_a_second_of_its_own) {
    const error e = error{errc::failed}.with_also(error{errc::refused}.with_also(error{errc::timed_out}));
    EXPECT_EQ(e.message(), "the call failed; then: the call was refused; then: the time limit was reached");
}

// ---- thrown ----

TEST(error, raising_throws_the_original_exception) {
    const error e = error::from_exception(captured(dropped_line{"gone"}));
    EXPECT_THROW(e.raise(), dropped_line);
}

TEST(error, raising_throws_the_error_itself_where_nothing_was_thrown) {
    const error e{errc::circuit_open, "inventory", "get_stock"};
    try {
        e.raise();
    } catch (const call_error& thrown) {
        EXPECT_EQ(thrown.code(), errc::circuit_open);
        EXPECT_EQ(thrown.reason().layer(), name{"inventory"});
        EXPECT_THAT(thrown.what(), ::testing::HasSubstr("inventory: get_stock: the circuit is open"));
        return;
    }
    FAIL() << "nothing was thrown";
}

TEST(error, what_was_raised_comes_back_as_an_error_with_the_same_code) {
    try {
        error{errc::circuit_open, "inventory", {}}.raise();
    } catch (...) {
        EXPECT_EQ(error::from_exception(std::current_exception()).code(), errc::circuit_open);
    }
}

}  // namespace
}  // namespace cutwater
