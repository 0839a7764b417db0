// Calls with faults are destroyed at every suspension, held ones included: nothing is left behind, and every permit is back.

#include <gtest/gtest.h>

#include "cutwater/drive/asio/destruction_test.hpp"
#include "cutwater/policy/fault/fault.hpp"

namespace cutwater {
namespace {

using namespace destruction;

fault_options late_then_hanging() {
    return {.rules = {{.name = "late",
                       .what = injection::latency(fault_latency::constant(20ms)),
                       .when = fault_when::first(1)},
                      {.name = "fails",
                       .what = injection::failure(std::errc::connection_reset).after(fault_latency::constant(15ms)),
                       .when = fault_when::first(1)},
                      {.name = "hangs", .what = injection::hang()}},
            .armed = arming::on};
}

template <class Call>
auto with_faults(Call call) {
    return [call](world& w) {
        auto guarded =
            keep(pipeline{timeout{1h}, retry{{.max_attempts = 3, .base_delay = 10ms, .jitter = jitter::none}},
                          ref(w.wide), timeout{100ms}, fault{late_then_hanging()}});
        call(w, *guarded);
        return guarded;
    };
}

TEST(fault_destruction, of_an_awaited_call) {
    EXPECT_GT(
        destroyed_at_every_step(with_faults([](world& w, auto& guarded) { w.awaits(guarded, w.fails_after(20ms)); })),
        5);
}

TEST(fault_destruction, of_a_completed_call) {
    EXPECT_GT(destroyed_at_every_step(
                  with_faults([](world& w, auto& guarded) { w.completes(guarded, w.fails_after(20ms)); })),
              5);
}

TEST(fault_destruction, of_calls_that_are_cancelled_while_they_are_held) {
    EXPECT_GT(destroyed_at_every_step(with_faults([](world& w, auto& guarded) {
                  w.awaits(guarded, w.sleeps(1h));
                  w.completes(guarded, w.sleeps(1h));
                  w.time.after(7ms, [&w] {
                      for (auto& signal : w.signals) signal.emit(asio::cancellation_type::terminal);
                  });
              })),
              3);
}

}  // namespace
}  // namespace cutwater
