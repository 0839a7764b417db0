// A set of endpoints shared by threads: histories are held against the kernel, step by step and on the machine's own threads, and what
// must always hold is held under load, also while the set is replaced.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/endpoints/kernel_test.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t { admit, count, release, read };

struct endpoints_call {
    deed what{};
    instant at = noon;
    std::size_t place = 0;  // of whom; admit: of who was picked
    bool refused = false;
    std::uint16_t epoch = 0;
    instant began{};
    endpoint_end how{};
    endpoint_changes changes{};
    endpoints_reading seen{};
};

std::ostream& operator<<(std::ostream& out, const endpoints_call& c) {
    constexpr std::array names{"admit", "count", "release", "read"};
    constexpr std::array ends{"success", "failure", "neutral"};
    out << names[static_cast<std::size_t>(c.what)] << " at " << between(noon, c.at).count() << " of " << c.place << "/"
        << c.epoch;
    if (c.refused) out << " refused";
    if (c.what == deed::count) out << " " << ends[static_cast<std::size_t>(c.how)];
    for (const auto& change : c.changes) out << ", ", PrintTo(change, &out);
    for (const auto& e : c.seen.each)
        out << ", " << e.address << " " << to_text(e.state) << " " << e.in_flight << " " << e.calls << " "
            << e.success_rate;
    return out;
}

/// What threads can see exactly.
std::string words(const endpoints_reading& r) {
    std::ostringstream out;
    out << r.panics << r.healthy << " " << r.passes;
    for (const auto& e : r.each)
        out << " " << e.address << to_text(e.state) << e.until.time_since_epoch().count() << " " << e.in_flight << " "
            << e.calls << " " << e.success_rate << " " << e.ejections;
    return out.str();
}

/// Two in a row eject; nothing is compared.
endpoints_options quick(few_healthy then) {
    return set_of(3, [&](auto& o) {
        o.consecutive_failures = 2;
        o.interval = 24h;
        o.base_ejection = 10ms;
        o.ramp = 5ms;
        o.max_ejected = 0.67;
        o.healthy_enough = 0.5;
        o.when_few = then;
    });
}

/// The kernel, which is to have given the same. Whom it picks is by chance: any that it might have picked will do.
class model {
public:
    explicit model(const endpoints_options& o) : kernel_{o} {}

    bool take(const endpoints_call& c) {
        switch (c.what) {
            case deed::admit: return admit(c);
            case deed::count: return kernel_.count(ticket_of(c), c.how, c.at) == c.changes;
            case deed::release: return kernel_.abandon(ticket_of(c)), true;
            case deed::read: return words(kernel_.read(c.at)) == words(c.seen);
        }
        return false;
    }

    friend bool operator==(const model& a, const model& b) { return a.kernel_ == b.kernel_; }

private:
    bool admit(const endpoints_call& c) {
        if (kernel_.advance(c.at) != c.changes) return false;
        if (c.refused) return kernel_.plan().passes < 1;
        return kernel_.may_send(kernel_.id_at(c.place), {}) &&
               kernel_.send(kernel_.id_at(c.place), c.at).epoch == c.epoch;
    }
    [[nodiscard]] endpoints_kernel::ticket ticket_of(const endpoints_call& c) const {
        return {.id = kernel_.id_at(c.place), .epoch = c.epoch, .began = c.began};
    }

    endpoints_kernel kernel_;
};

// ---- one set, and everything that is done to it ----

struct setting {
    unsigned failing;  ///< of a hundred calls
    duration longest;  ///< from one deed of a thread to its next
    few_healthy then;
};

void PrintTo(const setting& s, std::ostream* out) {
    *out << s.failing << " % fail, up to " << to_text(s.longest) << ", " << to_text(s.then);
}

template <class Shared>
class game {
public:
    game(const setting& s, unsigned threads, std::uint64_t seed)
        : setting_{s}, options_{quick(s.then)}, shared_{options_}, seen_{threads}, seed_{seed}, of_thread_(threads) {}

