// Hedged calls of several threads on one pool: nobody waits for a certain time here, everybody waits for somebody.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"
#include "cutwater/policy/hedge/hedge.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// The first attempt of a call ends when the second has begun, and gives up where it is told to.
struct waits_for_another {
    std::shared_ptr<std::atomic<unsigned>> begun = std::make_shared<std::atomic<unsigned>>(0);

    unsigned operator()(attempt& a) const {
        const unsigned mine = begun->fetch_add(1);
        while (mine == 0 && begun->load() < 2 && !a.stop_requested()) std::this_thread::yield();
        return mine;
    }
};

TEST(hedge_threads, calls_of_several_threads_are_hedged_and_every_permit_comes_back) {
    constexpr unsigned threads = 3;
    constexpr unsigned each = 40;
    bulkhead inside{{.max_concurrent = 100}};
    bulkhead outside{{.max_concurrent = 100}};
    std::atomic<unsigned> answered{0};
    {
        worker_pool pool{{.threads = 2 * threads, .max_queue = 100, .max_wait = 24h}};
        pipeline guarded{ref(outside), hedge{{.max_attempts = 3, .delay = 1ms}}, ref(inside), ref(pool)};
        std::vector<std::jthread> callers;
        for (unsigned t = 0; t < threads; ++t)
            callers.emplace_back([&] {
                for (unsigned i = 0; i < each; ++i)
                    if (guarded.run({.idempotent = idempotency::idempotent}, waits_for_another{})) ++answered;
            });
    }
    EXPECT_EQ(answered, threads * each);
    EXPECT_EQ(inside.in_use(), 0U);
    EXPECT_EQ(outside.in_use(), 0U);
}

TEST(hedge_threads, T68_a_caller_may_cancel_while_attempts_begin_and_end) {
    bulkhead inside{{.max_concurrent = 100}};
    unsigned ended = 0;
    {
        worker_pool pool{{.threads = 4, .max_queue = 100, .max_wait = 24h}};
        pipeline guarded{hedge{{.max_attempts = 3, .delay = 1ms}}, ref(inside), ref(pool)};
        for (unsigned i = 0; i < 60; ++i) {
            std::stop_source caller;
            const waits_for_another callable;
            const std::jthread cancels{[&caller, begun = callable.begun, at = i % 3] {
                while (begun->load() < at) std::this_thread::yield();
                caller.request_stop();
            }};
            const auto told =
                guarded.run({.stop = caller.get_token(), .idempotent = idempotency::idempotent}, callable);
            ended += told || told.error().code() == errc::cancelled ? 1U : 0U;
        }
    }
    EXPECT_EQ(ended, 60U);
    EXPECT_EQ(inside.in_use(), 0U);
}

}  // namespace
}  // namespace cutwater
