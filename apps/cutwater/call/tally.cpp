#include "apps/cutwater/call/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/cutwater/call/outcome.hpp"
#include "apps/cutwater/console/units.hpp"

namespace cutwater::app {

namespace {

std::string share_of(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void add_each(text_table& table, const std::map<std::string, std::uint64_t>& counted) {
    std::vector<std::pair<std::string, std::uint64_t>> largest_first{counted.begin(), counted.end()};
    std::ranges::sort(largest_first, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    for (const auto& [what, count] : largest_first) table.add({{"  " + what}, {std::to_string(count)}, {}});
}

}  // namespace

void call_tally::on_event(const event& e) {
    if (const auto* o = e.get_if<circuit_opened>()) {
        close_circuit(e.origin().at);
        ++openings_;
        opened_ = e.origin().at;
        open_until_ = add(opened_, o->open_for);
    } else if (e.get_if<circuit_half_opened>() != nullptr || e.get_if<circuit_closed>() != nullptr) {
        close_circuit(e.origin().at);
    } else if (e.get_if<retry_rescued>() != nullptr) {
        ++rescued_;
    }
}

/// A circuit whose time is over is half-open, though that is only noticed when the next call comes.
void call_tally::close_circuit(instant at) {
    open_ = circuit_open(at);
    opened_ = never;
}

duration call_tally::circuit_open(instant at) const {
    return opened_ == never ? open_ : add(open_, between(opened_, std::min(at, open_until_)));
}

void call_tally::on_attempt(const attempt_seen& seen) {
    ++attempts_;
    ++results_[seen.kind];
    if (seen.is_hedge) ++hedges_;
    if (seen.is_hedge && !seen.failed && !seen.cut_off) ++hedges_won_;
    if (seen.was_sent()) ++sent_;
}

void call_tally::on_call(const result<http_response>& got, duration took) {
    if (!got && got.error().code() == errc::cancelled) {
        ++interrupted_;
        return;
    }
    waits_.push_back(took);
    if (exit_of(got) == succeeded) return good_waits_.push_back(took);
    ++failed_;
    if (!got && got.error().code() == condition::refused)
        ++refusals_[got.error().code().message()];
    else
        ++failures_[kind_of(got)];
}

duration call_tally::percentile_of(std::vector<duration> waits, double share) {
    if (waits.empty()) return {};
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(waits.size())));
    const auto at = waits.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(rank, 1, waits.size()) - 1);
    std::ranges::nth_element(waits, at);
    return *at;
}

std::uint64_t call_tally::refused() const {
    std::uint64_t all = 0;
    for (const auto& [reason, count] : refusals_) all += count;
    return all;
}

void call_tally::add_calls(text_table& table) const {
    const auto add = [&](const std::string& what, std::uint64_t count, paint in) {
        table.add({{what}, {std::to_string(count)}, {share_of(count, calls()), count > 0 ? in : paint::plain}});
    };
    table.add(
        {{"calls"}, {std::to_string(calls())}, {interrupted_ > 0 ? fmt::format("and {} cut off", interrupted_) : ""}});
    add("succeeded", calls() - failed_, paint::good);
    if (rescued_ > 0) table.add({{"  after a retry"}, {std::to_string(rescued_)}, {}});
    add("failed", failed_ - refused(), paint::bad);
    add_each(table, failures_);
    add("refused by a policy", refused(), paint::waiting);
    add_each(table, refusals_);
}

void call_tally::add_load(text_table& table, duration elapsed, instant at) const {
    const std::uint64_t whole = calls() + interrupted_;
    const double each = whole == 0 ? 0 : static_cast<double>(attempts_) / static_cast<double>(whole);
    table.add({{"attempts"}, {std::to_string(attempts_)}, {fmt::format("{:.2f} for each call", each)}});
    add_each(table, results_);
    if (hedges_ > 0) table.add({{"  hedges"}, {std::to_string(hedges_)}, {fmt::format("{} won", hedges_won_)}});
    table.add({{"requests seen"}, {std::to_string(sent_)}, {"by the dependency"}});
    const duration open = circuit_open(at);
    const double share =
        elapsed > duration::zero() ? static_cast<double>(open.count()) / static_cast<double>(elapsed.count()) : 0;
    table.add({{"circuit open"},
               {short_text(open)},
               {openings_ == 0 ? "never"
                               : fmt::format("{:.0f} % of the time, opened {}", share * 100,
                                             openings_ == 1 ? "once" : fmt::format("{} times", openings_))}});
}

/// Where calls are refused in no time, what the others took is worth knowing by itself.
void call_tally::add_latency(text_table& table) const {
    if (waits_.empty()) return;
    const bool both = !good_waits_.empty() && good_waits_.size() < waits_.size();
    const auto add = [&](const std::string& what, double share) {
        table.add({{what},
                   {short_text(percentile(share))},
                   {both ? fmt::format("{} of those that succeeded", short_text(success_percentile(share))) : ""}});
    };
    add("latency p50", 0.5);
    add("        p90", 0.9);
    add("        p99", 0.99);
    add("        max", 1);
}

std::string call_tally::text(duration elapsed, instant at, const page& shown) const {
    text_table table{{align::left, align::right, align::left}};
    add_calls(table);
    add_load(table, elapsed, at);
    add_latency(table);
    return table.text(shown);
}

nlohmann::ordered_json call_tally::json(duration elapsed, instant at) const {
    const auto seconds = [](duration d) { return std::chrono::duration<double>{d}.count(); };
    const auto latency = [&](const std::vector<duration>& waits) -> nlohmann::ordered_json {
        if (waits.empty()) return nullptr;
        return {{"p50", seconds(percentile_of(waits, 0.5))},
                {"p90", seconds(percentile_of(waits, 0.9))},
                {"p99", seconds(percentile_of(waits, 0.99))},
                {"max", seconds(percentile_of(waits, 1))}};
    };
    return {{"calls", calls()},
            {"interrupted", interrupted_},
            {"succeeded", calls() - failed_},
            {"succeeded_after_a_retry", rescued_},
            {"failed", failed_ - refused()},
            {"failures", failures_},
            {"refused", refused()},
            {"refusals", refusals_},
            {"attempts", attempts_},
            {"results", results_},
            {"hedges", hedges_},
            {"hedges_won", hedges_won_},
            {"requests_seen", sent_},
            {"circuit_openings", openings_},
            {"circuit_open_seconds", seconds(circuit_open(at))},
            {"elapsed_seconds", seconds(elapsed)},
            {"latency_seconds", latency(waits_)},
            {"latency_of_successes_seconds", latency(good_waits_)}};
}

}  // namespace cutwater::app