    void play(unsigned thread, unsigned deeds) {
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < deeds; ++i) turn(thread, dice);
    }

    /// Gives what is wrong with how it went.
    std::string end() {
        seen_.record(0, [&] {
            endpoints_call c{.what = deed::read, .at = of_thread_[0].now};
            c.seen = shared_.read(c.at);
            return c;
        });
        const auto calls = seen_.all();
        if (testing::linearize(calls, model{options_})) return "";
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        return "the kernel has no order for\n" + story.str();
    }

private:
    struct open_call {
        typename Shared::ticket held;
        endpoints_call begun;
    };
    struct alignas(64) part {
        instant now = noon;
        std::vector<open_call> open;
    };

    void turn(unsigned thread, random_source& dice) {
        part& mine = of_thread_[thread];
        mine.now = add(mine.now, dice.below(setting_.longest));
        if (mine.open.empty() || dice() % 3 == 0) {
            seen_.record(thread, [&] { return admit(mine, dice); });
            return;
        }
        const std::size_t which = dice() % mine.open.size();
        const open_call ends = mine.open[which];
        mine.open.erase(mine.open.begin() + static_cast<std::ptrdiff_t>(which));
        const std::uint64_t n = dice() % 100;
        const endpoint_end how = n < setting_.failing ? endpoint_end::failure
                                 : n < 95             ? endpoint_end::success
                                                      : endpoint_end::neutral;
        endpoints_call c = ends.begun;
        c.what = deed::count, c.how = how, c.at = mine.now;
        seen_.record(thread, [&] {
            c.changes = changes_of(shared_.count(ends.held, how, mine.now));
            return c;
        });
        seen_.record(thread, [&] {
            shared_.release(ends.held);
            c.what = deed::release;
            c.changes.clear();
            return c;
        });
    }

    endpoints_call admit(part& mine, random_source& dice) {
        endpoints_call c{.what = deed::admit, .at = mine.now};
        typename Shared::ticket t;
        auto said = shared_.ask(t, mine.now, dice, {});
        if (said == Shared::quick::unknown) {
            told_changes told;
            said = shared_.ask_slowly(t, mine.now, dice, {}, told);
            c.changes = changes_of(told);
        }
        c.refused = said == Shared::quick::refused;
        if (c.refused) return c;
        c.place = static_cast<std::size_t>(t.address()[0] - 'a');
        c.epoch = t.epoch();
        c.began = mine.now;
        mine.open.push_back({t, c});
        return c;
    }
    static endpoint_changes changes_of(const told_changes& told) {
        endpoint_changes out;
        for (const auto& [change, address] : told) out.push_back(change);
        return out;
    }
    setting setting_;
    endpoints_options options_;
    Shared shared_;
    testing::history<endpoints_call> seen_;
    std::uint64_t seed_;
    std::vector<part> of_thread_;
};

class endpoints_histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped = basic_shared_endpoints<testing::stepped_atomic, testing::stepped_mutex>;

    static void step_by_step(unsigned threads, unsigned deeds, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped> at_play{GetParam(), threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, deeds); });
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }
    static void in_parallel(unsigned threads, unsigned deeds, unsigned rounds) {
        std::unique_ptr<game<shared_endpoints>> at_play;
        const auto between_rounds = [&](unsigned round) {
            if (at_play)
                if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
            at_play = std::make_unique<game<shared_endpoints>>(GetParam(), threads, round);
        };
        testing::race(threads, rounds, between_rounds,
                      [&](unsigned thread, unsigned) { at_play->play(thread, deeds); });
    }
};

TEST_P(endpoints_histories, T31_T97_of_two_threads_step_by_step) { step_by_step(2, 12, 800); }
TEST_P(endpoints_histories, T31_T97_of_three_threads_step_by_step) { step_by_step(3, 7, 150); }
TEST_P(endpoints_histories, T31_T97_of_three_threads_in_parallel) { in_parallel(3, 7, 100); }

