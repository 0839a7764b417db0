// What a breaker takes in memory that has nothing to do: in this program `new` counts.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "cutwater/keyed.hpp"
#include "cutwater/policy/keyed/noon_test.hpp"

// ThreadSanitizer has a `new` of its own, and its own is the only one.
#if defined(__SANITIZE_THREAD__)
#define CUTWATER_COUNTS_MEMORY 0
#elif defined(__has_feature)
#define CUTWATER_COUNTS_MEMORY !__has_feature(thread_sanitizer)
#else
#define CUTWATER_COUNTS_MEMORY 1
#endif
#if CUTWATER_COUNTS_MEMORY

namespace {

std::atomic<std::size_t> bytes_held{0};
constexpr std::size_t size_ahead = 2 * sizeof(std::max_align_t);  // of the block: its size

void* counted(std::size_t size, std::size_t alignment) {
    const std::size_t ahead = std::max(alignment, size_ahead);
    auto* const block = static_cast<std::byte*>(std::aligned_alloc(ahead, (size + 2 * ahead - 1) / ahead * ahead));
    if (block == nullptr) throw std::bad_alloc{};
    std::byte* const given = block + ahead;
    new (given - sizeof(std::size_t)) std::size_t{size};
    bytes_held += size;
    return given;
}
void uncounted(void* given, std::size_t alignment) noexcept {
    if (given == nullptr) return;
    auto* const at = static_cast<std::byte*>(given);
    bytes_held -=
        *std::launder(reinterpret_cast<std::size_t*>(at - sizeof(std::size_t)));  // NOLINT(*-reinterpret-cast)
    std::free(at - std::max(alignment, size_ahead));
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size) { return counted(size, 1); }
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* given) noexcept { uncounted(given, 1); }
void operator delete(void* given, std::size_t) noexcept { uncounted(given, 1); }
void operator delete(void* given, std::align_val_t a) noexcept { uncounted(given, static_cast<std::size_t>(a)); }
void operator delete(void* given, std::size_t, std::align_val_t a) noexcept {
    uncounted(given, static_cast<std::size_t>(a));
}
void operator delete[](void* given) noexcept { uncounted(given, 1); }
void operator delete[](void* given, std::size_t) noexcept { uncounted(given, 1); }
void operator delete[](void* given, std::align_val_t a) noexcept { uncounted(given, static_cast<std::size_t>(a)); }
void operator delete[](void* given, std::size_t, std::align_val_t a) noexcept {
    uncounted(given, static_cast<std::size_t>(a));
}

namespace cutwater {
namespace {

constexpr unsigned breakers = 10'000;

/// Bytes for each of so many breakers, on which `use` was made of each once.
template <class Use>
std::size_t bytes_for_each(const circuit_breaker_options& options, Use&& use) {
    const std::size_t before = bytes_held;
    keyed<circuit_breaker> each{options, {.by = by_target, .max_keys = breakers}};
    const std::size_t with_table = each.bytes();
    for (unsigned i = 0; i < breakers; ++i) use(*each.get(std::to_string(i), noon));
    EXPECT_GE(each.size(), breakers);
    // The slots are not from `new`: what the table says of itself is, in part.
    const std::size_t taken = (bytes_held - before + with_table) / breakers;
    ::testing::Test::RecordProperty("bytes_each", static_cast<int>(taken));
    return taken;
}

TEST(keyed_memory, T89_a_breaker_that_nothing_ever_failed_on_takes_less_than_400_bytes) {
    EXPECT_LE(bytes_for_each({}, [](circuit_breaker& its) { EXPECT_FALSE(its.is_open(noon)); }), 400U);
    EXPECT_LE(bytes_for_each({.window = breaker_window::consecutive},
                             [](circuit_breaker& its) { EXPECT_FALSE(its.record_success(noon)); }),
              400U);
}

TEST(keyed_memory, T89_one_whose_window_is_in_use_takes_less_than_800) {
    EXPECT_LE(bytes_for_each({}, [](circuit_breaker& its) { EXPECT_FALSE(its.record_failure(noon)); }), 800U);
}

}  // namespace
}  // namespace cutwater

#endif
