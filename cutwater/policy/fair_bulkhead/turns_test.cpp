// Turns by weight, whatever went before: the same history for the kernel and for what threads share.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>
#include <map>

#include "cutwater/policy/fair_bulkhead/shared_shares.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;

MATCHER_P(Near, turns, "within two turns") { return arg + 2 >= turns && arg <= turns + 2; }

constexpr unsigned many = 100'000;
constexpr instant noon{std::chrono::hours{12}};

class on_kernel {
public:
    on_kernel(const std::vector<tenant_bounds>& bounds, unsigned limit) : kernel_{bounds, limit, many} {}

    /// Whether it is inside at once.
    bool come(std::size_t tenant) {
        of_.push_back(tenant);
        return kernel_.admit(tenant, of_.size() - 1) == fair_kernel::answer::admitted;
    }
    /// Who is let in by a permit of this tenant.
    std::optional<std::size_t> go(std::size_t tenant) {
        const auto who = kernel_.release(tenant);
        return who ? std::optional{of_.at(*who)} : std::nullopt;
    }

private:
    fair_kernel kernel_;
    std::vector<std::size_t> of_;
};

class on_shared_shares {
public:
    on_shared_shares(const std::vector<tenant_bounds>& bounds, unsigned limit)
        : shares_{bounds, limit, {.max_length = many}}, lines_(bounds.size()) {}
    on_shared_shares(const on_shared_shares&) = delete;
    on_shared_shares& operator=(const on_shared_shares&) = delete;
    ~on_shared_shares() {
        for (auto& line : lines_)
            for (guest& each : line) shares_.leave(each.place);
    }

    bool come(std::size_t tenant) {
        if (shares_.try_take(tenant)) return true;
        guest& last = lines_.at(tenant).emplace_back();
        last.place.group = static_cast<std::uint32_t>(tenant);
        return shares_.take_or_queue(last.place, noon) == shared_shares::answer::taken;
    }
    std::optional<std::size_t> go(std::size_t tenant) {
        moment now{noon};
        shares_.give_back(tenant, now);
        for (std::size_t t = 0; t < lines_.size(); ++t) {
            if (lines_[t].empty() || !lines_[t].front().is_woken) continue;
            EXPECT_EQ(shares_.look(lines_[t].front().place), shared_shares::wait_state::granted);
            lines_[t].pop_front();
            return t;
        }
        return {};
    }

private:
    struct guest final : waker {
        void wake() noexcept override { is_woken = true; }
        bool is_woken = false;
        waiter place{*this};
    };
    shared_shares shares_;
    std::vector<std::list<guest>> lines_;
};

/// One history, and what is to be true of it.
template <class Side>
class history {
public:
    history(const std::vector<unsigned>& weights, unsigned limit)
        : bounds_{bounds_of(weights, limit, 1)}, side_{bounds_, limit}, inside_(weights.size()),
          waiting_(weights.size()) {}

    void come(std::size_t tenant, unsigned times = 1) {
        for (; times > 0; --times) ++(side_.come(tenant) ? inside_ : waiting_).at(tenant);
    }
    /// A call of this tenant ends, if there is one; gives who is let in.
    std::optional<std::size_t> go(std::size_t tenant) {
        if (inside_.at(tenant) == 0) return {};
        --inside_[tenant];
        look_who_are_rivals();
        const auto lucky = side_.go(tenant);
        if (!lucky) return {};
        ++inside_[*lucky], --waiting_[*lucky];
        for (auto& [rivals, ahead] : ahead_) {
            if (*lucky == rivals.first) ++ahead;
            if (*lucky == rivals.second) --ahead;
            widest_ = std::max(widest_, std::abs(ahead));
        }
        return lucky;
    }
    /// How many calls of this tenant in a row are followed by one of its own.
    unsigned in_a_row(std::size_t tenant, unsigned at_most) {
        unsigned n = 0;
        while (n < at_most && go(tenant) == tenant) ++n;
        return n;
    }
    /// Of tenants of one weight that both wait and do not borrow: how many turns one was ahead of the other, at most.
    [[nodiscard]] int widest_lead() const noexcept { return widest_; }

private:
    [[nodiscard]] bool claims(std::size_t t) const { return waiting_[t] > 0 && inside_[t] < bounds_[t].due; }
    void look_who_are_rivals() {
        for (std::size_t a = 0; a < bounds_.size(); ++a)
            for (std::size_t b = 0; b < a; ++b) {
                const bool are_rivals = bounds_[a].weight == bounds_[b].weight && claims(a) && claims(b);
                if (are_rivals) (void)ahead_.try_emplace({a, b}, 0);
                if (!are_rivals) ahead_.erase({a, b});
            }
    }

