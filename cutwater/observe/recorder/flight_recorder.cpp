#include "cutwater/observe/recorder/flight_recorder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cutwater {

namespace {

std::vector<std::string> words_in(std::string_view list) {
    constexpr std::string_view between_words = ", \t\n";
    std::vector<std::string> words;
    while (true) {
        list.remove_prefix(std::min(list.find_first_not_of(between_words), list.size()));
        if (list.empty()) return words;
        const std::string_view word = list.substr(0, list.find_first_of(between_words));
        words.emplace_back(word);
        list.remove_prefix(word.size());
    }
}

std::int64_t unix_ms_of(const flight_recorder_options& o) {
    using namespace std::chrono;
    return o.unix_ms ? o.unix_ms() : duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct kept_decision {
    std::uint64_t number;
    packed_event made;
};

}  // namespace

flight_recorder::flight_recorder(sink to, flight_recorder_options options)
    : to_{std::move(to)}, options_{validated("flight_recorder", std::move(options))},
      dump_on_{words_in(options_.dump_on)}, rings_{options_.max_layers}, others_{options_.last},
      next_dump_{instant::min().time_since_epoch().count()} {}

void flight_recorder::on_event(const event& e) noexcept {
    if (e.kind().level >= options_.min_level) {
        try {
            keep(e);
        } catch (...) {  // no memory for a ring, or a field that throws
            lost_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    if (!asks_for_dump(e.kind())) return;
    if (!may_dump(e.origin().at)) {
        left_out_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    try {
        dump(std::string{e.kind().name}.append(" of ").append(e.origin().layer.view()));
    } catch (...) {
        failed_.fetch_add(1, std::memory_order_relaxed);
    }
}

void flight_recorder::keep(const event& e) {
    decision_ring* const own = rings_.get({e.origin().layer}, options_.last);
    const packed_event made{e};  // reads the event, which is user's code, before any lock is taken
    const std::uint64_t number = heard_.fetch_add(1, std::memory_order_relaxed);
    (own != nullptr ? *own : others_).put(number, made);
}

bool flight_recorder::asks_for_dump(const event_kind& kind) const noexcept {
    return std::ranges::any_of(dump_on_, [&](const std::string& each) { return each == kind.name; });
}

bool flight_recorder::may_dump(instant now) noexcept {
    instant::rep due = next_dump_.load(std::memory_order_relaxed);
    return now.time_since_epoch().count() >= due &&
           next_dump_.compare_exchange_strong(due, add(now, options_.dump_every).time_since_epoch().count());
}

bool flight_recorder::dump(std::string_view reason) noexcept {
    if (is_dumping_.exchange(true)) {
        left_out_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    bool is_done = true;
    try {
        const ledger_book told = book(reason);
        to_(head_line(told));
        for (const ledger_entry& each : told.entries) to_(entry_line(each));
    } catch (...) {
        is_done = false;
    }
    (is_done ? dumps_ : failed_).fetch_add(1, std::memory_order_relaxed);
    is_dumping_.store(false);
    return is_done;
}

ledger_book flight_recorder::book(std::string_view reason) const {
    std::vector<kept_decision> all;
    const auto take = [&](std::uint64_t number, const packed_event& made) { all.push_back({number, made}); };
    rings_.for_each([&](const layer_key&, const decision_ring& ring) { ring.read(take); });
    others_.read(take);
    std::ranges::sort(all, {}, &kept_decision::number);
    ledger_book told{.about = "decisions", .reason = std::string{reason}, .unix_ms = unix_ms_of(options_)};
    const auto first = std::ranges::min_element(all, {}, [](const kept_decision& each) { return each.made.at(); });
    for (const kept_decision& each : all) told.entries.push_back(each.made.unpacked(first->made.at()));
    return told;
}

}  // namespace cutwater
