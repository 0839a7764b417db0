// The kernel of a retry budget, shared by threads. It answers as the kernel does.
//
// Modes that need no time are one word, changed by compare-and-swap: what is missing of all that can be there. Where nothing is
// missing a success writes nothing.
//
// Originals are counted in the cells of a counter, without a lock, while the bucket is the current one. Whatever else happens takes
// the lock: its holder closes the cells, hands to the kernel what they counted, and opens them again.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
#pragma once

#include <atomic>
#include <mutex>

#include "cutwater/core/gathered_counter.hpp"
#include "cutwater/policy/retry_budget/kernel.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic>
class basic_shared_stock {
public:
    /// `missing` outlives it.
    basic_shared_stock(const retry_budget_options& o, Atomic<std::int64_t>& missing) noexcept
        : missing_{missing}, counts_tokens_{o.mode == budget_mode::token_bucket}, full_{full_of(o)},
          success_brings_{brought_by_success(o)}, retry_cost_{o.retry_cost}, timeout_cost_{o.timeout_cost} {
        missing_.store(0, std::memory_order_relaxed);
    }

    void count_failure() noexcept {
        if (!counts_tokens_) return;
        change([&](std::int64_t missing) { return std::min(missing + one_token, full_); });
    }
    void count_success(budget_charge paid) noexcept {
        bring(!counts_tokens_ && paid.cost > 0 ? paid.cost : success_brings_);
    }
    [[nodiscard]] std::optional<budget_charge> try_charge(charge_cause why) noexcept {
        if (counts_tokens_) {
            if (2 * (full_ - missing()) <= full_) return {};
            return budget_charge{};
        }
        const std::uint32_t cost = why == charge_cause::timeout ? timeout_cost_ : retry_cost_;
        for (std::int64_t seen = missing(); cost <= full_ - seen;)
            if (missing_.compare_exchange_weak(seen, seen + cost, std::memory_order_acq_rel, std::memory_order_relaxed))
                return budget_charge{.cost = cost};
        return {};
    }
    void refund(budget_charge paid) noexcept {
        if (!counts_tokens_) bring(paid.cost);
    }
    [[nodiscard]] std::int64_t there() const noexcept { return full_ - missing(); }
    [[nodiscard]] bool is_half_full() const noexcept {
        return counts_tokens_ ? 4 * there() >= 3 * full_ : 2 * there() >= full_;
    }

private:
    [[nodiscard]] std::int64_t missing() const noexcept { return missing_.load(std::memory_order_acquire); }
    void bring(std::int64_t amount) noexcept {
        change([&](std::int64_t missing) { return std::max<std::int64_t>(missing - amount, 0); });
    }
    template <class Next>
    void change(Next&& next) noexcept {
        for (std::int64_t seen = missing();;) {
            const std::int64_t wanted = next(seen);
            if (wanted == seen) return;
            if (missing_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed))
                return;
        }
    }

    Atomic<std::int64_t>& missing_;
    const bool counts_tokens_;
    const std::int64_t full_;
    const std::int64_t success_brings_;
    const std::uint32_t retry_cost_;
    const std::uint32_t timeout_cost_;
};

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_ratio {
public:
    explicit basic_shared_ratio(const retry_budget_options& o) noexcept
        : kernel_{o}, bucket_length_{kernel_.window().bucket_length()} {
        publish();
    }

    void count_original(instant now) noexcept {
        while (!count_quickly(now))
            if (!try_again(now)) return with_kernel([&](auto& kernel) { kernel.count_original(now); });
    }
    [[nodiscard]] std::optional<budget_charge> try_charge(charge_cause why, instant now) noexcept {
        return with_kernel([&](auto& kernel) { return kernel.try_charge(why, now); });
    }
    void refund(budget_charge paid) noexcept {
        with_kernel([&](auto& kernel) { kernel.refund(paid); });
    }
    [[nodiscard]] double balance(instant now) noexcept {
        return with_kernel([&](auto& kernel) { return kernel.balance(now); });
    }
    [[nodiscard]] bool is_half_full(instant now) noexcept {
        return with_kernel([&](auto& kernel) { return kernel.is_half_full(now); });
    }

private:
    using counter = gathered_counter<Atomic>;
    using cell = typename counter::cell;
    static constexpr std::uint32_t originals = 1;  // what the cells are open for

    template <class Use>
    auto with_kernel(Use&& use) noexcept {
        const held_lock held{*this};
        return use(kernel_);
    }
    class held_lock {
    public:
        explicit held_lock(basic_shared_ratio& owner) noexcept : owner_{owner}, lock_{owner.mutex_} {
            if (const std::uint64_t counted = owner_.counter_.close_all(cell::most); counted > 0)
                owner_.kernel_.add_originals(counted);
        }
        held_lock(const held_lock&) = delete;
        held_lock& operator=(const held_lock&) = delete;
        ~held_lock() { owner_.publish(); }

    private:
        basic_shared_ratio& owner_;
        std::scoped_lock<Mutex> lock_;
    };

    void publish() noexcept {
        bucket_end_.store(kernel_.window().bucket_end(), std::memory_order_release);
        counter_.open_used(originals, cell::most);
        counter_.open_mine(originals, cell::most);
    }

    [[nodiscard]] bool count_quickly(instant now) noexcept {
        cell& mine = counter_.mine();
        typename cell::seen seen = mine.look();
        return can_count(seen, now) && mine.count(seen);
    }
    [[nodiscard]] bool can_count(typename cell::seen seen, instant now) const noexcept {
        if (!cell::is_open(seen, originals) || cell::is_full(seen)) return false;
        const instant end = bucket_end_.load(std::memory_order_acquire);
        return now < end && now >= add(end, -bucket_length_);
    }
    /// After an original could not be counted: whether it is worth another try, once others have got out of its way.
    [[nodiscard]] bool try_again(instant now) noexcept {
        const typename cell::seen seen = counter_.mine().look();
        if (!cell::is_closed(seen) && !can_count(seen, now)) return false;
        const std::scoped_lock lock{mutex_};
        if (cell::is_closed(seen))
            counter_.open_mine(originals, cell::most);
        else
            counter_.spread();
        return true;
    }

    // what the holder of the lock touches
    Mutex mutex_;
    retry_budget_kernel kernel_;

    // what every call reads
    const duration bucket_length_;
    alignas(cache_line) Atomic<instant> bucket_end_{instant::min()};
    counter counter_;
};

using shared_stock = basic_shared_stock<>;
using shared_ratio = basic_shared_ratio<>;

}  // namespace cutwater
