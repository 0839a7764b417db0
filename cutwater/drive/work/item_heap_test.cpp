#include "cutwater/drive/work/item_heap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <vector>

namespace cutwater {
namespace {

struct heaped {
    int value = 0;
    std::size_t at = 0;
};
struct is_less {
    bool operator()(const heaped& a, const heaped& b) const { return a.value < b.value; }
};
using heap = item_heap<heaped, &heaped::at, is_less>;

TEST(item_heap, the_first_is_the_least) {
    heap some;
    some.make_room(3);
    heaped five{5};
    heaped three{3};
    heaped four{4};
    for (heaped* n : {&five, &three, &four}) some.push(*n);
    EXPECT_EQ(some.first().value, 3);
    some.remove(three);
    EXPECT_EQ(some.first().value, 4);
    EXPECT_EQ(some.size(), 2U);
}

RC_GTEST_PROP(item_heap, whoever_leaves_the_others_stay_in_order, (const std::vector<int>& values)) {
    heap some;
    some.make_room(values.size());
    std::vector<std::unique_ptr<heaped>> all;
    for (const int v : values) {
        all.push_back(std::make_unique<heaped>(v));
        some.push(*all.back());
    }
    while (!all.empty()) {
        const auto least = std::ranges::min_element(all, {}, [](const auto& n) { return n->value; });
        RC_ASSERT(some.first().value == (*least)->value);
        const auto leaver = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, all.size()));
        some.remove(*all[static_cast<std::size_t>(leaver)]);
        all.erase(all.begin() + leaver);
        RC_ASSERT(some.size() == all.size());
    }
    RC_ASSERT(some.empty());
}

}  // namespace
}  // namespace cutwater
