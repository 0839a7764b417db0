// The permits of tenants, shared by threads: conserved and bounded in any interleaving, and nobody waits for nothing. Who has the least may be known an
// instant late, so a history has no one order in the kernel's sense; what is exact is held, and the end of each is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/policy/fair_bulkhead/shared_shares.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{std::chrono::hours{12}};
constexpr std::size_t tenants = 3;

class silent final : public waker {
public:
    void wake() noexcept override {}
};

struct setting {
    const char* name;
    unsigned limit;
    double may_borrow;

    friend void PrintTo(const setting& s, std::ostream* out) { *out << s.name; }
};

/// Each thread comes, waits, looks, gives up and goes, as its dice say.
template <class Shares>
class game {
public:
    game(const setting& s, unsigned threads, std::uint64_t seed)
        : bounds_{bounds_of({3, 2, 1}, s.limit, s.may_borrow)}, shares_{bounds_, s.limit, {.max_length = 2}},
          players_(threads), seed_{seed} {}

    void play(unsigned thread, unsigned turns) {
        player& me = players_[thread];
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < turns; ++i) turn(me, dice);
    }

    /// All go home; what is wrong then.
    std::string end() {
        for (player& each : players_) go_home(each);
        if (exceeded_) return "more than the limit, or than a tenant may have, were inside";
        if (shares_.in_use() != 0 || shares_.queued() != 0) return "permits or waiters are left";
        for (std::size_t t = 0; t < tenants; ++t)
            if (shares_.in_use(t) != 0) return "a tenant's permits are left";
        return shares_.try_take(0) ? "" : "a permit is free, and is not to be had";
    }

    /// With nobody under way: whether somebody waits who could be let in.
    [[nodiscard]] bool somebody_waits_for_nothing() {
        for (player& each : players_) {
            if (each.waiting) look(each);
            if (!each.waiting || each.waiting->waits.turned_away()) continue;
            const std::size_t t = each.waiting->waits.group;
            if (has_room(t)) return true;
        }
        return false;
    }

    /// With nobody under way: whether an owner is kept from what is kept for it.
    [[nodiscard]] bool somebody_misses_what_is_kept() {
        for (std::size_t t = 0; t < tenants; ++t)
            for (; shares_.in_use(t) < bounds_[t].kept; players_.front().holds.push_back(t))
                if (!shares_.try_take(t)) return true;
        return false;
    }

private:
    struct place {
        silent bell{};
        waiter waits{bell};
    };
    struct player {
        std::vector<std::size_t> holds{};
        std::unique_ptr<place> waiting{};
    };

    /// Beside what is kept for owners who do not want it now.
    [[nodiscard]] bool has_room(std::size_t tenant) const {
        unsigned taken = 0;
        for (std::size_t t = 0; t < tenants; ++t)
            taken += t == tenant ? shares_.in_use(t) : std::max(shares_.in_use(t), bounds_[t].kept);
        return taken < shares_.limit();
    }

    void turn(player& me, random_source& dice) {
        const std::uint64_t n = dice() % 100;
        if (me.waiting) return n < 60 ? look(me) : leave(me);
        if (!me.holds.empty() && n < 55) return give_back(me);
        come(me, dice() % tenants);
    }
    void come(player& me, std::size_t tenant) {
        if (shares_.try_take(tenant)) return hold(me, tenant);
        auto next = std::make_unique<place>();
        next->waits.group = static_cast<std::uint32_t>(tenant);
        switch (shares_.take_or_queue(next->waits, noon)) {
            case Shares::answer::taken: return hold(me, tenant);
            case Shares::answer::queued: me.waiting = std::move(next); return;
            case Shares::answer::full: return;
        }
    }
    void look(player& me) {
        if (shares_.look(me.waiting->waits) != Shares::wait_state::granted) return;
        hold(me, me.waiting->waits.group);
        me.waiting.reset();
    }
    void leave(player& me) {
        shares_.leave(me.waiting->waits);
        me.waiting.reset();
    }
    void hold(player& me, std::size_t tenant) {
        me.holds.push_back(tenant);
        if (shares_.in_use() > shares_.limit() || shares_.in_use(tenant) > bounds_[tenant].most) exceeded_ = true;
    }
    void give_back(player& me) {
        shares_.give_back(me.holds.back());
        me.holds.pop_back();
    }
    void go_home(player& me) {
        if (me.waiting) leave(me);
        while (!me.holds.empty()) give_back(me);
    }

    std::vector<tenant_bounds> bounds_;
    Shares shares_;
    std::vector<player> players_;
    std::uint64_t seed_;
    std::atomic<bool> exceeded_{false};
};

struct setting_name {
    std::string operator()(const auto& info) const { return info.param.name; }
};

using stepped_shares = basic_shared_shares<testing::stepped_atomic, testing::stepped_mutex>;

TEST(what_is_kept, S123_is_not_lent_in_the_instant_in_which_its_owner_gives_it_back) {
    constexpr std::size_t borrower = 1;
    constexpr std::size_t owner = 2;
    constexpr std::size_t third = 3;
    for (std::uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
        stepped_shares shares{bounds_of({0, 2, 2, 2}, 6, 0.5), 6, {}};
        for (const std::size_t tenant : {borrower, borrower, borrower, third, third, owner})
            EXPECT_TRUE(shares.try_take(tenant));
        bool has_borrowed = false;
        testing::play_stepped(2, seed, [&](unsigned thread) {
            if (thread == 0)
                shares.give_back(owner);
            else
                has_borrowed = shares.try_take(borrower);
        });
        EXPECT_FALSE(has_borrowed) << "seed " << seed;
        EXPECT_TRUE(shares.try_take(owner)) << "seed " << seed;
    }
}

class fair_histories : public ::testing::TestWithParam<setting> {
protected:
    static void step_by_step(unsigned threads, unsigned turns, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped_shares> at_play{GetParam(), threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, turns); });
            EXPECT_FALSE(at_play.somebody_waits_for_nothing()) << "seed " << seed;
            EXPECT_FALSE(at_play.somebody_misses_what_is_kept()) << "seed " << seed;
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }
};

TEST_P(fair_histories, of_two_threads_step_by_step) { step_by_step(2, 12, 100); }
TEST_P(fair_histories, of_three_threads_step_by_step) { step_by_step(3, 10, 100); }

TEST_P(fair_histories, of_four_threads_in_parallel) {
    std::unique_ptr<game<shared_shares>> at_play;
    const auto between = [&](unsigned round) {
        if (at_play) {
            EXPECT_FALSE(at_play->somebody_waits_for_nothing());
            EXPECT_FALSE(at_play->somebody_misses_what_is_kept());
            if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
        }
        at_play = std::make_unique<game<shared_shares>>(GetParam(), 4, round);
    };
    testing::race(4, 100, between, [&](unsigned thread, unsigned) { at_play->play(thread, 30); });
}

INSTANTIATE_TEST_SUITE_P(settings, fair_histories,
                         ::testing::Values(setting{"all_may_be_borrowed", 3, 1},
                                           setting{"half_may_be_borrowed", 6, 0.5},
                                           setting{"none_may_be_borrowed", 6, 0}),
                         setting_name{});

}  // namespace
}  // namespace cutwater
