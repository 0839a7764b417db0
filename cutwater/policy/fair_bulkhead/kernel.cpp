#include "cutwater/policy/fair_bulkhead/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cutwater {

std::vector<tenant_bounds> bounds_of(const std::vector<unsigned>& weights, unsigned limit, double may_borrow) {
    const double all = std::max(1.0, std::accumulate(weights.begin(), weights.end(), 0.0));
    std::vector<tenant_bounds> bounds;
    unsigned given = 0;
    for (const unsigned weight : weights) {
        const auto own = static_cast<unsigned>(std::floor(limit * (weight / all) + 1e-9));
        bounds.push_back({.weight = weight, .own = weight == 0 ? 0 : std::max(1U, own)});
        given += bounds.back().own;
    }
    const auto lacks = [&](const tenant_bounds& b) { return limit * (b.weight / all) - b.own; };
    for (; given < limit; ++given) ++std::ranges::max_element(bounds, {}, lacks)->own;
    for (tenant_bounds& b : bounds) {
        const unsigned rest = limit - std::min(limit, b.own);
        b.most = std::min(limit, b.own + static_cast<unsigned>(std::floor(may_borrow * rest + 1e-9)));
        b.own = std::max(b.own, static_cast<unsigned>(std::ceil(limit * (b.weight / all) - 1e-9)));
    }
    return bounds;
}

fair_kernel::answer fair_kernel::admit(std::size_t tenant, waiter_id who) {
    tenant_state& own = tenants_.at(tenant);
    if (own.queue.empty() && own.may_have_more() && in_use_ < limit_ && next() == nullptr) {
        ++in_use_, ++own.in_use;
        return answer::admitted;
    }
    if (own.queue.size() >= max_queue_) return answer::refused;
    if (own.queue.empty()) own.turns.begins_to_wait(latest_turn_);
    own.queue.push_back(who);
    return answer::queued;
}

std::optional<fair_kernel::waiter_id> fair_kernel::release(std::size_t tenant) {
    --in_use_;
    --tenants_.at(tenant).in_use;
    return let_in();
}

std::optional<fair_kernel::waiter_id> fair_kernel::leave(std::size_t tenant, waiter_id who) {
    return std::erase(tenants_.at(tenant).queue, who) > 0 ? std::nullopt : release(tenant);
}

std::size_t fair_kernel::queued() const noexcept {
    return std::accumulate(tenants_.begin(), tenants_.end(), std::size_t{0},
                           [](std::size_t sum, const tenant_state& t) { return sum + t.queue.size(); });
}

/// Of those who wait and may have one more.
fair_kernel::tenant_state* fair_kernel::next() noexcept {
    tenant_state* next = nullptr;
    for (tenant_state& t : tenants_)
        if (!t.queue.empty() && t.may_have_more() && (next == nullptr || t.claim().goes_before(next->claim())))
            next = &t;
    return next;
}

std::optional<fair_kernel::waiter_id> fair_kernel::let_in() {
    if (in_use_ >= limit_) return {};
    tenant_state* const lucky = next();
    if (lucky == nullptr) return {};
    const waiter_id who = lucky->queue.front();
    lucky->queue.pop_front();
    ++in_use_, ++lucky->in_use;
    latest_turn_ = lucky->turns.take(lucky->bounds.weight);
    return who;
}

}  // namespace cutwater
