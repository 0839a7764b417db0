// Rules that threads share: a switch, the rules in force with their counters, and the attempts that are held.
//
// Off, it is one relaxed load. On, each attempt takes a lock for as long as it takes to copy a pointer to the rules in force, and counts
// in each rule that it asks; what is held is linked in and out under the same lock. Thread safety: every member, from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "cutwater/core/waiter.hpp"
#include "cutwater/policy/fault/kernel.hpp"

namespace cutwater {

/// Some rules, and what they have counted since they came into force.
class faults_in_force {
public:
    explicit faults_in_force(const fault_options& options)
        : plans_{fault_plans(options)}, counts_{std::make_unique<counts[]>(plans_.size())} {}

    [[nodiscard]] fault_decision decide(const fault_question& asked, moment& now);
    void count(std::size_t rule) noexcept { counts_[rule].injected.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] const fault_plan& plan(std::size_t rule) const noexcept { return plans_[rule]; }
    [[nodiscard]] std::vector<fault_reading> read() const;

private:
    struct counts {
        std::atomic<std::uint64_t> seen{0};
        std::atomic<std::uint64_t> injected{0};
    };
    std::vector<fault_plan> plans_;
    std::unique_ptr<counts[]> counts_;
};

class shared_faults {
public:
    explicit shared_faults(fault_options options);

    [[nodiscard]] bool is_armed() const noexcept { return armed_.load(std::memory_order_relaxed); }
    void arm();
    void disarm() noexcept;
    void replace(std::vector<fault_rule> rules);

    /// The rules that an attempt which begins now is asked about; null where nothing is injected.
    [[nodiscard]] std::shared_ptr<faults_in_force> in_force() const;
    [[nodiscard]] std::vector<fault_reading> read() const;
    [[nodiscard]] fault_options options() const;

    /// Holds an attempt until it is time, or until it is freed by `disarm`.
    void hold(waiter& w, instant until);
    enum class hold_end : std::uint8_t { not_yet, in_time, freed };
    [[nodiscard]] hold_end look(waiter& w, instant now) noexcept;
    void leave(waiter& w) noexcept;
    [[nodiscard]] std::size_t held() const;

private:
    std::atomic<bool> armed_;
    mutable std::mutex mutex_;
    fault_options options_;
    std::shared_ptr<faults_in_force> rules_;
    waiter_queue waiting_;
};

}  // namespace cutwater
