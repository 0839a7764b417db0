// Whole pipelines on the coroutine driver, beside a bare await, one `co_spawn` with a cancellation slot, and the usual
// timeout idiom, `awaitable || timer`. One and two threads.

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

template <class Policy>
auto one_layer() {
    return cw::pipeline{Policy{}};
}
auto one_timeout() { return cw::pipeline{cw::timeout{1h}}; }
auto one_fallback() { return cw::pipeline{cw::fallback{0}}; }

auto three_layers() {
    return cw::pipeline{cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}}, cw::bulkhead{}};
}

auto five_layers() {
    return cw::pipeline{cw::timeout{2s}, cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}},
                        cw::bulkhead{}, cw::timeout{500ms}};
}

auto three_chosen() {
    return cw::any_pipeline<int>{cw::retry{}, cw::circuit_breaker{{.window = cw::breaker_window::count}},
                                 cw::bulkhead{}};
}

/// All threads of a benchmark share one pipeline, and each has a context of its own.
template <auto Make>
void awaits(benchmark::State& state) {
    static auto guarded = Make();
    in_a_coroutine(state, []() -> asio::awaitable<void> { cw::bench::keep(co_await guarded.async_run(quick)); });
}
CUTWATER_BENCH(awaits<one_layer<cw::retry>>, "pipeline/1_layer/asio");
CUTWATER_BENCH(awaits<one_layer<cw::circuit_breaker>>, "pipeline/circuit_breaker/asio");
CUTWATER_BENCH(awaits<one_layer<cw::bulkhead>>, "pipeline/bulkhead/asio");
CUTWATER_BENCH(awaits<one_timeout>, "pipeline/timeout/asio");
CUTWATER_BENCH(awaits<one_fallback>, "pipeline/fallback/asio");
CUTWATER_BENCH(awaits<three_layers>, "pipeline/3_layers_count/asio");
CUTWATER_BENCH(awaits<five_layers>, "pipeline/5_layers/asio");
CUTWATER_BENCH(awaits<three_chosen>, "any_pipeline/3_layers_count/asio");

}  // namespace
