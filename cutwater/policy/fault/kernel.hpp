// What is right for fault injection, without threads or time: which attempts have which fault.
//
// The rules, in the order in which they are asked:
//   1. A rule sees an attempt of its operation, target (`attempt::target()`) and tenant that begins in its window of time [from, until), if none before it has fired.
//   2. It counts what it sees. The n-th attempt has the fault if `when` says so of n and of a chance.
//   3. The chance, and the length of a wait, are drawn from a generator of the attempt's own, which is seeded with the options' seed, the
//      rule's name and n; with `fault_draw::by_call` with the call's id and the attempt's number in n's place, where there is an id.
//   4. The first rule that fires is what is done to the attempt; those behind it do not see it.
//   5. A wait is never longer than `max_hang`.
//
// What follows. For each rule, n decides, and nothing else: not the clock, not the call's own random numbers, not what became of other
// attempts. So where the attempts of a rule are as many, it has injected as many faults, with the same waits, whatever order threads came in;
// which attempt is the n-th is what their order decides. By call, not even that.
//
// Thread safety: none; a fault_plan is constant. Exceptions: none. The hash is FNV-1a (Fowler, Noll and Vo), mixed by SplitMix64's finaliser.
#pragma once

#include <optional>

#include "cutwater/core/call.hpp"
#include "cutwater/policy/fault/options.hpp"

namespace cutwater {

/// An attempt that may have a fault.
struct fault_question {
    const call_options& call;
    unsigned attempt = 1;
    std::string_view target =
        call.target;  ///< where it goes: what a gate outside has chosen, else what the caller says
};

/// What one rule says of each attempt: a function of the attempt's number.
class fault_plan {
public:
    fault_plan(fault_rule rule, std::uint64_t seed, duration max_hang);

    [[nodiscard]] bool sees(const fault_question& asked, moment& now) const;
    /// How long the n-th attempt that it sees is held before its fault; nothing: it has none. 1 is the first.
    [[nodiscard]] std::optional<duration> nth(std::uint64_t n, const fault_question& asked) const;

    [[nodiscard]] const fault_rule& rule() const noexcept { return rule_; }
    [[nodiscard]] name called() const noexcept { return called_; }

private:
    fault_rule rule_;
    name called_;
    std::uint64_t stream_;
    duration max_hang_;
    bool has_window_;
};

/// The plans of some rules, in their order.
[[nodiscard]] std::vector<fault_plan> fault_plans(const fault_options& options);

/// What is done to one attempt.
struct fault_decision {
    static constexpr std::size_t none = ~std::size_t{0};

    std::size_t rule = none;  ///< which of the rules
    duration wait{};          ///< before its fault

    [[nodiscard]] explicit operator bool() const noexcept { return rule != none; }
    friend bool operator==(const fault_decision&, const fault_decision&) = default;
};

/// What one rule has done.
struct fault_reading {
    name rule{};
    std::uint64_t seen = 0;      ///< attempts that it was asked about
    std::uint64_t injected = 0;  ///< those that it fired on, of a wrong result those whose value was changed

    friend bool operator==(const fault_reading&, const fault_reading&) = default;
};

class fault_kernel {
public:
    explicit fault_kernel(const fault_options& options)
        : plans_{fault_plans(options)}, seen_(plans_.size()), injected_(plans_.size()) {}

    [[nodiscard]] fault_decision decide(const fault_question& asked, moment now);
    /// The fault of that rule has been injected.
    void count(std::size_t rule) { ++injected_.at(rule); }
    [[nodiscard]] std::vector<fault_reading> read() const;

private:
    std::vector<fault_plan> plans_;
    std::vector<std::uint64_t> seen_;
    std::vector<std::uint64_t> injected_;
};

}  // namespace cutwater
