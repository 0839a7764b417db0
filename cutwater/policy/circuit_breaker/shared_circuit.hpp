// The state of a circuit breaker that threads share: the kernel behind a lock, and beside it the few words that let most
// calls pass without the lock.
//
// Invariant: `word_`, `open_until_` and the success counters are changed by the holder of the lock only, but for the
// counting of clean successes, which anybody does with one atomic increment. Before the kernel decides anything it is
// told the successes that were counted since.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "cutwater/core/moment.hpp"
#include "cutwater/core/name.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/policy/circuit_breaker/kernel.hpp"

namespace cutwater {

class shared_circuit {
public:
    using ticket = circuit_ticket;

    // bits of `word`; the epoch is above them
    static constexpr std::uint64_t admits_all = 1;  ///< closed: no lock is needed to pass
    static constexpr std::uint64_t settled = 2;     ///< one more clean success would change nothing
    static constexpr std::uint64_t refuses = 4;     ///< open, until `open_until`

    explicit shared_circuit(circuit_breaker_options given);

    const circuit_breaker_options options;
    const name layer;

    [[nodiscard]] std::uint64_t word() const noexcept { return word_.load(std::memory_order_acquire); }
    [[nodiscard]] static std::uint32_t epoch_of(std::uint64_t word) noexcept {
        return static_cast<std::uint32_t>(word >> 32U);
    }
    [[nodiscard]] instant open_until() const noexcept {
        return instant{duration{open_until_.load(std::memory_order_relaxed)}};
    }
    [[nodiscard]] instant start_of_call(moment& now) const { return times_calls_ ? now.get() : instant{}; }

    /// The lock-free path of a success; false where the lock is needed after all.
    [[nodiscard]] bool count_success(const ticket& t, moment& now) {
        const std::uint64_t seen = word();
        if (t.lease != 0 || epoch_of(seen) != t.epoch || (seen & admits_all) == 0) [[unlikely]]
            return false;
        if (times_calls_ && is_slow(t, now)) [[unlikely]]
            return false;
        if ((seen & settled) != 0) return true;
        return in_stripes_ ? count_in_stripe(now.get()) : count_pending(t.epoch);
    }

    [[nodiscard]] bool is_slow(const ticket& t, moment& now) const {
        return times_calls_ && between(t.started, now.get()) >= options.slow_after;
    }

    void abandon(ticket& t) noexcept;
    void settle(ticket& t, const observation& seen, instant now);

    /// Runs `use(kernel)` with everything that was counted, under the lock, and publishes what it leaves behind.
    template <class Use>
    auto with_kernel(instant now, Use&& use) {
        const std::scoped_lock lock{mutex_};
        hand_over(now);
        const std::uint32_t before = kernel_.epoch();
        auto answer = use(kernel_);
        publish(before);
        return answer;
    }

    /// Clean successes of the time window that are in the stripes. Under the lock.
    [[nodiscard]] std::uint64_t striped_successes(instant now) const noexcept;

private:
    struct alignas(cache_line) line {
        std::atomic<std::uint64_t> buckets[cache_line / sizeof(std::uint64_t)];
    };

    [[nodiscard]] bool count_pending(std::uint32_t epoch);
    [[nodiscard]] bool count_in_stripe(instant now) noexcept;
    [[nodiscard]] std::atomic<std::uint64_t>& bucket(unsigned stripe, unsigned index) const noexcept {
        constexpr unsigned in_line = cache_line / sizeof(std::uint64_t);
        return stripes_.load(std::memory_order_acquire)[stripe * lines_ + index / in_line].buckets[index % in_line];
    }
    bool make_stripes() noexcept;
    void hand_over(instant now);
    void publish(std::uint32_t epoch_before) noexcept;
    void clear_stripes() noexcept;

    std::atomic<std::uint64_t> word_{0};
    std::atomic<duration::rep> open_until_{0};
    const bool times_calls_;
    const bool in_stripes_;
    const unsigned lines_;  // in each stripe
    const duration bucket_length_;
    std::atomic<line*> stripes_{nullptr};
    std::unique_ptr<line[]> owned_stripes_;

    alignas(cache_line) std::atomic<std::uint64_t> pending_{0};  // epoch and clean successes not yet handed over

    alignas(cache_line) mutable std::mutex mutex_;
    circuit_breaker_kernel kernel_;
};

}  // namespace cutwater
