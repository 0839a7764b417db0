#include "cutwater/store/sqlite/sqlite_file.hpp"

#include <sqlite3.h>
#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <algorithm>
#include <limits>
#include <utility>

namespace cutwater {

namespace {

constexpr std::array<const char*, sqlite_file::statement_count> statement_texts = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SELECT value, version, written, expires FROM cutwater_cells WHERE key = ?1",
    "SELECT version FROM cutwater_last",
    "UPDATE cutwater_last SET version = ?1",
    "INSERT INTO cutwater_cells (key, value, version, written, expires) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (key) DO UPDATE SET value = ?2, version = ?3, written = ?4, expires = ?5",
    "DELETE FROM cutwater_cells WHERE key = ?1",
    "SELECT rowid FROM cutwater_cells WHERE expires <= ?1 ORDER BY expires LIMIT ?2",
    "DELETE FROM cutwater_cells WHERE rowid = ?1",
    "SELECT key FROM cutwater_cells WHERE key >= ?1 AND key < ?2 AND (expires IS NULL OR expires > ?3)"
    " ORDER BY key LIMIT ?4",
};

}  // namespace

/// One of the statements, made when it is first used; ready for the next when this ends.
class sqlite_file::use {
public:
    use(sqlite_file& in, statement which) : in_{in}, made_{in.statements_[std::to_underlying(which)]} {
        if (made_ == nullptr)
            code_ = sqlite3_prepare_v3(in.db_, statement_texts[std::to_underlying(which)], -1,
                                       SQLITE_PREPARE_PERSISTENT, &made_, nullptr);
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() {
        sqlite3_reset(made_);
        sqlite3_clear_bindings(made_);
    }

    /// `bytes` stay where they are until this ends.
    use& with(int at, std::string_view bytes) {
        return bound(
            sqlite3_bind_blob64(made_, at, bytes.data() != nullptr ? bytes.data() : "", bytes.size(), SQLITE_STATIC));
    }
    use& with(int at, std::int64_t value) { return bound(sqlite3_bind_int64(made_, at, value)); }
    /// Nothing stands for what never comes.
    use& with_end(int at, duration end) { return end == forever ? *this : with(at, end.count()); }

    /// Whether there is a row.
    [[nodiscard]] sqlite_result<bool> next() {
        if (code_ == SQLITE_OK || code_ == SQLITE_ROW) code_ = sqlite3_step(made_);
        if (code_ == SQLITE_ROW) return true;
        if (code_ == SQLITE_DONE) return false;
        return std::unexpected{in_.fault(code_)};
    }
    [[nodiscard]] std::string bytes(int at) {
        const void* const data = sqlite3_column_blob(made_, at);  // before its size is asked for
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(made_, at));
        return data == nullptr ? std::string{} : std::string{static_cast<const char*>(data), size};
    }
    [[nodiscard]] std::int64_t number(int at) { return sqlite3_column_int64(made_, at); }
    [[nodiscard]] duration end(int at) {
        return sqlite3_column_type(made_, at) == SQLITE_NULL ? forever : duration{number(at)};
    }

private:
    use& bound(int code) {
        if (code_ == SQLITE_OK) code_ = code;
        return *this;
    }

    sqlite_file& in_;
    sqlite3_stmt*& made_;
    int code_ = SQLITE_OK;
};

sqlite_file::sqlite_file() : process_{getpid()} {}

sqlite_file::~sqlite_file() {
    if (!is_ours()) return;  // to close it would end the locks and the log of the parent
    for (sqlite3_stmt* const made : statements_) sqlite3_finalize(made);
    sqlite3_close(db_);
}

bool sqlite_file::is_ours() const noexcept { return process_ == getpid(); }

bool sqlite_file::is_in_place() const noexcept {
    int has_moved = 0;
    return sqlite3_file_control(db_, nullptr, SQLITE_FCNTL_HAS_MOVED, &has_moved) != SQLITE_OK || has_moved == 0;
}

