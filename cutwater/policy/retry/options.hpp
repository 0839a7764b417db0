// The knobs of a retry, with the defaults in force.
//
//     cw::retry_options patient{.max_attempts = 5, .base_delay = 250ms, .jitter = cw::jitter::equal};
//
// Units: durations are typed. Whatever is out of range is refused when the policy is made, all of it at once, by
// `invalid_options`. The functions may be empty; those that are set are called from every thread that runs the pipeline.
#pragma once

#include <functional>
#include <string>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct retry_scheduled;

/// How the delay grows from one retry to the next.
enum class backoff : std::uint8_t { constant, linear, exponential, fibonacci };

[[nodiscard]] constexpr std::string_view to_text(backoff b) noexcept {
    constexpr std::string_view texts[] = {"constant", "linear", "exponential", "fibonacci"};
    return b <= backoff::fibonacci ? texts[static_cast<std::uint8_t>(b)] : "unknown";
}

/// How chance keeps clients out of step. `d` is the delay that the backoff gives, capped: a cap after chance would have
/// all clients wait exactly as long once they have reached it.
enum class jitter : std::uint8_t {
    none,          ///< d
    full,          ///< uniform(0, d)
    equal,         ///< d/2 + uniform(0, d/2)
    decorrelated,  ///< uniform(base_delay, min(max_delay, 3 · previous)), in place of the backoff
    additive,      ///< d + uniform(0, base_delay)
};

[[nodiscard]] constexpr std::string_view to_text(jitter j) noexcept {
    constexpr std::string_view texts[] = {"none", "full", "equal", "decorrelated", "additive"};
    return j <= jitter::additive ? texts[static_cast<std::uint8_t>(j)] : "unknown";
}

/// What a retry does with a refusal of one of our own policies inside it.
enum class on_refusal : std::uint8_t {
    give_up,        ///< an open circuit ends the call at once
    wait_for_hint,  ///< it is tried again where its `retry_after` fits the time that is left
};

[[nodiscard]] constexpr std::string_view to_text(on_refusal r) noexcept {
    constexpr std::string_view texts[] = {"give_up", "wait_for_hint"};
    return r <= on_refusal::wait_for_hint ? texts[static_cast<std::uint8_t>(r)] : "unknown";
}

struct retry_options {
    std::string name = "retry";
    unsigned max_attempts = 3;
    duration max_total = forever;
    duration base_delay = 100ms;
    duration max_delay = 10s;
    duration min_delay = 1ms;
    backoff growth = backoff::exponential;
    double multiplier = 2.0;
    cutwater::jitter jitter = cutwater::jitter::full;
    duration max_retry_after = 1min;
    on_refusal refusals = on_refusal::give_up;
    idempotency unstated_means = idempotency::idempotent;
    attempt_budget* budget = nullptr;
    unsigned retries_below = 0;
    std::function<bool(const observation&)> should_retry = {};
    std::function<bool(unsigned attempts, duration elapsed)> should_stop = {};
    std::function<duration(unsigned retry, const observation&)> delay_by = {};
    std::function<void(const retry_scheduled&)> on_retry = {};

    static constexpr unsigned most_retries_below = 4;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("max_attempts", self.max_attempts, at_least(1U), "attempts in all, the first included");
        visit("max_total", self.max_total, more_than(duration::zero()),
              "no attempt begins this long after the first or later");
        visit("base_delay", self.base_delay, within<duration>(0ns, 24h), "the delay that grows");
        visit("max_delay", self.max_delay, above_and_up_to<duration>(0ns, 24h), "cap on the delay, before jitter");
        visit("min_delay", self.min_delay, above_and_up_to<duration>(0ns, 24h), "floor under the delay, after jitter");
        visit("growth", self.growth, within(backoff::constant, backoff::fibonacci),
              "constant, linear, exponential or fibonacci");
        visit("multiplier", self.multiplier, within(1.0, 1000.0), "exponential: factor from one delay to the next");
        visit("jitter", self.jitter, within(cutwater::jitter::none, cutwater::jitter::additive),
              "none, full, equal, decorrelated or additive");
        visit("max_retry_after", self.max_retry_after, within<duration>(0ns, 24h),
              "longest wish of the dependency's that is waited for; a longer one ends the call");
        visit("refusals", self.refusals, within(on_refusal::give_up, on_refusal::wait_for_hint),
              "whether our own refusals are waited for");
        visit("unstated_means", self.unstated_means, within(idempotency::idempotent, idempotency::not_idempotent),
              "what a call is that states no idempotency");
        visit("budget", self.budget, any_value, "what further attempts are paid from, shared with others");
        visit("retries_below", self.retries_below, within(0U, most_retries_below),
              "further attempts left to what is called, for each attempt: paid for as if they were made, and counted "
              "here");
        visit("should_retry", self.should_retry, any_value, "replaces the rule that what is transient is retried");
        visit("should_stop", self.should_stop, any_value, "a further stop condition");
        visit("delay_by", self.delay_by, any_value, "replaces the backoff; jitter and caps still apply");
        visit("on_retry", self.on_retry, any_value, "called before each sleep");
    }

    /// What is not handed down is not described.
    [[nodiscard]] bool applies(std::string_view option) const { return option != "retries_below" || retries_below > 0; }

    void cross_check(option_problems& problems) const {
        if (base_delay > max_delay)
            problems.push_back(
                {"base_delay", to_exact_text(base_delay), "at most max_delay, " + to_exact_text(max_delay)});
        if (min_delay > max_delay)
            problems.push_back(
                {"min_delay", to_exact_text(min_delay), "at most max_delay, " + to_exact_text(max_delay)});
        if (retries_below >= max_attempts && retries_below > 0)
            problems.push_back({"retries_below", to_text(retries_below), "less than max_attempts, of which they are"});
        if (delay_by && jitter == cutwater::jitter::decorrelated)
            problems.push_back({"delay_by", "set", "none with decorrelated jitter, which has delays of its own"});
    }
};

}  // namespace cutwater
