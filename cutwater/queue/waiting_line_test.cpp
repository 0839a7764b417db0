// Who is next, and who leaves without: as scripts, and against a model that looks at everybody each time, as a line of at most 64 does.

#include "cutwater/queue/waiting_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>
#include <map>
#include <memory>
#include <vector>

namespace cutwater::waiting_line_tests {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using enum criticality;

constexpr instant noon{12h};

/// One who waits, and is counted when it is woken.
struct guest final : waker {
    void wake() noexcept override { ++woken; }
    int woken = 0;
    int number = 0;
    waiter place{*this};
};

/// A line, and everybody who ever came.
class party {
public:
    explicit party(queue_rules rules) : line{rules} {}

    bool come(criticality c = normal, duration patience = 1h) {
        guests.push_back(std::make_unique<guest>());
        guest& g = *guests.back();
        g.number = static_cast<int>(guests.size());
        g.place.importance = c;
        g.place.until = now + patience;
        return line.push(g.place, now);
    }
    /// The number of who is served; 0: nobody.
    int serve() {
        waiter* const next = line.next(now);
        if (next == nullptr) return 0;
        line.grant(*next);
        for (const auto& g : guests)
            if (&g->place == next) return g->place.take_grant() ? g->number : -1;
        return -1;
    }
    std::vector<int> serve_all() {
        std::vector<int> served;
        while (const int who = serve()) served.push_back(who);
        return served;
    }
    [[nodiscard]] std::optional<errc> turned_away(int number) const { return at(number).place.turned_away(); }
    [[nodiscard]] guest& at(int number) const { return *guests.at(static_cast<std::size_t>(number) - 1); }

    waiting_line line;
    instant now = noon;
    std::vector<std::unique_ptr<guest>> guests;
};

TEST(a_waiting_line, serves_in_the_order_of_coming) {
    party p{{.max_length = 3}};
    EXPECT_TRUE(p.come() && p.come() && p.come());
    EXPECT_FALSE(p.come()) << "it is full";
    EXPECT_EQ(p.line.size(), 3U);
    EXPECT_THAT(p.serve_all(), ElementsAre(1, 2, 3));
    EXPECT_TRUE(p.line.empty());
    EXPECT_EQ(p.at(1).woken, 1);
    EXPECT_EQ(p.at(4).woken, 0) << "who was not taken in is not woken";
}

TEST(a_waiting_line, knows_what_those_weigh_who_stand_before_one) {
    party p{{.max_length = 4}};
    p.come(critical), p.come(sheddable), p.come(normal), p.come(normal, 1s);
    EXPECT_EQ(p.line.first(), &p.at(1).place);
    EXPECT_EQ(p.line.weight_ahead_of(critical), 1U);
    EXPECT_EQ(p.line.weight_ahead_of(normal), 3U);
    EXPECT_EQ(p.line.weight_ahead_of(best_effort), 4U);
    p.line.wake_first();
    EXPECT_EQ(p.at(1).woken, 1);
    p.line.remove(p.at(1).place);
    p.now += 2s;
    p.come(), p.come(critical);  // the one whose time is over makes room, and then the one that matters least
    EXPECT_EQ(p.line.first(), &p.at(6).place);
    EXPECT_EQ(p.line.weight_ahead_of(best_effort), 4U);
    EXPECT_EQ(p.line.weight_ahead_of(critical), 1U);
}

TEST(a_waiting_line, knows_what_those_weigh_who_stand_before_one_of_its_own) {
    party p{{.max_length = 9}};
    for (int i = 0; i < 4; ++i) p.come();
    p.come(critical);
    EXPECT_EQ(p.line.weight_before(p.at(5).place), 0U);
    EXPECT_EQ(p.line.weight_before(p.at(1).place), 1U);
    EXPECT_EQ(p.line.weight_before(p.at(4).place), 4U);
    p.line.remove(p.at(3).place);
    EXPECT_EQ(p.line.weight_before(p.at(4).place), 4U) << "until those before it have gone";
    EXPECT_EQ(p.serve(), 5);
    EXPECT_EQ(p.serve(), 1);
    EXPECT_EQ(p.line.weight_before(p.at(4).place), 2U);
    EXPECT_EQ(p.serve(), 2);
    EXPECT_EQ(p.line.weight_before(p.at(4).place), 0U);
}

RC_GTEST_PROP(a_waiting_line, never_counts_too_little_before_one_of_its_own, ()) {
    party p{{.max_length = 20}};
    for (int step = 0; step < 40; ++step) {
        const int act = *rc::gen::inRange(0, 4);
        if (act == 0) (void)p.serve();
        if (act == 1 && !p.guests.empty())
            p.line.remove(p.at(*rc::gen::inRange(1, static_cast<int>(p.guests.size()) + 1)).place);
        if (act >= 2) p.come(static_cast<criticality>(*rc::gen::inRange(0, 4)));
        for (const auto& g : p.guests) {
            if (!g->place.is_queued()) continue;
            const auto stands_before = [&](const auto& other) {
                if (!other->place.is_queued() || other == g) return false;
                const auto one = level_of(other->place.importance);
                const auto two = level_of(g->place.importance);
                return one < two || (one == two && other->number < g->number);
            };
            RC_ASSERT(p.line.weight_before(g->place) >= std::uint64_t(std::ranges::count_if(p.guests, stands_before)));
        }
    }
}

TEST(a_waiting_line, T85_what_matters_more_goes_first) {
    party p{{.max_length = 9}};
    p.come(best_effort), p.come(sheddable), p.come(normal), p.come(critical), p.come(normal), p.come(critical);
    EXPECT_THAT(p.serve_all(), ElementsAre(4, 6, 3, 5, 2, 1));
}

TEST(a_waiting_line, T85_in_a_full_line_what_matters_more_takes_the_place_of_the_last_that_matters_least) {
    party p{{.max_length = 3}};
    p.come(best_effort), p.come(sheddable), p.come(best_effort);
    EXPECT_TRUE(p.come(normal));
    EXPECT_EQ(p.turned_away(3), errc::displaced);
    EXPECT_EQ(p.at(3).woken, 1);
    EXPECT_TRUE(p.come(critical));
    EXPECT_EQ(p.turned_away(1), errc::displaced);
    EXPECT_TRUE(p.come(critical));
    EXPECT_EQ(p.turned_away(2), errc::displaced);
    EXPECT_FALSE(p.come(normal)) << "nobody matters less";
    EXPECT_TRUE(p.come(critical)) << "there is still a normal one";
    EXPECT_FALSE(p.come(critical));
    EXPECT_THAT(p.serve_all(), ElementsAre(5, 6, 8));
}

TEST(a_waiting_line, the_expired_leave_before_anybody_is_served) {
    party p{{.max_length = 9}};
    p.come(normal, 9ms), p.come(normal, 10ms), p.come(critical, 5ms);
    p.now += 10ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(2)) << "at the last instant is in time";
    EXPECT_EQ(p.turned_away(1), errc::wait_timed_out);
    EXPECT_EQ(p.turned_away(3), errc::wait_timed_out);
    EXPECT_TRUE(p.line.empty());
}

