// What is right for a bulkhead that tenants share, as a script that can be read.

#include "cutwater/policy/fair_bulkhead/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <numeric>

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using enum fair_kernel::answer;

constexpr std::size_t gold = 0;
constexpr std::size_t silver = 1;

std::vector<unsigned> each(unsigned tenant_bounds::* what, const std::vector<tenant_bounds>& bounds) {
    std::vector<unsigned> of_each;
    for (const tenant_bounds& b : bounds) of_each.push_back(b.*what);
    return of_each;
}
std::vector<unsigned> most_of(const std::vector<tenant_bounds>& bounds) { return each(&tenant_bounds::most, bounds); }
std::vector<unsigned> own_of(const std::vector<unsigned>& weights, unsigned limit) {
    return each(&tenant_bounds::own, bounds_of(weights, limit, 1));
}
unsigned sum_of(const std::vector<unsigned>& all) { return std::accumulate(all.begin(), all.end(), 0U); }

TEST(fair_bounds, a_tenant_may_have_its_share_and_what_it_may_borrow) {
    EXPECT_THAT(most_of(bounds_of({3, 1}, 20, 0)), ElementsAre(15, 5));
    EXPECT_THAT(most_of(bounds_of({3, 1}, 20, 1)), ElementsAre(20, 20));
    EXPECT_THAT(most_of(bounds_of({3, 1}, 20, 0.5)), ElementsAre(17, 12));
    EXPECT_THAT(most_of(bounds_of({1000, 1}, 20, 0)), ElementsAre(19, 1)) << "at least one";
    EXPECT_THAT(most_of(bounds_of({1}, 7, 0.3)), ElementsAre(7)) << "alone it has everything";
    EXPECT_THAT(most_of(bounds_of({1, 3, 1, 1}, 20, 0)), ElementsAre(3, 10, 4, 3)) << "they add up";
    EXPECT_THAT(most_of(bounds_of({0, 3, 1, 1}, 20, 0)), ElementsAre(0, 12, 4, 4))
        << "a weight of 0 has none of its own";
    EXPECT_THAT(most_of(bounds_of({0, 3, 1, 1}, 20, 1)), ElementsAre(20, 20, 20, 20)) << "but may borrow";
}

TEST(fair_bounds, S123_shares_add_up_however_small_they_are) {
    EXPECT_THAT(own_of({1, 1000, 1, 1}, 10), ElementsAre(1, 7, 1, 1)) << "what the small ones lack is the largest's";
    EXPECT_THAT(own_of({1, 97, 1, 1}, 10), ElementsAre(1, 7, 1, 1));
    EXPECT_THAT(own_of({1, 30, 2, 1}, 2), ElementsAre(0, 2, 0, 0)) << "not enough for one each";
    EXPECT_THAT(own_of({0, 1, 1}, 2), ElementsAre(0, 1, 1));
}

TEST(fair_bounds, S123_what_rounding_leaves_over_goes_to_those_who_are_named) {
    EXPECT_THAT(own_of({1, 1, 1}, 7), ElementsAre(2, 3, 2));
    EXPECT_THAT(own_of({1, 3, 2, 1}, 12), ElementsAre(1, 5, 4, 2));
    EXPECT_THAT(own_of({3, 3, 3, 3}, 10), ElementsAre(2, 3, 3, 2));
}

TEST(fair_bounds, T77_whatever_may_be_borrowed_is_one_at_least) {
    EXPECT_THAT(most_of(bounds_of({0, 1}, 10, 0.09)), ElementsAre(1, 10));
    EXPECT_THAT(most_of(bounds_of({0, 1}, 1, 0.01)), ElementsAre(1, 1));
    EXPECT_THAT(most_of(bounds_of({0, 1, 1, 1}, 3, 0.5)), ElementsAre(1, 1, 2, 2));
}

TEST(fair_bounds, where_nobody_has_a_weight_there_is_what_may_be_borrowed) {
    EXPECT_THAT(most_of(bounds_of({0}, 10, 0)), ElementsAre(0));
    EXPECT_THAT(most_of(bounds_of({0}, 10, 0.5)), ElementsAre(5));
    EXPECT_THAT(most_of(bounds_of({0}, 10, 1)), ElementsAre(10));
}

