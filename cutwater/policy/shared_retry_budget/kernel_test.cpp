// What is right for further attempts that processes pay for together, without a store.

#include "cutwater/policy/shared_retry_budget/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace cutwater::shared_budget_kernel_tests {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t whole = retry_credit::whole;

/// A cell: bytes and when they were written. Nobody comes between.
class cell_of {
public:
    explicit cell_of(shared_retry_budget_kernel rule) : rule_{rule}, bytes_{rule_.fresh().encoded()} {}

    [[nodiscard]] retry_credit at(duration now) const {
        return rule_.aged(retry_credit::decoded(bytes_).value_or(retry_credit{}), now - written_);
    }
    unsigned take(unsigned most, duration now) {
        retry_credit c = at(now);
        const unsigned n = rule_.take(c, most);
        write(c, now);
        return n;
    }
    void deposit(std::uint64_t originals, duration now) {
        retry_credit c = at(now);
        rule_.deposit(c, originals);
        write(c, now);
    }
    void give_back(unsigned n, duration now) {
        retry_credit c = at(now);
        rule_.give_back(c, n);
        write(c, now);
    }

private:
    void write(retry_credit c, duration now) {
        bytes_ = c.encoded();
        written_ = now;
    }

    shared_retry_budget_kernel rule_;
    std::string bytes_;
    duration written_{};
};

shared_retry_budget_kernel rule(double ratio, double floor, unsigned capacity, unsigned parts = 1) {
    return shared_retry_budget_kernel{{.ratio = ratio, .min_per_second = floor, .capacity = capacity}, parts};
}

TEST(shared_budget_kernel, five_originals_pay_for_one_at_a_fifth) {
    cell_of shared{rule(0.2, 0, 100)};
    EXPECT_EQ(shared.take(9, 0s), 0U);
    shared.deposit(4, 0s);
    EXPECT_EQ(shared.take(9, 0s), 0U);
    shared.deposit(1, 0s);
    EXPECT_EQ(shared.take(9, 0s), 1U);
    shared.deposit(50, 0s);
    EXPECT_EQ(shared.take(7, 0s), 7U);
    EXPECT_EQ(shared.take(7, 0s), 3U);
}

TEST(shared_budget_kernel, the_floor_adds_with_the_age_of_the_cell) {
    cell_of shared{rule(0, 4, 100)};
    EXPECT_EQ(shared.take(100, 0s), 4U) << "a new one begins with what a second brings";
    EXPECT_EQ(shared.take(100, 249ms), 0U);
    EXPECT_EQ(shared.take(100, 250ms), 1U);
    EXPECT_EQ(shared.take(100, 2250ms), 8U);
}

TEST(shared_budget_kernel, a_floor_of_less_than_one_a_second_begins_with_one) {
    cell_of shared{rule(0, 0.1, 100)};
    EXPECT_EQ(shared.take(100, 0s), 1U);
    EXPECT_EQ(shared.take(100, 9990ms), 0U);
    EXPECT_EQ(shared.take(100, 10001ms), 1U);
}

TEST(shared_budget_kernel, credit_does_not_pile_up_beyond_the_capacity) {
    cell_of shared{rule(0.2, 3, 20)};
    shared.deposit(1'000'000, 0s);
    EXPECT_EQ(shared.at(0s), rule(0.2, 3, 20).full());
    EXPECT_EQ(shared.take(1000, 24h), 20U);
    shared.give_back(1000, 24h);
    EXPECT_EQ(shared.take(1000, 24h), 20U);
    shared.deposit(~std::uint64_t{0}, 24h * 36500);
    EXPECT_EQ(shared.take(1000, 24h * 36500), 20U);
}

TEST(shared_budget_kernel, with_no_ratio_and_no_floor_it_pays_for_nothing) {
    cell_of shared{rule(0, 0, 100)};
    shared.deposit(1'000'000, 0s);
    EXPECT_EQ(shared.take(100, 24h * 365), 0U);
}

