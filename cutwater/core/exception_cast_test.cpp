#include "cutwater/core/exception_cast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <system_error>

namespace cutwater {
namespace {

using ::testing::Pointee;

struct left {
    int l = 1;
};
struct right {
    int r = 2;
};
struct both : left, right {};
struct twice_left : left {};
struct ambiguous : both, twice_left {};
struct hidden : private right {};
struct shares : virtual right {};

template <class Thrown>
std::exception_ptr thrown(Thrown what) {
    return std::make_exception_ptr(std::move(what));
}

/// What a catch clause makes of it.
template <class Exception>
bool is_caught(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const Exception&) {
        return true;
    } catch (...) {
        return false;
    }
}

template <class Exception>
void expect_as_caught(const std::exception_ptr& e) {
    EXPECT_EQ(exception_cast<Exception>(e) != nullptr, is_caught<Exception>(e)) << typeid(Exception).name();
}

TEST(exception_cast, finds_the_type_itself_and_what_it_derives_from) {
    const auto e = thrown(std::system_error{std::make_error_code(std::errc::timed_out), "read"});
    EXPECT_EQ(exception_cast<std::system_error>(e)->code(), std::errc::timed_out);
    EXPECT_STREQ(exception_cast<std::exception>(e)->what(), "read: Connection timed out");
    EXPECT_NE(exception_cast<std::runtime_error>(e), nullptr);
    EXPECT_EQ(exception_cast<std::logic_error>(e), nullptr);
}

TEST(exception_cast, finds_the_right_base_of_several) {
    const auto e = thrown(both{});
    EXPECT_EQ(exception_cast<left>(e)->l, 1);
    EXPECT_EQ(exception_cast<right>(e)->r, 2);
    EXPECT_EQ(exception_cast<right>(thrown(shares{}))->r, 2);
}

TEST(exception_cast, finds_what_a_catch_clause_finds_and_nothing_else) {
    for (const auto& e :
         {thrown(both{}), thrown(twice_left{}), thrown(ambiguous{}), thrown(hidden{}), thrown(shares{}),
          thrown(std::string{"text"}), thrown(7), thrown("literal"), thrown(static_cast<left*>(nullptr))}) {
        expect_as_caught<left>(e);
        expect_as_caught<right>(e);
        expect_as_caught<both>(e);
        expect_as_caught<std::string>(e);
        expect_as_caught<std::exception>(e);
        expect_as_caught<int>(e);
    }
}

TEST(exception_cast, finds_nothing_where_there_is_nothing) {
    EXPECT_EQ(exception_cast<std::exception>(nullptr), nullptr);
    EXPECT_EQ(exception_cast<int>(nullptr), nullptr);
}

TEST(exception_cast, gives_the_object_itself_which_lives_as_long_as_it_is_kept) {
    std::exception_ptr kept;
    try {
        throw std::string{"a text that is longer than what fits into the string itself"};
    } catch (const std::string& s) {
        kept = std::current_exception();
        EXPECT_EQ(exception_cast<std::string>(kept), &s);
    }
    EXPECT_THAT(exception_cast<std::string>(kept), Pointee(::testing::StartsWith("a text")));
    EXPECT_EQ(*exception_cast<int>(thrown(7)), 7);
}

}  // namespace
}  // namespace cutwater