RC_GTEST_PROP(fair_bounds_property, S123_shares_add_up_to_the_limit_and_each_has_its_own_beside_what_is_kept, ()) {
    auto weights = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::uint16_t>>());
    weights.front() |= 1U;
    const auto limit = static_cast<unsigned>(weights.size()) + *rc::gen::inRange(0U, 50U);
    const auto bounds =
        bounds_of({weights.begin(), weights.end()}, limit, *rc::gen::element(0.0, 0.01, 0.3, 0.5, 0.99, 1.0));
    const unsigned kept = sum_of(each(&tenant_bounds::kept, bounds));
    RC_ASSERT(sum_of(each(&tenant_bounds::own, bounds)) == limit);
    for (const tenant_bounds& b : bounds) {
        RC_ASSERT((b.own > 0) == (b.weight > 0));
        RC_ASSERT(b.kept <= b.own && b.own <= b.due && b.own <= b.most && b.most + kept - b.kept == limit);
    }
}

/// Weights 3 and 1, of eight permits.
fair_kernel shared(double may_borrow = 1, unsigned max_queue = 10) {
    return {bounds_of({3, 1}, 8, may_borrow), 8, max_queue};
}

/// How often each was let in, where all want all the time and permits come back in the order in which they were given.
std::vector<unsigned> turns_of(const std::vector<unsigned>& weights, unsigned limit, unsigned rounds) {
    fair_kernel kernel{bounds_of(weights, limit, 1), limit, 10};
    std::map<fair_kernel::waiter_id, std::size_t> tenant_of;
    std::deque<std::size_t> inside;
    std::vector<unsigned> let_in(weights.size());
    fair_kernel::waiter_id id = 0;
    const auto come = [&](std::size_t tenant) {
        tenant_of[++id] = tenant;
        if (kernel.admit(tenant, id) == admitted) inside.push_back(tenant);
    };
    for (unsigned i = 0; i < limit + 5; ++i)
        for (std::size_t t = 0; t < weights.size(); ++t) come(t);
    for (unsigned i = 0; i < rounds; ++i) {
        const auto who = kernel.release(inside.front());
        inside.pop_front();
        const std::size_t lucky = tenant_of.at(who.value());
        inside.push_back(lucky);
        ++let_in[lucky];
        come(lucky);
    }
    return let_in;
}

TEST(fair_kernel_script, S123_nobody_waits_for_ever_however_few_permits_there_are) {
    EXPECT_THAT(turns_of({1, 1}, 1, 100), ElementsAre(50, 50));
    EXPECT_THAT(turns_of({3, 1}, 1, 100), ElementsAre(75, 25));
    EXPECT_THAT(turns_of({1, 1, 1, 1, 1}, 2, 100), ElementsAre(20, 20, 20, 20, 20));
    EXPECT_THAT(turns_of({3, 1, 1}, 3, 100), ElementsAre(60, 20, 20));
    EXPECT_THAT(turns_of({2, 1}, 30, 300), ElementsAre(200, 100));
    EXPECT_THAT(turns_of({10, 1, 1, 1}, 5, 1300), ElementsAre(999, 101, 100, 100)) << "to one turn";
}

TEST(fair_kernel_script, who_has_not_wanted_anything_has_saved_up_no_turns) {
    fair_kernel kernel{bounds_of({1, 1}, 1, 1), 1, 100};
    fair_kernel::waiter_id id = 0;
    EXPECT_EQ(kernel.admit(gold, ++id), admitted);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(kernel.admit(gold, ++id), queued);
        EXPECT_EQ(kernel.release(gold), id);
    }
    for (int i = 0; i < 10; ++i)
        for (const std::size_t tenant : {gold, silver}) EXPECT_EQ(kernel.admit(tenant, ++id), queued);
    unsigned of_silver = 0;
    std::size_t inside = gold;
    for (int i = 0; i < 10; ++i) {
        inside = *kernel.release(inside) % 2 == id % 2 ? silver : gold;
        of_silver += inside == silver ? 1 : 0;
    }
    EXPECT_EQ(of_silver, 5U);
}

fair_kernel::waiter_id next_id = 0;
void fill(fair_kernel& kernel, std::size_t tenant, unsigned permits) {
    for (unsigned i = 0; i < permits; ++i) EXPECT_EQ(kernel.admit(tenant, ++next_id), admitted);
}

