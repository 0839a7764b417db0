// A rate limiter shared by threads: random histories are held against the kernel, step by step and on the machine's own
// threads, and what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/rate_limiter/kernel.hpp"
#include "cutwater/policy/rate_limiter/shared_rate.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t { enter, look, leave, give_back };

struct rate_call {
    deed what{};
    rate_limiter_kernel::waiter_id who = 0;
    unsigned weight = 1;
    criticality importance = criticality::normal;
    instant at = noon;
    duration patience = 10s;
    rate_limiter_kernel::answer answer{};
    bool is_in = false;   ///< looked: the permits have come
    bool is_out = false;  ///< looked: its time is over, or another has the place
    rate_slot slot{};
};

std::ostream& operator<<(std::ostream& out, const rate_call& c) {
    constexpr std::array names{"enter", "look", "leave", "give_back"};
    constexpr std::array answers{"admitted", "queued", "refused"};
    out << names[static_cast<std::size_t>(c.what)] << " " << c.who << " weighs " << c.weight << ", "
        << to_text(c.importance) << ", at " << between(noon, c.at).count();
    if (c.what == deed::enter)
        out << ", for " << c.patience.count() << ": " << answers[static_cast<std::size_t>(c.answer)];
    if (c.what == deed::look) out << ": " << (c.is_in ? "in" : c.is_out ? "out" : "still waits");
    return out;
}

/// The kernel, which is to have given the same.
class model {
public:
    explicit model(const rate_limiter_options& o) : kernel_{o} {}

    bool take(const rate_call& c) {
        switch (c.what) {
            case deed::enter:
                return kernel_.admit({.who = c.who,
                                      .weight = c.weight,
                                      .importance = c.importance,
                                      .until = add(c.at, c.patience)},
                                     c.at, c.patience) == c.answer &&
                       same_slot(c);
            case deed::look:
                return kernel_.look(c.who, c.at) == c.is_in && kernel_.is_turned_away(c.who) == c.is_out &&
                       same_slot(c);
            case deed::leave: return kernel_.leave(c.who), true;
            case deed::give_back: return kernel_.give_back(c.slot, c.at), true;
        }
        return false;
    }

    friend bool operator==(const model&, const model&) = default;

private:
    [[nodiscard]] bool same_slot(const rate_call& c) const {
        const bool took = c.what == deed::enter ? c.answer == rate_limiter_kernel::answer::admitted : c.is_in;
        return !took || kernel_.latest() == c.slot;
    }

    rate_limiter_kernel kernel_;
};

// ---- one limiter, and everything that is done to it ----

class silent final : public waker {
public:
    void wake() noexcept override {}
};

template <class Rate>
class game {
public:
    game(const rate_limiter_options& o, unsigned threads, std::uint64_t seed)
        : start_{o}, rate_{o}, seen_{threads}, seed_{seed}, most_{o.burst}, players_(threads) {}

    void play(unsigned thread, unsigned calls) {
        player& me = players_[thread];
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < calls; ++i) turn(thread, me, dice);
    }

    /// All go home; gives what is wrong with how it went.
    std::string end() {
        for (unsigned thread = 0; thread < players_.size(); ++thread)
            if (players_[thread].waiting) leave(thread, players_[thread]);
        const auto calls = seen_.all();
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        if (rate_.queued() != 0) return "somebody waits still after\n" + story.str();
        if (!rate_.try_take(1, noon + 24h)) return "the limiter is stuck after\n" + story.str();
        return testing::linearize(calls, start_) ? "" : "the kernel has no order for\n" + story.str();
    }

