#include "cutwater/drive/work/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using enum criticality;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr instant start{1000h};

struct task final : work_item {
    task(std::string name, criticality importance, instant deadline)
        : work_item{importance, deadline}, called{std::move(name)} {}
    std::string called;
};

class work_line_test : public ::testing::Test {
protected:
    task& enter(const std::string& called, criticality importance = normal, instant deadline = never) {
        task& made = all_.emplace_back(called, importance, deadline);
        line.make_room(all_.size());
        line.enter(made);
        return made;
    }
    task* take(duration since_start = 0s) {
        moment now{add(start, since_start)};
        return static_cast<task*>(line.take(now));
    }
    std::string take_name(duration since_start = 0s) {
        const task* const taken = take(since_start);
        return taken == nullptr ? "nobody" : taken->called;
    }
    std::vector<std::string> take_all(duration since_start = 0s) {
        std::vector<std::string> order;
        while (const task* const next = take(since_start)) order.push_back(next->called);
        return order;
    }

    work_line line;

private:
    std::deque<task> all_;
};

TEST_F(work_line_test, what_matters_more_goes_first_and_then_what_came_first) {
    enter("a");
    enter("job", best_effort);
    enter("b");
    enter("vital", critical);
    enter("c", sheddable);
    EXPECT_EQ(line.waiting(), 5U);
    EXPECT_THAT(take_all(), ElementsAre("vital", "a", "b", "c", "job"));
    EXPECT_FALSE(line.has_waiting());
}

TEST_F(work_line_test, who_comes_back_stands_by_the_time_that_it_first_came) {
    enter("a");
    enter("b");
    line.rest(*take(), add(start, 10ms));
    enter("c");
    enter("vital", critical);
    EXPECT_THAT(take_all(10ms), ElementsAre("vital", "a", "b", "c"));
}

TEST_F(work_line_test, who_is_called_back_goes_before_all_others_in_the_order_of_the_calls) {
    task& a = enter("a", best_effort);
    task& b = enter("b", best_effort);
    line.rest(*take(), never);
    line.rest(*take(), never);
    enter("vital", critical);
    EXPECT_FALSE(line.is_called_back_next());
    line.come_back(b);
    line.come_back(a);
    EXPECT_TRUE(line.is_called_back_next());
    EXPECT_EQ(line.waiting(), 3U);
    EXPECT_THAT(take_all(), ElementsAre("b", "a", "vital"));
}

TEST_F(work_line_test, who_is_called_back_can_still_be_called_off_and_pass_its_deadline) {
    task& a = enter("a");
    task& b = enter("b", normal, add(start, 5ms));
    line.rest(*take(), never);
    line.rest(*take(), never);
    line.come_back(b);
    line.come_back(a);
    EXPECT_EQ(line.next_change(), add(start, 5ms));
    line.call_off_all();
    EXPECT_EQ(line.waiting(), 0U);
    EXPECT_EQ(line.next_change(), never);
    EXPECT_THAT(take_all(), ElementsAre("b", "a"));
}

TEST_F(work_line_test, who_rests_is_not_served_before_its_time) {
    enter("a");
    line.rest(*take(), add(start, 10ms));
    EXPECT_EQ(line.resting(), 1U);
    EXPECT_EQ(line.next_change(), add(start, 10ms));
    EXPECT_EQ(take_name(10ms - 1ns), "nobody");
    EXPECT_EQ(take_name(10ms), "a");
    EXPECT_EQ(line.next_change(), never);
}

TEST_F(work_line_test, who_rests_is_served_when_it_is_called_back_and_only_once) {
    task& a = enter("a");
    EXPECT_FALSE(line.come_back(a)) << "it waits";
    line.rest(*take(), never);
    EXPECT_TRUE(line.come_back(a));
    EXPECT_FALSE(line.come_back(a));
    EXPECT_THAT(take_all(), ElementsAre("a"));
    EXPECT_FALSE(line.come_back(a)) << "it is being served";
}

TEST_F(work_line_test, T46_what_is_past_its_deadline_leaves_before_anybody_is_served) {
    enter("vital", critical);
    enter("late", best_effort, add(start, 20ms));
    enter("later", normal, add(start, 5ms));
    EXPECT_EQ(line.next_change(), add(start, 5ms));
    EXPECT_THAT(take_all(20ms), ElementsAre("later", "late", "vital"));
}

TEST_F(work_line_test, T46_who_has_begun_leaves_by_its_deadline_only_when_it_is_served) {
    enter("back", normal, add(start, 5ms));
    line.rest(*take(), start);
    moment now{start};
    line.let_come_back(now);
    enter("late", normal, add(start, 9ms));
    EXPECT_EQ(line.next_expiry(), add(start, 9ms));
    EXPECT_EQ(line.next_change(), add(start, 5ms));
    EXPECT_EQ(line.take_expired(add(start, 9ms - 1ns)), nullptr);
    const auto* const late = static_cast<task*>(line.take_expired(add(start, 9ms)));
    ASSERT_NE(late, nullptr);
    EXPECT_EQ(late->called, "late");
    EXPECT_EQ(line.take_expired(add(start, 9ms)), nullptr);
    EXPECT_EQ(line.next_expiry(), never);
    EXPECT_THAT(take_all(9ms), ElementsAre("back"));
}

