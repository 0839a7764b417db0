// One tracer, one sink and one pipeline for several threads, while the wall clock is read again and again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/trace/span_recorder.hpp"
#include "cutwater/observe/trace/traced.hpp"

namespace cutwater {
namespace {

TEST(traced_threads, every_span_is_told_once_and_belongs_to_its_call) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 200;
    span_recorder seen{100'000};
    tracer all{seen};
    pipeline guarded{traced{all}, retry{{.max_attempts = 2, .base_delay = 1us}}, traced_attempt{all},
                     bulkhead{{.max_concurrent = 64}}};
    {
        std::vector<std::jthread> those;
        for (unsigned t = 0; t < threads; ++t)
            those.emplace_back([&] {
                for (unsigned i = 0; i < calls; ++i) {
                    unsigned asked = 0;
                    (void)guarded.run({.operation = "get"}, [&]() -> std::expected<int, std::errc> {
                        if (++asked == 1) return std::unexpected{std::errc::connection_reset};
                        return 7;
                    });
                    all.resync();
                }
            });
    }
    std::map<std::uint64_t, unsigned> attempts_of;
    std::set<std::uint64_t> ids;
    for (const trace_span& each : seen.all()) {
        EXPECT_TRUE(ids.insert(each.context.span.value).second);
        EXPECT_LE(each.begin, each.end);
        if (!each.parent.is_zero()) ++attempts_of[each.parent.value];
    }
    EXPECT_EQ(ids.size(), std::size_t{3} * threads * calls);
    EXPECT_EQ(attempts_of.size(), std::size_t{threads} * calls);
    for (const auto& [call, attempts] : attempts_of) EXPECT_EQ(attempts, 2U);
    EXPECT_EQ(all.lost() + all.abandoned(), 0U);
}

TEST(traced_threads, attempts_on_a_pool_are_told_their_span) {
    span_recorder seen;
    tracer all{seen};
    pipeline guarded{traced{all}, traced_attempt{all}, worker_pool{{.threads = 2}}};
    const auto told = guarded.run({.operation = "get"}, [](attempt& a) { return a.trace()->span.value; });
    ASSERT_TRUE(told);
    EXPECT_EQ(seen.all().front().context.span.value, *told);
}

}  // namespace
}  // namespace cutwater
