#include "test/soak/call_book.hpp"

#include <charconv>
#include <stdexcept>

#include "cutwater/pipeline/observe.hpp"
#include "cutwater/policy/retry/events.hpp"

namespace cutwater::soak {

namespace {

void balance_one(const call_entry& e, findings& found) {
    const std::string where = "call " + e.id;
    const unsigned served = e.served.load(std::memory_order_relaxed);
    found.expect(served <= e.begun * 64, where, "the dependency saw more of it than any retry makes");
    if (e.begun == 0 || e.forsaken) return;
    found.expect_same(e.answered, 1U, where, "the number of answers to its caller");
    found.expect_same(e.entered, 1U, where, "the number of times that it entered");
    found.expect_same(e.ended, 1U, where, "the number of times that it ended");
    found.expect_same(e.told_started, 1U, where, "the number of call_started");
    found.expect_same(e.told_ended, 1U, where, "the number of call_completed, call_failed and call_refused");
    found.expect_same(e.sent, served, where,
                      "the number of attempts that were sent, beside those that the dependency saw");
    found.expect(served <= e.attempts, where, "the dependency saw more attempts than were begun");
    found.expect_same(e.told_attempts, e.attempts, where, "the number of attempts in the last event");
    const bool last_was_cut_short = e.attempts == e.told_retries;  // the sleep before it: told, and then cancelled
    found.expect(last_was_cut_short || e.attempts == e.told_retries + 1, where,
                 "its attempts are not one and the retries that were told");
}

}  // namespace

call_book::call_book(std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) entries_.emplace_back().id = std::to_string(i);
}

call_entry& call_book::of(std::string_view id) {
    std::size_t number = entries_.size();
    std::from_chars(id.data(), id.data() + id.size(), number);
    return entries_.at(number);
}

void call_book::on_event(const event& e) {
    call_entry& entry = of(e.origin().call_id);
    if (e.get_if<call_started>() != nullptr) ++entry.told_started;
    if (e.get_if<retry_scheduled>() != nullptr) ++entry.told_retries;
    if (const auto* const done = e.get_if<call_completed>()) ++entry.told_ended, entry.told_attempts = done->attempts;
    if (const auto* const done = e.get_if<call_refused>()) ++entry.told_ended, entry.told_attempts = done->attempts;
    if (const auto* const done = e.get_if<call_failed>()) ++entry.told_ended, entry.told_attempts = done->attempts;
}

void call_book::balance(findings& found) const {
    for (const call_entry& e : entries_) balance_one(e, found);
    found.expect_same(inside_.load(), 0, "dependency", "the number of calls that are still inside");
}

}  // namespace cutwater::soak
