// The accounts, the payments between them, and the books that are read at the end.
//
// The table of payments has no rule against two rows of one key. That there is one for each is the guard's doing; the books count them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cutwater/http/idempotency/keyed_call.hpp"
#include "examples/payments/database.hpp"

namespace payments {

/// What is asked of the bank.
struct transfer {
    int from = 0;
    int to = 0;
    std::int64_t cents = 0;
};

/// A transfer that somebody wants once.
struct payment {
    cutwater::keyed_call call;
    transfer what;
};

[[nodiscard]] std::string to_json(const transfer& asked);
/// Nothing where it is none.
[[nodiscard]] std::optional<transfer> from_json(const std::string& text);

/// So many, each between two accounts; the same for the same seed.
[[nodiscard]] std::vector<payment> make_payments(std::size_t count, int accounts, std::uint64_t seed);

inline constexpr std::int64_t cents_at_first = 100'000;

void open_accounts(const database& shop, int accounts);

/// Moves the money, and writes down that it did. In a transaction.
void charge(const database& shop, const std::string& key, const transfer& asked);

/// What the books say.
struct audit {
    std::size_t once = 0;   ///< payments that were charged once, between the right accounts
    std::size_t twice = 0;  ///< or more often
    std::size_t never = 0;
    std::size_t wrong = 0;           ///< charged once, and not what was asked for; or asked for by nobody
    std::size_t wrong_accounts = 0;  ///< whose balance is not what all payments together make it
    std::int64_t cents = 0;          ///< on all accounts
    std::size_t keys_in_use = 0;     ///< keys without an outcome

    friend bool operator==(const audit&, const audit&) = default;
};
[[nodiscard]] audit read_books(const database& shop, const std::vector<payment>& all, int accounts);

}  // namespace payments
