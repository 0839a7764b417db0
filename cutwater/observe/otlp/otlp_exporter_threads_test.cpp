// Several threads leave spans with one exporter whose collector is dead, and one looks at it meanwhile.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "cutwater/observe/otlp/otlp_exporter.hpp"

namespace cutwater {
namespace {

TEST(otlp_exporter_threads, every_span_is_counted_once) {
    constexpr std::uint64_t threads = 4;
    constexpr std::uint64_t each = 2'000;
    otlp_exporter exporter{{.url = "http://127.0.0.1:1/v1/traces",
                            .max_queue = 500,
                            .max_batch = 100,
                            .every = 1ms,
                            .max_attempts = 1,
                            .retry_delay = 1ms}};
    {
        std::vector<std::jthread> those;
        for (std::uint64_t t = 0; t < threads; ++t)
            those.emplace_back([&] {
                for (std::uint64_t i = 0; i < each; ++i) exporter.take({.name = "some"});
                (void)exporter.flush(0s);
                (void)exporter.counts();
                (void)exporter.last_problem();
            });
    }
    exporter.shutdown(0s);
    const otlp_counts all = exporter.counts();
    EXPECT_EQ(all.taken, threads * each);
    EXPECT_EQ(all.failed + all.dropped, threads * each);
    EXPECT_EQ(all.pending(), 0U);
}

}  // namespace
}  // namespace cutwater