TEST(a_waiting_line, the_expired_leave_before_anybody_is_turned_away_for_want_of_room) {
    party p{{.max_length = 2}};
    p.come(critical, 10ms), p.come(best_effort, 1h);
    p.now += 10ms;
    EXPECT_FALSE(p.come(best_effort));
    p.now += 1ns;
    EXPECT_TRUE(p.come(normal));
    EXPECT_EQ(p.turned_away(1), errc::wait_timed_out);
    EXPECT_EQ(p.turned_away(2), std::nullopt);
    EXPECT_THAT(p.serve_all(), ElementsAre(4, 2));
}

TEST(a_waiting_line, of_64_looks_at_everybody_whenever_somebody_comes) {
    party p{{.max_length = 64}};
    p.come(normal, 5ms);
    for (int i = 0; i < 62; ++i) p.come();
    p.come(normal, 10ms);
    p.now += 6ms;
    EXPECT_TRUE(p.come());
    EXPECT_FALSE(p.come());
    p.now += 5ms;
    EXPECT_TRUE(p.come());
    EXPECT_EQ(p.turned_away(64), errc::wait_timed_out);
}

TEST(a_waiting_line, that_is_long_is_looked_at_64_by_64) {
    party p{{.max_length = 400}};
    for (int i = 0; i < 200; ++i) p.come(i % 2 == 0 ? critical : normal, i < 150 ? duration{1h} : 10ms);
    for (int i = 0; i < 200; ++i) p.come(best_effort, 10ms);
    p.now += 11ms;  // of the critical and the normal the last 25 each have expired
    EXPECT_FALSE(p.come(best_effort)) << "the first 64 have not";
    EXPECT_TRUE(p.come(best_effort)) << "among the next there are 25";
    EXPECT_EQ(p.line.size(), 400U - 25 + 1);
    for (int i = 0; i < 24; ++i) EXPECT_TRUE(p.come(best_effort)) << "there is room, and nobody looks";
    EXPECT_TRUE(p.turned_away(151) == errc::wait_timed_out && !p.turned_away(200).has_value());
    EXPECT_EQ(p.line.size(), 400U);
}

