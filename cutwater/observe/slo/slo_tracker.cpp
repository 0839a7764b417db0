#include "cutwater/observe/slo/slo_tracker.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cutwater/core/verdict.hpp"
#include "cutwater/observe/slo/call_end.hpp"

namespace cutwater {

namespace {

/// The step of the shortest window: what is counted together.
constexpr duration step = duration{std::chrono::minutes{5}} / slo_ring::slices;

invalid_options refused(std::string_view whose, option_problem problem) {
    option_problems problems;
    problems.push_back(std::move(problem));
    return {"slo_tracker", whose, std::move(problems)};
}

std::vector<slo_options> checked(std::vector<slo_options> objectives) {
    if (objectives.empty()) throw refused("objectives", {"objectives", "none", "one or more"});
    std::set<std::string> names;
    for (slo_options& each : objectives) {
        each = validated("slo_tracker", std::move(each));
        if (!names.insert(each.name).second)
            throw refused(each.name, {"name", in_quotes(each.name) + " twice", "a name of its own for each objective"});
    }
    return objectives;
}

/// What a call's end is to an objective; neither good nor bad where it says nothing of what users see.
slo_counts counts_of(const detail::call_end& end, const slo_options& objective) noexcept {
    constexpr slo_counts bad{.good = 0, .bad = 1};
    if (end.verdict == to_text(verdict::success))
        return end.took <= objective.latency ? slo_counts{.good = 1, .bad = 0} : bad;
    if (end.verdict == to_text(verdict::ignored)) return objective.ignored == ignored_call::bad ? bad : slo_counts{};
    for (const verdict each : {verdict::transient, verdict::permanent, verdict::rejected})
        if (end.verdict == to_text(each)) return bad;
    return {};
}

std::vector<name> interned(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

}  // namespace

/// One objective. What is counted is gathered in atomics, and goes into the kernel step by step, as of the last call among it.
struct slo_tracker::kept {
    explicit kept(slo_options of) : called{of.name}, operations{interned(of.operations)}, kernel{std::move(of)} {}

    [[nodiscard]] bool is_for(name operation) const noexcept {
        return operations.empty() || std::ranges::find(operations, operation) != operations.end();
    }
    /// Whoever pours what was added knows an instant that is no older.
    void gather(const slo_counts& more, instant now) noexcept {
        latest.store(now, std::memory_order_relaxed);
        if (more.good != 0) good.fetch_add(more.good, std::memory_order_release);
        if (more.bad != 0) bad.fetch_add(more.bad, std::memory_order_release);
    }
    /// By the holder of the lock.
    void pour() noexcept {
        const slo_counts gathered{.good = good.exchange(0, std::memory_order_acquire),
                                  .bad = bad.exchange(0, std::memory_order_acquire)};
        kernel.count(gathered, latest.load(std::memory_order_relaxed));
    }
    /// Pours a step that has ended, as of its last call. A pause may lie between that and now, so nobody gathers for the
    /// next step before. Whether it was this caller.
    [[nodiscard]] bool ends_step(instant now) noexcept {
        if (now < step_ends.load(std::memory_order_acquire)) return false;
        const std::scoped_lock held{lock};
        if (now < step_ends.load(std::memory_order_relaxed)) return false;
        pour();
        step_ends.store(add(now, step), std::memory_order_release);
        return true;
    }

    name called;
    std::vector<name> operations;
    std::atomic<std::int64_t> good{0};
    std::atomic<std::int64_t> bad{0};
    std::atomic<instant> latest{instant{}};
    std::atomic<instant> step_ends{instant::min()};
    std::mutex lock;
    slo_kernel kernel;
};

slo_tracker::slo_tracker(std::vector<slo_options> objectives) {
    for (slo_options& each : checked(std::move(objectives))) all_.push_back(std::make_unique<kept>(std::move(each)));
}
slo_tracker::~slo_tracker() = default;

void slo_tracker::on_event(const event& e) noexcept {
    const instant now = e.origin().at;
    const std::optional<detail::call_end> end = detail::call_end_reader::read(e);
    const bool is_degraded = detail::measure_of(e.kind(), metrics::degraded) != nullptr;
    hand_on(e);
    if (!end && !is_degraded) return;
    for (const auto& each : all_) {
        if (!each->is_for(e.origin().operation)) continue;
        const slo_options& objective = each->kernel.options();
        const bool is_due = each->ends_step(now);
        if (end) each->gather(counts_of(*end, objective), now);
        if (is_degraded && objective.degraded == degraded_result::bad) each->gather({.good = -1, .bad = 1}, now);
        if (is_due) judge(*each, now);
    }
}

void slo_tracker::look(instant now) noexcept {
    for (const auto& each : all_) judge(*each, now);
}

void slo_tracker::judge(kept& of, instant now) const noexcept {
    slo_changes changed;
    double budget_left = 0;
    {
        const std::scoped_lock held{of.lock};
        of.pour();
        changed = of.kernel.judge(now);
        budget_left = of.kernel.budget_left(now);
    }
    tell(of, changed, budget_left, now);
}

void slo_tracker::tell(const kept& of, const slo_changes& changed, double budget_left, instant now) const noexcept {
    for (const slo_change& each : changed) {
        const slo_rule& rule = each.alert.rule;
        const event_origin from{.layer = of.called, .at = now};
        if (each.alert.is_on)
            hand_on(event{from, slo_burning{.severity = rule.severity,
                                            .over = rule.over,
                                            .burn_rate = each.alert.burn,
                                            .threshold = rule.threshold(of.kernel.options().allowance()),
                                            .bad = each.alert.seen.bad,
                                            .calls = each.alert.seen.all(),
                                            .budget_left = budget_left}});
        else
            hand_on(event{
                from,
                slo_recovered{
                    .severity = rule.severity, .over = rule.over, .lasted = each.lasted, .budget_left = budget_left}});
    }
}

void slo_tracker::hand_on(const event& e) const noexcept {
    if (next_ == nullptr) return;
    try {
        next_->on_event(e);
    } catch (...) {}  // NOLINT(bugprone-empty-catch): watching a call does not fail it
}

std::vector<slo_reading> slo_tracker::read(instant now) const {
    std::vector<slo_reading> readings;
    for (const auto& each : all_) {
        const std::scoped_lock held{each->lock};
        each->pour();
        const slo_kernel& kernel = each->kernel;
        slo_reading& made = readings.emplace_back();
        made.objective = each->called;
        made.target = kernel.options().target;
        made.budget_left = kernel.budget_left(now);
        made.seen = kernel.counts(slo_window::objective, now);
        for (std::size_t i = 0; i < slo_windows; ++i) made.burn[i] = kernel.burn_rate(static_cast<slo_window>(i), now);
        for (const slo_rule& rule : slo_rules)
            if (kernel.exceeds(rule, now)) (rule.severity == slo_severity::page ? made.pages : made.tickets) = true;
    }
    return readings;
}

void slo_tracker::gauges(instant now, gauge_visitor& seen) const {
    for (const slo_reading& each : read(now)) {
        seen.layer = each.objective;
        seen(metrics::slo_budget, each.budget_left);
        for (std::size_t i = 0; i < slo_windows; ++i)
            seen(metrics::slo_burn, each.burn[i], to_text(static_cast<slo_window>(i)));
        seen(metrics::slo_alerting, each.pages ? 1 : 0, to_text(slo_severity::page));
        seen(metrics::slo_alerting, each.tickets ? 1 : 0, to_text(slo_severity::ticket));
    }
}

}  // namespace cutwater