    std::vector<tenant_bounds> bounds_;
    Side side_;
    std::vector<unsigned> inside_;
    std::vector<unsigned> waiting_;
    std::map<std::pair<std::size_t, std::size_t>, int> ahead_;
    int widest_ = 0;
};

template <class Side>
class fair_turns : public ::testing::Test {};

struct side_name {
    template <class Side>
    static std::string GetName(int) {
        return std::is_same_v<Side, on_kernel> ? "of_the_kernel" : "of_shared_shares";
    }
};
using both_sides = ::testing::Types<on_kernel, on_shared_shares>;
TYPED_TEST_SUITE(fair_turns, both_sides, side_name);

enum : std::size_t { others, acme, bolt, coal, dock };

TYPED_TEST(fair_turns, S123_who_waits_as_a_borrower_saves_no_turns_up) {
    history<TypeParam> seen{{0, 1, 1, 1}, 2};
    seen.come(acme), seen.come(bolt);  // acme's is a long call
    seen.come(acme, 300), seen.come(bolt, 300);
    EXPECT_EQ(seen.in_a_row(bolt, 100), 100U) << "acme would borrow";
    seen.come(coal);
    EXPECT_EQ(seen.go(bolt), coal);
    EXPECT_LE(seen.in_a_row(acme, 100), 2U) << "bolt has as much right to it";
}

TYPED_TEST(fair_turns, S123_a_newcomer_does_not_begin_behind_those_who_have_been_there) {
    history<TypeParam> seen{{0, 1, 1, 1, 1}, 4};
    seen.come(acme, 3), seen.come(bolt);
    seen.come(acme);  // would borrow
    for (int i = 0; i < 100; ++i) {
        seen.come(bolt);
        EXPECT_EQ(seen.go(bolt), bolt);
    }
    seen.come(coal);
    EXPECT_EQ(seen.go(bolt), coal);
    EXPECT_EQ(seen.go(acme), acme) << "it borrows, and has had no turn yet";
    seen.come(dock, 300), seen.come(coal, 300);
    EXPECT_LE(seen.in_a_row(coal, 100), 2U);
    EXPECT_LE(seen.in_a_row(dock, 100), 2U);
}

TYPED_TEST(fair_turns, S123_come_by_weight_whatever_one_has_been_without) {
    history<TypeParam> seen{{0, 3, 1, 1}, 1};
    seen.come(bolt), seen.come(bolt, 300);
    EXPECT_EQ(seen.in_a_row(bolt, 100), 100U);
    seen.come(acme, 300), seen.come(coal, 300);
    std::vector<unsigned> turns(4);
    std::size_t inside = bolt;
    for (int i = 0; i < 100; ++i) ++turns.at(inside = seen.go(inside).value());
    EXPECT_THAT(turns, ElementsAre(0, Near(60U), Near(20U), Near(20U)));
}

/// Steps that repeat themselves, so that somebody can get far ahead.
template <class Side>
void play_any(history<Side>& seen, std::size_t tenants) {
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const auto tenant = *rc::gen::inRange<std::size_t>(0, tenants);
        auto times = *rc::gen::element(1U, 1U, 3U, 10U);
        if (*rc::gen::inRange(0, 2) == 0)
            seen.come(tenant, times);
        else
            for (auto next = std::optional{tenant}; times > 0 && next; --times) next = seen.go(*next);
    }
}

template <class Side>
void tenants_of_one_weight_are_never_far_apart() {
    const auto weights = *rc::gen::container<std::vector<unsigned>>(4, rc::gen::inRange(0U, 3U));
    history<Side> seen{weights, *rc::gen::inRange(1U, 7U)};
    play_any(seen, weights.size());
    RC_ASSERT(seen.widest_lead() <= 2);
}

RC_GTEST_PROP(fair_turns_property, of_one_weight_are_never_far_apart_in_the_kernel, ()) {
    tenants_of_one_weight_are_never_far_apart<on_kernel>();
}
RC_GTEST_PROP(fair_turns_property, of_one_weight_are_never_far_apart_in_shared_shares, ()) {
    tenants_of_one_weight_are_never_far_apart<on_shared_shares>();
}

}  // namespace
}  // namespace cutwater