TEST(a_waiting_line, lets_64_leave_and_no_more_when_somebody_comes) {
    party p{{.max_length = 1000}};
    for (int i = 0; i < 1000; ++i) p.come(normal, 10ms);
    p.now += 11ms;
    EXPECT_TRUE(p.come());
    EXPECT_EQ(p.line.size(), 1000U - 64 + 1);
    EXPECT_THAT(p.serve_all(), ElementsAre(1001)) << "but nobody is served whose time is over";
}

TEST(a_waiting_line, does_not_forget_one_who_came_to_where_it_had_looked_already) {
    party p{{.max_length = 130}};
    for (int i = 0; i < 70; ++i) p.come(critical);
    p.come(best_effort, 1ms);
    for (int i = 0; i < 59; ++i) p.come(best_effort);
    p.now += 2ms;
    EXPECT_FALSE(p.come(best_effort)) << "64 critical ones are looked at";
    EXPECT_TRUE(p.come(critical, 5ms)) << "the others, and the one that has expired";
    EXPECT_FALSE(p.come(best_effort)) << "the rest";
    p.now += 6ms;
    EXPECT_FALSE(p.come(best_effort));
    EXPECT_TRUE(p.come(best_effort)) << "the critical one that came last is found among the next";
    EXPECT_EQ(p.turned_away(132), errc::wait_timed_out);
}

TEST(a_waiting_line, goes_on_behind_one_who_has_left) {
    party p{{.max_length = 200}};
    for (int i = 0; i < 200; ++i) p.come(normal, i < 64 ? duration{1h} : 10ms);
    p.now += 11ms;
    EXPECT_FALSE(p.come());
    p.line.remove(p.at(65).place);
    EXPECT_TRUE(p.come()) << "there is room";
    EXPECT_EQ(p.line.size(), 200U);
    EXPECT_TRUE(p.come());
    EXPECT_EQ(p.turned_away(65), std::nullopt);
    EXPECT_EQ(p.turned_away(66), errc::wait_timed_out);
    EXPECT_EQ(p.line.size(), 200U - 64 + 1);
}

TEST(a_waiting_line, one_who_left_is_forgotten) {
    party p{{.max_length = 3}};
    p.come(), p.come(), p.come();
    p.line.remove(p.at(2).place);
    p.line.remove(p.at(2).place);
    EXPECT_EQ(p.line.size(), 2U);
    EXPECT_THAT(p.serve_all(), ElementsAre(1, 3));
    EXPECT_EQ(p.at(2).woken, 0);
}

TEST(a_waiting_line, adaptive_lifo_serves_the_newest_first_while_the_line_does_not_drain) {
    party p{{.max_length = 9, .order = queue_order::adaptive_lifo, .interval = 100ms}};
    p.come(), p.come(), p.come(), p.come();
    p.now += 100ms;
    EXPECT_EQ(p.serve(), 1) << "it has not stood for longer than the interval";
    p.now += 1ms;
    EXPECT_EQ(p.serve(), 4);
    p.come();
    EXPECT_THAT(p.serve_all(), ElementsAre(5, 3, 2));
    p.come(), p.come();
    EXPECT_THAT(p.serve_all(), ElementsAre(6, 7)) << "it has drained: first come, first served";
}

TEST(a_waiting_line, adaptive_lifo_makes_room_for_the_newest_by_the_oldest_while_the_line_does_not_drain) {
    party p{{.max_length = 2, .order = queue_order::adaptive_lifo, .interval = 100ms}};
    p.come(), p.come();
    EXPECT_FALSE(p.come());
    p.now += 101ms;
    EXPECT_TRUE(p.come());
    EXPECT_EQ(p.turned_away(1), errc::queue_overloaded);
    EXPECT_THAT(p.serve_all(), ElementsAre(4, 2));
}