TEST_F(work_line_test, a_deadline_is_over_when_its_instant_comes) {
    enter("vital", critical);
    enter("soon", normal, add(start, 5ms));
    moment before{add(start, 5ms - 1ns)};
    EXPECT_EQ(line.take_leaving(before), nullptr);
    moment at{add(start, 5ms)};
    EXPECT_NE(line.take_leaving(at), nullptr);
}

TEST_F(work_line_test, T43_what_is_called_off_leaves_first_wherever_it_stands) {
    task& waits = enter("waits");
    task& rests = enter("rests", critical);
    line.rest(*take(), never);
    enter("vital", critical);
    line.call_off(waits);
    line.call_off(rests);
    line.call_off(rests);
    EXPECT_EQ(line.waiting(), 1U);
    EXPECT_THAT(take_all(), ElementsAre("waits", "rests", "vital"));
    line.call_off(waits);
    EXPECT_THAT(take_all(), IsEmpty()) << "it is gone";
}

TEST_F(work_line_test, all_are_called_off_at_once) {
    enter("fresh");
    enter("back", critical);
    line.rest(*take(), start);
    enter("rests", critical);
    line.rest(*take(), never);
    moment now{start};
    line.let_come_back(now);
    line.call_off_all();
    EXPECT_EQ(line.waiting() + line.resting(), 0U);
    EXPECT_EQ(take_all().size(), 3U);
}

TEST_F(work_line_test, a_newcomer_takes_the_place_of_the_oldest_that_matters_least) {
    enter("vital", critical);
    enter("a");
    enter("job 1", best_effort);
    enter("job 2", best_effort);
    const auto displaced_by = [&](criticality c) {
        const auto* const w = static_cast<task*>(line.take_displaced(c));
        return w == nullptr ? "nobody" : w->called;
    };
    EXPECT_EQ(displaced_by(best_effort), "job 1");
    EXPECT_EQ(displaced_by(critical), "job 2");
    EXPECT_EQ(displaced_by(sheddable), "nobody") << "what is left matters more";
    EXPECT_EQ(displaced_by(normal), "a");
    EXPECT_EQ(displaced_by(critical), "vital");
    EXPECT_EQ(displaced_by(critical), "nobody");
}

TEST_F(work_line_test, who_has_begun_is_never_displaced) {
    enter("rests", best_effort);
    line.rest(*take(), never);
    enter("back", best_effort);
    line.rest(*take(), start);
    moment now{start};
    line.let_come_back(now);
    EXPECT_EQ(line.take_displaced(critical), nullptr);
}

TEST_F(work_line_test, reads_no_clock_where_nobody_rests_or_has_a_deadline) {
    enter("a");
    unsigned reads = 0;
    moment now{[](void* count) noexcept { return ++*static_cast<unsigned*>(count), start; }, &reads};
    EXPECT_NE(line.take(now), nullptr);
    EXPECT_EQ(line.take(now), nullptr);
    EXPECT_EQ(reads, 0U);
}

TEST_F(work_line_test, it_is_cleared_of_whoever_is_left) {
    enter("fresh");
    enter("rests", critical);
    line.rest(*take(), never);
    line.call_off(enter("off"));
    unsigned left = 0;
    while (line.take_any() != nullptr) ++left;
    EXPECT_EQ(left, 3U);
}

// --- any history -------------------------------------------------------------------------------------------------------

/// The same in the plainest words: everybody in one list that is looked through from the start.
class plain_line {
public:
    struct one {
        int id;
        criticality importance;
        instant deadline;
        std::uint64_t number;
        std::optional<instant> rests_until{};
        std::uint64_t called_off = 0;
        std::uint64_t called_back = 0;
        bool has_begun = false;
    };