TEST(fair_kernel_script, S123_what_nobody_wants_may_be_borrowed) {
    fair_kernel kernel = shared();
    fill(kernel, silver, 8);
    EXPECT_EQ(kernel.in_use(silver), 8U);
    EXPECT_EQ(kernel.admit(silver, 1), queued);
}

TEST(fair_kernel_script, S123_an_owner_has_its_share_back_as_permits_come_back) {
    fair_kernel kernel = shared();
    fill(kernel, silver, 8);
    for (fair_kernel::waiter_id who = 1; who <= 8; ++who) {
        EXPECT_EQ(kernel.admit(silver, who), queued);
        EXPECT_EQ(kernel.admit(gold, 100 + who), queued);
    }
    std::vector<fair_kernel::waiter_id> let_in;
    for (int i = 0; i < 8; ++i) let_in.push_back(*kernel.release(silver));
    EXPECT_THAT(let_in, ElementsAre(101, 102, 103, 104, 105, 106, 1, 2)) << "six of eight are gold's";
    EXPECT_EQ(kernel.in_use(gold), 6U);
    EXPECT_EQ(kernel.in_use(silver), 2U);
}

TEST(fair_kernel_script, without_borrowing_a_share_is_kept_for_its_owner) {
    fair_kernel kernel = shared(0);
    fill(kernel, silver, 2);
    EXPECT_EQ(kernel.admit(silver, 1), queued) << "though six permits are free";
    fill(kernel, gold, 6);
    EXPECT_EQ(kernel.release(gold), std::nullopt) << "silver has what it may have";
    EXPECT_EQ(kernel.release(silver), 1U);
}

TEST(fair_kernel_script, S123_what_is_kept_for_an_owner_is_there_however_many_have_borrowed) {
    fair_kernel kernel{bounds_of({0, 6, 3, 3}, 12, 0.5), 12, 100};
    for (const std::size_t tenant : {0U, 2U, 3U})
        for (int i = 0; i < 20; ++i) (void)kernel.admit(tenant, ++next_id);
    EXPECT_EQ(kernel.in_use(), 9U);
    fill(kernel, 1, 3);
    EXPECT_EQ(kernel.admit(1, ++next_id), queued);
}

TEST(fair_kernel_script, S123_an_owner_does_not_take_what_is_kept_for_another) {
    fair_kernel kernel{bounds_of({0, 6, 3, 3}, 12, 0.5), 12, 100};
    fill(kernel, 2, 7);  // three of its own, three of the first's and one of the third's
    fill(kernel, 1, 3);
    EXPECT_EQ(kernel.admit(1, 1), queued) << "the two that are free are the third's";
    fill(kernel, 3, 2);
    EXPECT_EQ(kernel.release(2), 1U) << "what was lent comes back";
}

TEST(fair_kernel_script, T77_who_can_never_have_a_permit_does_not_wait) {
    fair_kernel kernel{bounds_of({0, 1}, 10, 0), 10, 100};
    EXPECT_EQ(kernel.admit(0, 1), refused);
    EXPECT_EQ(kernel.queued(), 0U);
}

TEST(fair_kernel_script, a_tenant_has_a_queue_of_its_own) {
    fair_kernel kernel = shared(1, 1);
    fill(kernel, silver, 8);
    EXPECT_EQ(kernel.admit(silver, 1), queued);
    EXPECT_EQ(kernel.admit(silver, 2), refused);
    EXPECT_EQ(kernel.admit(gold, 3), queued) << "silver's is full, gold's is not";
}

TEST(fair_kernel_script, within_a_tenant_it_is_first_come_first_served) {
    fair_kernel kernel = shared();
    fill(kernel, gold, 8);
    for (fair_kernel::waiter_id who = 1; who <= 3; ++who) EXPECT_EQ(kernel.admit(silver, who), queued);
    EXPECT_EQ(kernel.leave(silver, 2), std::nullopt);
    EXPECT_EQ(kernel.release(gold), 1U);
    EXPECT_EQ(kernel.release(gold), 3U);
}