TEST(a_waiting_line, codel_turns_away_who_has_waited_long_while_the_line_does_not_drain) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    for (int i = 0; i < 10; ++i) p.come();
    p.now += 50ms;
    EXPECT_EQ(p.serve(), 1);
    p.now += 100ms;
    EXPECT_EQ(p.serve(), 2) << "whether the line stands is not known yet";
    p.now += 1ms;
    EXPECT_EQ(p.serve(), 3) << "it stands, and the first of an interval is served";
    p.come();
    EXPECT_EQ(p.serve(), 11) << "all that had waited for 151 ms are gone";
    for (int gone = 4; gone <= 10; ++gone) EXPECT_EQ(p.turned_away(gone), errc::queue_overloaded);
}

TEST(a_waiting_line, codel_serves_a_burst_that_drains_however_long_it_has_waited) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    for (int i = 0; i < 5; ++i) p.come();
    p.now += 300ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(1, 2, 3, 4, 5));
}

TEST(a_waiting_line, codel_lets_everybody_in_again_when_the_line_has_drained) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    for (int i = 0; i < 3; ++i) p.come();
    p.now += 50ms;
    EXPECT_EQ(p.serve(), 1);
    p.now += 101ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(2));
    EXPECT_EQ(p.turned_away(3), errc::queue_overloaded);
    for (int i = 0; i < 3; ++i) p.come();
    p.now += 300ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(4, 5, 6));
}

TEST(a_waiting_line, codel_begins_anew_when_the_last_one_was_served) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    p.come(), p.come();
    p.now += 50ms;
    EXPECT_EQ(p.serve(), 1);
    p.now += 101ms;
    EXPECT_EQ(p.serve(), 2) << "the line has stood, and is empty now";
    p.come(), p.come();
    p.now += 100ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(3, 4));
}

TEST(a_waiting_line, codel_begins_anew_when_the_last_one_has_left) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    p.come(), p.come(), p.come();
    p.now += 50ms;
    EXPECT_EQ(p.serve(), 1);
    p.now += 101ms;
    EXPECT_EQ(p.serve(), 2) << "the line stands";
    p.line.remove(p.at(3).place);
    p.come(), p.come();
    p.now += 100ms;
    EXPECT_THAT(p.serve_all(), ElementsAre(4, 5));
}

TEST(a_waiting_line, codel_takes_one_who_comes_a_little_late_for_one_who_has_not_waited) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    p.come(), p.come(), p.come();
    p.now -= 1ms;  // another thread's instant
    EXPECT_THAT(p.serve_all(), ElementsAre(1, 2, 3));
}

TEST(a_waiting_line, codel_judges_what_matters_alike_by_its_own_delays) {
    party p{{.max_length = 99, .order = queue_order::codel, .target = 5ms, .interval = 100ms}};
    for (int i = 0; i < 4; ++i) p.come(best_effort);
    p.now += 50ms;
    EXPECT_EQ(p.serve(), 1);
    p.now += 101ms;
    p.come(critical), p.come(critical);
    EXPECT_THAT(p.serve_all(), ElementsAre(5, 6, 2)) << "the critical ones drain, the others stand";
    EXPECT_EQ(p.turned_away(3), errc::queue_overloaded);
    EXPECT_EQ(p.turned_away(4), errc::queue_overloaded);
}

// ---- against a model ----

struct known {
    int number;
    criticality matters;
    instant until;
};

/// First come, first served among those that matter alike; looks at everybody each time.
class model {
public:
    explicit model(std::size_t most) : most_{most} {}

    bool come(known k, instant now) {
        if (all_.size() >= most_) std::erase_if(all_, [&](const known& each) { return each.until < now; });
        if (all_.size() >= most_) {
            auto least = all_.end();
            for (auto it = all_.begin(); it != all_.end(); ++it)
                if (it->matters > k.matters && (least == all_.end() || it->matters >= least->matters)) least = it;
            if (least == all_.end()) return false;
            all_.erase(least);
        }
        all_.push_back(k);
        return true;
    }
    int serve(instant now) {
        auto best = all_.end();
        for (auto it = all_.begin(); it != all_.end(); ++it)
            if (it->until >= now && (best == all_.end() || it->matters < best->matters)) best = it;
        const int number = best == all_.end() ? 0 : best->number;
        // whoever mattered as much, came before and has expired is gone with it; the others are looked at when it is their turn
        if (best != all_.end()) {
            const known served = *best;
            std::erase_if(all_, [&](const known& each) {
                return each.number == served.number ||
                       (each.until < now && (each.matters < served.matters ||
                                             (each.matters == served.matters && each.number < served.number)));
            });
        } else {
            all_.clear();
        }
        return number;
    }
    void leave(int number) {
        std::erase_if(all_, [&](const known& each) { return each.number == number; });
    }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    std::size_t most_;
    std::vector<known> all_;
};

