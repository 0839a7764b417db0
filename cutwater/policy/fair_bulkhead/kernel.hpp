// What is right for a fair bulkhead, without threads: the specification that the concurrent one is held against.
//
// - At most `limit` permits are out, and of each tenant at most its own share and what it may borrow.
// - Nobody waits while there is room for it.
// - A permit that comes back goes to the tenant, of those who wait and may have one more, that has the least for its weight; where two have as
//   little, to the one that is named first. Within a tenant, to the one that came first.
// - A newcomer passes nobody of its own tenant, and nobody of another who could be let in.
//
// A value: it can be copied and compared.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace cutwater {

/// What a tenant may have.
struct tenant_bounds {
    unsigned weight = 1;
    unsigned most = 1;  ///< permits at once

    friend bool operator==(const tenant_bounds&, const tenant_bounds&) = default;
};

/// Of each tenant, from its weight and the limit: its own share, at least one, and `may_borrow` of the rest.
[[nodiscard]] std::vector<tenant_bounds> bounds_of(const std::vector<unsigned>& weights, unsigned limit,
                                                   double may_borrow);

class fair_kernel {
public:
    using waiter_id = std::uint64_t;
    enum class answer : std::uint8_t { admitted, queued, refused };

    fair_kernel(const std::vector<tenant_bounds>& tenants, unsigned limit, unsigned max_queue)
        : limit_{limit}, max_queue_{max_queue} {
        for (const tenant_bounds& t : tenants) tenants_.push_back({.bounds = t, .in_use = 0, .queue = {}});
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

        [[nodiscard]] bool may_have_more() const noexcept { return in_use < bounds.most; }
        /// Whether it has less for its weight.
        [[nodiscard]] bool is_poorer_than(const tenant_state& other) const noexcept {
            return std::uint64_t{in_use} * other.bounds.weight < std::uint64_t{other.in_use} * bounds.weight;
        }
        friend bool operator==(const tenant_state&, const tenant_state&) = default;
    };

    [[nodiscard]] tenant_state* next() noexcept;
    std::optional<waiter_id> let_in();

    unsigned limit_;
    unsigned max_queue_;
    unsigned in_use_ = 0;
    std::vector<tenant_state> tenants_;
};

}  // namespace cutwater
