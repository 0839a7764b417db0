// What a hit costs, beside a map under one lock; what an entry takes; and how often S3-FIFO and LRU hit, on Zipf's questions and with scans among them.

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/support/reference.hpp"
#include "cutwater/policy/cache/traces_test.hpp"
#include "cutwater/store.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

constexpr std::uint32_t keys = 10'000;

/// The questions, as texts; each thread its own way through them.
const std::vector<std::string>& questions() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> made;
        for (std::uint32_t i = 0; i < keys; ++i) made.push_back("product-" + std::to_string(100'000'000 + i));
        return made;
    }();
    return all;
}
const std::vector<std::uint32_t>& order() {
    static const std::vector<std::uint32_t> all = cw::testing::zipf_trace(1U << 16U, keys, 1.0);
    return all;
}

/// A thread's next question.
class asking {
public:
    explicit asking(const benchmark::State& state) : at_{static_cast<std::size_t>(state.thread_index()) * 4'711} {}
    [[nodiscard]] const std::string& next() { return questions()[order()[at_++ % order().size()]]; }

private:
    std::size_t at_;
};

cw::cache<std::uint64_t>& full_cache() {
    static auto& made = *new cw::cache<std::uint64_t>{{.fresh_for = 8760h, .max_entries = std::size_t{4} * keys}};
    static const bool is_full = [] {
        for (const std::string& each : questions()) made.put({.operation = "get", .asked = each}, 7, cw::now());
        return true;
    }();
    benchmark::DoNotOptimize(is_full);
    return made;
}

void hit(benchmark::State& state) {
    static cw::pipeline guarded{cw::ref(full_cache())};
    const cw::name get{"get"};
    asking from{state};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state)
        cw::bench::keep(guarded.run({.operation = get, .fingerprint = from.next()}, [] { return std::uint64_t{0}; }));
}

struct locked_map {
    std::mutex lock;
    std::unordered_map<std::string, std::uint64_t> values;
};
/// What it is measured against: a map under a lock, which neither ages nor forgets, and is asked in a pipeline without layers' work.
void map_under_a_lock(benchmark::State& state) {
    static auto& known = *new locked_map;
    static const bool is_full = [] {
        for (const std::string& each : questions()) known.values.emplace(each, 7);
        return true;
    }();
    benchmark::DoNotOptimize(is_full);
    asking from{state};
    for (auto _ : state) {
        const std::scoped_lock held{known.lock};
        cw::bench::keep(known.values.find(from.next())->second);
    }
}

void miss(benchmark::State& state) {
    static auto& small = *new cw::cache<std::uint64_t>{{.fresh_for = 8760h, .max_entries = 2'000}};
    static cw::pipeline guarded{cw::ref(small)};
    const cw::name get{"get"};
    std::size_t at = static_cast<std::size_t>(state.thread_index()) * 4'711;
    const cw::bench::count_allocations counting{state};
    for (auto _ : state)
        cw::bench::keep(
            guarded.run({.operation = get, .fingerprint = questions()[at++ % keys]}, [] { return std::uint64_t{0}; }));
}

/// As the cache counts it, key and value included; and all that is asked of the heap for it, the table's own part too.
void bytes_an_entry(benchmark::State& state) {
    for (auto _ : state) {
        const std::size_t before = cw::bench::heap_bytes();
        cw::cache<std::uint64_t> kept{{.fresh_for = 8760h, .max_entries = std::size_t{4} * keys}};
        for (const std::string& each : questions()) kept.put({.operation = "get", .asked = each}, 7, cw::now());
        state.counters["bytes"] = static_cast<double>(kept.bytes()) / keys;
        state.counters["heap"] = static_cast<double>(cw::bench::heap_bytes() - before) / keys;
    }
}

/// `hits`: the share of questions that are answered, in hundredths.
template <class Has, class Put>
void ratio(benchmark::State& state, const std::vector<std::uint32_t>& trace, Has has, Put put) {
    for (auto _ : state) state.counters["hits"] = 100 * cw::testing::hit_ratio(trace, has, put);
}
template <bool Scans>
const std::vector<std::uint32_t>& trace() {
    static const std::vector<std::uint32_t> made =
        Scans ? cw::testing::scanned_trace(1'000'000, 100'000, 1.0) : cw::testing::zipf_trace(1'000'000, 100'000, 1.0);
    return made;
}
template <bool Scans>
void s3_fifo_ratio(benchmark::State& state) {
    cw::s3_fifo<std::uint32_t, char> kept{{.entries = 1'000, .cost = 1'000'000'000}};
    ratio(
        state, trace<Scans>(), [&](std::uint32_t key) { return kept.find(key) != nullptr; },
        [&](std::uint32_t key) { (void)kept.put(key, 0, 1); });
}
template <bool Scans>
void lru_ratio(benchmark::State& state) {
    cw::testing::lru kept{1'000};
    ratio(
        state, trace<Scans>(), [&](std::uint32_t key) { return kept.find(key); },
        [&](std::uint32_t key) { kept.put(key); });
}

CUTWATER_BENCH(hit, "cache/hit");
CUTWATER_BENCH(map_under_a_lock, "cache/map_under_a_lock");
CUTWATER_BENCH(miss, "cache/miss_and_keep");
BENCHMARK(bytes_an_entry)->Name("cache/bytes_an_entry")->Iterations(1);
BENCHMARK(s3_fifo_ratio<false>)->Name("cache/ratio_zipf_s3_fifo")->Iterations(1);
BENCHMARK(lru_ratio<false>)->Name("cache/ratio_zipf_lru")->Iterations(1);
BENCHMARK(s3_fifo_ratio<true>)->Name("cache/ratio_scans_s3_fifo")->Iterations(1);
BENCHMARK(lru_ratio<true>)->Name("cache/ratio_scans_lru")->Iterations(1);

}  // namespace