RC_GTEST_PROP(a_waiting_line, decides_as_one_that_looks_at_everybody, ()) {
    const auto most = *rc::gen::inRange<std::size_t>(1, 6);
    party p{{.max_length = most}};
    model m{most};
    const int steps = *rc::gen::inRange(0, 80);
    for (int i = 0; i < steps; ++i) {
        p.now += std::chrono::milliseconds{*rc::gen::inRange(0, 4)};
        switch (*rc::gen::inRange(0, 5)) {
            case 0: RC_ASSERT(p.serve() == m.serve(p.now)); break;
            case 1:
                if (!p.guests.empty()) {
                    const int who = *rc::gen::inRange(1, static_cast<int>(p.guests.size()) + 1);
                    p.line.remove(p.at(who).place);
                    m.leave(who);
                }
                break;
            default: {
                const auto matters = static_cast<criticality>(*rc::gen::inRange(0, 4));
                const duration patience = std::chrono::milliseconds{*rc::gen::inRange(1, 20)};
                const bool came = p.come(matters, patience);
                RC_ASSERT(came == m.come({static_cast<int>(p.guests.size()), matters, p.now + patience}, p.now));
            }
        }
        RC_ASSERT(p.line.size() == m.size());
    }
}

RC_GTEST_PROP(a_waiting_line, that_is_long_refuses_nobody_for_longer_than_it_takes_to_go_round_twice, ()) {
    const auto most = *rc::gen::inRange<std::size_t>(65, 400);
    party p{{.max_length = most}};
    const auto come = [&] { return p.come(normal, *rc::gen::element<duration>(1ms, 5ms, 1h)); };
    while (p.line.size() < most) come();
    for (int step = 0; step < 20; ++step) {
        p.now += std::chrono::milliseconds{*rc::gen::inRange(0, 3)};
        switch (*rc::gen::inRange(0, 3)) {
            case 0: (void)p.serve(); break;
            case 1: p.line.remove(p.at(*rc::gen::inRange(1, static_cast<int>(p.guests.size()) + 1)).place); break;
            default: come();
        }
    }
    const auto has_expired = [&](const auto& g) { return g->place.is_queued() && g->place.until < p.now; };
    for (const auto& g : p.guests) RC_ASSERT(g->place.turned_away() != errc::wait_timed_out || g->place.until < p.now);
    const std::size_t round = most / waiting_line::looks_of_a_push + 1;
    for (std::size_t refused = 0; std::ranges::any_of(p.guests, has_expired);) {
        refused = p.come() ? 0 : refused + 1;
        RC_ASSERT(refused < 2 * round);
    }
    while (p.line.size() < most) p.come();
    RC_ASSERT(!p.come());
}

RC_GTEST_PROP(a_waiting_line, everybody_is_served_turned_away_or_still_there_in_any_order, ()) {
    const auto order = *rc::gen::element(queue_order::fifo, queue_order::adaptive_lifo, queue_order::codel);
    party p{{.max_length = *rc::gen::inRange<std::size_t>(1, 9), .order = order, .target = 2ms, .interval = 10ms}};
    std::size_t served = 0;
    std::size_t refused = 0;
    const int steps = *rc::gen::inRange(0, 100);
    for (int i = 0; i < steps; ++i) {
        p.now += std::chrono::milliseconds{*rc::gen::inRange(0, 8)};
        if (*rc::gen::inRange(0, 3) == 0)
            served += p.serve() != 0 ? 1U : 0U;
        else
            refused += p.come(static_cast<criticality>(*rc::gen::inRange(0, 4)), 30ms) ? 0U : 1U;
    }
    const auto turned_away =
        std::ranges::count_if(p.guests, [](const auto& g) { return g->place.turned_away().has_value(); });
    const auto waiting = std::ranges::count_if(p.guests, [](const auto& g) { return g->place.is_queued(); });
    RC_ASSERT(static_cast<std::size_t>(waiting) == p.line.size());
    RC_ASSERT(served + refused + static_cast<std::size_t>(turned_away + waiting) == p.guests.size());
}

}  // namespace
}  // namespace cutwater::waiting_line_tests
