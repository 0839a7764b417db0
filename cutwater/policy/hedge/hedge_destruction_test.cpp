// Hedged calls are destroyed at every suspension, those that have lost included: nothing is left behind, and every permit is back.

#include <gtest/gtest.h>

#include "cutwater/drive/asio/destruction_test.hpp"
#include "cutwater/policy/hedge/hedge.hpp"

namespace cutwater {
namespace {

using namespace destruction;

/// One place for all attempts of a call and another for each, a queue, a retry around and one inside.
template <class Call>
auto hedged(Call call) {
    return [call](world& w) {
        auto guarded = keep(pipeline{
            timeout{1h}, retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, ref(w.wide),
            hedge{{.max_attempts = 3, .delay = 15ms, .unstated_means = idempotency::idempotent}},
            retry{{.max_attempts = 2, .base_delay = 5ms, .jitter = jitter::none}}, ref(w.narrow), timeout{100ms}});
        call(w, *guarded);
        return guarded;
    };
}

/// As that, without a queue: all attempts are sent.
template <class Call>
auto sent_at_once(Call call) {
    return [call](world& w) {
        auto guarded = keep(pipeline{
            hedge{{.max_attempts = 3, .delay = 15ms, .unstated_means = idempotency::idempotent}}, ref(w.wide)});
        call(w, *guarded);
        return guarded;
    };
}

TEST(hedge_destruction, of_an_awaited_call_that_fails) {
    EXPECT_GT(destroyed_at_every_step(hedged([](world& w, auto& guarded) { w.awaits(guarded, w.fails_after(20ms)); })),
              20);
}

TEST(hedge_destruction, of_a_completed_call_that_fails) {
    EXPECT_GT(
        destroyed_at_every_step(hedged([](world& w, auto& guarded) { w.completes(guarded, w.fails_after(20ms)); })),
        20);
}

TEST(hedge_destruction, of_calls_whose_losers_wait_in_a_queue) {
    EXPECT_GT(destroyed_at_every_step(hedged([](world& w, auto& guarded) {
                  w.awaits(guarded, w.sleeps(40ms));
                  w.completes(guarded, w.sleeps(40ms));
              })),
              20);
}

TEST(hedge_destruction, of_calls_whose_losers_are_on_their_way) {
    EXPECT_GT(destroyed_at_every_step(sent_at_once([](world& w, auto& guarded) {
                  w.awaits(guarded, w.sleeps(40ms));
                  w.completes(guarded, w.sleeps(40ms));
              })),
              10);
}

TEST(hedge_destruction, of_calls_that_are_cancelled) {
    EXPECT_GT(destroyed_at_every_step(sent_at_once([](world& w, auto& guarded) {
                  w.awaits(guarded, w.sleeps(1h));
                  w.completes(guarded, w.sleeps(1h));
                  w.time.after(35ms, [&w] {
                      for (auto& signal : w.signals) signal.emit(asio::cancellation_type::terminal);
                  });
              })),
              10);
}

TEST(hedge_destruction, of_a_pipeline_whose_losers_are_on_their_way) {
    for (int steps = 0; steps < 60; ++steps) {
        world w;
        auto guarded = keep(pipeline{
            hedge{{.max_attempts = 3, .delay = 15ms, .unstated_means = idempotency::idempotent}}, ref(w.wide)});
        w.completes(*guarded, w.sleeps(40ms));
        while (w.completed == 0 && w.loop->step()) {}
        EXPECT_EQ(w.completed, 1);
        guarded.reset();
        for (int i = 0; i < steps && w.loop->step(); ++i) {}
        w.loop.reset();
        EXPECT_EQ(w.alive(), 0);
        EXPECT_EQ(w.wide.in_use(), 0U);
    }
}

}  // namespace
}  // namespace cutwater
