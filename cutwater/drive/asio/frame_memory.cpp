#include "cutwater/drive/asio/frame_memory.hpp"

#include <array>
#include <new>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(block, size) static_cast<void>(block)
#define ASAN_UNPOISON_MEMORY_REGION(block, size) static_cast<void>(block)
#endif

namespace cutwater {

namespace {

constexpr std::size_t step = 256;
constexpr std::size_t largest = 4096;
constexpr std::size_t most_kept = 4;

constexpr std::size_t rounded(std::size_t size) { return (size + step - 1) / step * step; }

struct shelf {
    std::array<void*, most_kept> blocks;
    std::size_t kept;
};

// needs no destructor of its own: frames may come back while the thread ends, after others have gone
constinit thread_local std::array<shelf, largest / step> shelves{};
constinit thread_local bool thread_ends = false;

struct sweeper {
    sweeper() noexcept = default;
    sweeper(const sweeper&) = delete;
    sweeper& operator=(const sweeper&) = delete;
    ~sweeper() {
        thread_ends = true;
        for (std::size_t i = 0; i < shelves.size(); ++i)
            while (shelves[i].kept > 0) {
                void* const block = shelves[i].blocks[--shelves[i].kept];
                ASAN_UNPOISON_MEMORY_REGION(block, (i + 1) * step);
                ::operator delete(block);
            }
    }
};

/// Has the thread swept when it ends.
void expect_sweeper() {
    thread_local const sweeper at_the_end;
    static_cast<void>(at_the_end);
}

shelf& shelf_of(std::size_t size) noexcept { return shelves[rounded(size) / step - 1]; }

}  // namespace

void* frame_memory::take(std::size_t size) {
    if (size == 0 || size > largest) return ::operator new(size);
    shelf& from = shelf_of(size);
    if (from.kept == 0) return ::operator new(rounded(size));
    void* const block = from.blocks[--from.kept];
    ASAN_UNPOISON_MEMORY_REGION(block, rounded(size));
    return block;
}

void frame_memory::give_back(void* block, std::size_t size) noexcept {
    if (size == 0 || size > largest || thread_ends) return ::operator delete(block);
    shelf& to = shelf_of(size);
    if (to.kept == most_kept) return ::operator delete(block);
    expect_sweeper();
    ASAN_POISON_MEMORY_REGION(block, rounded(size));
    to.blocks[to.kept++] = block;
}

}  // namespace cutwater
