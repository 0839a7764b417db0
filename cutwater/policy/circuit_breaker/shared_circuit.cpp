#include "cutwater/policy/circuit_breaker/shared_circuit.hpp"

#include <new>

namespace cutwater {

namespace {

// a bucket's word: the low bits of its tick above, the count below
constexpr unsigned count_bits = 40;
constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_bits) - 1;
constexpr std::uint64_t tag_mask = (std::uint64_t{1} << (64 - count_bits)) - 1;

std::uint64_t tag_of(std::int64_t tick) { return static_cast<std::uint64_t>(tick) & tag_mask; }
unsigned index_of(std::int64_t tick, unsigned buckets) {
    const std::int64_t n = buckets;
    return static_cast<unsigned>((tick % n + n) % n);
}

constexpr std::uint64_t low_word = 0xffff'ffffU;

}  // namespace

shared_circuit::shared_circuit(circuit_breaker_options given)
    : options{validated("circuit_breaker", std::move(given))}, layer{options.name},
      times_calls_{options.slow_after != forever}, in_stripes_{options.window == breaker_window::time},
      lines_{(options.window_buckets + 7) / 8}, bucket_length_{options.window_time / options.window_buckets},
      kernel_{options} {
    publish(0);
}

bool shared_circuit::count_pending(std::uint32_t epoch) {
    if (options.window == breaker_window::consecutive) return false;  // the kernel settles: the next one is free
    const std::uint64_t before = pending_.fetch_add(1, std::memory_order_acq_rel);
    if (epoch_of(before) != epoch) [[unlikely]] {  // the state changed under our hands: take it back
        const std::scoped_lock lock{mutex_};
        if ((pending_.load() & low_word) != 0) pending_.fetch_sub(1);
        return true;
    }
    if ((before & low_word) + 1 == options.window_calls)  // a windowful: let the kernel see whether it is clean now
        with_kernel(instant{}, [](auto&) { return 0; });
    return true;
}

bool shared_circuit::count_in_stripe(instant now) noexcept {
    if (stripes_.load(std::memory_order_acquire) == nullptr && !make_stripes()) [[unlikely]]
        return false;
    const std::int64_t tick = now.time_since_epoch() / bucket_length_;
    std::atomic<std::uint64_t>& mine =
        bucket(this_thread_number() & (stripe_count() - 1), index_of(tick, options.window_buckets));
    std::uint64_t before = mine.fetch_add(1, std::memory_order_acq_rel);
    if (before >> count_bits == tag_of(tick)) [[likely]]
        return true;
    ++before;  // the bucket holds an older tick: begin it anew, unless another thread just has
    while (before >> count_bits != tag_of(tick))
        if (mine.compare_exchange_weak(before, (tag_of(tick) << count_bits) | 1, std::memory_order_acq_rel)) break;
    return true;
}

bool shared_circuit::make_stripes() noexcept {
    const std::scoped_lock lock{mutex_};
    if (owned_stripes_) return true;
    owned_stripes_.reset(new (std::nothrow) line[std::size_t{stripe_count()} * lines_]());
    stripes_.store(owned_stripes_.get(), std::memory_order_release);
    return owned_stripes_ != nullptr;
}

std::uint64_t shared_circuit::striped_successes(instant now) const noexcept {
    if (!owned_stripes_) return 0;
    const std::int64_t newest = now.time_since_epoch() / bucket_length_;
    std::uint64_t sum = 0;
    for (std::int64_t tick = newest - options.window_buckets + 1; tick <= newest; ++tick)
        for (unsigned stripe = 0; stripe < stripe_count(); ++stripe) {
            const std::uint64_t word =
                bucket(stripe, index_of(tick, options.window_buckets)).load(std::memory_order_acquire);
            if (word >> count_bits == tag_of(tick)) sum += word & count_mask;
        }
    return sum;
}

void shared_circuit::clear_stripes() noexcept {
    if (!owned_stripes_) return;
    for (unsigned stripe = 0; stripe < stripe_count(); ++stripe)
        for (unsigned index = 0; index < options.window_buckets; ++index)
            bucket(stripe, index).fetch_and(~count_mask, std::memory_order_acq_rel);
}

void shared_circuit::hand_over(instant now) {
    const std::uint64_t counted = pending_.load(std::memory_order_acquire) & low_word;
    if (counted == 0) return;
    pending_.fetch_sub(counted, std::memory_order_acq_rel);
    kernel_.add_successes(counted, now);
}

void shared_circuit::publish(std::uint32_t epoch_before) noexcept {
    const std::uint64_t epoch = std::uint64_t{kernel_.epoch()} << 32U;
    if (kernel_.epoch() != epoch_before) {
        pending_.store(epoch, std::memory_order_release);
        clear_stripes();
    }
    std::uint64_t flags = 0;
    const breaker_mode mode = kernel_.mode();
    const bool automatic = mode == breaker_mode::automatic;
    if (mode != breaker_mode::forced_open && (!automatic || kernel_.admits_all())) flags |= admits_all;
    if (kernel_.is_settled()) flags |= settled;
    if (flags == 0 || (flags & admits_all) == 0) {
        const bool open = mode == breaker_mode::forced_open || (automatic && kernel_.is_open());
        if (open) flags |= refuses;
        const instant until = mode == breaker_mode::forced_open ? never : kernel_.open_until();
        open_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    }
    word_.store(epoch | flags, std::memory_order_release);
}

void shared_circuit::abandon(ticket& t) noexcept {
    const std::scoped_lock lock{mutex_};
    kernel_.abandon(t);
}

}  // namespace cutwater
