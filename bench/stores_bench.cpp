// What policies cost over each store, beside the questions that they ask there, in the same run: a guarded call is two swaps, a lease of permits one, a
// saga of three steps four writes. SQLite waits for no disk here; PostgreSQL and Redis are servers of this process's own, and skipped where they are
// not installed.

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "bench/support/reference.hpp"
#include "cutwater/saga/saga.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/postgres/postgres_store.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "cutwater/store/sqlite/sqlite_store.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/redis_server.hpp"
#include "test/servers/scratch_folder.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

/// What is measured over one store. Whatever has to be there outlives it.
class over_a_store {
public:
    explicit over_a_store(std::shared_ptr<cw::cell_store> cells) : cells_{std::move(cells)} {}

    void guarded_call(benchmark::State& state) {
        for (auto _ : state) {
            const std::string key = next_key();
            cw::bench::keep(guarded_.run({.operation = operation_, .id = key}, [] { return 7; }));
        }
    }
    /// Reserving and committing by hand, of as many bytes.
    void two_swaps(benchmark::State& state) { writes(state, 2, 40); }
    void saga(benchmark::State& state) {
        for (auto _ : state) cw::bench::keep(three_steps_.run(next_key(), 7));
    }
    void four_writes(benchmark::State& state) { writes(state, 4, 200); }

    template <unsigned Lease>
    void limited_call(benchmark::State& state) {
        auto& guarded = limited<Lease>().guarded;
        for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
    }
    /// Of one cell, over and over, as a limit's is.
    void one_swap(benchmark::State& state) {
        const std::string key = next_key();
        const std::string value(40, 'x');
        cw::cell_version version = 0;
        for (auto _ : state) version = cw::ask(*cells_, {cw::swap_cell{key, version, value, 1min}}).value().version;
    }

private:
    void writes(benchmark::State& state, int times, std::size_t bytes) {
        const std::string value(bytes, 'x');
        for (auto _ : state) {
            const std::string key = next_key();
            cw::cell_version version = 0;
            for (int i = 0; i < times; ++i)
                version = cw::ask(*cells_, {cw::swap_cell{key, version, value, 1s}}).value().version;
        }
    }
    /// Keys that come once.
    std::string next_key() { return "key-" + std::to_string(++keys_); }

    template <unsigned Lease>
    auto& limited() {
        struct made {
            explicit made(cw::cell_store& cells)
                : limiter{cells,
                          {.name = "limit-" + std::to_string(Lease),
                           .permits = 1'000'000'000,
                           .per = 1s,
                           .burst = 1'000'000'000,
                           .lease = Lease}} {}
            cw::shared_rate_limiter limiter;
            cw::pipeline<cw::reference<cw::shared_rate_limiter>> guarded{cw::ref(limiter)};
        };
        static made one{*cells_};
        return one;
    }
    static void step(std::uint64_t& n) { cw::bench::keep(++n); }

    std::shared_ptr<cw::cell_store> cells_;
    std::atomic<std::uint64_t> keys_{0};
    cw::name operation_{"pay"};
    cw::idempotency_guard<int> guard_{*cells_, {.keep_for = 1s}};
    cw::pipeline<cw::reference<cw::idempotency_guard<int>>> guarded_{cw::ref(guard_)};
    cw::saga<std::uint64_t> three_steps_{
        *cells_, {.kept_for = 1s}, {{"one", &step, &step}, {"two", &step, &step}, {"three", &step, cw::no_undo}}};
};

// --- the stores, made when they are first measured, and there until the process ends ------------------------------------------

/// A store, and whatever it needs.
template <class Needs, class Store>
std::shared_ptr<cw::cell_store> with(std::shared_ptr<Needs> needs, std::unique_ptr<Store> store) {
    struct both {
        std::shared_ptr<Needs> needs;
        std::unique_ptr<Store> store;  // goes first
    };
    auto kept = std::make_shared<both>(std::move(needs), std::move(store));
    cw::cell_store* const cells = kept->store.get();
    return {std::move(kept), cells};
}

std::shared_ptr<cw::cell_store> memory() {
    return std::make_shared<cw::memory_store>(cw::memory_store_options{.max_cells = 100'000'000});
}
std::shared_ptr<cw::cell_store> sqlite() {
    auto folder = std::make_shared<cw::testing::scratch_folder>();
    auto store = std::make_unique<cw::sqlite_store>(
        cw::sqlite_store_options{.path = folder->file("cells"), .durability = cw::sqlite_durability::normal});
    return with(std::move(folder), std::move(store));
}
std::shared_ptr<cw::cell_store> postgres() {
    auto server = std::make_shared<cw::testing::postgres_server>();
    auto store = std::make_unique<cw::postgres_store>(
        cw::postgres_store_options{.connection = server->connection(), .max_connections = 2});
    return with(std::move(server), std::move(store));
}
std::shared_ptr<cw::cell_store> redis() {
    auto server = std::make_shared<cw::testing::redis_server>();
    auto store = std::make_unique<cw::redis_store>(
        cw::redis_store_options{.host = "127.0.0.1", .port = server->port(), .timeout = 1min, .dead_after = 1min});
    return with(std::move(server), std::move(store));
}

/// Null where what it needs is not installed; `why` says so then.
template <std::shared_ptr<cw::cell_store> (*Make)()>
over_a_store* measured(std::string& why) {
    static std::string missing;
    static const std::unique_ptr<over_a_store> made = [] {
        try {
            return std::make_unique<over_a_store>(Make());
        } catch (const std::exception& e) {
            missing = e.what();
            return std::unique_ptr<over_a_store>{};
        }
    }();
    why = missing;
    return made.get();
}

template <auto Make, auto What>
void measure(benchmark::State& state) {
    std::string why;
    if (over_a_store* const cells = measured<Make>(why))
        (cells->*What)(state);
    else
        state.SkipWithError(why.c_str());
}

#define OF_STORE(store)                                                                                  \
    CUTWATER_BENCH((measure<&(store), &over_a_store::guarded_call>), "stores/guarded_call/" #store);     \
    CUTWATER_BENCH((measure<&(store), &over_a_store::two_swaps>), "stores/two_swaps/" #store);           \
    CUTWATER_BENCH_ALONE((measure<&(store), &over_a_store::saga>), "stores/saga_of_three/" #store);      \
    CUTWATER_BENCH_ALONE((measure<&(store), &over_a_store::four_writes>), "stores/four_writes/" #store); \
    CUTWATER_BENCH_ALONE((measure<&(store), &over_a_store::one_swap>), "stores/one_swap/" #store)
OF_STORE(memory);
OF_STORE(sqlite);
OF_STORE(postgres);
OF_STORE(redis);
CUTWATER_BENCH((measure<&redis, &over_a_store::limited_call<1>>), "stores/limited_call/redis/lease:1");
CUTWATER_BENCH((measure<&redis, &over_a_store::limited_call<10>>), "stores/limited_call/redis/lease:10");
CUTWATER_BENCH((measure<&redis, &over_a_store::limited_call<100>>), "stores/limited_call/redis/lease:100");

}  // namespace
