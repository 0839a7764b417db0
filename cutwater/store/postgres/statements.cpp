#include "cutwater/store/postgres/statements.hpp"

#include <algorithm>
#include <limits>

#include <libpq-fe.h>

namespace cutwater::detail {

namespace {

constexpr Oid bytea = 17;
constexpr Oid bigint = 20;
constexpr int binary = 1;

// Of each row.
enum column : int { made, version, value, age, alive };

// The time of a snapshot is the statement's: what it has not seen yet had not been committed then. The time of a row that is being written is the
// present one, after what had to be waited for.
constexpr std::string_view is_alive = "(expires IS NULL OR expires > statement_timestamp())";
constexpr std::string_view age_of_it = "(extract(epoch FROM clock_timestamp() - written) * 1000000)::bigint";
constexpr std::string_view lives_until = "clock_timestamp() + $3 * interval '1 microsecond'";

std::string with(std::string_view text, std::string_view table) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t mark = std::min(text.find('@', at), text.size());
        made.append(text.substr(at, mark - at));
        if (mark == text.size()) break;
        const std::string_view word = text.substr(mark, text.find_first_of(" ,;()", mark) - mark);
        made.append(word == "@table" ? table : word == "@alive" ? is_alive : word == "@age" ? age_of_it : lives_until);
        at = mark + word.size();
    }
    return made;
}

constexpr std::string_view read_sql = "SELECT false, version, value, @age , true FROM @table WHERE key = $1 AND @alive";

constexpr std::string_view list_sql =
    "SELECT key FROM @table WHERE key >= $1 AND key < $2 AND @alive ORDER BY key LIMIT $3";

// Where a cell is seen nothing is locked and nothing written, so that it costs as little to find one as to read it.
constexpr std::string_view write_new_sql =
    "WITH seen AS MATERIALIZED (SELECT version, value, written FROM @table WHERE key = $1 AND @alive ), "
    "made AS (INSERT INTO @table AS c (key, value, written, expires) "
    "SELECT $1, $2, clock_timestamp(), @until WHERE NOT EXISTS (SELECT FROM seen) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, "
    "written = clock_timestamp(), expires = @until WHERE c.expires <= clock_timestamp() RETURNING version)";
constexpr std::string_view of_new_sql =
    " SELECT true, version, NULL::bytea, NULL::bigint, true FROM made UNION ALL "
    "SELECT false, version, value, @age , true FROM seen WHERE NOT EXISTS (SELECT FROM made)";

constexpr std::string_view write_sql =
    "WITH seen AS MATERIALIZED (SELECT version, value, written, @alive AS alive FROM @table WHERE key = $1), "
    "made AS (UPDATE @table SET value = $2, version = DEFAULT, written = clock_timestamp(), expires = @until "
    "WHERE key = $1 AND version = $4 AND @alive RETURNING version)";
constexpr std::string_view erase_sql =
    "WITH seen AS MATERIALIZED (SELECT version, value, written, @alive AS alive FROM @table WHERE key = $1), "
    "made AS (DELETE FROM @table WHERE key = $1 AND version = $2 AND @alive RETURNING version)";
constexpr std::string_view of_known_sql =
    " SELECT true, version, NULL::bytea, NULL::bigint, true FROM made UNION ALL "
    "SELECT false, version, value, @age , alive FROM seen WHERE NOT EXISTS (SELECT FROM made)";

// After the cell's own row is written and locked, and without a wait: so nobody holds one row while waiting for another.
std::string swept(unsigned most) {
    if (most == 0) return {};
    return ", swept AS (DELETE FROM @table WHERE key = ANY (ARRAY(SELECT key FROM @table "
           "WHERE expires <= statement_timestamp() AND key <> $1 AND EXISTS (SELECT FROM made) "
           "ORDER BY expires LIMIT " +
           std::to_string(most) + " FOR UPDATE SKIP LOCKED)))";
}

std::int64_t number_in(const pg_result& rows, int row, int column) {
    const char* const bytes = PQgetvalue(&rows, row, column);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | static_cast<unsigned char>(bytes[i]);
    return static_cast<std::int64_t>(number);
}

std::string bytes_in(const pg_result& rows, int row, int column) {
    return {PQgetvalue(&rows, row, column), static_cast<std::size_t>(PQgetlength(&rows, row, column))};
}

bool is_true(const pg_result& rows, int column) { return *PQgetvalue(&rows, 0, column) != 0; }

cell_version version_in(const pg_result& rows) { return static_cast<cell_version>(number_in(rows, 0, version)); }

cell cell_in(const pg_result& rows) {
    const std::chrono::microseconds old{std::max<std::int64_t>(0, number_in(rows, 0, age))};
    constexpr auto oldest = std::chrono::duration_cast<std::chrono::microseconds>(forever);
    return {.value = bytes_in(rows, 0, value), .version = version_in(rows), .age = std::min(old, oldest)};
}

/// In whole microseconds, which the server counts in; not less than was asked for.
std::optional<std::int64_t> microseconds_of(duration lives) {
    if (lives == forever) return std::nullopt;
    return std::chrono::ceil<std::chrono::microseconds>(lives).count();
}

