#include "cutwater/core/late.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace cutwater {
namespace {

/// Counts how many of it there are.
struct counted {
    explicit counted(int& alive, bool throws = false) : alive_{&alive} {
        if (throws) throw std::runtime_error{"not made"};
        ++*alive_;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }
    int value = 7;

private:
    int* alive_;
};

TEST(late, is_empty_until_it_is_made) {
    int alive = 0;
    late<counted> l;
    EXPECT_FALSE(l);
    EXPECT_EQ(l.emplace(alive).value, 7);
    EXPECT_TRUE(l);
    EXPECT_EQ((*l).value, 7);
    EXPECT_EQ(l->value, 7);
    EXPECT_EQ(alive, 1);
}

TEST(late, ends_what_it_made_and_nothing_else) {
    int alive = 0;
    {
        late<counted> made;
        const late<counted> never_made;
        made.emplace(alive);
        made.emplace(alive);
        EXPECT_EQ(alive, 1) << "the second takes the place of the first";
        made.reset();
        made.reset();
        EXPECT_EQ(alive, 0);
        made.emplace(alive);
    }
    EXPECT_EQ(alive, 0);
}

TEST(late, is_empty_where_making_throws) {
    int alive = 0;
    late<counted> l;
    l.emplace(alive);
    EXPECT_THROW(l.emplace(alive, true), std::runtime_error);
    EXPECT_FALSE(l);
    EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace cutwater
