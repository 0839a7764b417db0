#include "cutwater/observe/otlp/kernel.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::string> names_of(const std::vector<trace_span>& all) {
    std::vector<std::string> names;
    for (const trace_span& each : all) names.push_back(each.name);
    return names;
}

trace_span named(const char* name) {
    trace_span made;
    made.name = name;
    return made;
}

TEST(otlp_kernel, keeps_the_oldest_and_drops_what_there_is_no_room_for) {
    otlp_kernel queue{3, 2};
    EXPECT_FALSE(queue.take(named("a")));
    EXPECT_TRUE(queue.take(named("b"))) << "a batch is full";
    EXPECT_FALSE(queue.take(named("c")));
    EXPECT_FALSE(queue.take(named("d")));
    EXPECT_EQ(queue.counts().dropped, 1U);
    EXPECT_THAT(names_of(queue.next_batch()), ElementsAre("a", "b"));
    EXPECT_THAT(names_of(queue.next_batch()), ElementsAre("c"));
    EXPECT_THAT(queue.next_batch(), SizeIs(0));
    EXPECT_EQ(queue.counts().pending(), 3U) << "under way";
}

TEST(otlp_kernel, a_collector_rejects_no_more_than_it_was_sent) {
    otlp_kernel queue{10, 10};
    for (int i = 0; i < 5; ++i) queue.take({});
    (void)queue.next_batch();
    queue.settle_exported(5, 99);
    EXPECT_EQ(queue.counts(), (otlp_counts{.taken = 5, .rejected = 5, .requests = 1}));
}

TEST(otlp_kernel, takes_nothing_when_it_is_closed_and_counts_it) {
    otlp_kernel queue{10, 10};
    queue.take({});
    queue.close();
    queue.take({});
    queue.give_up();
    EXPECT_EQ(queue.counts(), (otlp_counts{.taken = 2, .failed = 1, .dropped = 1}));
}

RC_GTEST_PROP(otlp_kernel, whatever_happens_every_span_is_counted_once, ()) {
    const auto room = *rc::gen::inRange<std::size_t>(1, 20);
    const auto batch_size = *rc::gen::inRange<std::size_t>(1, room + 1);
    otlp_kernel queue{room, batch_size};
    std::size_t under_way = 0;
    for (const int what : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6))) {
        if (what < 3) queue.take({});
        if (what >= 3) {
            const std::size_t size = queue.next_batch().size();
            RC_ASSERT(size <= batch_size);
            if (what == 3) queue.settle_exported(size, size / 2);
            if (what == 4) queue.settle_failed(size);
            if (what == 5) under_way += size;
        }
        RC_ASSERT(queue.waiting() <= room);
        RC_ASSERT(queue.counts().pending() == queue.waiting() + under_way);
        RC_ASSERT(queue.admitted() == queue.settled() + queue.counts().pending());
    }
}

}  // namespace
}  // namespace cutwater
