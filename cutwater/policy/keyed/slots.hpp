// Where keys are: an array of slots that is taken once and never grows, and the locks of who changes hands in it.
//
// A key has its places in one group of slots, in an order of its own. It stands in the first that was free when it came, and
// who looks for it stops at a slot that was never used. Slots change hands under the lock of their group's stripe; what is in
// them is read without.
//
// The array is zeroes that the system gives when they are first touched: memory comes with the keys, up to what is known from
// the start.
//
// Thread safety: `find` and `all`, from any thread; the rest of a group, under its stripe. `Atomic` and `Mutex` are the
// standard's, or a test's that stop at each step.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <type_traits>

#include "cutwater/core/striped.hpp"
#include "cutwater/policy/keyed/key_hash.hpp"

namespace cutwater {

/// What an admitted call holds of a table: where it found its key, in the table's own terms, and whose that was.
struct key_place {
    void* where = nullptr;
    std::uint64_t mark = 0;
};

/// All zeroes is a slot that was never used.
template <template <class> class Atomic>
struct key_slot {
    static constexpr std::uint64_t unused = 0;
    static constexpr std::uint64_t gone = 1;  ///< it has nobody, but who looks for a key goes on

    Atomic<std::uint64_t> mark;  ///< whose it is
    Atomic<std::uint64_t> word;  ///< what there is of it

    [[nodiscard]] static constexpr bool has_owner(std::uint64_t mark) noexcept { return mark > gone; }
};

/// A key's mark as it stands in a slot: neither of the two that are nobody's.
[[nodiscard]] constexpr std::uint64_t slot_mark(const fingerprint& print) noexcept {
    return print.mark > 1 ? print.mark : print.mark + 2;
}

/// `Note` is what each stripe remembers, beside its lock. `Group` is a power of two.
template <class Note, std::size_t Group = 64, template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class key_slots {
public:
    using slot = key_slot<Atomic>;
    struct alignas(cache_line) stripe {
        Mutex mutex;
        [[no_unique_address]] Note note;
    };

    /// Room for `keys`, and as much again: so that hardly ever a group is full when the table is not.
    explicit key_slots(std::size_t keys)
        : groups_{std::max<std::size_t>(std::bit_ceil(2 * keys) / Group, 1)}, memory_{zeroes(groups_ * Group)},
          slots_{first_line_of(memory_)}, stripe_mask_{std::min(groups_, most_stripes) - 1},
          stripes_{std::make_unique<stripe[]>(stripe_mask_ + 1)} {}

    static constexpr std::size_t group_size = Group;
    [[nodiscard]] std::size_t bytes() const noexcept {
        return groups_ * Group * sizeof(slot) + (stripe_mask_ + 1) * sizeof(stripe);
    }

    /// First those of one cache line, from any of them on; then those of the next.
    [[nodiscard]] slot& place(const fingerprint& print, std::size_t nth) const noexcept {
        const std::size_t line = print.place / in_line + nth / in_line;
        return slots_[group_of(print) * Group + (line * in_line + (print.place + nth) % in_line) % Group];
    }
    [[nodiscard]] stripe& stripe_of(const fingerprint& print) const noexcept {
        return stripes_[group_of(print) & stripe_mask_];
    }
    [[nodiscard]] stripe& stripe_of(const slot& s) const noexcept {
        return stripes_[static_cast<std::size_t>(&s - slots_) / Group & stripe_mask_];
    }
    [[nodiscard]] bool owns(const slot* s) const noexcept {
        return !std::less<>{}(s, slots_) && std::less<>{}(s, slots_ + groups_ * Group);
    }
    [[nodiscard]] std::span<slot> all() const noexcept { return {slots_, groups_ * Group}; }

    /// Has the memory on its way while there is something else to do.
    void prefetch(const fingerprint& print) const noexcept { __builtin_prefetch(&place(print, 0), 1); }

    /// The slot that is this key's, if it has one; without the lock, that had it a moment ago.
    [[nodiscard]] slot* find(const fingerprint& print) const noexcept {
        const std::uint64_t mine = slot_mark(print);
        for (std::size_t nth = 0; nth < Group; ++nth) {
            slot& here = place(print, nth);
            const std::uint64_t mark = here.mark.load(std::memory_order_acquire);
            if (mark == mine) return &here;
            if (mark == slot::unused) return nullptr;
        }
        return nullptr;
    }

private:
    static constexpr std::size_t most_stripes = 64;
    static_assert(std::has_single_bit(Group) && std::is_trivially_destructible_v<slot>);

    static constexpr std::size_t in_line = std::min(cache_line / sizeof(slot), Group);

    struct give_back {
        void operator()(std::byte* all) const noexcept { std::free(all); }
    };
    using memory = std::unique_ptr<std::byte[], give_back>;
    [[nodiscard]] static memory zeroes(std::size_t n) {
        memory made{static_cast<std::byte*>(std::calloc(n * sizeof(slot) + cache_line, 1))};
        if (made == nullptr) throw std::bad_alloc{};
        return made;
    }
    [[nodiscard]] static slot* first_line_of(const memory& m) noexcept {
        const auto at = std::bit_cast<std::uintptr_t>(m.get());
        return std::bit_cast<slot*>((at + cache_line - 1) / cache_line * cache_line);
    }
    /// Its upper half, where the place within the group is the lower.
    [[nodiscard]] std::size_t group_of(const fingerprint& print) const noexcept {
        return (print.place >> 32U) & (groups_ - 1);
    }

    std::size_t groups_;
    memory memory_;
    slot* slots_;
    std::size_t stripe_mask_;
    std::unique_ptr<stripe[]> stripes_;
};

}  // namespace cutwater
