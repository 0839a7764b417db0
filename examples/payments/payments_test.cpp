#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <set>

#include "examples/payments/bank.hpp"
#include "examples/payments/tills.hpp"

namespace payments {
namespace {

TEST(payments, are_the_same_for_the_same_seed_and_each_has_a_key_of_its_own) {
    const auto some = make_payments(1'000, 10, 7);
    const auto same = make_payments(1'000, 10, 7);
    std::set<std::string> keys;
    for (std::size_t i = 0; i < some.size(); ++i) {
        EXPECT_EQ(some[i].call.key(), same[i].call.key());
        EXPECT_EQ(to_json(some[i].what), to_json(same[i].what));
        EXPECT_NE(some[i].what.from, some[i].what.to);
        EXPECT_GT(some[i].what.cents, 0);
        keys.insert(some[i].call.key());
    }
    EXPECT_EQ(keys.size(), some.size());
}

TEST(payments, are_read_as_they_were_written_and_nothing_else_is_one) {
    const auto read = from_json(to_json({.from = 1, .to = 2, .cents = 300}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->from, 1);
    EXPECT_EQ(read->to, 2);
    EXPECT_EQ(read->cents, 300);
    for (const char* wrong : {"", "7", "[]", "{}", R"({"from":1,"to":2})", R"({"from":1,"to":2,"cents":"300"})",
                              R"({"from":1,"to":2,"cents":-3})", R"({"from":1,"to":1,"cents":3})",
                              R"({"from":1,"to":2,"cents":3.5})", R"({"from":4294967297,"to":2,"cents":3})",
                              R"({"from":-1,"to":2,"cents":3})", R"({"from":1,"to":2,"cents":2147483648})"})
        EXPECT_FALSE(from_json(wrong)) << wrong;
}

TEST(payments, whoever_fails_at_a_till_leaves_it_to_the_next) {
    tills one{1, "dbname=nowhere"};
    for (int i = 0; i < 3; ++i) EXPECT_THROW(one.with([](till&) -> int { throw std::bad_alloc{}; }), std::bad_alloc);
    EXPECT_EQ(one.with([](till&) { return 7; }), 7);
}

}  // namespace
}  // namespace payments
