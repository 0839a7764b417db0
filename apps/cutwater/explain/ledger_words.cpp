#include "apps/cutwater/explain/ledger_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "apps/cutwater/console/units.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater::app {

namespace {

using word = std::pair<std::string_view, std::string_view>;

template <std::size_t Size>
std::string_view look_up(const std::array<word, Size>& words, std::string_view key) {
    const auto found = std::ranges::find(words, key, &word::first);
    return found == words.end() ? key : found->second;
}

/// Why there is no further attempt.
std::string_view why(std::string_view reason) {
    static constexpr std::array<word, 7> words{{
        {"not_transient", "another attempt would not help"},
        {"not_idempotent", "it may have had its effect, and the method is not idempotent"},
        {"left_to_caller", "all attempts have been made"},  // all that the call may have, hedges included
        {"attempts_exhausted", "all attempts have been made"},
        {"time_exhausted", "no time is left for a wait and another attempt"},
        {"retry_after_too_long", "the server asks for a longer wait than is allowed"},
        {"refused", "our own policy refused"},
    }};
    return look_up(words, reason);
}

std::string percent(double share) { return fmt::format("{:.0f} %", share * 100); }

constexpr std::string_view not_said = "?";

std::string count_of(const ledger_entry& e, std::string_view field) {
    const auto said = e.number(field);
    return said ? fmt::format("{:.0f}", *said) : std::string{not_said};
}
std::string share_of(const ledger_entry& e, std::string_view field) {
    const auto said = e.number(field);
    return said ? percent(*said) : std::string{not_said};
}

std::string circuit_words(const ledger_entry& e) {
    const std::string_view reason = e.text("reason");
    const std::string because =
        reason == "failure_rate"
            ? fmt::format("{} of {} attempts failed", share_of(e, "failure_rate"), count_of(e, "calls"))
            : std::string{reason};
    return fmt::format("the circuit opens for {}: {}", time_of(e, "open_for"), because);
}

std::string hedge_words(const ledger_entry& e) {
    return e.text("cause") == "failure"
               ? "one has failed: another attempt"
               : fmt::format("no answer after {}: another attempt beside it", time_of(e, "after"));
}

std::string end_words(const ledger_entry& e) {
    const auto attempts = count_in(e, "attempts", 1);
    const std::string after = fmt::format("after {} {}", attempts, attempts == 1 ? "attempt" : "attempts");
    if (e.event == "call_completed") return fmt::format("a value, {}", after);
    const std::string_view what = e.event == "call_refused" ? "refused" : "failed";
    return fmt::format("{}, {}: {}", what, after, e.text("error_message"));
}

/// Words of their own, for what calls of this program have most.
std::optional<std::string> own_words(const ledger_entry& e) {
    const std::string_view is = e.event;
    if (is == "circuit_opened") return circuit_words(e);
    if (is == "circuit_half_opened") return "the circuit is half-open: a probe may pass";
    if (is == "circuit_closed") return "the circuit closes";
    if (is == "circuit_refused")
        return fmt::format("refused: the circuit is {}; ask again after {}", e.text("state"),
                           time_of(e, "retry_after"));
    if (is == "bulkhead_refused")
        return fmt::format("refused: {} attempts are at work, {} wait", count_of(e, "max_concurrent"),
                           count_of(e, "queued"));
    if (is == "bulkhead_queued")
        return fmt::format("waits for a place, with {:.0f} others", e.number("queued").value_or(1) - 1);
    if (is == "hedge_begun") return hedge_words(e);
    if (is == "call_completed" || is == "call_failed" || is == "call_refused") return end_words(e);
    return {};
}

struct to_words {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(duration d) const { return short_text(d); }
    std::string operator()(const auto& plain) const { return to_text(plain); }
};

/// `rate refused (permits 10, per 1s)`: for decisions that this program has no words for, a user's own among them.
std::string plain_words(const ledger_entry& e) {
    std::string name = e.event;
    std::ranges::replace(name, '_', ' ');
    std::string all;
    for (const auto& [field, value] : e.fields) {
        std::string words = std::visit(to_words{}, value);
        if (words.empty()) continue;
        std::string called = field;
        std::ranges::replace(called, '_', ' ');
        all.append(all.empty() ? "" : ", ").append(called).append(" ").append(words);
    }
    return all.empty() ? name : name + " (" + all + ")";
}

}  // namespace

std::string time_of(const ledger_entry& e, std::string_view field) {
    const auto said = e.time(field);
    return said ? short_text(*said) : std::string{not_said};
}

std::uint64_t count_in(const ledger_entry& e, std::string_view field, std::uint64_t otherwise) {
    constexpr double most = 1e15;
    const double said = e.number(field).value_or(static_cast<double>(otherwise));
    return said >= 0 ? static_cast<std::uint64_t>(std::min(said, most)) : otherwise;
}

std::optional<std::string> endpoint_words(const ledger_entry& e, const labeller& label) {
    static constexpr std::array<word, 3> causes{{
        {"consecutive_failures", "too many failures in a row"},
        {"success_rate", "it fails more often than the others"},
        {"failure_share", "too many of its calls fail"},
    }};
    const std::string_view is = e.event;
    if (is == "endpoint_ejected")
        return fmt::format("{} is ejected for {}: {}", label(e.text("endpoint")), time_of(e, "how_long"),
                           look_up(causes, e.text("cause")));
    if (is == "endpoint_returned") return fmt::format("{} is back", label(e.text("endpoint")));
    if (is == "endpoints_panic_began") return fmt::format("all {} are ejected, so all are asked", count_of(e, "of"));
    if (is == "endpoints_panic_ended")
        return fmt::format("only those are asked that are not ejected: {:.0f} of {}",
                           e.number("of").value_or(0) - e.number("ejected").value_or(0), count_of(e, "of"));
    return {};
}

std::optional<std::string> ending_words(const ledger_entry& e) {
    if (e.event == "retry_not_tried") return fmt::format("no second attempt: {}", why(e.text("reason")));
    if (e.event == "retry_gave_up") return fmt::format("no further attempt: {}", why(e.text("reason")));
    return {};
}

bool is_said_by_others(const ledger_entry& e) noexcept {
    static constexpr std::array<std::string_view, 7> quiet{
        "call_started",      "retry_rescued",   "hedge_ended",      "bulkhead_wait_ended",
        "endpoint_answered", "endpoint_failed", "endpoint_given_up"};
    return std::ranges::find(quiet, e.event) != quiet.end();
}

std::string words_of(const ledger_entry& e, const labeller& label) {
    if (auto words = own_words(e)) return *std::move(words);
    if (auto words = ending_words(e)) return *std::move(words);
    if (auto words = endpoint_words(e, label)) return *std::move(words);
    return plain_words(e);
}

}  // namespace cutwater::app
