#include "examples/payments/bank.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "cutwater/policy/idempotency_guard/kernel.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/postgres/postgres_store.hpp"

namespace payments {

namespace {

using json = nlohmann::json;

int below(cutwater::random_source& dice, int limit) {
    return static_cast<int>(dice() % static_cast<std::uint64_t>(limit));
}

std::map<int, std::int64_t> balances_after(const std::vector<payment>& all, int accounts) {
    std::map<int, std::int64_t> made;
    for (int id = 0; id < accounts; ++id) made[id] = cents_at_first;
    for (const payment& each : all) {
        made[each.what.from] -= each.what.cents;
        made[each.what.to] += each.what.cents;
    }
    return made;
}

/// Keys that are still reserved, for nobody to end.
std::size_t count_in_use(const database& shop) {
    std::size_t count = 0;
    for (const auto& row : shop.run("SELECT encode(value, 'hex') FROM cutwater_cells")) {
        std::string bytes;
        for (std::size_t i = 0; i + 1 < row[0].size(); i += 2)
            bytes.push_back(static_cast<char>(std::stoi(row[0].substr(i, 2), nullptr, 16)));
        const auto record = cutwater::idempotency_record::decoded(bytes);
        if (!record || record->is == cutwater::idempotency_record::state::in_use) ++count;
    }
    return count;
}

}  // namespace

std::string to_json(const transfer& asked) {
    return json{{"from", asked.from}, {"to", asked.to}, {"cents", asked.cents}}.dump();
}

std::optional<transfer> from_json(const std::string& text) {
    const json read = json::parse(text, nullptr, false);
    if (!read.is_object()) return {};
    constexpr auto most = std::numeric_limits<int>::max();  // of an account's number, and of cents at once
    for (const char* const field : {"from", "to", "cents"})
        if (!read.contains(field) || !read[field].is_number_unsigned() || read[field] > most) return {};
    const transfer asked{read["from"].get<int>(), read["to"].get<int>(), read["cents"].get<std::int64_t>()};
    return asked.cents > 0 && asked.from != asked.to ? std::optional{asked} : std::nullopt;
}

std::vector<payment> make_payments(std::size_t count, int accounts, std::uint64_t seed) {
    cutwater::random_source dice{seed};
    std::vector<payment> made;
    made.reserve(count);
    while (made.size() < count) {
        const int from = below(dice, accounts);
        const int to = (from + 1 + below(dice, accounts - 1)) % accounts;
        made.push_back({cutwater::keyed_call{dice}, {from, to, 1 + below(dice, 500)}});
    }
    return made;
}

void open_accounts(const database& shop, int accounts) {
    shop.run("CREATE TABLE accounts (id int PRIMARY KEY, cents bigint NOT NULL) WITH (fillfactor = 50)");
    shop.run(
        "CREATE TABLE payments (key text NOT NULL, debtor int NOT NULL, creditor int NOT NULL, cents bigint NOT NULL)");
    shop.run("INSERT INTO accounts SELECT id, $1 FROM generate_series(0, $2 - 1) AS id",
             {std::to_string(cents_at_first), std::to_string(accounts)});
    shop.run(cutwater::postgres_store::table_sql("cutwater_cells"));
}

void charge(const database& shop, const std::string& key, const transfer& asked) {
    const std::string cents = std::to_string(asked.cents);
    const auto [first, second] = std::minmax(asked.from, asked.to);  // in one order, so that no two wait for each other
    for (const int id : {first, second}) {
        const rows changed = shop.run("UPDATE accounts SET cents = cents + $2 WHERE id = $1 RETURNING id",
                                      {std::to_string(id), id == asked.from ? "-" + cents : cents});
        if (changed.size() != 1) throw std::domain_error{"there is no account " + std::to_string(id)};
    }
    shop.run("INSERT INTO payments VALUES ($1, $2, $3, $4)",
             {key, std::to_string(asked.from), std::to_string(asked.to), cents});
}

audit read_books(const database& shop, const std::vector<payment>& all, int accounts) {
    std::map<std::string, rows> charged;
    for (auto& row : shop.run("SELECT key, debtor, creditor, cents FROM payments")) charged[row[0]].push_back(row);
    audit found;
    for (const payment& each : all) {
        const auto at = charged.find(each.call.key());
        const std::size_t times = at == charged.end() ? 0 : at->second.size();
        const std::vector<std::string> right{each.call.key(), std::to_string(each.what.from),
                                             std::to_string(each.what.to), std::to_string(each.what.cents)};
        ++(times == 0 ? found.never : times > 1 ? found.twice : at->second[0] == right ? found.once : found.wrong);
        if (times > 0) charged.erase(at);
    }
    found.wrong += charged.size();
    const auto right = balances_after(all, accounts);
    for (const auto& row : shop.run("SELECT id, cents FROM accounts")) {
        const std::int64_t cents = std::stoll(row[1]);
        found.cents += cents;
        if (right.at(std::stoi(row[0])) != cents) ++found.wrong_accounts;
    }
    found.keys_in_use = count_in_use(shop);
    return found;
}

}  // namespace payments