TEST(fair_kernel_script, T80_the_permit_of_one_who_gives_up_just_when_it_is_let_in_goes_on) {
    fair_kernel kernel = shared();
    fill(kernel, gold, 8);
    EXPECT_EQ(kernel.admit(silver, 1), queued);
    EXPECT_EQ(kernel.admit(silver, 2), queued);
    EXPECT_EQ(kernel.release(gold), 1U);
    EXPECT_EQ(kernel.leave(silver, 1), 2U);
    EXPECT_EQ(kernel.in_use(), 8U);
}

/// Whether there is one for this tenant beside what is kept for owners who do not want it now.
bool has_room(const std::vector<tenant_bounds>& bounds, const std::vector<unsigned>& inside, unsigned limit,
              std::size_t tenant) {
    unsigned taken = 0;
    for (std::size_t t = 0; t < bounds.size(); ++t)
        taken += t == tenant ? inside[t] : std::max(inside[t], bounds[t].kept);
    return sum_of(inside) < limit && (inside[tenant] < bounds[tenant].kept || taken < limit);
}

RC_GTEST_PROP(fair_kernel_property, permits_are_bounded_and_conserved_and_nobody_waits_for_nothing, ()) {
    const auto weights = *rc::gen::container<std::vector<unsigned>>(3, rc::gen::inRange(1U, 6U));
    const unsigned limit = *rc::gen::inRange(1U, 8U);
    const auto bounds = bounds_of(weights, limit, *rc::gen::element(0.0, 0.5, 1.0));
    fair_kernel kernel{bounds, limit, 4};
    std::map<fair_kernel::waiter_id, std::size_t> waiting;
    std::vector<unsigned> inside(3);
    const auto let_in = [&](std::optional<fair_kernel::waiter_id> who) {
        if (!who) return;
        ++inside.at(waiting.at(*who));
        waiting.erase(*who);
    };
    const int steps = *rc::gen::inRange(0, 80);
    for (int i = 0; i < steps; ++i) {
        const auto tenant = *rc::gen::inRange<std::size_t>(0, 3);
        const auto id = static_cast<fair_kernel::waiter_id>(i);
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                if (inside[tenant] > 0) --inside[tenant], let_in(kernel.release(tenant));
                break;
            case 1:
                if (!waiting.empty()) {
                    const auto [who, of] = *waiting.begin();
                    waiting.erase(who);
                    let_in(kernel.leave(of, who));
                }
                break;
            default: {
                const auto answer = kernel.admit(tenant, id);
                RC_ASSERT(answer == admitted || inside[tenant] >= bounds[tenant].kept);
                if (answer == admitted) ++inside[tenant];
                if (answer == queued) waiting.emplace(id, tenant);
            }
        }
        unsigned all = 0;
        for (std::size_t t = 0; t < 3; ++t) {
            RC_ASSERT(kernel.in_use(t) == inside[t] && inside[t] <= bounds[t].most);
            all += inside[t];
        }
        RC_ASSERT(kernel.in_use() == all && all <= limit);
        RC_ASSERT(kernel.queued() == waiting.size());
        for (const auto& [who, of] : waiting) RC_ASSERT(!has_room(bounds, inside, limit, of));
    }
}

RC_GTEST_PROP(fair_kernel_property, where_all_want_all_each_has_its_share, ()) {
    const auto weights = *rc::gen::container<std::vector<unsigned>>(3, rc::gen::inRange(1U, 6U));
    constexpr unsigned limit = 60;
    fair_kernel kernel{bounds_of(weights, limit, 1), limit, 1000};
    fair_kernel::waiter_id id = 0;
    const auto greedy = *rc::gen::inRange<std::size_t>(0, 3);
    for (unsigned i = 0; i < limit; ++i) RC_ASSERT(kernel.admit(greedy, ++id) == admitted);
    for (std::size_t t = 0; t < 3; ++t)
        for (int i = 0; i < 200; ++i) RC_ASSERT(kernel.admit(t, ++id) == queued);
    for (unsigned i = 0; i < limit; ++i) RC_ASSERT(kernel.release(greedy).has_value());
    const double all = weights[0] + weights[1] + weights[2];
    for (std::size_t t = 0; t < 3; ++t) RC_ASSERT(std::abs(kernel.in_use(t) - limit * weights[t] / all) < 2);
}

}  // namespace
}  // namespace cutwater