INSTANTIATE_TEST_SUITE_P(traffic, endpoints_histories,
                         ::testing::Values(setting{30, 0ns, few_healthy::use_all},
                                           setting{70, 0ns, few_healthy::use_all},
                                           setting{70, 0ns, few_healthy::refuse},
                                           setting{80, 4ms, few_healthy::use_all},
                                           setting{80, 4ms, few_healthy::refuse}));

// ---- under load ----

constexpr unsigned threads = 4;
constexpr unsigned calls = 10'000;

TEST(endpoints_threads, T97_every_call_is_counted_once_and_nobody_is_left_in_flight) {
    endpoints_options o = set_of(3, [](auto& it) { it.consecutive_failures = 0, it.interval = 24h; });
    shared_endpoints shared{o};
    std::atomic<std::uint64_t> failed{0};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            random_source dice{thread};
            for (unsigned i = 0; i < calls / 2; ++i) {
                shared_endpoints::ticket t;
                told_changes told;
                auto said = shared.ask(t, noon, dice, {});
                if (said == shared_endpoints::quick::unknown) said = shared.ask_slowly(t, noon, dice, {}, told);
                EXPECT_EQ(said, shared_endpoints::quick::sent);
                const bool fails = dice() % 4 == 0;
                failed += fails ? 1 : 0;
                EXPECT_TRUE(shared.count(t, fails ? endpoint_end::failure : endpoint_end::success, noon).empty());
                shared.release(t);
            }
        });
    std::uint64_t counted = 0;
    double counted_failed = 0;
    for (const auto& e : shared.read(noon).each) {
        EXPECT_EQ(e.in_flight, 0U);
        counted += e.calls;
        counted_failed += static_cast<double>(e.calls) * (1 - e.success_rate);
    }
    EXPECT_EQ(counted, threads * calls / 2);
    EXPECT_NEAR(counted_failed, static_cast<double>(failed), 0.5);
}

TEST(endpoints_threads, T97_while_the_set_is_replaced_addresses_stay_as_long_as_calls_are_under_way) {
    endpoints shop{
        set_of(3, [](auto& o) { o.max_ejected = 0.5, o.base_ejection = 1ms, o.ramp = 1ms, o.interval = 10ms; })};
    std::atomic<unsigned> left{threads - 1};
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            if (thread == 0) {
                for (unsigned i = 0; left > 0; ++i) {
                    endpoint_list list;
                    for (unsigned k = 0; k < 1 + i % 5; ++k)
                        list.push_back(
                            {.address = "an endpoint with a long name, " + std::to_string((i * k) % 7 * 10 + k)});
                    shop.replace(list, noon + i * 1us);
                }
                return;
            }
            blocking_parking place;
            call_context call{nothing_said, this_machine, place};
            random_source dice{thread};
            for (unsigned i = 0; i < calls; ++i) {
                call.now = moment{noon + i * 1us};
                endpoints::ticket t;
                permit<endpoints> held;
                if (shop.try_admit(t, call, call.now)) {
                    held = permit<endpoints>{shop, t};
                } else {
                    auto answer = shop.admit(call, call.now);
                    held = permit<endpoints>{shop, std::get<endpoints::ticket>(answer)};
                }
                const std::string before{call.target};
                EXPECT_TRUE(before == "a" || before == "b" || before == "c" || before.starts_with("an endpoint with"))
                    << before;
                if (i % 16 == 0) std::this_thread::yield();
                EXPECT_EQ(before, call.target);
                held.settle(observation{.judged = {.meaning = dice() % 3 == 0 ? verdict::transient : verdict::success}},
                            call, call.now);
            }
            --left;
        });
    for (const auto& e : shop.read(noon).each) EXPECT_EQ(e.in_flight, 0U);
}

}  // namespace
}  // namespace cutwater
