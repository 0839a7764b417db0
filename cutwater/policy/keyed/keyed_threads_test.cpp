// The tables shared by threads: random histories on so few slots that keys are forgotten all the time, step by step and on the
// machine's own threads, are held against limits and counts that are never forgotten.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

#include "cutwater/keyed.hpp"
#include "cutwater/policy/keyed/noon_test.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr std::size_t slots_of_a_group = 2;

/// All keys have their places in one group.
fingerprint crowded(std::uint64_t key) { return {.place = key, .mark = key + 2}; }

// ---- cells: a call asks for permits of a key, or gives back what it got ----

enum class outcome_of : std::uint8_t { admitted, refused, no_room };

struct cell_call {
    bool gives_back = false;
    std::uint64_t key = 0;
    unsigned weight = 1;
    instant at = noon;
    rate_slot slot{};
    outcome_of answer{};
};

std::ostream& operator<<(std::ostream& out, const cell_call& c) {
    constexpr std::string_view answers[] = {"admitted", "refused", "no room"};
    out << (c.gives_back ? "gives back " : "asks ") << c.weight << " of " << c.key << " at "
        << between(noon, c.at).count() << ", mark " << c.slot.mark;
    if (!c.gives_back) out << ": " << answers[static_cast<unsigned>(c.answer)];
    return out;
}

const rate_limiter_options twenty_a_second{.permits = 20, .per = 1s, .burst = 2};

/// A limit for each key, never forgotten. The table may be stricter only with an instant before one that it had heard of.
class never_forgetting {
public:
    bool take(const cell_call& c) {
        const bool is_late = c.at < latest_;
        latest_ = std::max(latest_, c.at);
        gcra::word& mine = words_[c.key];
        if (c.gives_back) return lowered_[c.key] = true, rule().give_back(mine, c.slot, c.at), true;
        if (c.answer == outcome_of::no_room) return may_be_full(c);
        gcra::word next = mine;
        const auto expected = rule().take(next, c.weight, c.at);
        if (c.answer == outcome_of::refused) return !expected || is_late;
        if (!expected || c.slot.mark < expected->mark || (c.slot.mark != expected->mark && !is_late)) return false;
        mine = c.slot.mark;
        return true;
    }
    friend bool operator==(const never_forgetting&, const never_forgetting&) = default;

private:
    static const gcra& rule() {
        static const gcra the_rule{20, 1s, 2};
        return the_rule;
    }
    [[nodiscard]] bool may_be_full(const cell_call& c) {
        std::size_t needed = 0;
        for (const auto& [key, word] : words_)
            needed += key != c.key && (!rule().is_fresh(word, c.at) || lowered_[key]) ? 1U : 0U;
        return needed >= slots_of_a_group && rule().is_fresh(words_[c.key], latest_);  // it may be forgotten by then
    }

    std::map<std::uint64_t, gcra::word> words_;
    std::map<std::uint64_t, bool> lowered_;
    instant latest_ = noon;
};

template <template <class> class Atomic, class Mutex>
class cell_game {
public:
    cell_game(unsigned threads, std::uint64_t seed, std::uint64_t keys) : seen_{threads}, seed_{seed}, keys_{keys} {}

    void play(unsigned thread, unsigned calls) {
        random_source dice{seed_ * 100 + thread};
        std::optional<std::pair<cell_call, key_place>> unused;
        for (unsigned i = 0; i < calls; ++i) {
            const instant at = now_.load();
            now_.store(add(at, duration{static_cast<duration::rep>(dice() % 60'000'000)}));
            if (unused && dice() % 2 == 0) {
                seen_.record(thread, [&] { return give_back(*unused, now_.load()); });
                unused.reset();
                continue;
            }
            key_place place;
            const cell_call made = seen_.record(thread, [&] {
                return ask({.key = dice() % keys_, .weight = 1 + static_cast<unsigned>(dice() % 2), .at = at}, place);
            });
            if (made.answer == outcome_of::admitted) unused.emplace(made, place);
        }
    }

    std::string end() {
        const auto calls = seen_.all();
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        return testing::linearize(calls, never_forgetting{})
                   ? ""
                   : "limits that never forget have no order for\n" + story.str();
    }

private:
    using table = basic_cell_table<rate_cells, slots_of_a_group, Atomic, Mutex>;
    using answer = typename table::answer;

    cell_call ask(cell_call c, key_place& place) {
        const gcra rule{20, 1s, 2};
        switch (table_.alter(crowded(c.key), c.at, place, [&](auto& w) {
            const auto taken = rule.take(w, c.weight, c.at);
            if (taken) c.slot = *taken;
            return taken.has_value();
        })) {
            case answer::yes: c.answer = outcome_of::admitted; break;
            case answer::no: c.answer = outcome_of::refused; break;
            case answer::full: c.answer = outcome_of::no_room; break;
        }
        return c;
    }
    cell_call give_back(const std::pair<cell_call, key_place>& unused, instant at) {
        const gcra rule{20, 1s, 2};
        table_.lower(unused.second, at, [&](auto& w) { rule.give_back(w, unused.first.slot, at); });
        cell_call c = unused.first;
        c.gives_back = true;
        c.at = at;
        return c;
    }

