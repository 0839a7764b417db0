// A retry budget shared by threads: random histories are held against the kernel, step by step and on the machine's own threads, and
// what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/retry_budget/shared_budget.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
constexpr instant noon{12h};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t { original, failure, success, charge, refund, look };

struct budget_call {
    deed what{};
    instant at = noon;
    charge_cause why{};
    budget_charge paid{};  // before
    std::optional<budget_charge> charged{};
    double balance = 0.0;
};

std::ostream& operator<<(std::ostream& out, const budget_call& c) {
    constexpr std::array names{"original", "failure", "success", "charge", "refund", "look"};
    out << names[static_cast<std::size_t>(c.what)] << " at " << (c.at - noon).count();
    if (c.what == deed::charge) out << (c.charged ? " is paid: " + std::to_string(c.charged->note) : " is not paid");
    if (c.what == deed::look) out << ": " << c.balance;
    return out;
}

/// The kernel, which is to have given the same.
class model {
public:
    explicit model(const retry_budget_options& o) : kernel_{o} {}

    bool take(const budget_call& c) {
        switch (c.what) {
            case deed::original: return kernel_.count_original(c.at), true;
            case deed::failure: return kernel_.count_failure(), true;
            case deed::success: return kernel_.count_success(c.paid), true;
            case deed::charge: return kernel_.try_charge(c.why, c.at) == c.charged;
            case deed::refund: return kernel_.refund(c.paid), true;
            case deed::look: return kernel_.balance(c.at) == c.balance;
        }
        return false;
    }

    friend bool operator==(const model&, const model&) = default;

private:
    retry_budget_kernel kernel_;
};

/// Both halves of a budget, as `retry_budget` has them.
template <template <class> class Atomic, class Mutex>
struct both_halves {
    explicit both_halves(const retry_budget_options& o)
        : counts{o.mode == budget_mode::ratio}, stock{o, missing}, ratio{o} {}

    budget_call carry_out(budget_call c) {
        switch (c.what) {
            case deed::original: return counts ? ratio.count_original(c.at) : void(), c;
            case deed::failure: return counts ? void() : stock.count_failure(), c;
            case deed::success: return counts ? void() : stock.count_success(c.paid), c;
            case deed::charge: return c.charged = counts ? ratio.try_charge(c.why, c.at) : stock.try_charge(c.why), c;
            case deed::refund: return counts ? ratio.refund(c.paid) : stock.refund(c.paid), c;
            case deed::look:
                c.balance = counts ? ratio.balance(c.at) : static_cast<double>(stock.there()) / scale;
                return c;
        }
        return c;
    }

    bool counts;
    double scale = 1;
    Atomic<std::int64_t> missing{1};
    basic_shared_stock<Atomic> stock;
    basic_shared_ratio<Atomic, Mutex> ratio;
};

// ---- one budget, and everything that is done to it ----

struct setting {
    retry_budget_options options;
    duration longest;  ///< from one call of a thread to its next
};

void PrintTo(const setting& s, std::ostream* out) {
    *out << options_text(s.options) << ", up to " << to_text(s.longest);
}

template <class Budget>
class game {
public:
    game(const setting& s, unsigned threads, std::uint64_t seed)
        : setting_{s}, budget_{setting_.options}, seen_{threads}, seed_{seed}, now_(threads, noon), paid_(threads) {
        if (s.options.mode == budget_mode::token_bucket) budget_.scale = one_token;
    }

    void play(unsigned thread, unsigned calls) {
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < calls; ++i) turn(thread, dice);
    }

    /// Gives what is wrong with how it went.
    std::string end() {
        seen_.record(0, [&] { return budget_.carry_out({.what = deed::look, .at = now_[0]}); });
        const auto calls = seen_.all();
        if (testing::linearize(calls, model{setting_.options})) return "";
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        return "the kernel has no order for\n" + story.str();
    }

private:
    void turn(unsigned thread, random_source& dice) {
        instant& now = now_[thread];
        const bool steps_back = dice() % 10 == 0;
        now = add(now, steps_back ? -dice.below(setting_.longest) : dice.below(setting_.longest));
        budget_call c{.at = now, .why = static_cast<charge_cause>(dice() % 3)};
        const std::uint64_t n = dice() % 100;
        c.what = n < 40   ? deed::original
                 : n < 50 ? deed::failure
                 : n < 60 ? deed::success
                 : n < 85 ? deed::charge
                 : n < 95 ? deed::refund
                          : deed::look;
        auto& mine = paid_[thread];
        if (c.what == deed::refund || c.what == deed::success) {
            if (c.what == deed::refund && mine.empty()) return;
            if (!mine.empty()) c.paid = mine.back(), mine.pop_back();
        }
        const budget_call& made = seen_.record(thread, [&] { return budget_.carry_out(c); });
        if (made.charged) mine.push_back(*made.charged);
    }

    setting setting_;
    Budget budget_;
    testing::history<budget_call> seen_;
    std::uint64_t seed_;
    std::vector<instant> now_;  // each thread has its own
    std::vector<std::vector<budget_charge>> paid_;
};