/// Above all that begin with `prefix`.
std::string end_of(std::string prefix) {
    constexpr char last = '\xff';
    while (!prefix.empty() && prefix.back() == last) prefix.pop_back();
    if (prefix.empty())
        prefix.assign(max_cell_key + 1, last);
    else
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

}  // namespace

const char* name_of(postgres_statement which) noexcept {
    constexpr std::array names{"cutwater_read", "cutwater_write_new", "cutwater_write", "cutwater_erase",
                               "cutwater_list"};
    return names[static_cast<std::size_t>(which)];
}

std::string quoted(std::string_view table) {
    std::string text = "\"";
    for (const char c : table) c == '.' ? text.append("\".\"") : text.append(1, c);
    return text + '"';
}

std::string sql_of(postgres_statement which, std::string_view table, unsigned sweep) {
    const std::string more = swept(sweep);
    const auto all = [&](const auto&... parts) {
        std::string text;
        (text.append(parts), ...);
        return with(text, quoted(table));
    };
    switch (which) {
        case postgres_statement::write_new: return all(write_new_sql, more, of_new_sql);
        case postgres_statement::write: return all(write_sql, more, of_known_sql);
        case postgres_statement::erase: return all(erase_sql, more, of_known_sql);
        case postgres_statement::list: return all(list_sql);
        case postgres_statement::read: break;
    }
    return all(read_sql);
}

std::string types_of(postgres_statement which) {
    switch (which) {
        case postgres_statement::write_new: return "(bytea, bytea, bigint)";
        case postgres_statement::write: return "(bytea, bytea, bigint, bigint)";
        case postgres_statement::erase: return "(bytea, bigint)";
        case postgres_statement::list: return "(bytea, bytea, bigint)";
        case postgres_statement::read: break;
    }
    return "(bytea)";
}

std::string sql_of_table(std::string_view table) {
    const std::string last{table.substr(table.find('.') + 1)};  // all of it where there is none
    return with(
        "CREATE TABLE IF NOT EXISTS @table (key bytea PRIMARY KEY, value bytea NOT NULL, "
        "version bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY, written timestamptz NOT NULL, "
        "expires timestamptz); CREATE INDEX IF NOT EXISTS \"" +
            last + "_expires\" ON @table (expires) WHERE expires IS NOT NULL;",
        quoted(table));
}

postgres_question::postgres_question(const cell_request& asked) {
    formats_.fill(binary);
    std::visit([this](const auto& what) { fill(what); }, asked.what);
}

void postgres_question::fill(const read_cell& asked) { add(asked.key); }

void postgres_question::fill(const swap_cell& asked) {
    which_ = asked.expected == 0 ? postgres_statement::write_new : postgres_statement::write;
    expected_ = asked.expected;
    add(asked.key);
    add(asked.value);
    add(microseconds_of(asked.time_to_live));
    if (asked.expected != 0) add(static_cast<std::int64_t>(asked.expected));
}

void postgres_question::fill(const erase_cell& asked) {
    which_ = postgres_statement::erase;
    expected_ = asked.expected;
    add(asked.key);
    add(static_cast<std::int64_t>(asked.expected));
}

void postgres_question::fill(const list_cells& asked) {
    which_ = postgres_statement::list;
    from_ = asked.after < asked.prefix ? asked.prefix : asked.after + '\0';  // the next one: keys have no zero byte
    to_ = end_of(asked.prefix);
    add(from_);
    add(to_);
    add(static_cast<std::int64_t>(
        std::min<std::size_t>(asked.limit, static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))));
}

void postgres_question::add(std::string_view bytes) {
    const auto at = static_cast<std::size_t>(size_++);
    types_[at] = bytea;
    values_[at] = bytes.data();
    lengths_[at] = static_cast<int>(bytes.size());
}

void postgres_question::add(std::optional<std::int64_t> number) {
    const auto at = static_cast<std::size_t>(size_++);
    types_[at] = bigint;
    if (!number) return;
    auto rest = static_cast<std::uint64_t>(*number);
    for (auto byte = numbers_[at].rbegin(); byte != numbers_[at].rend(); ++byte, rest >>= 8U)
        *byte = static_cast<char>(rest & 0xffU);
    values_[at] = numbers_[at].data();
    lengths_[at] = sizeof rest;
}

std::optional<cell_reply> postgres_question::reply_of(const pg_result& rows) const {
    const bool is_none = PQntuples(&rows) == 0;
    if (which_ == postgres_statement::list) {
        cell_reply said;
        for (int row = 0; row < PQntuples(&rows); ++row) said.keys.push_back(bytes_in(rows, row, 0));
        return said;
    }
    if (which_ == postgres_statement::read) return is_none ? cell_reply{} : cell_reply{.found = cell_in(rows)};
    if (is_none)
        return which_ == postgres_statement::write_new ? std::nullopt : std::optional{cell_reply{.done = false}};
    if (is_true(rows, made))
        return which_ == postgres_statement::erase ? cell_reply{} : cell_reply{.version = version_in(rows)};
    if (!is_true(rows, alive)) return cell_reply{.done = false};
    if (which_ != postgres_statement::write_new && version_in(rows) == expected_) return std::nullopt;
    return cell_reply{.done = false, .found = cell_in(rows)};
}

}  // namespace cutwater::detail
