// The bank's customers: many at once, each of whom wants its payment made once and does not rest until it knows that it was.
//
// One key for each payment, whatever becomes of its attempts: retries and hedges have it, and so has whoever asks again when a call has failed. Thread safety:
// `paid` and `stop`, from any thread; the rest belongs to the thread of `run`.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "examples/payments/bank.hpp"

namespace payments {

/// What it took.
struct tally {
    unsigned requests = 0;      ///< sent, attempts of all kinds
    unsigned retries = 0;       ///< scheduled
    unsigned hedges = 0;        ///< begun beside an attempt that took long
    unsigned instead = 0;       ///< begun by the hedge at once, because the one before had failed
    unsigned unpaid_extra = 0;  ///< attempts that the budget did not pay for
    unsigned asked_again = 0;   ///< calls that failed, and were made anew with the same key
    unsigned created = 0;       ///< answers: 201
    unsigned replayed = 0;      ///< of those, from an earlier request with the key
    unsigned in_use = 0;        ///< 409
    unsigned unavailable = 0;   ///< 502, 503, 504
    unsigned other = 0;         ///< any other status, which there is not to be
    unsigned lost = 0;          ///< no answer: reset, refused
    unsigned given_up = 0;      ///< no answer: too late, or another was quicker
};

class payers {
public:
    /// `all` outlives this.
    payers(std::uint16_t port, const std::vector<payment>& all, unsigned users);
    payers(const payers&) = delete;
    payers& operator=(const payers&) = delete;
    ~payers();

    /// Until each payment has its receipt, or has been refused; or until `stop`.
    void run();
    /// Nobody asks any more, and `run` comes back. From any thread.
    void stop();

    [[nodiscard]] std::size_t paid() const noexcept { return paid_; }
    [[nodiscard]] const tally& seen() const noexcept { return seen_; }

private:
    class crowd;

    tally seen_;
    std::atomic<std::size_t> paid_{0};
    std::unique_ptr<crowd> crowd_;
    unsigned users_;
};

}  // namespace payments