    void enter(int id, criticality importance, instant deadline) {
        all_.push_back({id, importance, deadline, ++count_});
    }
    void rest(one w, instant until) {
        w.rests_until = until;
        all_.push_back(w);
    }
    void call_off(int id) {
        for (one& w : all_)
            if (w.id == id && w.called_off == 0) w.called_off = ++count_;
    }
    void come_back(int id) {
        for (one& w : all_)
            if (w.id == id) w.rests_until.reset(), w.called_back = ++count_;
    }
    std::optional<one> take(instant now) {
        for (one& w : all_)
            if (w.called_off == 0 && w.rests_until && *w.rests_until <= now) w.rests_until.reset();
        const auto rank = [&](const one& w) {
            const bool expired = !w.rests_until && w.deadline <= now && w.deadline != never;
            const int leaves = w.called_off != 0 ? 0 : expired ? 1 : w.called_back != 0 ? 2 : w.rests_until ? 4 : 3;
            const auto among = leaves == 0   ? static_cast<std::int64_t>(w.called_off)
                               : leaves == 1 ? w.deadline.time_since_epoch().count()
                               : leaves == 2 ? static_cast<std::int64_t>(w.called_back)
                                             : static_cast<std::int64_t>(level_of(w.importance));
            return std::tuple{leaves, among, leaves == 1 ? 0 : w.number};
        };
        const auto next = std::ranges::min_element(all_, {}, rank);
        if (next == all_.end() || (next->rests_until && next->called_off == 0)) return {};
        one taken = *next;
        all_.erase(next);
        taken.has_begun = true;
        taken.called_off = 0;
        taken.called_back = 0;
        return taken;
    }
    std::optional<int> expire(instant now) {
        auto first = all_.end();
        for (auto w = all_.begin(); w != all_.end(); ++w)
            if (!w->has_begun && w->called_off == 0 && w->deadline <= now && w->deadline != never &&
                (first == all_.end() || w->deadline < first->deadline))
                first = w;
        if (first == all_.end()) return {};
        const int id = first->id;
        all_.erase(first);
        return id;
    }
    std::optional<int> displace(criticality by) {
        const auto rank = [](const one& w) { return std::tuple{-static_cast<int>(level_of(w.importance)), w.number}; };
        auto oldest = all_.end();
        for (auto w = all_.begin(); w != all_.end(); ++w)
            if (!w->has_begun && w->called_off == 0 && w->importance >= by &&
                (oldest == all_.end() || rank(*w) < rank(*oldest)))
                oldest = w;
        if (oldest == all_.end()) return {};
        const int id = oldest->id;
        all_.erase(oldest);
        return id;
    }

private:
    std::vector<one> all_;
    std::uint64_t count_ = 0;
};

struct numbered final : work_item {
    numbered(int number, criticality importance, instant deadline) : work_item{importance, deadline}, id{number} {}
    int id;
};

/// The line and the plain one, told the same.
class both_lines {
public:
    void enter(instant now) {
        const auto importance = *rc::gen::element(critical, normal, sheddable, best_effort);
        const int id = static_cast<int>(all_.size());
        // two deadlines at one instant leave in any order: none are
        const instant deadline = add(*rc::gen::element(never, never, add(now, 4ms), add(now, 11ms)), duration{id});
        all_.emplace_back(id, importance, deadline);
        line_.make_room(all_.size());
        line_.enter(all_.back());
        plain_.enter(id, importance, deadline);
    }
    void rest(instant now) {
        if (served_.empty()) return;
        const instant until = *rc::gen::element(never, now, add(now, 3ms));
        line_.rest(*served_.back().first, until);
        plain_.rest(served_.back().second, until);
        served_.pop_back();
    }
    void call_off() {
        if (all_.empty()) return;
        numbered& w = any();
        line_.call_off(w);
        plain_.call_off(w.id);
    }
    void come_back() {
        if (all_.empty()) return;
        numbered& w = any();
        if (line_.come_back(w)) plain_.come_back(w.id);
    }
    void displace() {
        const auto by = *rc::gen::element(critical, normal, sheddable, best_effort);
        const auto* const displaced = static_cast<numbered*>(line_.take_displaced(by));
        RC_ASSERT((displaced == nullptr ? std::nullopt : std::optional{displaced->id}) == plain_.displace(by));
    }
    void expire(instant now) {
        const auto* const expired = static_cast<numbered*>(line_.take_expired(now));
        RC_ASSERT((expired == nullptr ? std::nullopt : std::optional{expired->id}) == plain_.expire(now));
    }
    void take(instant now) {
        moment at{now};
        auto* const next = static_cast<numbered*>(line_.take(at));
        const auto expected = plain_.take(now);
        RC_ASSERT((next != nullptr) == expected.has_value());
        if (next == nullptr) return;
        RC_ASSERT(next->id == expected->id);
        served_.emplace_back(next, *expected);
    }

private:
    [[nodiscard]] numbered& any() { return all_[*rc::gen::inRange<std::size_t>(0, all_.size())]; }

    work_line line_;
    plain_line plain_;
    std::deque<numbered> all_;
    std::vector<std::pair<numbered*, plain_line::one>> served_;
};

RC_GTEST_PROP(work_line, whatever_happens_it_serves_whom_the_plainest_words_say, ()) {
    both_lines lines;
    instant now = start;
    const int steps = *rc::gen::inRange(1, 80);
    for (int step = 0; step < steps; ++step) {
        now = add(now, *rc::gen::element<duration>(0ns, 1ms, 5ms));
        switch (*rc::gen::inRange(0, 10)) {
            case 0: lines.rest(now); break;
            case 9: lines.expire(now); break;
            case 1: lines.call_off(); break;
            case 2: lines.come_back(); break;
            case 3: lines.displace(); break;
            case 4:
            case 5:
            case 6: lines.take(now); break;
            default: lines.enter(now); break;
        }
    }
}

}  // namespace
}  // namespace cutwater
