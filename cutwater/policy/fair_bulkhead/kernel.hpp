// What is right for a fair bulkhead, without threads: the specification that the concurrent one is held against.
//
// - At most `limit` permits are out, and of each tenant at most its own share and what it may borrow.
// - Of what is free enough is left for every owner to have at once what is kept for it. Nobody waits while there is room beyond that.
// - A permit that comes back goes to a tenant that has less than its own share, before any that would borrow. Of those, whose turn it is: turns come
//   by weight, so that nobody waits for ever however few permits there are. Of those that borrow, the one that has the least for its weight.
//   Within a tenant, to the one that came first. Who is not served, or only as a borrower, saves no turns up.
// - Who can never have a permit does not wait for one.
// - A newcomer passes nobody of its own tenant, and nobody of another who could be let in.
//
// A value: it can be copied and compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace cutwater {

/// What a tenant may have.
struct tenant_bounds {
    unsigned weight = 1;
    unsigned own = 1;   ///< its share in whole permits; those of all add up
    unsigned due = 1;   ///< its share, rounded up: beyond that it borrows
    unsigned kept = 0;  ///< of its own, those that nobody else may borrow
    unsigned most = 1;  ///< permits at once

    friend bool operator==(const tenant_bounds&, const tenant_bounds&) = default;
};

/// Of each tenant, from its weight and the limit. The first are those who are not named: what rounding leaves over goes to the others. Where there are
/// enough permits each has at least one; a weight of 0 has none of its own. Of each share `may_borrow` is lent, and at least one permit of all, unless
/// `may_borrow` is 0.
[[nodiscard]] std::vector<tenant_bounds> bounds_of(const std::vector<unsigned>& weights, unsigned limit,
                                                   double may_borrow);

/// Permits that are free, and how many are kept for owners who do not want them now.
struct free_permits {
    std::uint64_t all = 0;
    std::uint64_t kept = 0;

    void keep_for(const tenant_bounds& owner, std::uint64_t in_use) noexcept {
        kept += owner.kept - std::min<std::uint64_t>(owner.kept, in_use);
    }
    [[nodiscard]] bool has_one_for(const tenant_bounds& tenant, std::uint64_t in_use) const noexcept {
        if (all == 0 || in_use >= tenant.most) return false;
        return in_use < tenant.kept || all > kept;
    }
};

/// Where a tenant stands that wants one more permit.
struct tenant_claim {
    tenant_bounds bounds;
    std::uint64_t in_use = 0;
    double turn = 0;  ///< where its next one begins

    [[nodiscard]] bool borrows() const noexcept { return in_use >= bounds.due; }
    [[nodiscard]] bool goes_before(const tenant_claim& other) const noexcept {
        if (borrows() != other.borrows()) return !borrows();
        const std::uint64_t mine = in_use * other.bounds.weight;
        const std::uint64_t its = other.in_use * bounds.weight;
        return borrows() && mine != its ? mine < its : turn < other.turn;
    }
};

/// How far turns have come.
struct turns_so_far {
    double latest = 0;  ///< where a newcomer's begin
    double oldest = 0;  ///< nobody's next begins before this

    friend bool operator==(const turns_so_far&, const turns_so_far&) = default;
};

/// Turns by weight (start-time fair queueing: Goyal, Vin and Cheng, 1996): who has not waited for a while has saved up none, and who would only have
/// borrowed less than one.
class tenant_turns {
public:
    void begins_to_wait(const turns_so_far& all) noexcept { done_ = std::max(done_, all.latest); }
    [[nodiscard]] double next(const turns_so_far& all) const noexcept { return std::max(done_, all.oldest); }
    void take(unsigned weight, turns_so_far& all) noexcept {
        const double turn = 1.0 / std::max(weight, 1U);
        const double begins = next(all);
        done_ = begins + turn;
        all.latest = std::max(all.latest, begins);
        all.oldest = std::max(all.oldest, begins - most_saved * turn);
    }

    /// Part of a turn: where it is less than 1, of tenants of one weight none is more than two turns ahead.
    static constexpr double most_saved = 0.9;

    friend bool operator==(const tenant_turns&, const tenant_turns&) = default;

private:
    double done_ = 0;
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

        [[nodiscard]] tenant_claim claim(const turns_so_far& all) const noexcept {
            return {bounds, in_use, turns.next(all)};
        }
        friend bool operator==(const tenant_state&, const tenant_state&) = default;
    };

    [[nodiscard]] free_permits free() const noexcept;
    [[nodiscard]] tenant_state* next() noexcept;
    std::optional<waiter_id> let_in();

    unsigned limit_;
    unsigned max_queue_;
    unsigned in_use_ = 0;
    turns_so_far turns_;
    std::vector<tenant_state> tenants_;
};

}  // namespace cutwater
