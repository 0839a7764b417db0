// What a hedge costs where none fires: beside a call on the same pool, and beside a coroutine call with the same timeout.

#include "cutwater/policy/hedge/hedge.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bench/support/reference.hpp"
#include "cutwater/asio.hpp"

namespace {

namespace cw = cutwater;
namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<int> quick() { co_return 7; }

const cw::call_options idempotent_call{.idempotent = cw::idempotency::idempotent};

template <class Pipeline>
void awaits(benchmark::State& state, Pipeline& guarded) {
    asio::io_context context{1};
    const auto loop = [&]() -> asio::awaitable<void> {
        asio::steady_timer pending{co_await asio::this_coro::executor, 24h};  // as in a server, which always has one
        pending.async_wait([](auto) {});
        cw::bench::keep(co_await guarded.async_run(idempotent_call, quick));  // what is made once is made now
        const cw::bench::count_allocations counting{state};
        for (auto _ : state) cw::bench::keep(co_await guarded.async_run(idempotent_call, quick));
        pending.cancel();
    };
    asio::co_spawn(context, loop(), asio::detached);
    context.run();
}

/// What it costs to have something that can be cut off by itself.
void one_co_spawn(benchmark::State& state) {
    asio::io_context context{1};
    asio::cancellation_signal signal;
    const auto loop = [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer pending{executor, 24h};
        pending.async_wait([](auto) {});
        for (auto _ : state)
            cw::bench::keep(co_await asio::co_spawn(executor, quick(),
                                                    asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable)));
        pending.cancel();
    };
    asio::co_spawn(context, loop(), asio::detached);
    context.run();
}
CUTWATER_BENCH_ALONE(one_co_spawn, "hedge/reference/co_spawn");

void coroutine_without(benchmark::State& state) {
    static cw::pipeline guarded{cw::timeout{1h}, cw::bulkhead{}};
    awaits(state, guarded);
}
CUTWATER_BENCH_ALONE(coroutine_without, "hedge/none/asio");

void coroutine_hedged(benchmark::State& state) {
    static cw::pipeline guarded{cw::timeout{1h}, cw::hedge{{.delay = 1h}}, cw::bulkhead{}};
    awaits(state, guarded);
}
CUTWATER_BENCH_ALONE(coroutine_hedged, "hedge/not_fired/asio");

void blocking_without(benchmark::State& state) {
    static cw::pipeline guarded{cw::worker_pool{{.threads = 1}}};
    for (auto _ : state) cw::bench::keep(guarded.run(idempotent_call, [] { return 7; }));
}
CUTWATER_BENCH_ALONE(blocking_without, "hedge/none/pool");

void blocking_hedged(benchmark::State& state) {
    static cw::pipeline guarded{cw::hedge{{.delay = 1h}}, cw::worker_pool{{.threads = 1}}};
    for (auto _ : state) cw::bench::keep(guarded.run(idempotent_call, [] { return 7; }));
}
CUTWATER_BENCH_ALONE(blocking_hedged, "hedge/not_fired/pool");

}  // namespace
