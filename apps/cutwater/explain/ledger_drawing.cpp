#include "apps/cutwater/explain/ledger_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "apps/cutwater/console/units.hpp"

namespace cutwater::app {

namespace {

using kind = ledger_row::kind;

paint paint_of(severity level) {
    return level >= severity::error ? paint::bad : level == severity::warning ? paint::waiting : paint::plain;
}

/// Of an attempt: by its status where it had one, else by the verdict.
paint paint_of_attempt(const ledger_entry& e) {
    if (const auto status = e.number("status"))
        return *status >= 500 || *status < 1 ? paint::bad : *status >= 400 ? paint::waiting : paint::good;
    const std::string_view meaning = e.text("meaning");
    if (meaning == "success") return paint::good;
    return meaning == "transient" || meaning == "permanent" ? paint::bad : paint::waiting;
}

paint paint_of_note(const ledger_entry& e) {
    if (e.event == "call_completed" || e.text("look") == "good") return paint::good;
    if (e.event == "call_answered") return e.text("look") == "waiting" ? paint::waiting : paint::bad;
    return paint_of(e.level);
}

/// Saturating: a file may say anything.
duration from_to(duration began, duration ended) noexcept { return between(instant{began}, instant{ended}); }

class row_maker {
public:
    row_maker(const ledger_style& style, bool answer_is_told) : style_{style}, answer_is_told_{answer_is_told} {}

    void add(const ledger_entry& e) {
        if (style_.are == ledger_style::whose::one_call && is_end(e)) end_wait(e, kind::note, e.at);
        is_hedged_ = is_hedged_ || e.event == "hedge_begun";
        if (e.event == "timed_out") return add_timeout(e);
        if (e.event == "retry_scheduled") return add_wait(e);
        if (e.event == "attempt_ended") return add_attempt(e);
        if (e.event == "call_answered") return add_note(e, std::string{e.text("result")});
        if (is_said_by_others(e) || (answer_is_told_ && is_end(e))) return;
        add_note(e, words_of(e, style_.label));
    }

    [[nodiscard]] std::vector<ledger_row> take() { return std::move(rows_); }

private:
    static bool is_end(const ledger_entry& e) {
        return e.event == "call_completed" || e.event == "call_failed" || e.event == "call_refused";
    }

    void put(const ledger_entry& e, ledger_row row) {
        const bool is_one_call = style_.are == ledger_style::whose::one_call;
        if (is_one_call) end_wait(e, row.what, row.began);
        if (!is_one_call) row.text = fmt::format("{}{}", who(e), row.text);
        rows_.push_back(std::move(row));
    }

    /// A wait is over when it was to be; before, where its call ends, its retry decides anew, or the next attempt begins. Hedges go on beside it.
    void end_wait(const ledger_entry& by, kind what, duration began) {
        if (!wait_) return;
        ledger_row& wait = rows_[wait_->first];
        const bool goes_on = is_hedged_ || (what == kind::note && by.layer != wait_->second->layer);
        const bool is_over = is_end(by) || by.event == "call_answered" || !goes_on;
        if (!is_over || began < wait.began) return;
        wait.ended = std::min(wait.ended, began);
        wait_.reset();
    }
    static std::string who(const ledger_entry& e) {
        const std::string of = e.call_id.empty() ? e.layer : fmt::format("{} {}", e.call_id, e.layer);
        return of.empty() ? of : of + ": ";
    }

    void add_note(const ledger_entry& e, std::string text) {
        put(e, {.began = e.at, .ended = e.at, .text = std::move(text), .in = paint_of_note(e)});
    }

    void add_wait(const ledger_entry& e) {
        const duration delay = e.time("delay").value_or(duration::zero());
        const auto failed = count_in(e, "failed_attempts", 0);
        put(e, {.what = kind::wait,
                .began = e.at,
                .ended = cutwater::add(e.at, delay),
                .text = is_hedged_ || failed == 0
                            ? fmt::format("wait {} before the next attempt", time_of(e, "delay"))
                            : fmt::format("wait {} before attempt {}", time_of(e, "delay"), failed + 1),
                .in = paint::waiting,
                .is_timed = e.time("delay").has_value()});
        wait_ = {rows_.size() - 1, &e};
    }

    void add_attempt(const ledger_entry& e) {
        const std::string_view outcome = e.text("outcome");
        put(e, {.what = kind::attempt,
                .began = from_to(e.time("took").value_or(duration::zero()), e.at),
                .ended = e.at,
                .text = fmt::format("{}: {}", title_of(e), outcome.empty() ? "a value" : outcome),
                .in = paint_of_attempt(e),
                .is_timed = e.time("took").has_value()});
        cut_off_.reset();
        if (e.is_set("cut_off") || e.text("meaning") == "cancelled") cut_off_ = {rows_.size() - 1, &e};
    }

