// A whole day at the bank: PostgreSQL, the service in a process of its own, a network with bad moments, and many who pay. Then the books are read.
//
//     const report told = play({.payments = 10'000, .seed = 7, .program = "/usr/bin/payments_example"});
//     assert(told.is_right());
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "cutwater/core/instant.hpp"
#include "examples/payments/bank.hpp"
#include "examples/payments/faulty_link.hpp"
#include "examples/payments/payers.hpp"

namespace payments {

struct scenario {
    std::size_t payments = 10'000;
    unsigned users = 64;
    int accounts = 500;
    std::uint64_t seed = 1;
    double trouble = 0.15;                           ///< share of requests that something happens to on their way
    unsigned kills = 0;                              ///< how often the service is killed and started anew
    unsigned outages = 0;                            ///< how often the database is locked, cut off or silent
    std::string program{};                           ///< what is the service when it is told to `--serve`
    std::function<void(std::size_t)> on_progress{};  ///< hears now and then how many have been paid
    std::function<bool()> is_to_end{};               ///< asked now and then
};

struct report {
    scenario played{};
    audit books{};
    tally client{};
    std::array<unsigned, mishaps> on_the_way{};
    unsigned kills = 0;
    unsigned outages = 0;
    unsigned deaths = 0;  ///< of the service, killed by nobody
    cutwater::duration took{};

    /// Each payment was charged once, no money was made or lost, each was told so, and the service has not died by itself.
    [[nodiscard]] bool is_right() const;
};

/// Throws where PostgreSQL is not installed, something does not start, PostgreSQL ends, or the day is to end before all have paid. Then, too, what was
/// started has ended, and its folders are gone.
[[nodiscard]] report play(const scenario& what);

std::ostream& operator<<(std::ostream& out, const report& told);

}  // namespace payments
