#include "apps/cutwater/call/endpoint_tally.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/cutwater/call/tally.hpp"
#include "apps/cutwater/console/units.hpp"
#include "cutwater/policy/endpoints/events.hpp"

namespace cutwater::app {

namespace {

constexpr std::size_t most_rows = 20;
constexpr std::size_t most_lines = 12;

}  // namespace

call_endpoint_tally::call_endpoint_tally(std::span<const call_endpoint> at) : at_{at}, scores_(at.size()) {
    for (std::size_t i = 0; i < at.size(); ++i) places_.emplace(at[i].address, i);
}

auto call_endpoint_tally::find(std::string_view address) -> score* {
    const auto found = places_.find(address);
    return found == places_.end() ? nullptr : &scores_[found->second];
}

void call_endpoint_tally::on_event(const event& e) {
    auto words = words_of_endpoints(e, at_);
    if (!words) return;
    if (lines_.size() < most_lines)
        lines_.push_back({.at = e.origin().at,
                          .text = std::move(*words),
                          .in = e.kind().level >= severity::warning ? paint::waiting : paint::good});
    else
        ++untold_;
    if (const auto* gone = e.get_if<endpoint_ejected>()) {
        ejected_ = gone->ejected;
        if (score* const s = find(gone->endpoint)) s->ejected_at = e.origin().at;
    } else if (const auto* back = e.get_if<endpoint_returned>()) {
        ejected_ = back->ejected;
        if (score* const s = find(back->endpoint)) {
            s->ejected_for = ejected_for(*s, e.origin().at);
            s->ejected_at = never;
        }
    }
}

void call_endpoint_tally::on_attempt(const attempt_seen& seen) {
    score* const s = seen.at == nullptr ? nullptr : find(seen.at->address);
    if (s == nullptr) return;
    ++s->attempts;
    if (seen.failed) ++s->failed;
    if (!seen.cut_off || seen.timed_out) s->took.push_back(between(seen.began, seen.ended));
}

duration call_endpoint_tally::ejected_for(const score& s, instant until) {
    return s.ejected_at == never ? s.ejected_for : cutwater::add(s.ejected_for, between(s.ejected_at, until));
}

/// As they were written; of very many, those with the most attempts.
std::vector<std::size_t> call_endpoint_tally::shown_first() const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < at_.size(); ++i) order.push_back(i);
    if (order.size() <= most_rows) return order;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return scores_[a].attempts != scores_[b].attempts ? scores_[a].attempts > scores_[b].attempts : a < b;
    });
    order.resize(most_rows);
    return order;
}

void call_endpoint_tally::add_row(text_table& table, std::size_t place, instant ended) const {
    const score& s = scores_[place];
    const auto percentile = [&](double share) {
        return s.took.empty() ? std::string{"-"} : short_text(call_tally::percentile_of(s.took, share));
    };
    const duration out = ejected_for(s, ended);
    const bool is_out = s.ejected_at != never;
    table.add({{std::to_string(s.attempts)},
               {std::to_string(s.failed), s.failed > 0 ? paint::bad : paint::plain},
               {percentile(0.5)},
               {percentile(0.99)},
               {out == duration::zero() && !is_out ? "never" : short_text(out), is_out ? paint::waiting : paint::plain},
               {at_[place].label}});
}

/// Those that have no row of their own.
void call_endpoint_tally::add_others(text_table& table, const std::vector<std::size_t>& shown) const {
    std::uint64_t attempts = 0;
    std::uint64_t failed = 0;
    for (std::size_t i = 0; i < scores_.size(); ++i) {
        if (std::ranges::find(shown, i) != shown.end()) continue;
        attempts += scores_[i].attempts;
        failed += scores_[i].failed;
    }
    table.add({{std::to_string(attempts)},
               {std::to_string(failed), failed > 0 ? paint::bad : paint::plain},
               {},
               {},
               {},
               {fmt::format("{} others", scores_.size() - shown.size())}});
}

std::string call_endpoint_tally::lines(instant began, const page& shown) const {
    if (lines_.empty()) return "";
    text_table table{{align::right, align::left}};
    table.add({{"at", paint::faint}, {}});
    for (const line& l : lines_) table.add({{short_text(between(began, l.at))}, {l.text, l.in}});
    if (untold_ > 0) table.add({{}, {fmt::format("and {} more; --events info tells all of them", untold_)}});
    return "\n" + table.text(shown);
}

std::string call_endpoint_tally::text(instant began, instant ended, const page& shown) const {
    if (at_.size() < 2) return "";
    text_table table{{align::right, align::right, align::right, align::right, align::right, align::left}};
    std::vector<cell> heading;
    for (const auto* const words : {"attempts", "failed", "p50", "p99", "ejected", "endpoint"})
        heading.push_back({words, paint::faint});
    table.add(std::move(heading));
    const std::vector<std::size_t> order = shown_first();
    for (const std::size_t place : order) add_row(table, place, ended);
    if (order.size() < at_.size()) add_others(table, order);
    return "\n" + table.text(shown) + lines(began, shown);
}

nlohmann::ordered_json call_endpoint_tally::json(instant ended) const {
    const auto seconds = [](duration d) { return std::chrono::duration<double>{d}.count(); };
    auto all = nlohmann::ordered_json::array();
    if (at_.size() < 2) return all;
    for (std::size_t place = 0; place < at_.size(); ++place) {
        const score& s = scores_[place];
        const auto percentile = [&](double share) -> nlohmann::ordered_json {
            if (s.took.empty()) return nullptr;
            return seconds(call_tally::percentile_of(s.took, share));
        };
        all.push_back({{"endpoint", at_[place].address},
                       {"attempts", s.attempts},
                       {"failed", s.failed},
                       {"p50_seconds", percentile(0.5)},
                       {"p99_seconds", percentile(0.99)},
                       {"ejected", s.ejected_at != never},
                       {"ejected_seconds", seconds(ejected_for(s, ended))}});
    }
    return all;
}

}  // namespace cutwater::app
