// A whole policy for each key: what a breaker, a bulkhead or a gate of a user's is, that no word can hold.
//
// A policy lives in a node. Nodes are never freed before the table, so that a call may pin the one that it found in a slot
// before it knows whose it is: a fetch-and-add, and a look at the mark. A node changes hands when nobody has it pinned and its
// policy says that it differs in nothing from a new one; as it does not, it is not even made anew. Nodes are made as keys come,
// up to `max_keys`; then one of the key's own group is taken, or of another, where a hand goes round: 64 nodes for each new key that
// has found none nearer. It goes on from key to key, so that in so many keys it has seen all of them.
//
// Thread safety: every member, from any thread. `make`, and so the policy's constructor, runs under no lock; `is_fresh` does.
// `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/policy/keyed/slots.hpp"

namespace cutwater {

struct nothing_noted {};

template <class P, std::size_t Group = 64, template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_policy_table {
    using slots = key_slots<nothing_noted, Group, Atomic, Mutex>;
    using slot = typename slots::slot;

public:
    using factory = std::function<P()>;

    basic_policy_table(factory make, std::size_t max_keys)
        : make_{std::move(make)}, max_keys_{max_keys}, slots_{max_keys} {}
    basic_policy_table(const basic_policy_table&) = delete;
    basic_policy_table& operator=(const basic_policy_table&) = delete;
    ~basic_policy_table() = default;

    class node {
    public:
        [[nodiscard]] P& policy() noexcept { return *policy_; }
        /// One more who keeps it, beside somebody who does.
        void pin() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
        void unpin() noexcept { pins_.fetch_sub(1, std::memory_order_release); }
        [[nodiscard]] std::uint64_t mark() const noexcept { return mark_.load(std::memory_order_relaxed); }

    private:
        friend basic_policy_table;

        /// Whether it is pinned now, which it is not if it has changed hands.
        [[nodiscard]] bool try_pin(std::uint64_t mine) noexcept {
            if ((pins_.fetch_add(1, std::memory_order_acquire) & taken) == 0 && mark() == mine) [[likely]]
                return true;
            unpin();
            return false;
        }
        /// Takes it from a key that does not need it. Under its stripe.
        [[nodiscard]] bool try_take(instant now) noexcept {
            std::uint64_t nobody = 0;
            if (pins_.load(std::memory_order_relaxed) != 0 || !policy_->is_fresh(now)) return false;
            if (!pins_.compare_exchange_strong(nobody, taken, std::memory_order_acq_rel)) return false;
            if (policy_->is_fresh(now)) return true;  // as nobody can alter it now
            pins_.fetch_sub(taken, std::memory_order_release);
            return false;
        }
        /// Gives what was taken to a key, pinned.
        void give_to(slot& where, std::uint64_t mark) noexcept {
            at_.store(&where, std::memory_order_relaxed);
            mark_.store(mark, std::memory_order_relaxed);
            where.word.store(std::bit_cast<std::uint64_t>(this), std::memory_order_release);
            where.mark.store(mark, std::memory_order_release);
            pins_.fetch_sub(taken - 1, std::memory_order_release);
        }

        static constexpr std::uint64_t taken = std::uint64_t{1} << 63U;  // beside those who look in and leave again

        Atomic<std::uint64_t> pins_{taken};
        Atomic<std::uint64_t> mark_{0};
        Atomic<slot*> at_{nullptr};
        late<P> policy_;
    };

    void prefetch(const fingerprint& print) const noexcept { slots_.prefetch(print); }

    /// A key's node, pinned; null where it is not known.
    [[nodiscard]] node* find(const fingerprint& print) const noexcept {
        const slot* const known = slots_.find(print);
        node* const seen = known == nullptr ? nullptr : node_of(*known);
        return seen != nullptr && seen->try_pin(slot_mark(print)) ? seen : nullptr;
    }

    /// The same, and a new key gets one; null where there is no room. What making a policy throws passes through.
    [[nodiscard]] node* get(const fingerprint& print, instant now) {
        if (node* const known = find(print)) [[likely]]
            return known;
        const found here = find_locked(print, now, size() < max_keys_ ? lacking::is_made : lacking::is_taken, nullptr);
        if (here.given != nullptr || !here.has_room) return here.given;
        node* const more = another(now);
        node* const given = find_locked(print, now, lacking::is_taken, more).given;
        if (more != nullptr && given != more) keep_spare(*more);
        return given;
    }

    /// `use(mark, policy)` for each that is not fresh. Not under a lock.
    template <class Use>
    void visit(instant now, Use&& use) {
        for (const slot& s : slots_.all()) {
            const std::uint64_t mark = s.mark.load(std::memory_order_acquire);
            node* const seen = slot::has_owner(mark) ? node_of(s) : nullptr;
            if (seen == nullptr || !seen->try_pin(mark)) continue;
            const pinned held{seen};
            if (!seen->policy().is_fresh(now)) use(mark, std::as_const(seen->policy()));
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return placed_.load(std::memory_order_relaxed); }
    /// Its own; what the policies have on the heap is theirs.
    [[nodiscard]] std::size_t bytes() const {
        const std::scoped_lock lock{pool_};
        return sizeof *this + slots_.bytes() + blanks_made_ * sizeof(node) + spare_.capacity() * sizeof(node*);
    }

    struct unpinning {
        void operator()(node* n) const noexcept { n->unpin(); }
    };
    using pinned = std::unique_ptr<node, unpinning>;

private:
    static constexpr std::size_t chunk_size = 16;
    static constexpr unsigned steps_of_the_hand = 64;

    [[nodiscard]] static node* node_of(const slot& s) noexcept {
        return std::bit_cast<node*>(s.word.load(std::memory_order_acquire));
    }

    struct found {
        node* given = nullptr;  ///< pinned
        bool has_room = false;  ///< where none is: whether there is a slot for one more
    };
    /// What becomes of a key that has no node yet, as long as there is a slot for it.
    enum class lacking : std::uint8_t { is_made, is_taken };

    /// The key's own node; else `more`, in the nearest slot that is free; else one of its group that is not needed.
    [[nodiscard]] found find_locked(const fingerprint& print, instant now, lacking one, node* more) {
        const std::scoped_lock lock{slots_.stripe_of(print).mutex};
        if (node* const known = find(print)) return {.given = known};
        slot* const free = free_locked(print);
        if (free != nullptr && more != nullptr) {
            more->give_to(*free, slot_mark(print));
            placed_.fetch_add(1, std::memory_order_relaxed);
            return {.given = more};
        }
        if (free != nullptr && one == lacking::is_made) return {.has_room = true};
        return {.given = take_in_group_locked(print, now), .has_room = free != nullptr};
    }
    [[nodiscard]] slot* free_locked(const fingerprint& print) const {
        for (std::size_t nth = 0; nth < Group; ++nth)
            if (slot& here = slots_.place(print, nth); node_of(here) == nullptr) return &here;
        return nullptr;
    }
    [[nodiscard]] node* take_in_group_locked(const fingerprint& print, instant now) {
        for (std::size_t nth = 0; nth < Group; ++nth) {
            slot& here = slots_.place(print, nth);
            node* const of_another = node_of(here);
            if (of_another != nullptr && of_another->try_take(now)) {
                of_another->give_to(here, slot_mark(print));
                return of_another;
            }
            if (here.mark.load(std::memory_order_relaxed) == slot::unused) break;
        }
        return nullptr;
    }

    /// A node that is nobody's: a spare one, a new one, or one whose key does not need it. Null where all that it looks at are needed.
    [[nodiscard]] node* another(instant now) {
        node* const one = spare_or_blank();
        if (one == nullptr) return taken_from_others(now);
        if (!one->policy_) try {
                one->policy_.emplace_from(make_);
            } catch (...) {
                keep_spare(*one);
                throw;
            }
        return one;
    }

    [[nodiscard]] node* spare_or_blank() {
        const std::scoped_lock lock{pool_};
        if (spare_.empty()) {
            const std::size_t more = std::min(chunk_size, max_keys_ - blanks_made_);
            if (more == 0) return nullptr;
            spare_.reserve(blanks_made_ + more);
            chunks_.push_back(std::make_unique<node[]>(more));
            blanks_made_ += more;
            for (std::size_t i = more; i > 0; --i) spare_.push_back(&chunks_.back()[i - 1]);
        }
        node* const one = spare_.back();
        spare_.pop_back();
        return one;
    }
    void keep_spare(node& one) noexcept {
        const std::scoped_lock lock{pool_};
        spare_.push_back(&one);  // there is room for all
    }

    /// The hand goes round all nodes, a block for each new key that wants one, and stops where it has found one.
    [[nodiscard]] node* taken_from_others(instant now) {
        std::array<node*, steps_of_the_hand> room{};
        const std::span block = next_of_the_hand(room);
        const auto unneeded = std::ranges::find_if(block, [&](node* one) { return try_unplace(*one, now); });
        if (unneeded == block.end()) return nullptr;
        take_back_the_hand(static_cast<std::size_t>(block.end() - unneeded) - 1);
        return *unneeded;
    }
    [[nodiscard]] std::span<node*> next_of_the_hand(std::span<node*, steps_of_the_hand> room) {
        const std::scoped_lock lock{pool_};
        const std::span block = room.first(std::min<std::size_t>(steps_of_the_hand, blanks_made_));
        for (node*& each : block) {
            each = &chunks_[hand_ / chunk_size][hand_ % chunk_size];
            hand_ = (hand_ + 1) % blanks_made_;
        }
        return block;
    }
    /// By the steps that it need not have made. Others may have moved it on meanwhile: then some nodes are looked at twice.
    void take_back_the_hand(std::size_t steps) noexcept {
        const std::scoped_lock lock{pool_};
        hand_ = (hand_ + blanks_made_ - steps) % blanks_made_;
    }
    [[nodiscard]] bool try_unplace(node& one, instant now) {
        slot* const where = one.at_.load(std::memory_order_acquire);
        if (where == nullptr) return false;
        const std::scoped_lock lock{slots_.stripe_of(*where).mutex};
        if (node_of(*where) != &one || !one.try_take(now)) return false;
        one.at_.store(nullptr, std::memory_order_relaxed);
        where->mark.store(slot::gone, std::memory_order_release);
        where->word.store(0, std::memory_order_release);
        placed_.fetch_sub(1, std::memory_order_relaxed);
        return true;
    }

    const factory make_;
    const std::size_t max_keys_;
    slots slots_;
    Atomic<std::size_t> placed_{0};

    mutable Mutex pool_;
    std::vector<std::unique_ptr<node[]>> chunks_;
    std::vector<node*> spare_;
    std::size_t blanks_made_ = 0;
    std::size_t hand_ = 0;
};

template <class P>
using policy_table = basic_policy_table<P>;

}  // namespace cutwater