sqlite_result<sqlite_file::row> sqlite_file::read(std::string_view key) {
    use select{*this, statement::read};
    const sqlite_result<bool> found = select.with(1, key).next();
    if (!found) return std::unexpected{found.error()};
    if (!*found) return row{};
    return row{.value = select.bytes(0),
               .version = static_cast<cell_version>(select.number(1)),
               .written = duration{select.number(2)},
               .expires = select.end(3)};
}

sqlite_result<cell_version> sqlite_file::write(std::string_view key, std::string_view value, duration now,
                                               duration expires) {
    const sqlite_result<std::int64_t> version = next_version();
    if (!version) return std::unexpected{version.error()};
    use insert{*this, statement::write};
    insert.with(1, key).with(2, value).with(3, *version).with(4, now.count()).with_end(5, expires);
    if (const sqlite_result<bool> done = insert.next(); !done) return std::unexpected{done.error()};
    return static_cast<cell_version>(*version);
}

sqlite_result<std::int64_t> sqlite_file::next_version() {
    std::int64_t version = -1;
    {
        use last{*this, statement::last};
        const sqlite_result<bool> found = last.next();
        if (!found) return std::unexpected{found.error()};
        if (*found) version = last.number(0);
    }
    if (version < 0 || version == std::numeric_limits<std::int64_t>::max())
        return std::unexpected{sqlite_fault{SQLITE_CORRUPT, "the last version is missing, or is none"}};
    ++version;
    if (auto done = use{*this, statement::count}.with(1, version).next(); !done) return std::unexpected{done.error()};
    return version;
}

sqlite_result<void> sqlite_file::erase(std::string_view key) {
    use remove{*this, statement::erase};
    const sqlite_result<bool> done = remove.with(1, key).next();
    return done ? sqlite_result<void>{} : std::unexpected{done.error()};
}

/// In two steps: as one statement it would make a table of what it deletes, mostly of nothing, at each write.
sqlite_result<void> sqlite_file::sweep(duration now, std::size_t most) {
    std::vector<std::int64_t> found;
    {
        use select{*this, statement::expired};
        select.with(1, now.count()).with(2, static_cast<std::int64_t>(most));
        for (;;) {
            const sqlite_result<bool> more = select.next();
            if (!more) return std::unexpected{more.error()};
            if (!*more) break;
            found.push_back(select.number(0));
        }
    }
    for (const std::int64_t which : found)
        if (auto done = use{*this, statement::erase_row}.with(1, which).next(); !done)
            return std::unexpected{done.error()};
    return {};
}

sqlite_result<std::vector<std::string>> sqlite_file::list(std::string_view first, std::string_view end, duration now,
                                                          std::size_t limit) {
    constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
    use select{*this, statement::list};
    select.with(1, first).with(2, end).with(3, now.count()).with(4, static_cast<std::int64_t>(std::min(limit, most)));
    std::vector<std::string> keys;
    for (;;) {
        const sqlite_result<bool> more = select.next();
        if (!more) return std::unexpected{more.error()};
        if (!*more) return keys;
        keys.push_back(select.bytes(0));
    }
}

sqlite_result<void> sqlite_file::run(statement which) {
    const sqlite_result<bool> done = use{*this, which}.next();
    return done ? sqlite_result<void>{} : std::unexpected{done.error()};
}

sqlite_transaction::~sqlite_transaction() {
    if (sqlite3_get_autocommit(in_.db_) == 0) (void)sqlite3_exec(in_.db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

sqlite_result<void> sqlite_transaction::begin() { return in_.run(sqlite_file::statement::begin); }

sqlite_result<void> sqlite_transaction::commit() {
    sqlite_result<void> made = in_.run(sqlite_file::statement::commit);
    if (!made) made.error().at = sqlite_fault::when::at_commit;
    return made;
}

}  // namespace cutwater