    Atomic<instant> now_{noon};
    const rate_cells rules_{twenty_a_second, name{"each"}};
    table table_{rules_, 1};
    testing::history<cell_call> seen_;
    std::uint64_t seed_;
    std::uint64_t keys_;
};

// ---- whole policies: a call enters the policy of a key, and leaves it ----

/// Counts who is in. As new when nobody is.
template <template <class> class Atomic>
class counted_room {
public:
    struct ticket {};
    [[nodiscard]] unsigned enter() { return in_.fetch_add(1); }
    [[nodiscard]] unsigned leave() { return in_.fetch_sub(1); }
    [[nodiscard]] bool is_fresh(instant) const { return in_.load() == 0; }

private:
    Atomic<unsigned> in_{0};
};

struct room_call {
    bool leaves = false;
    std::uint64_t key = 0;
    std::optional<unsigned> others{};  ///< who were in before; nothing: there was no room for the key
};

std::ostream& operator<<(std::ostream& out, const room_call& c) {
    out << (c.leaves ? "leaves " : "enters ") << c.key << ": ";
    return c.others ? out << *c.others << " in" : out << "no room";
}

/// Who are in, for each key.
class rooms {
public:
    explicit rooms(unsigned threads) : threads_{threads} {}

    bool take(const room_call& c) {
        unsigned& in = in_[c.key];
        if (!c.others)
            return !c.leaves && in == 0 &&
                   needed_beside(c.key) + threads_ > slots_of_a_group;  // who only looks in counts, too
        const unsigned before = c.leaves ? in-- : in++;
        return before == *c.others;
    }
    friend bool operator==(const rooms&, const rooms&) = default;

private:
    [[nodiscard]] unsigned needed_beside(std::uint64_t key) const {
        return static_cast<unsigned>(
            std::ranges::count_if(in_, [&](const auto& one) { return one.first != key && one.second > 0; }));
    }
    std::map<std::uint64_t, unsigned> in_;
    unsigned threads_;
};

template <template <class> class Atomic, class Mutex>
class room_game {
public:
    room_game(unsigned threads, std::uint64_t seed, std::uint64_t keys)
        : seen_{threads}, threads_{threads}, seed_{seed}, keys_{keys} {}

    void play(unsigned thread, unsigned calls) {
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < calls; ++i) {
            const std::uint64_t key = dice() % keys_;
            const bool holds_on = dice() % 2 == 0;  // else what keeps it is that it is needed
            typename table::node* held = nullptr;
            seen_.record(thread, [&] { return enter(key, held); });
            if (held == nullptr) continue;
            if (!holds_on) held->unpin();
            seen_.record(thread, [&] { return leave(key, holds_on ? held : table_.get(crowded(key), noon)); });
        }
    }
    std::string end() {
        const auto calls = seen_.all();
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        unsigned needed = 0;
        table_.visit(noon, [&](auto, const auto&) { ++needed; });
        if (needed != 0) return "somebody is in still after\n" + story.str();
        if (made_ > slots_of_a_group) return "more were made than there is room for\n" + story.str();
        return testing::linearize(calls, rooms{threads_})
                   ? ""
                   : "rooms that are never forgotten have no order for\n" + story.str();
    }

private:
    using room = counted_room<Atomic>;
    using table = basic_policy_table<room, slots_of_a_group, Atomic, Mutex>;

    room_call enter(std::uint64_t key, typename table::node*& held) {
        held = table_.get(crowded(key), noon);
        if (held == nullptr) return {.key = key};
        return {.key = key, .others = held->policy().enter()};
    }
    room_call leave(std::uint64_t key, typename table::node* held) {
        if (held == nullptr) return {.leaves = true, .key = key};
        const unsigned before = held->policy().leave();
        held->unpin();
        return {.leaves = true, .key = key, .others = before};
    }

    std::atomic<unsigned> made_{0};
    table table_{[this] { return made_.fetch_add(1), room{}; }, slots_of_a_group};
    testing::history<room_call> seen_;
    unsigned threads_;
    std::uint64_t seed_;
    std::uint64_t keys_;
};

// ---- both, step by step and in parallel ----

template <class Game>
void step_by_step(unsigned threads, unsigned calls, unsigned rounds, std::uint64_t keys) {
    for (std::uint64_t seed = 1; seed <= rounds && !::testing::Test::HasFailure(); ++seed) {
        Game at_play{threads, seed, keys};
        testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
        if (const std::string wrong = at_play.end(); !wrong.empty()) ADD_FAILURE() << "seed " << seed << ": " << wrong;
    }
}

