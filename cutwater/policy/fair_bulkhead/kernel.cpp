#include "cutwater/policy/fair_bulkhead/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace cutwater {

namespace {

constexpr double rounding_error = 1e-9;

unsigned whole(double permits) { return static_cast<unsigned>(std::floor(permits + rounding_error)); }

/// Their own, which add up to the limit unless nobody has a weight.
void share_out(std::vector<tenant_bounds>& bounds, unsigned limit) {
    const auto sum = [&](auto part) { return std::accumulate(bounds.begin(), bounds.end(), 0.0, part); };
    const double weights = sum([](double of_all, const tenant_bounds& b) { return of_all + b.weight; });
    if (weights == 0) return;
    const auto exact = [&](const tenant_bounds& b) { return limit * (b.weight / weights); };
    const auto zero = static_cast<std::size_t>(std::ranges::count(bounds, 0U, &tenant_bounds::weight));
    const bool one_for_each = limit >= bounds.size() - zero;
    for (tenant_bounds& b : bounds) {
        b.due = static_cast<unsigned>(std::ceil(exact(b) - rounding_error));
        b.own = std::max(whole(exact(b)), one_for_each && b.weight > 0 ? 1U : 0U);
    }
    auto given = static_cast<unsigned>(sum([](double of_all, const tenant_bounds& b) { return of_all + b.own; }));
    for (; given > limit; --given) --std::ranges::max_element(bounds, {}, &tenant_bounds::own)->own;
    // The named are behind the first, and come first where they lack anything.
    const auto lacks = [&](const tenant_bounds& b) {
        const double lack = exact(b) - b.own;
        return std::pair{lack > rounding_error && &b != &bounds.front(), lack};
    };
    for (; given < limit; ++given) ++std::ranges::max_element(bounds, {}, lacks)->own;
}

}  // namespace

std::vector<tenant_bounds> bounds_of(const std::vector<unsigned>& weights, unsigned limit, double may_borrow) {
    std::vector<tenant_bounds> bounds;
    for (const unsigned weight : weights) bounds.push_back({.weight = weight, .own = 0, .due = 0});
    share_out(bounds, limit);
    unsigned kept = 0;
    for (tenant_bounds& b : bounds) kept += b.kept = b.own - whole(may_borrow * b.own);
    if (kept == limit && may_borrow > 0) --kept, --std::ranges::max_element(bounds, {}, &tenant_bounds::own)->kept;
    const bool is_owned = std::ranges::any_of(weights, [](unsigned weight) { return weight > 0; });
    const unsigned of_nobody = std::max(whole(may_borrow * limit), may_borrow > 0 ? 1U : 0U);
    for (tenant_bounds& b : bounds) b.most = is_owned ? limit - (kept - b.kept) : of_nobody;
    return bounds;
}

fair_kernel::answer fair_kernel::admit(std::size_t tenant, waiter_id who) {
    tenant_state& own = tenants_.at(tenant);
    if (own.queue.empty() && free().has_one_for(own.bounds, own.in_use) && next() == nullptr) {
        ++in_use_, ++own.in_use;
        return answer::admitted;
    }
    if (own.bounds.most == 0 || own.queue.size() >= max_queue_) return answer::refused;
    if (own.queue.empty()) own.turns.begins_to_wait(turns_);
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

free_permits fair_kernel::free() const noexcept {
    free_permits free{.all = limit_ - in_use_};
    for (const tenant_state& t : tenants_) free.keep_for(t.bounds, t.in_use);
    return free;
}

/// Of those who wait and may have one more.
fair_kernel::tenant_state* fair_kernel::next() noexcept {
    const free_permits left = free();
    tenant_state* next = nullptr;
    for (tenant_state& t : tenants_) {
        if (t.queue.empty() || !left.has_one_for(t.bounds, t.in_use)) continue;
        if (next == nullptr || t.claim(turns_).goes_before(next->claim(turns_))) next = &t;
    }
    return next;
}

std::optional<fair_kernel::waiter_id> fair_kernel::let_in() {
    tenant_state* const lucky = next();
    if (lucky == nullptr) return {};
    const waiter_id who = lucky->queue.front();
    lucky->queue.pop_front();
    ++in_use_, ++lucky->in_use;
    lucky->turns.take(lucky->bounds.weight, turns_);
    return who;
}

}  // namespace cutwater
