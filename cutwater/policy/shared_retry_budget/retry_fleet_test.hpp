// Instances that share one retry budget, in virtual time: calls that fail, what was paid for when, and by how much that was more than the budget.
//
//     retry_fleet all{{.instances = 4, .budget = {.ratio = 0.2, .lease = 5}, .fails = 0.5, .store_takes = 2ms}};
//     all.run(30s);
//     all.worst_excess();            // more than originals, floor and capacity pay for, in any window
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cutwater/core/late.hpp"
#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"
#include "cutwater/store/late_store_test.hpp"

namespace cutwater::testing {

struct retry_fleet_options {
    unsigned instances = 3;
    shared_retry_budget_options budget{};
    duration store_takes = 2ms;
    duration longest_pause = 20ms;  ///< between an instance's calls, at random
    double fails = 0.5;             ///< so many attempts
    double is_refunded = 0.0;       ///< so many further attempts are paid for and not made
    unsigned most_retries = 2;
    /// Then: nobody calls but for one original each in that time, and then all want as many further attempts as they get, at once.
    duration bursts_every{};
    std::uint64_t seed = 1;
};

class retry_fleet {
public:
    explicit retry_fleet(retry_fleet_options o) : options_{std::move(o)}, dice_{options_.seed} {
        cells.takes = options_.store_takes;
        for (unsigned i = 0; i < options_.instances; ++i)
            instances_.push_back(std::make_unique<shared_retry_budget>(cells, options_.budget));
    }

    virtual_time time;
    late_store cells{time};

    void run(duration d) {
        ends_ = time.in(d);
        for (const auto& one : instances_) time.after(dice_.below(1ms), [this, &budget = *one] { call(budget); });
        time.pass(d);
    }

    [[nodiscard]] std::uint64_t originals() const noexcept { return originals_; }
    [[nodiscard]] std::uint64_t paid() const noexcept { return paid_; }
    [[nodiscard]] std::uint64_t wanted() const noexcept { return wanted_; }
    [[nodiscard]] std::uint64_t leased() const {
        std::uint64_t sum = 0;
        for (const auto& one : instances_) sum += one->leased();
        return sum;
    }

    /// What was paid for in some window of `t`, less what was refunded in it, less `ratio · originals + min_per_second · t + capacity`: the most of all
    /// windows, in further attempts. Originals are those of the window, and of the time in which they may pay before it.
    [[nodiscard]] double worst_excess() const {
        const duration before = add(options_.budget.window, options_.budget.store_limit);
        double least = 0;
        double worst = 0;
        std::int64_t sum = 0;
        std::size_t until = 0;  // originals that can pay for nothing in a window that begins here
        std::size_t seen = 0;
        for (const auto& [at, paid] : charges_) {
            while (until < called_.size() && called_[until] < at - before) ++until;
            while (seen < called_.size() && called_[seen] <= at) ++seen;
            least = std::min(least, static_cast<double>(sum) - allowed(at, until));
            sum += paid;
            worst = std::max(worst, static_cast<double>(sum) - allowed(at, seen) - least);
        }
        return worst - options_.budget.capacity;
    }

private:
    [[nodiscard]] double allowed(duration at, std::size_t originals) const {
        const double seconds = static_cast<double>(at.count()) / 1e9;
        return options_.budget.ratio * static_cast<double>(originals) + options_.budget.min_per_second * seconds;
    }

    void call(shared_retry_budget& budget) {
        if (time.present() >= ends_) return;
        const bool in_bursts = options_.bursts_every > duration::zero();
        time.after(in_bursts ? options_.bursts_every : dice_.below(options_.longest_pause) + 1us,
                   [this, &budget] { call(budget); });
        with_call([&](call_context& made) { budget.count_original(made); });
        called_.push_back(time.elapsed());
        ++originals_;
        if (in_bursts)
            time.after(options_.bursts_every / 2, [this, &budget] { take_all(budget, 100); });
        else
            attempt_fails(budget, 0);
    }
    void attempt_fails(shared_retry_budget& budget, unsigned retries) {
        if (dice_.unit() >= options_.fails || retries == options_.most_retries || !charge(budget)) return;
        const bool is_made = dice_.unit() >= options_.is_refunded;
        time.after(dice_.below(50ms), [this, &budget, retries, is_made] {
            if (is_made) return attempt_fails(budget, retries + 1);
            budget.refund({.cost = 1});
            charges_.emplace_back(time.elapsed(), -1);
        });
    }
    void take_all(shared_retry_budget& budget, unsigned times) {
        while (charge(budget)) {}
        if (times > 0) time.after(1ms, [this, &budget, times] { take_all(budget, times - 1); });
    }
    [[nodiscard]] bool charge(shared_retry_budget& budget) {
        std::optional<budget_charge> paid;
        with_call([&](call_context& made) { paid = budget.try_charge(nullptr, made); });
        ++wanted_;
        if (!paid) return false;
        ++paid_;
        charges_.emplace_back(time.elapsed(), 1);
        return true;
    }
    template <class Use>
    void with_call(Use&& use) {
        call_context made{nothing_said, time, nowhere_};
        use(made);
    }

    retry_fleet_options options_;
    random_source dice_;
    blocking_parking nowhere_;
    instant ends_ = never;
    std::uint64_t originals_ = 0;
    std::uint64_t paid_ = 0;
    std::uint64_t wanted_ = 0;
    std::vector<duration> called_;
    std::vector<std::pair<duration, int>> charges_;
    std::vector<std::unique_ptr<shared_retry_budget>> instances_;
};

}  // namespace cutwater::testing
