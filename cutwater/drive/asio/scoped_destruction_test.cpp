// Coroutines in scopes whose context goes, after each of their steps.

#include "cutwater/drive/asio/destruction_test.hpp"

namespace cutwater::destruction {
namespace {

TEST(scoped_destruction, a_scoped_attempt_goes_with_its_context) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded =
                      keep(pipeline{timeout{1h}, retry{{.max_attempts = 2, .base_delay = 1s}}, ref(w.narrow)});
                  w.awaits(*guarded, scoped(w.fails_after(1s)));
                  w.completes(*guarded, scoped(w.sleeps(1s)));
                  return guarded;
              }),
              6);
}

TEST(scoped_destruction, what_was_spawned_in_a_scope_goes_with_its_context) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded = keep(pipeline{retry{}, ref(w.wide)});
                  const std::string id(100, 'i');
                  const kept_scope scope{call_options{.id = id}};
                  for (int i = 0; i < 2; ++i)
                      spawn_in(
                          scope, w.loop->context().get_executor(),
                          [&w, &guarded = *guarded, frame = counted{w.count()}]() -> awaitable<void> {
                              auto f = w.sleeps(1s);
                              (void)co_await guarded.async_run(inherited(), scoped(std::move(f)));
                              EXPECT_EQ(inherited().id, std::string(100, 'i'));
                              ++w.completed;
                          },
                          asio::bind_cancellation_slot(w.signals.emplace_back().slot(), asio::detached));
                  return guarded;
              }),
              6);
}

TEST(scoped_destruction, one_that_is_cancelled_goes_with_its_context) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded = keep(pipeline{timeout{2s}, ref(w.wide)});
                  w.awaits(*guarded, scoped(w.sleeps(1h)));
                  w.completes(*guarded, scoped(w.sleeps(1h)));
                  w.time.after(1s, [&w] {
                      for (auto& signal : w.signals) signal.emit(asio::cancellation_type::terminal);
                  });
                  return guarded;
              }),
              3);
}

}  // namespace
}  // namespace cutwater::destruction
