// What a scenario has come to, as a table.

#include <chrono>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "examples/payments/scenario.hpp"

namespace payments {

namespace {

std::string line(std::string_view called, std::int64_t number, std::string_view note = {}) {
    std::ostringstream out;
    out << "  " << std::left << std::setw(16) << called << std::right << std::setw(10) << number;
    if (!note.empty()) out << "  " << note;
    return out.str() + '\n';
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const report& r) {
    const auto text = [](auto number) { return std::to_string(number); };
    const tally& c = r.client;
    const audit& b = r.books;
    const std::int64_t at_first = r.played.accounts * cents_at_first;
    out << r.played.payments << " payments of " << r.played.users << " users at once, seed " << r.played.seed << ", in "
        << std::fixed << std::setprecision(1) << std::chrono::duration<double>{r.took}.count() << " s\n\non the way\n";
    for (std::size_t i = 0; i < mishaps; ++i) out << line(to_text(static_cast<mishap>(i)), r.on_the_way[i]);
    out << line("bank killed", r.kills) << line("bank died", r.deaths, "killed by nobody")
        << line("database gone", r.outages, "locked, cut off or silent, in turn") << "\nthe clients\n"
        << line("requests", c.requests,
                text(c.hedges) + " hedges, " + text(c.instead) + " at once after a failure, " + text(c.retries) +
                    " retries later")
        << line("not paid for", c.unpaid_extra, "further attempts that the budget refused")
        << line("asked again", c.asked_again, "calls that failed, made anew with the same key")
        << line("answered 201", c.created, text(c.replayed) + " of them replayed: the payment had been made before")
        << line("answered 409", c.in_use, "the first request was still at work") << line("answered 50x", c.unavailable)
        << line("answered else", c.other)
        << line("no answer", c.lost, "and " + text(c.given_up) + " given up: another was quicker, or it was too late")
        << "\nthe books\n"
        << line("charged once", static_cast<std::int64_t>(b.once))
        << line("more than once", static_cast<std::int64_t>(b.twice))
        << line("never", static_cast<std::int64_t>(b.never)) << line("not as asked", static_cast<std::int64_t>(b.wrong))
        << line("wrong balances", static_cast<std::int64_t>(b.wrong_accounts),
                "of " + text(r.played.accounts) + " accounts")
        << line("cents", b.cents, text(at_first) + " at first")
        << line("keys in use", static_cast<std::int64_t>(b.keys_in_use));
    return out << (r.is_right() ? "\nEach payment was charged once.\n" : "\nTHE BOOKS ARE WRONG.\n");
}

}  // namespace payments