template <class Game>
void in_parallel(unsigned threads, unsigned calls, unsigned rounds, std::uint64_t keys) {
    std::unique_ptr<Game> at_play;
    const auto between_rounds = [&](unsigned round) {
        if (at_play)
            if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
        at_play = std::make_unique<Game>(threads, round, keys);
    };
    testing::race(threads, rounds, between_rounds, [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
}

using stepped_cells = cell_game<testing::stepped_atomic, testing::stepped_mutex>;
using stepped_rooms = room_game<testing::stepped_atomic, testing::stepped_mutex>;

TEST(keyed_cells, of_two_threads_step_by_step) { step_by_step<stepped_cells>(2, 8, 300, 4); }
TEST(keyed_cells, of_three_threads_step_by_step) { step_by_step<stepped_cells>(3, 6, 300, 5); }
TEST(keyed_cells, of_three_threads_in_parallel) { in_parallel<cell_game<std::atomic, std::mutex>>(3, 6, 300, 4); }

TEST(keyed_policies, of_two_threads_step_by_step) { step_by_step<stepped_rooms>(2, 8, 500, 4); }
TEST(keyed_policies, of_three_threads_step_by_step) { step_by_step<stepped_rooms>(3, 5, 500, 4); }
TEST(keyed_policies, of_three_threads_in_parallel) { in_parallel<room_game<std::atomic, std::mutex>>(3, 5, 300, 4); }

// ---- under load ----

TEST(keyed_threads, S112_each_key_is_admitted_exactly_as_often_as_is_allowed_while_strangers_come_and_go) {
    constexpr unsigned threads = 4;
    constexpr unsigned hot = 3;
    keyed<rate_limiter> each{{.permits = 1000, .per = 24h, .burst = 1000}, {.max_keys = 8}};
    const auto key = [](unsigned n) { return "hot-" + std::to_string(n); };
    std::array<std::atomic<unsigned>, hot> admitted{};
    for (unsigned n = 0; n < hot; ++n) admitted[n] += each.try_acquire(key(n), noon) ? 1U : 0U;
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < 1500; ++i) {
                for (unsigned n = 0; n < hot; ++n) admitted[n] += each.try_acquire(key(n), noon) ? 1U : 0U;
                (void)each.try_acquire(std::to_string(thread * 10'000 + i), noon);
            }
        });
    for (const auto& n : admitted) EXPECT_EQ(n, 1000U);
    EXPECT_LE(each.size(), 64U) << "one group";
}

TEST(keyed_threads, T17_what_was_not_sent_without_a_key_comes_back_while_strangers_come_and_go) {
    constexpr unsigned threads = 4;
    keyed<rate_limiter> each{{.permits = 1000, .per = 24h, .burst = 1000}, {.max_keys = 8}};
    pipeline guarded{ref(each), circuit_breaker{{.name = "refusing", .mode = breaker_mode::forced_open}}};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < 1000; ++i) {
                const std::string stranger = std::to_string(thread * 10'000 + i);
                EXPECT_FALSE(guarded.run({}, [] { return 7; }));
                EXPECT_FALSE(guarded.run({.tenant = stranger}, [] { return 7; }));
            }
        });
    EXPECT_GE(each.read("", now()).remaining, 999U) << "what has come back by time is not given back again";
}

TEST(keyed_threads, an_open_circuit_stays_open_whoever_comes) {
    constexpr unsigned threads = 4;
    keyed<circuit_breaker> each{{.open_for = 24h, .open_max = 24h}, {.by = by_target, .max_keys = 4}};
    (void)each.get("broken", noon)->open(noon);
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < 2000; ++i) {
                const auto broken = each.find("broken");
                EXPECT_TRUE(broken && broken->is_open(noon));
                if (const auto other = each.get(std::to_string(thread * 10'000 + i), noon)) {
                    EXPECT_FALSE(other->is_open(noon));
                }
            }
        });
    EXPECT_LE(each.size(), 4U);
}

TEST(keyed_threads, nobody_is_more_often_inside_than_its_bulkhead_allows) {
    constexpr unsigned threads = 4;
    keyed<bulkhead> each{{.max_concurrent = 2}, {.max_keys = 3}};
    std::array<std::atomic<int>, 8> inside{};
    pipeline guarded{ref(each)};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            random_source dice{thread};
            for (unsigned i = 0; i < 1500; ++i) {
                const std::size_t n = dice() % inside.size();
                const std::string tenant = std::to_string(n);
                (void)guarded.run({.tenant = tenant}, [&] {
                    EXPECT_LE(inside[n].fetch_add(1), 1);
                    inside[n].fetch_sub(1);
                });
            }
        });
    each.visit(noon, [](std::uint64_t, const bulkhead&) { ADD_FAILURE() << "somebody is in still"; });
    EXPECT_LE(each.size(), 3U);
}

}  // namespace
}  // namespace cutwater