private:
    struct place {
        explicit place(rate_limiter_kernel::waiter_id id) : who{id} {}
        rate_limiter_kernel::waiter_id who;
        silent bell{};
        waiter waits{bell};
    };
    struct player {
        instant now = noon;
        std::vector<rate_slot> unused{};
        std::unique_ptr<place> waiting{};
        unsigned entered = 0;
    };

    void turn(unsigned thread, player& me, random_source& dice) {
        const std::uint64_t n = dice() % 100;
        me.now = add(me.now, duration{static_cast<duration::rep>(dice() % 40'000'000)});  // each thread has its own
        if (me.waiting) return n < 75 ? look(thread, me) : leave(thread, me);
        if (!me.unused.empty() && n < 35) return give_back(thread, me);
        const auto weight = 1 + static_cast<unsigned>(dice() % most_);
        const auto importance = static_cast<criticality>(dice() % 2);
        enter(thread, me, weight, importance,
              duration{1ms} * (dice() % 2 == 0 ? 10'000 : static_cast<int>(dice() % 150)));
    }

    void enter(unsigned thread, player& me, unsigned weight, criticality importance, duration patience) {
        auto next = std::make_unique<place>(thread * 100 + ++me.entered);
        const rate_call c = record(thread,
                                   {.what = deed::enter,
                                    .who = next->who,
                                    .weight = weight,
                                    .importance = importance,
                                    .at = me.now,
                                    .patience = patience},
                                   next.get());
        if (c.answer == rate_limiter_kernel::answer::admitted) me.unused.push_back(c.slot);
        if (c.answer == rate_limiter_kernel::answer::queued) me.waiting = std::move(next);
    }
    void look(unsigned thread, player& me) {
        const rate_call c =
            record(thread, {.what = deed::look, .who = me.waiting->who, .at = me.now}, me.waiting.get());
        if (c.is_in) me.unused.push_back(c.slot);
        if (c.is_in || c.is_out) me.waiting.reset();
    }
    void leave(unsigned thread, player& me) {
        record(thread, {.what = deed::leave, .who = me.waiting->who, .at = me.now}, me.waiting.get());
        me.waiting.reset();
    }
    void give_back(unsigned thread, player& me) {
        record(thread, {.what = deed::give_back, .at = me.now, .slot = me.unused.back()});
        me.unused.pop_back();
    }

    rate_call record(unsigned thread, rate_call c, place* at = nullptr) {
        return seen_.record(thread, [&] { return carry_out(c, at), c; });
    }

    void carry_out(rate_call& c, place* at) {
        switch (c.what) {
            case deed::enter: return enter(c, *at);
            case deed::look: {
                const auto seen = rate_.look_again(at->waits, c.at);
                c.is_in = seen.slot.has_value();
                c.is_out = seen.turned_away.has_value();
                if (seen.slot) c.slot = *seen.slot;
                return;
            }
            case deed::leave: return rate_.leave(at->waits);
            case deed::give_back: return rate_.give_back(c.slot, c.at);
        }
    }

    void enter(rate_call& c, place& at) {
        using enum rate_limiter_kernel::answer;
        c.answer = admitted;
        if (rate_.try_take_quickly(c.weight, c.at, c.slot)) return;
        at.waits.weight = c.weight;
        at.waits.importance = c.importance;
        at.waits.until = add(c.at, c.patience);
        const auto given = rate_.take_or_queue(at.waits, c.at, c.patience);
        c.slot = given.slot;
        if (given.what != Rate::answer::taken) c.answer = given.what == Rate::answer::queued ? queued : refused;
    }

    model start_;
    Rate rate_;
    testing::history<rate_call> seen_;
    std::uint64_t seed_;
    unsigned most_;
    std::vector<player> players_;
};

struct setting {
    rate_window window;
    unsigned burst;
    unsigned max_queue;
};

void PrintTo(const setting& s, std::ostream* out) {
    *out << to_text(s.window) << ", burst " << s.burst << ", " << s.max_queue << " places";
}

class rate_histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped_rate = basic_shared_rate<testing::stepped_atomic, testing::stepped_mutex>;

    static rate_limiter_options options() {
        const bool rolling = GetParam().window == rate_window::rolling;
        return {.window = GetParam().window,
                .permits = rolling ? 20U : GetParam().burst,
                .per = rolling ? duration{1s} : duration{100ms},
                .burst = GetParam().burst,
                .max_queue = GetParam().max_queue};
    }

    static void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped_rate> at_play{options(), threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }

    static void in_parallel(unsigned threads, unsigned calls, unsigned rounds) {
        std::unique_ptr<game<shared_rate>> at_play;
        const auto between_rounds = [&](unsigned round) {
            if (at_play)
                if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
            at_play = std::make_unique<game<shared_rate>>(options(), threads, round);
        };
        testing::race(threads, rounds, between_rounds,
                      [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
    }
};

TEST_P(rate_histories, of_two_threads_step_by_step) { step_by_step(2, 9, 300); }
TEST_P(rate_histories, of_three_threads_step_by_step) { step_by_step(3, 6, 200); }
TEST_P(rate_histories, of_three_threads_in_parallel) { in_parallel(3, 6, 200); }

INSTANTIATE_TEST_SUITE_P(limits, rate_histories,
                         ::testing::Values(setting{rate_window::rolling, 1, 2}, setting{rate_window::rolling, 3, 2},
                                           setting{rate_window::rolling, 2, 0}, setting{rate_window::fixed, 2, 2},
                                           setting{rate_window::sliding, 2, 2}));

/// One waits for the window that is open. Whoever comes when it is over lets it in and takes its place in line: nobody who knows of the old
/// window only comes between.
TEST(rate_limiter_threads, T43_nobody_comes_between_who_lets_others_in_and_lines_up) {
    using stepped_rate = basic_shared_rate<testing::stepped_atomic, testing::stepped_mutex>;
    for (std::uint64_t seed = 1; seed <= 300 && !::testing::Test::HasFailure(); ++seed) {
        stepped_rate rate{{.window = rate_window::fixed, .permits = 2, .per = 100ms, .max_queue = 3}};
        ASSERT_TRUE(rate.try_take(2, noon));
        silent bell;
        waiter first{bell};
        first.until = noon + 1h;
        ASSERT_EQ(rate.take_or_queue(first, noon, 1h).what, stepped_rate::answer::queued);
        waiter second{bell};
        second.weight = 2;
        second.until = noon + 1h;
        bool overtakes = false;
        auto what = stepped_rate::answer::full;
        testing::play_stepped(2, seed, [&](unsigned thread) {
            rate_slot slot;
            if (thread == 0)
                what = rate.take_or_queue(second, noon + 110ms, 1h).what;
            else
                overtakes = rate.try_take_quickly(1, noon + 90ms, slot);
        });
        EXPECT_EQ(what, stepped_rate::answer::queued);
        EXPECT_FALSE(overtakes) << "seed " << seed;
        rate.leave(first);
        rate.leave(second);
    }
}

// ---- under load ----

TEST(rate_limiter_threads, S112_exactly_as_many_are_admitted_as_are_allowed) {
    constexpr unsigned threads = 4;
    constexpr unsigned tries = 2000;
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_options limit{.window = window, .permits = 1000, .per = 24h};
        if (window == rate_window::rolling) limit.burst = 1000;
        rate_limiter narrow{limit};
        std::atomic<unsigned> admitted{0};
        testing::race(
            threads, 1, [](unsigned) {},
            [&](unsigned, unsigned) {
                for (unsigned i = 0; i < tries; ++i)
                    if (narrow.try_acquire(noon)) admitted.fetch_add(1);
            });
        EXPECT_EQ(admitted, 1000U);
    }
}

/// Time that passes when the oldest in line waits for its permits. Who stands behind waits until it is woken, for ever if it is
/// forgotten.
class shared_time final : public environment, public blocking_environment {
public:
    explicit shared_time(std::atomic<instant>& now) : now_{now} {}
    [[nodiscard]] instant now() noexcept override { return now_.load(); }
    [[nodiscard]] random_source& random() noexcept override { return dice_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override {
        instant seen = now_.load();
        if (until - seen > 1h) return place.wait(never, stop);
        while (seen < until && !now_.compare_exchange_weak(seen, until)) {}
        return wait_end::time;
    }

private:
    std::atomic<instant>& now_;
    random_source dice_{42};
};

TEST(rate_limiter_threads, everyone_who_waits_gets_in_and_never_faster_than_the_limit) {
    constexpr unsigned threads = 4;
    constexpr unsigned calls = 300;
    rate_limiter narrow{{.permits = 1000, .per = 1s, .burst = 3, .max_queue = threads, .max_wait = 24h}};
    std::atomic<instant> now{noon};
    std::atomic<unsigned> answered{0};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned, unsigned) {
            shared_time time{now};
            pipeline guarded{ref(narrow)};
            for (unsigned i = 0; i < calls; ++i)
                if (run_blocking(guarded, nothing_said, [] {}, time)) answered.fetch_add(1);
        });
    EXPECT_EQ(answered, threads * calls);
    EXPECT_GE(now.load() - noon, 1ms * (threads * calls - 3));
    EXPECT_EQ(narrow.queued(), 0U);
}

}  // namespace
}  // namespace cutwater
