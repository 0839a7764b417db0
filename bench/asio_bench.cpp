// Whole pipelines on the coroutine driver, beside a bare await, one `co_spawn` with a cancellation slot, and the usual
// timeout idiom, `awaitable || timer`.

#include "cutwater/asio.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bench/support/reference.hpp"

namespace {

namespace asio = boost::asio;
namespace cw = cutwater;
using namespace std::chrono_literals;

asio::awaitable<int> quick() { co_return cw::bench::bare_call(); }

/// Runs `once` in a coroutine for each iteration, in a context that has a timer pending, as any that talks to a network has:
/// without one its loop never asks the kernel, and every figure is smaller.
template <class Once>
void in_a_coroutine(benchmark::State& state, Once once) {
    asio::io_context context{1};
    asio::steady_timer pending{context, 1h};
    pending.async_wait([](auto) {});
    auto loop = [&]() -> asio::awaitable<void> {
        co_await once();  // what is made once is made now
        const cw::bench::count_allocations counting{state};
        for (auto _ : state) co_await once();
        pending.cancel();
    };
    asio::co_spawn(context, loop(), asio::detached);
    context.run();
}

void bare_await(benchmark::State& state) {
    in_a_coroutine(state, []() -> asio::awaitable<void> { cw::bench::keep(co_await quick()); });
}
CUTWATER_BENCH_ALONE(bare_await, "reference/await");

void one_co_spawn(benchmark::State& state) {
    asio::cancellation_signal signal;
    in_a_coroutine(state, [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        cw::bench::keep(co_await asio::co_spawn(executor, quick(),
                                                asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable)));
    });
}
CUTWATER_BENCH_ALONE(one_co_spawn, "reference/co_spawn");

void timeout_idiom(benchmark::State& state) {
    using asio::experimental::awaitable_operators::operator||;
    in_a_coroutine(state, []() -> asio::awaitable<void> {
        asio::steady_timer timer{co_await asio::this_coro::executor, 1s};
        cw::bench::keep(co_await (quick() || timer.async_wait(asio::use_awaitable)));
    });
}
CUTWATER_BENCH_ALONE(timeout_idiom, "reference/timeout_idiom");

template <class Pipeline>
void awaited(benchmark::State& state, Pipeline& guarded) {
    in_a_coroutine(state, [&]() -> asio::awaitable<void> { cw::bench::keep(co_await guarded.async_run(quick)); });
}

void one_layer(benchmark::State& state) {
    cw::pipeline guarded{cw::retry{}};
    awaited(state, guarded);
}
CUTWATER_BENCH_ALONE(one_layer, "pipeline/1_layer/asio");

void three_layers(benchmark::State& state) {
    cw::pipeline guarded{cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}}, cw::bulkhead{}};
    awaited(state, guarded);
}
CUTWATER_BENCH_ALONE(three_layers, "pipeline/3_layers_count/asio");

void five_layers(benchmark::State& state) {
    cw::pipeline guarded{cw::timeout{2s}, cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}},
                         cw::bulkhead{}, cw::timeout{500ms}};
    awaited(state, guarded);
}
CUTWATER_BENCH_ALONE(five_layers, "pipeline/5_layers/asio");

void three_chosen(benchmark::State& state) {
    cw::any_pipeline<int> guarded{cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}},
                                  cw::bulkhead{}};
    awaited(state, guarded);
}
CUTWATER_BENCH_ALONE(three_chosen, "any_pipeline/3_layers_count/asio");

}  // namespace