class budget_histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped = both_halves<testing::stepped_atomic, testing::stepped_mutex>;
    using real = both_halves<std::atomic, std::mutex>;

    static void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped> at_play{GetParam(), threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }
    static void in_parallel(unsigned threads, unsigned calls, unsigned rounds) {
        std::unique_ptr<game<real>> at_play;
        const auto between_rounds = [&](unsigned round) {
            if (at_play)
                if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
            at_play = std::make_unique<game<real>>(GetParam(), threads, round);
        };
        testing::race(threads, rounds, between_rounds,
                      [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
    }
};

TEST_P(budget_histories, T63_of_two_threads_step_by_step) { step_by_step(2, 10, 1000); }
TEST_P(budget_histories, T63_of_three_threads_step_by_step) { step_by_step(3, 7, 300); }
TEST_P(budget_histories, T63_of_three_threads_in_parallel) { in_parallel(3, 7, 200); }

INSTANTIATE_TEST_SUITE_P(
    modes, budget_histories,
    ::testing::Values(setting{{.ratio = 0.5, .window = 1s, .min_per_second = 0}, 0ns},
                      setting{{.ratio = 0.5, .window = 1s, .min_per_second = 3}, 30ms},
                      setting{{.ratio = 1, .window = 1s, .min_per_second = 1}, 400ms},
                      setting{{.mode = budget_mode::token_bucket, .max_tokens = 4, .token_ratio = 0.5}, 0ns},
                      setting{{.mode = budget_mode::cost, .capacity = 20}, 0ns}));

// ---- under load ----

constexpr unsigned threads = 4;
constexpr unsigned calls = 10'000;

template <class Body>
void under_load(Body body) {
    testing::race(
        threads, 1, [](unsigned) {},
        [&](unsigned thread, unsigned) {
            for (unsigned i = 0; i < calls; ++i) body(thread, i);
        });
}

TEST(budget_threads, T63_never_more_is_paid_for_than_the_ratio) {
    retry_budget budget{{.ratio = 0.25, .min_per_second = 0}};
    std::atomic<unsigned> paid{0};
    under_load([&](unsigned, unsigned) {
        budget.record_original(noon);
        if (budget.try_charge(charge_cause::failure, noon)) ++paid;
    });
    EXPECT_EQ(paid, threads * calls / 4) << "and all of it, as every original asks for one afterwards";
    EXPECT_EQ(budget.balance(noon), 0.0);
}

TEST(budget_threads, T63_never_more_is_paid_for_than_the_floor) {
    retry_budget budget{{.ratio = 0, .min_per_second = 100}};
    std::atomic<unsigned> paid{0};
    under_load([&](unsigned, unsigned i) {
        if (budget.try_charge(charge_cause::failure, noon + i * 100us)) ++paid;  // a second in all
    });
    EXPECT_GE(paid, 198U);
    EXPECT_LE(paid, 200U);
}

TEST(budget_threads, T63_every_original_is_counted_while_buckets_pass) {
    retry_budget budget{{.ratio = 1, .window = 20s, .min_per_second = 0}};
    under_load([&](unsigned, unsigned i) { budget.record_original(noon + (duration{19s} / calls) * i); });
    EXPECT_EQ(budget.balance(noon + 19s), threads * calls);
}

TEST(budget_threads, T63_the_stock_is_never_overdrawn) {
    retry_budget budget{{.mode = budget_mode::cost, .capacity = 10'000}};
    std::atomic<unsigned> paid{0};
    under_load([&](unsigned, unsigned) {
        if (budget.try_charge(charge_cause::failure, noon)) ++paid;
    });
    EXPECT_EQ(paid, 2000U);
    EXPECT_EQ(budget.balance(noon), 0.0);
}

TEST(budget_threads, T64_what_is_refunded_by_many_is_there_again) {
    retry_budget budget{{.mode = budget_mode::cost, .capacity = 30}};
    under_load([&](unsigned, unsigned) {
        if (const auto paid = budget.try_charge(charge_cause::timeout, noon)) budget.refund(*paid);
    });
    EXPECT_EQ(budget.balance(noon), 30.0);
}

TEST(budget_threads, every_failure_and_every_success_counts) {
    retry_budget budget{{.mode = budget_mode::token_bucket, .max_tokens = 200'000, .token_ratio = 0.5}};
    under_load([&](unsigned, unsigned i) { i % 2 == 0 ? budget.record_failure() : budget.record_success(); });
    EXPECT_EQ(budget.balance(noon), 200'000.0 - threads * calls / 4) << "or it was full when a success came";
}

}  // namespace
}  // namespace cutwater
