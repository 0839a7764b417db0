#include "apps/cutwater/call_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/cutwater/units.hpp"

namespace cutwater::app {

namespace {

/// Why there is no further attempt.
std::string why(give_up_reason reason) {
    switch (reason) {
        case give_up_reason::not_transient: return "another attempt would not help";
        case give_up_reason::not_idempotent: return "it may have had its effect, and the method is not idempotent";
        case give_up_reason::left_to_caller:  // all that the call may have, hedges included
        case give_up_reason::attempts_exhausted: return "all attempts have been made";
        case give_up_reason::time_exhausted: return "no time is left for a wait and another attempt";
        case give_up_reason::retry_after_too_long: return "the server asks for a longer wait than is allowed";
        case give_up_reason::refused: return "our own policy refused";
        default: return std::string{to_text(reason)};
    }
}

std::string percent(double share) { return fmt::format("{:.0f} %", share * 100); }

std::string circuit_words(const circuit_opened& o) {
    const std::string because = o.reason == circuit_reason::failure_rate
                                    ? fmt::format("{} of {} attempts failed", percent(o.failure_rate), o.calls)
                                    : std::string{to_text(o.reason)};
    return fmt::format("the circuit opens for {}: {}", short_text(o.open_for), because);
}

/// What an event says in words; nothing where it is none of a ledger's.
std::optional<std::string> words_of(const event& e) {
    if (const auto* o = e.get_if<circuit_opened>()) return circuit_words(*o);
    if (e.get_if<circuit_half_opened>() != nullptr) return "the circuit is half-open: a probe may pass";
    if (e.get_if<circuit_closed>() != nullptr) return "the circuit closes";
    if (const auto* r = e.get_if<circuit_refused>())
        return fmt::format("refused: the circuit is {}; ask again after {}", to_text(r->state),
                           short_text(r->retry_after));
    if (const auto* r = e.get_if<bulkhead_refused>())
        return fmt::format("refused: {} attempts are at work, {} wait", r->max_concurrent, r->queued);
    if (const auto* q = e.get_if<bulkhead_queued>())
        return fmt::format("waits for a place, with {} others", q->queued - 1);
    if (const auto* h = e.get_if<hedge_begun>())
        return h->cause == hedge_cause::failure
                   ? "one has failed: another attempt"
                   : fmt::format("no answer after {}: another attempt beside it", short_text(h->after));
    return {};
}

/// `attempt 1 at 10.0.0.1`
std::string title_of(const attempt_seen& seen) {
    return seen.at == nullptr ? fmt::format("attempt {}", seen.number)
                              : fmt::format("attempt {} at {}", seen.number, seen.at->label);
}

std::optional<std::string> ending_words(const event& e) {
    if (const auto* n = e.get_if<retry_not_tried>()) return "no second attempt: " + why(n->reason);
    if (const auto* g = e.get_if<retry_gave_up>()) return "no further attempt: " + why(g->reason);
    return {};
}

paint paint_of(severity level) {
    return level >= severity::error ? paint::bad : level == severity::warning ? paint::waiting : paint::plain;
}

paint paint_of(const attempt_seen& seen) {
    return seen.status == 0 || seen.status >= 500 ? paint::bad : seen.status >= 400 ? paint::waiting : paint::good;
}

}  // namespace

/// A wait is over when something else happens.
void ledger::add(entry e) {
    if (!entries_.empty() && entries_.back().what == kind::wait) entries_.back().ended = e.began;
    entries_.push_back(std::move(e));
}

void ledger::note(instant at, std::string text, paint in) {
    add({.what = kind::note, .began = at, .ended = at, .text = std::move(text), .in = in});
}

void ledger::on_event(const event& e) {
    if (!started_) started_ = e.origin().at;
    if (const auto* t = e.get_if<timed_out>()) return on_timeout(e, t->limit);
    if (e.get_if<hedge_begun>() != nullptr) is_hedged_ = true;
    if (const auto* w = e.get_if<retry_scheduled>()) return on_wait(e, w->delay, w->failed_attempts);
    if (const auto words = ending_words(e)) {
        ending_ = {*words, e.kind().level};
        return note(e.origin().at, *words, paint_of(e.kind().level));
    }
    auto words = words_of(e);
    if (!words) words = words_of_endpoints(e, at_);
    if (words) note(e.origin().at, std::move(*words), paint_of(e.kind().level));
}

void ledger::on_attempt(const attempt_seen& seen) {
    if (!started_) started_ = seen.began;
    add({.what = kind::attempt,
         .began = seen.began,
         .ended = seen.ended,
         .text = fmt::format("{}: {}", title_of(seen), outcome_of(seen)),
         .in = paint_of(seen),
         .cut_off = seen.cut_off ? std::optional{seen} : std::nullopt});
}

/// Says whose limit it was that cut off the last attempt; the call's own may end it elsewhere, too.
void ledger::on_timeout(const event& e, duration limit) {
    const std::string whose = fmt::format("the {} limit of {}", e.origin().layer.view(), short_text(limit));
    const auto last = std::ranges::find(entries_.rbegin(), entries_.rend(), kind::attempt, &entry::what);
    if (last == entries_.rend() || !last->cut_off) return note(e.origin().at, "timed out: " + whose, paint::bad);
    last->text =
        fmt::format("{}: timed out while {}: {}", title_of(*last->cut_off), doing(last->cut_off->phase), whose);
    last->cut_off.reset();
}

void ledger::on_wait(const event& e, duration delay, unsigned failed) {
    add({.what = kind::wait,
         .began = e.origin().at,
         .ended = cutwater::add(e.origin().at, delay),
         .text = is_hedged_ ? fmt::format("wait {} before the next attempt", short_text(delay))
                            : fmt::format("wait {} before attempt {}", short_text(delay), failed + 1),
         .in = paint::waiting});
}

void ledger::close(instant at, std::string result, paint in) {
    if (!started_) started_ = at;
    ended_ = at;
    note(at, std::move(result), in);
}

/// From when to when, in a line that is as long as the call.
std::string ledger::bar_of(const entry& e, std::size_t columns) const {
    const auto place = [&](instant t) {
        const double whole = std::max(static_cast<double>(between(*started_, ended_).count()), 1.0);
        const double share = static_cast<double>(between(*started_, t).count()) / whole;
        return static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
    };
    const std::size_t from = std::min(place(e.began), columns - 1);
    const std::size_t to = std::max(place(e.ended), from + 1);
    std::string bar(from, ' ');
    for (std::size_t i = from; i < to; ++i) bar += e.what == kind::attempt ? "█" : e.what == kind::wait ? "·" : "│";
    return bar + std::string(columns - to, ' ');
}

std::vector<std::string> ledger::attempts() const {
    std::vector<std::string> texts;
    for (const entry& e : entries_)
        if (e.what == kind::attempt) texts.push_back(e.text);
    return texts;
}

/// Attempts side by side are entered when they end.
std::vector<const ledger::entry*> ledger::by_beginning() const {
    std::vector<const entry*> rows;
    for (const entry& e : entries_) rows.push_back(&e);
    std::ranges::sort(
        rows, [](const entry* a, const entry* b) { return a->began != b->began ? a->began < b->began : a < b; });
    return rows;
}

std::string ledger::text(const page& shown) const {
    constexpr unsigned roomy = 76;
    const std::size_t bars = shown.columns < roomy ? 0 : std::min<std::size_t>(shown.columns / 4, 40);
    std::vector<align> columns{align::right, align::right, align::left};
    if (bars > 0) columns.push_back(align::left);
    text_table table{columns};
    table.add(bars > 0 ? std::vector<cell>{{"at", paint::faint}, {"took", paint::faint}, {"timeline", paint::faint}, {}}
                       : std::vector<cell>{{"at", paint::faint}, {"took", paint::faint}, {}});
    for (const entry* const each : by_beginning()) {
        const entry& e = *each;
        std::vector<cell> row{{short_text(between(*started_, e.began))}};
        row.push_back({e.what == kind::note ? "" : short_text(between(e.began, e.ended))});
        if (bars > 0) row.push_back({bar_of(e, bars), e.in});
        row.push_back({e.text, e.in});
        table.add(std::move(row));
    }
    return table.text(shown);
}

}  // namespace cutwater::app
