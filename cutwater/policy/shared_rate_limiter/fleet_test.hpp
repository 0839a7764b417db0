// Instances that share one limit, in virtual time: who was admitted when, and by how much that was more than the limit.
//
//     fleet all{{.instances = 4, .limit = {.permits = 1000, .burst = 100, .lease = 10}, .store_takes = 2ms}};
//     all.run(30s);
//     all.worst_excess();            // more than burst + rate · t, in any window
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "cutwater/core/late.hpp"
#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"
#include "cutwater/store/late_store_test.hpp"

namespace cutwater::testing {

struct fleet_options {
    unsigned instances = 3;
    unsigned callers = 4;  ///< of each
    shared_rate_limiter_options limit{};
    duration store_takes = 2ms;
    duration longest_pause{};  ///< between a caller's calls, at random; now and then ten times as long
    duration comes_again{};    ///< after a refusal, about; zero: when it was told to
    duration
        bursts_every{};  ///< then: one call that has permits leased; when they are nearly over, as many as pass, all at once
    unsigned most_weight = 1;
    std::uint64_t seed = 1;
};

class fleet {
public:
    explicit fleet(fleet_options o) : options_{std::move(o)}, dice_{options_.seed} {
        cells.takes = options_.store_takes;
        for (unsigned i = 0; i < options_.instances; ++i) {
            instances_.push_back(std::make_unique<shared_rate_limiter>(cells, options_.limit));
            admitted_by_.push_back(0);
            for (unsigned c = 0; c < options_.callers; ++c) callers_.emplace_back(*this, i);
        }
    }

    virtual_time time;
    late_store cells{time};

    void run(duration d) {
        ends_ = time.in(d);
        for (caller& c : callers_) c.pause(duration{static_cast<duration::rep>(dice_() % 1'000'000)});
        time.pass(d);
    }

    [[nodiscard]] std::uint64_t admitted() const noexcept { return admitted_; }
    /// What the instance had that had the least.
    [[nodiscard]] std::uint64_t least_admitted() const { return *std::ranges::min_element(admitted_by_); }
    [[nodiscard]] std::uint64_t leased() const {
        std::uint64_t sum = 0;
        for (const auto& one : instances_) sum += one->leased();
        return sum;
    }
    [[nodiscard]] std::uint64_t waited() const noexcept { return waited_; }

    /// Calls that began in some window of `t`, less `burst + permits/per · t`: the most of all windows, in parts of a permit: `per` ns are one.
    [[nodiscard]] std::int64_t worst_excess() const {
        std::int64_t least = 0;
        std::int64_t worst = 0;
        std::int64_t sum = 0;
        const std::int64_t per = options_.limit.per.count();
        for (const auto& [at, weight] : begun_) {
            const std::int64_t gone = at.count() * options_.limit.permits;
            least = std::min(least, sum * per - gone);
            sum += weight;
            worst = std::max(worst, sum * per - gone - least);
        }
        return worst - std::int64_t{options_.limit.burst} * per;
    }
    [[nodiscard]] double worst_excess_in_permits() const {
        return static_cast<double>(worst_excess()) / static_cast<double>(options_.limit.per.count());
    }

private:
    class caller final : public parking, public waker {
    public:
        caller(fleet& of, unsigned instance) : of_{of}, asks_{*of.instances_[instance]}, instance_{instance} {}
        caller(const caller&) = delete;
        caller& operator=(const caller&) = delete;
        ~caller() { leave(); }

        waker& prepare() override { return *this; }
        void wake() noexcept override { look_in(duration::zero()); }

        void pause(duration d) {
            leave();
            ++step_;
            of_.time.after(d, [this, step = step_] {
                if (step == step_ && of_.time.present() < of_.ends_) begin();
            });
        }

    private:
        void begin() {
            said_.weight = 1 + static_cast<unsigned>(of_.dice_() % of_.options_.most_weight);
            call_.emplace(said_, of_.time, static_cast<parking&>(*this));
            if (shared_rate_limiter::ticket t; asks_.try_admit(t, *call_, call_->now)) return go();
            auto answer = asks_.admit(*call_, call_->now);
            if (std::holds_alternative<wait_until>(answer)) {
                ++of_.waited_;
                answer = asks_.enqueue(place_.emplace(*this), *call_, call_->now);
            }
            take(answer);
        }
        void look_in(duration d) {
            of_.time.after(d, [this, step = step_] {
                if (step != step_ || !place_) return;
                call_->now.forget();
                take(asks_.resume(*place_, *call_, call_->now));
            });
        }
        void take(const admission<shared_rate_limiter::ticket>& answer) {
            if (const auto* const wait = std::get_if<wait_until>(&answer))
                return look_in(between(of_.time.present(), wait->until));
            const auto* const why = std::get_if<refusal>(&answer);
            if (why != nullptr && of_.options_.bursts_every > duration::zero()) {
                has_called_ = false;
                return pause(of_.until_burst(duration::zero()));
            }
            if (why != nullptr) return pause(of_.until_it_comes_again(*why));
            go();
        }
        void go() {
            of_.begun_.emplace_back(of_.time.elapsed(), said_.weight);
            of_.admitted_ += said_.weight;
            of_.admitted_by_[instance_] += said_.weight;
            const duration every = of_.options_.bursts_every;
            if (every > duration::zero())
                return pause(
                    std::exchange(has_called_, true) ? 1us : of_.until_burst(of_.options_.limit.usable_for() * 9 / 10));
            const auto longest =
                static_cast<std::uint64_t>(std::max<duration>(of_.options_.longest_pause, 1us).count());
            const auto some = static_cast<duration::rep>(of_.dice_() % longest);
            pause(duration{some} * (of_.dice_() % 20 == 0 ? 10 : 1));
        }
        void leave() noexcept {
            if (place_) asks_.leave(*place_);
            place_.reset();
        }

        fleet& of_;
        shared_rate_limiter& asks_;
        unsigned instance_;
        call_options said_;
        late<call_context> call_;
        late<waiter> place_;
        std::uint64_t step_ = 0;
        bool has_called_ = false;
    };

    [[nodiscard]] duration until_it_comes_again(const refusal& why) {
        if (options_.comes_again == duration::zero()) return std::max<duration>(why.retry_after.value_or(10ms), 1us);
        return options_.comes_again + dice_.below(options_.comes_again / 10);
    }
    [[nodiscard]] duration until_burst(duration after_beginning) const {
        const duration every = options_.bursts_every;
        const duration into = (time.elapsed() - after_beginning) % every;
        return every - into;
    }

    fleet_options options_;
    random_source dice_;
    instant ends_ = never;
    std::uint64_t admitted_ = 0;
    std::vector<std::uint64_t> admitted_by_;
    std::uint64_t waited_ = 0;
    std::vector<std::pair<duration, unsigned>> begun_;
    std::vector<std::unique_ptr<shared_rate_limiter>> instances_;
    std::list<caller> callers_;
};

}  // namespace cutwater::testing