    /// Says whose limit it was that cut off the last attempt; the call's own may end it elsewhere, too.
    void add_timeout(const ledger_entry& e) {
        const std::string whose = fmt::format("the {} limit of {}", e.layer, time_of(e, "limit"));
        const bool is_its =
            cut_off_ && cut_off_->second->call_id == e.call_id && cut_off_->second->attempt == e.attempt;
        if (!is_its) return put(e, {.began = e.at, .ended = e.at, .text = "timed out: " + whose, .in = paint::bad});
        const auto [row, attempt] = *std::exchange(cut_off_, std::nullopt);
        const std::string_view busy = attempt->text("busy_with");
        const bool is_one_call = style_.are == ledger_style::whose::one_call;
        rows_[row].text = fmt::format("{}{}: timed out{}{}: {}", is_one_call ? "" : who(*attempt), title_of(*attempt),
                                      busy.empty() ? "" : " while ", busy, whose);
        rows_[row].in = paint::bad;
    }

    /// `attempt 1 at 10.0.0.1`
    [[nodiscard]] std::string title_of(const ledger_entry& e) const {
        const std::string_view target = e.text("target");
        return target.empty() ? fmt::format("attempt {}", e.attempt)
                              : fmt::format("attempt {} at {}", e.attempt, style_.label(target));
    }

    const ledger_style& style_;
    bool answer_is_told_;
    std::vector<ledger_row> rows_;
    std::optional<std::pair<std::size_t, const ledger_entry*>> cut_off_;  // by whom is not known yet
    std::optional<std::pair<std::size_t, const ledger_entry*>> wait_;     // the last one, while nothing has ended it
    bool is_hedged_ = false;  // a retry counts as one what were two attempts
};

struct span_of_time {
    duration began{};
    duration ended{};
};

span_of_time whole_of(const std::vector<ledger_row>& rows) {
    if (rows.empty()) return {};
    return {std::ranges::min_element(rows, {}, &ledger_row::began)->began,
            std::ranges::max_element(rows, {}, &ledger_row::ended)->ended};
}

/// From when to when, in a line that is as long as all of it.
std::string bar_of(const ledger_row& row, const span_of_time& all, std::size_t columns) {
    const auto place = [&](duration t) {
        const double whole = std::max(static_cast<double>(from_to(all.began, all.ended).count()), 1.0);
        const double share = static_cast<double>(from_to(all.began, t).count()) / whole;
        return static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
    };
    const std::size_t from = std::min(place(row.began), columns - 1);
    const std::size_t to = std::max(place(row.ended), from + 1);
    std::string bar(from, ' ');
    for (std::size_t i = from; i < to; ++i) bar += row.what == kind::attempt ? "█" : row.what == kind::wait ? "·" : "│";
    return bar + std::string(columns - to, ' ');
}

std::string_view scheme_of(std::string_view address) {
    const std::size_t end = address.find("://");
    return end == std::string_view::npos ? std::string_view{} : address.substr(0, end + 3);
}

}  // namespace

std::vector<ledger_row> rows_of(std::span<const ledger_entry> entries, const ledger_style& style) {
    const bool answer_is_told = std::ranges::find(entries, "call_answered", &ledger_entry::event) != entries.end();
    row_maker maker{style, answer_is_told};
    for (const ledger_entry& e : entries) maker.add(e);
    return maker.take();
}

labeller shared_label(std::span<const ledger_entry> entries) {
    std::set<std::string_view> schemes;
    for (const ledger_entry& e : entries)
        for (const std::string_view address : {e.text("target"), e.text("endpoint")})
            if (!address.empty()) schemes.insert(scheme_of(address));
    if (schemes.size() != 1) return [](std::string_view address) { return std::string{address}; };
    return [length = schemes.begin()->size()](std::string_view address) {
        return std::string{address.substr(std::min(length, address.size()))};
    };
}

std::string draw(const std::vector<ledger_row>& rows, const page& shown) {
    constexpr unsigned roomy = 76;
    const std::size_t bars = shown.columns < roomy ? 0 : std::min<std::size_t>(shown.columns / 4, 40);
    const span_of_time all = whole_of(rows);
    std::vector<align> columns{align::right, align::right, align::left};
    if (bars > 0) columns.push_back(align::left);
    text_table table{columns};
    table.add(bars > 0 ? std::vector<cell>{{"at", paint::faint}, {"took", paint::faint}, {"timeline", paint::faint}, {}}
                       : std::vector<cell>{{"at", paint::faint}, {"took", paint::faint}, {}});
    std::multimap<duration, const ledger_row*> by_time;  // attempts side by side are entered when they end
    for (const ledger_row& each : rows) by_time.emplace(each.began, &each);
    for (const auto& [began, entered] : by_time) {
        const ledger_row& each = *entered;
        std::vector<cell> row{{short_text(from_to(all.began, each.began))}};
        row.push_back({each.what == kind::note || !each.is_timed ? "" : short_text(from_to(each.began, each.ended))});
        if (bars > 0) row.push_back({bar_of(each, all, bars), each.in});
        row.push_back({printable(each.text), each.in});
        table.add(std::move(row));
    }
    return table.text(shown);
}

}  // namespace cutwater::app
