// What is right for a fair bulkhead, without threads: the specification that the concurrent one is held against.
//
// - At most `limit` permits are out, and of each tenant at most its own share and what it may borrow.
// - Nobody waits while there is room for it.
// - A permit that comes back goes to a tenant that has less than its own share, before any that would borrow. Of those, whose turn it is: turns come
//   by weight, so that nobody waits for ever however few permits there are. Of those that borrow, the one that has the least for its weight.
//   Within a tenant, to the one that came first.
// - A newcomer passes nobody of its own tenant, and nobody of another who could be let in.
//
// A value: it can be copied and compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace cutwater {

/// What a tenant may have.
struct tenant_bounds {
    unsigned weight = 1;
    unsigned own = 1;   ///< permits that are its own share, rounded up: beyond that it borrows
    unsigned most = 1;  ///< permits at once

    friend bool operator==(const tenant_bounds&, const tenant_bounds&) = default;
};

/// Of each tenant, from its weight and the limit: its own share, at least one and rounded so that they add up, and `may_borrow` of the rest. A weight of
/// 0 has none of its own.
[[nodiscard]] std::vector<tenant_bounds> bounds_of(const std::vector<unsigned>& weights, unsigned limit,
                                                   double may_borrow);

/// Where a tenant stands that wants one more permit.
struct tenant_claim {
    tenant_bounds bounds;
    std::uint64_t in_use = 0;
    double turns = 0;  ///< that it has had for its weight

    [[nodiscard]] bool borrows() const noexcept { return in_use >= bounds.own; }
    [[nodiscard]] bool goes_before(const tenant_claim& other) const noexcept {
        if (borrows() != other.borrows()) return !borrows();
        const std::uint64_t mine = in_use * other.bounds.weight;
        const std::uint64_t its = other.in_use * bounds.weight;
        return borrows() && mine != its ? mine < its : turns < other.turns;
    }
};

/// Turns by weight (start-time fair queueing: Goyal, Vin and Cheng, 1996): who has not waited for a while has saved up none.
class tenant_turns {
public:
    [[nodiscard]] double had() const noexcept { return had_; }
    void begins_to_wait(double latest) noexcept { had_ = std::max(had_, latest); }
    /// Gives how far turns have come.
    double take(unsigned weight) noexcept { return std::exchange(had_, had_ + 1.0 / std::max(weight, 1U)); }

    friend bool operator==(const tenant_turns&, const tenant_turns&) = default;

private:
    double had_ = 0;
};

class fair_kernel {
public:
    using waiter_id = std::uint64_t;
    enum class answer : std::uint8_t { admitted, queued, refused };

    fair_kernel(const std::vector<tenant_bounds>& tenants, unsigned limit, unsigned max_queue)
        : limit_{limit}, max_queue_{max_queue} {
        for (const tenant_bounds& t : tenants) tenants_.push_back({.bounds = t, .queue = {}});
    }

    [[nodiscard]] answer admit(std::size_t tenant, waiter_id who);
    /// A permit of this tenant comes back; gives who is let in by it, if anybody.
    std::optional<waiter_id> release(std::size_t tenant);
    /// One who was queued gives up, or had just been let in; gives who is let in by that.
    std::optional<waiter_id> leave(std::size_t tenant, waiter_id who);

    [[nodiscard]] unsigned in_use() const noexcept { return in_use_; }
    [[nodiscard]] unsigned in_use(std::size_t tenant) const { return tenants_.at(tenant).in_use; }
    [[nodiscard]] std::size_t queued() const noexcept;

    friend bool operator==(const fair_kernel&, const fair_kernel&) = default;

private:
    struct tenant_state {
        tenant_bounds bounds;
        unsigned in_use = 0;
        std::deque<waiter_id> queue;
        tenant_turns turns{};

        [[nodiscard]] bool may_have_more() const noexcept { return in_use < bounds.most; }
        [[nodiscard]] tenant_claim claim() const noexcept { return {bounds, in_use, turns.had()}; }
        friend bool operator==(const tenant_state&, const tenant_state&) = default;
    };

    [[nodiscard]] tenant_state* next() noexcept;
    std::optional<waiter_id> let_in();

    unsigned limit_;
    unsigned max_queue_;
    unsigned in_use_ = 0;
    double latest_turn_ = 0;
    std::vector<tenant_state> tenants_;
};

}  // namespace cutwater
