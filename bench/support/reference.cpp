#include "bench/support/reference.hpp"

#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

namespace {

thread_local std::uint64_t made_here = 0;

void* counted(std::size_t size, std::size_t alignment) {
    if (alignment > alignof(std::max_align_t)) {
        if (void* const memory = std::aligned_alloc(alignment, size)) return memory;
    } else {
        ++made_here;
        if (void* const memory = std::malloc(size)) return memory;
    }
    throw std::bad_alloc{};
}

/// glibc spares a process its atomics until it has had a second thread: it has had one from here on.
const bool has_had_a_thread = (std::thread{[] {}}.join(), true);

std::atomic<std::uint64_t> shared_word{0};

void one_rmw(benchmark::State& state) {
    for (auto _ : state) shared_word.fetch_add(1, std::memory_order_acq_rel);
}
CUTWATER_BENCH(one_rmw, "reference/rmw");

void one_clock_reading(benchmark::State& state) {
    for (auto _ : state) cutwater::bench::keep(std::chrono::steady_clock::now());
}
CUTWATER_BENCH(one_clock_reading, "reference/clock");

void one_bare_call(benchmark::State& state) {
    for (auto _ : state) cutwater::bench::keep(cutwater::bench::bare_call());
}
CUTWATER_BENCH(one_bare_call, "reference/bare_call");

}  // namespace

std::uint64_t cutwater::bench::allocations() noexcept {
    benchmark::DoNotOptimize(has_had_a_thread);
    return made_here;
}

std::size_t cutwater::bench::heap_bytes() noexcept { return mallinfo2().uordblks; }

/// Asio's way to the heap.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++made_here;
    void* memory = nullptr;
    return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size) { return counted(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
