// What a keyed policy costs a call, with ten keys, ten thousand and a million, all as likely, and what it costs in memory. The key
// is made as a request brings it: a text that was just written. `bytes_a_key` is what the table takes, divided by its keys.

#include "cutwater/keyed.hpp"

#include <atomic>
#include <cstring>
#include <vector>

#include "bench/support/reference.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

/// `tenant-` and eight digits of a number below `keys`, drawn at random.
class tenants {
public:
    explicit tenants(std::uint64_t keys, std::uint64_t seed) : keys_{keys}, dice_{seed} {}

    [[nodiscard]] std::string_view draw() noexcept {
        return write(static_cast<std::uint32_t>((static_cast<__uint128_t>(dice_()) * keys_) >> 64U));
    }
    [[nodiscard]] std::string_view write(std::uint32_t number) noexcept {
        std::uint64_t digits = 0;  // of base 16, each a letter from A
        for (unsigned i = 0; i < 8; ++i)
            digits |= static_cast<std::uint64_t>('A' + (number >> (4 * i) & 15U)) << (8 * i);
        std::memcpy(text_ + 7, &digits, sizeof digits);
        return {text_, sizeof text_};
    }

private:
    char text_[15] = {'t', 'e', 'n', 'a', 'n', 't', '-'};
    std::uint64_t keys_;
    cw::random_source dice_;
};

template <class Gate>
class caller {
public:
    explicit caller(Gate& through) : through_{through} {}

    /// As a pipeline does. Whether it was admitted.
    bool call(std::string_view tenant) {
        said_.tenant = tenant;
        call_.now.forget();
        call_.sent = 0;
        cw::permit<Gate> held;
        if (!through_.try_admit(held.blank(), call_, call_.now)) {
            auto answer = through_.admit(call_, call_.now);
            auto* const ticket = std::get_if<typename Gate::ticket>(&answer);
            if (ticket == nullptr) return false;
            held.blank() = std::move(*ticket);
        }
        held.hold(through_);
        call_.sent = 1;
        call_.now.forget();
        held.settle(cw::observation{}, call_, call_.now);
        return true;
    }

private:
    Gate& through_;
    cw::blocking_parking place_;
    cw::call_options said_{};
    cw::call_context call_{said_, cw::this_machine, place_};
};

template <class Gate>
void measure(benchmark::State& state, Gate& shared, std::uint64_t keys) {
    tenants from{keys, static_cast<std::uint64_t>(state.thread_index()) + 1};
    caller calls{shared};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(calls.call(from.draw()));
    if (state.thread_index() == 0)
        state.counters["bytes_a_key"] = static_cast<double>(shared.bytes()) / static_cast<double>(shared.size());
}

/// For the life of the process; every key has called once.
template <class Gate>
Gate& with_keys(std::uint64_t keys, auto options) {
    auto& made = *new Gate{std::move(options), {.by = cw::by_tenant, .max_keys = static_cast<unsigned>(keys)}};
    tenants from{keys, 1};
    caller calls{made};
    for (std::uint32_t i = 0; i < keys; ++i) (void)calls.call(from.write(i));
    return made;
}

using limiters = cw::keyed<cw::rate_limiter>;
using breakers = cw::keyed<cw::circuit_breaker>;
using bulkheads = cw::keyed<cw::bulkhead>;

template <std::uint64_t Keys>
void admits(benchmark::State& state) {
    static auto& shared =
        with_keys<limiters>(Keys, cw::rate_limiter_options{.permits = 1'000'000, .per = 1ms, .burst = 1'000'000});
    measure(state, shared, Keys);
}
template <std::uint64_t Keys>
void refuses(benchmark::State& state) {
    static auto& shared = with_keys<limiters>(Keys, cw::rate_limiter_options{.permits = 1, .per = 24h, .burst = 1});
    measure(state, shared, Keys);
}
template <std::uint64_t Keys>
void breaker(benchmark::State& state) {
    static auto& shared = with_keys<breakers>(Keys, cw::circuit_breaker_options{});
    measure(state, shared, Keys);
}
template <std::uint64_t Keys>
void bulkhead(benchmark::State& state) {
    static auto& shared = with_keys<bulkheads>(Keys, cw::bulkhead_options{});
    measure(state, shared, Keys);
}

/// Everybody is new, and takes the place of somebody who is not needed any more.
void strangers(benchmark::State& state) {
    static auto& shared =
        with_keys<limiters>(10'000, cw::rate_limiter_options{.permits = 1'000'000, .per = 1ms, .burst = 1'000'000});
    measure(state, shared, 4'000'000'000);
}
/// Everybody is new, and there is no room for anybody.
void strangers_refused(benchmark::State& state) {
    static auto& shared = [] -> auto& {
        auto& made = with_keys<limiters>(10'000, cw::rate_limiter_options{.permits = 1, .per = 24h, .burst = 1});
        tenants from{4'000'000'000, 1};
        caller calls{made};
        for (unsigned i = 0; i < 200'000; ++i) (void)calls.call(from.draw());
        return made;
    }();
    measure(state, shared, 4'000'000'000);
}
/// What the benchmark itself costs: to draw a tenant and write its name.
void draw(benchmark::State& state) {
    tenants from{1'000'000, 1};
    for (auto _ : state) cw::bench::keep(from.draw());
}
void hash(benchmark::State& state) {
    tenants from{1'000'000, 1};
    const cw::sip_hash of;
    for (auto _ : state) cw::bench::keep(of(from.draw()));
}

/// What no table of a million keys can be without: a hash, and one word that is not in the cache.
void hash_and_a_miss(benchmark::State& state) {
    static auto& words = *new std::vector<std::uint64_t>(std::size_t{4} << 20U, 1);  // 32 MB
    tenants from{1'000'000, 1};
    const cw::sip_hash of;
    std::uint64_t last = 0;
    for (auto _ : state) {
        auto& word = words[(of(from.draw()).place + last % 2) % words.size()];
        last = std::atomic_ref{word}.fetch_add(2);
    }
}

CUTWATER_BENCH(admits<10>, "keyed/rate_limiter/admits/10");
CUTWATER_BENCH(admits<10'000>, "keyed/rate_limiter/admits/10000");
CUTWATER_BENCH(admits<1'000'000>, "keyed/rate_limiter/admits/1000000");
CUTWATER_BENCH(refuses<10>, "keyed/rate_limiter/refuses/10");
CUTWATER_BENCH(refuses<1'000'000>, "keyed/rate_limiter/refuses/1000000");
CUTWATER_BENCH(strangers, "keyed/rate_limiter/strangers/admitted");
CUTWATER_BENCH(strangers_refused, "keyed/rate_limiter/strangers/refused");
CUTWATER_BENCH(breaker<10>, "keyed/circuit_breaker/clean/10");
CUTWATER_BENCH(breaker<10'000>, "keyed/circuit_breaker/clean/10000");
CUTWATER_BENCH(breaker<1'000'000>, "keyed/circuit_breaker/clean/1000000");
CUTWATER_BENCH(bulkhead<10>, "keyed/bulkhead/taken_and_given_back/10");
CUTWATER_BENCH(bulkhead<10'000>, "keyed/bulkhead/taken_and_given_back/10000");
CUTWATER_BENCH_ALONE(draw, "keyed/reference/draw");
CUTWATER_BENCH_ALONE(hash, "keyed/reference/draw_and_hash");
CUTWATER_BENCH_ALONE(hash_and_a_miss, "keyed/reference/hash_and_a_miss");

}  // namespace