TEST(shared_budget_kernel, a_part_has_that_part_of_floor_and_capacity_and_all_of_the_ratio) {
    const shared_retry_budget_kernel part = rule(0.2, 10, 100, 5);
    EXPECT_EQ(part.full().units, 20 * whole);
    EXPECT_EQ(part.fresh().units, 2 * whole);
    EXPECT_EQ(part.each_brings(), whole / 5);
    EXPECT_EQ(rule(0.2, 1, 3, 5).full().units, whole) << "at least one";
}

TEST(shared_budget_kernel, an_age_that_is_negative_is_none) {
    EXPECT_EQ(rule(0.2, 3, 20).aged({whole}, -1h).units, whole);
}

TEST(shared_budget_kernel, T35_bytes_hold_no_hour) {
    EXPECT_EQ(retry_credit{2 * whole + 1}.encoded(), "cwb1 2000000001");
    EXPECT_EQ(retry_credit::decoded("cwb1 2000000001"), retry_credit{2 * whole + 1});
}

TEST(shared_budget_kernel, what_is_not_ours_is_no_credit) {
    for (const char* const bytes : {"", "cwb1", "cwb1 ", "cwb1 7x", "cwb1 -1", "cwr1 7", "cwb1 99999999999999999999"})
        EXPECT_EQ(retry_credit::decoded(bytes), std::nullopt) << bytes;
}

TEST(shared_budget_kernel, a_credit_that_cannot_be_is_a_full_one) {
    EXPECT_EQ(rule(0.2, 3, 20).aged({~std::uint64_t{0}}, 1s), rule(0.2, 3, 20).full());
}

/// Exact, in units: `taken - given back <= each · deposited + floor · t + capacity`.
RC_GTEST_PROP(shared_budget_kernel, T61_no_window_has_more_than_originals_floor_and_capacity_pay_for, ()) {
    const double ratio = *rc::gen::element(0.0, 0.01, 0.2, 1.0 / 3, 2.5);
    const auto floor = *rc::gen::inRange<std::int64_t>(0, 50);
    const auto capacity = *rc::gen::inRange(1U, 200U);
    const shared_retry_budget_kernel shared_rule = rule(ratio, static_cast<double>(floor), capacity);
    cell_of shared{shared_rule};
    const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
        rc::gen::pair(rc::gen::arbitrary<std::uint32_t>(), rc::gen::arbitrary<std::uint32_t>()));
    struct step {
        duration at;
        std::int64_t taken;  // in units, less what was given back and what originals brought
    };
    std::vector<step> all;
    duration now{};
    std::int64_t out = 0;
    for (const auto& [gap, what] : steps) {
        now += duration{gap % 3 == 0 ? 0 : gap};
        const std::uint32_t n = what / 4 % 40;
        if (what % 4 == 0) {
            shared.deposit(n, now);
            all.push_back({now, -static_cast<std::int64_t>(n * shared_rule.each_brings())});
        } else if (what % 4 == 1) {
            const auto back = static_cast<unsigned>(std::min<std::int64_t>(out, n));
            shared.give_back(back, now);
            out -= back;
            all.push_back({now, -std::int64_t{back} * static_cast<std::int64_t>(whole)});
        } else {
            const unsigned taken = shared.take(n, now);
            out += taken;
            all.push_back({now, std::int64_t{taken} * static_cast<std::int64_t>(whole)});
        }
    }
    for (std::size_t from = 0; from < all.size(); ++from) {
        std::int64_t sum = 0;
        for (std::size_t to = from; to < all.size(); ++to) {
            sum += all[to].taken;
            const std::int64_t by_the_floor = floor * (all[to].at - all[from].at).count();
            RC_ASSERT(sum <= static_cast<std::int64_t>(shared_rule.full().units) + by_the_floor);
        }
    }
}

}  // namespace
}  // namespace cutwater::shared_budget_kernel_tests
