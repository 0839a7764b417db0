#include "cutwater/policy/fault/shared_faults.hpp"

#include <utility>

namespace cutwater {

fault_decision faults_in_force::decide(const fault_question& asked, moment& now) {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (!plans_[i].sees(asked, now)) continue;
        const std::uint64_t n = counts_[i].seen.fetch_add(1, std::memory_order_relaxed) + 1;
        if (const auto wait = plans_[i].nth(n, asked)) return {.rule = i, .wait = *wait};
    }
    return {};
}

std::vector<fault_reading> faults_in_force::read() const {
    std::vector<fault_reading> all;
    for (std::size_t i = 0; i < plans_.size(); ++i)
        all.push_back({plans_[i].called(), counts_[i].seen.load(std::memory_order_relaxed),
                       counts_[i].injected.load(std::memory_order_relaxed)});
    return all;
}

shared_faults::shared_faults(fault_options options)
    : armed_{options.armed == arming::on}, options_{std::move(options)},
      rules_{std::make_shared<faults_in_force>(options_)} {}

void shared_faults::arm() {
    const std::scoped_lock lock{mutex_};
    if (is_armed()) return;
    rules_ = std::make_shared<faults_in_force>(options_);
    armed_.store(true, std::memory_order_relaxed);
}

void shared_faults::disarm() noexcept {
    const std::scoped_lock lock{mutex_};
    armed_.store(false, std::memory_order_relaxed);
    while (!waiting_.empty()) waiting_.grant_first();
}

void shared_faults::replace(std::vector<fault_rule> rules) {
    const std::scoped_lock lock{mutex_};
    fault_options next = options_;
    next.rules = std::move(rules);
    next = validated("fault", std::move(next));
    rules_ = std::make_shared<faults_in_force>(next);
    options_ = std::move(next);
}

std::shared_ptr<faults_in_force> shared_faults::in_force() const {
    const std::scoped_lock lock{mutex_};
    return is_armed() ? rules_ : nullptr;
}

std::vector<fault_reading> shared_faults::read() const {
    const std::scoped_lock lock{mutex_};
    return rules_->read();
}

fault_options shared_faults::options() const {
    const std::scoped_lock lock{mutex_};
    fault_options now = options_;
    now.armed = is_armed() ? arming::on : arming::off;
    return now;
}

void shared_faults::hold(waiter& w, instant until) {
    const std::scoped_lock lock{mutex_};
    w.until = until;
    waiting_.push(w);
    if (!is_armed()) waiting_.grant(w);  // disarmed since the attempt was asked about
}

shared_faults::hold_end shared_faults::look(waiter& w, instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    if (!w.is_queued()) return hold_end::freed;
    if (now < w.until) return hold_end::not_yet;
    waiting_.remove(w);
    return hold_end::in_time;
}

void shared_faults::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    waiting_.remove(w);
}

std::size_t shared_faults::held() const {
    const std::scoped_lock lock{mutex_};
    return waiting_.size();
}

}  // namespace cutwater
