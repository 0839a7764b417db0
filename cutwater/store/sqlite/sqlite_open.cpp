// How a file is opened, what is made of one that is empty, and what is said of one that is not as it should be.

#include <sqlite3.h>
#include <unistd.h>  // tidy: allow third-party because only the system knows what this process may do in a folder

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/sqlite/sqlite_file.hpp"

namespace cutwater {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t our_id = 0x43757477;  // "Cutw", in the file's header
constexpr std::int64_t our_schema = 1;

/// The last version that was given has a row of its own, and is counted up in the transaction that gives the next: so none comes again.
constexpr const char* schema =
    "CREATE TABLE cutwater_cells ("
    " key BLOB NOT NULL UNIQUE,"
    " value BLOB NOT NULL,"
    " version INTEGER NOT NULL,"
    " written INTEGER NOT NULL,"  // nanoseconds since 1970
    " expires INTEGER);"          // as well; NULL: never
    "CREATE INDEX cutwater_expiries ON cutwater_cells (expires) WHERE expires IS NOT NULL;"
    "CREATE TABLE cutwater_last (version INTEGER NOT NULL);"
    "INSERT INTO cutwater_last VALUES (0);"
    "PRAGMA application_id = 1131770999;"
    "PRAGMA user_version = 1;";
static_assert(our_id == 1131770999 && our_schema == 1);

/// What the system said says more than that a file cannot be opened or written.
int refined(int code, int system) noexcept {
    const int kind = code & 0xff;
    if (kind != SQLITE_CANTOPEN && kind != SQLITE_IOERR) return code;
    switch (system) {
        case ENOSPC:
        case EDQUOT: return SQLITE_FULL;
        case EROFS: return SQLITE_READONLY;
        case EACCES:
        case EPERM: return SQLITE_PERM;
        case EISDIR: return SQLITE_CANTOPEN_ISDIR;
        default: return code;
    }
}

/// Why nothing was opened, where that is to be seen. SQLite tries a second time, to read only, and then tells of that.
sqlite_fault seen_of(const std::string& path, sqlite_fault said) {
    std::error_code ignored;
    const fs::path folder = fs::path{path}.parent_path();
    const auto because = [&](int code, const std::string& why) {
        return sqlite_fault{code, "unable to open it: " + why};
    };
    if (fs::is_directory(path, ignored)) return because(SQLITE_CANTOPEN_ISDIR, "it is a folder. Name a file in it");
    if (fs::exists(path, ignored)) return said;
    if (!fs::exists(folder, ignored))
        return because(said.code, "the folder " + folder.string() + " does not exist. Make it, or name another path");
    if (!fs::is_directory(folder, ignored))
        return because(said.code, folder.string() + " is not a folder. Name another path");
    if (access(folder.c_str(), W_OK | X_OK) == 0) return said;
    const int system = errno;
    return because(refined(said.code, system), std::generic_category().message(system));
}

}  // namespace

sqlite_result<std::unique_ptr<sqlite_file>> sqlite_file::open(const std::string& path, sqlite_durability durability,
                                                              instant until, missing is) {
    std::unique_ptr<sqlite_file> made{new sqlite_file};
    made->wait_until(until);
    if (sqlite_result<void> connected = made->connect(path, is); !connected) return std::unexpected{connected.error()};
    if (sqlite_result<void> ready = made->make_ready(durability); !ready) return std::unexpected{ready.error()};
    return made;
}

sqlite_result<void> sqlite_file::connect(const std::string& path, missing is) {
    const int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
                    (is == missing::is_made ? SQLITE_OPEN_CREATE : 0);
    if (const int code = sqlite3_open_v2(path.c_str(), &db_, how, nullptr); code != SQLITE_OK) {
        if (is == missing::is_refused && !fs::exists(path))
            return std::unexpected{sqlite_fault{std::to_underlying(sqlite_errc::moved_file), "it is there no more"}};
        return std::unexpected{seen_of(path, fault(code))};
    }
    sqlite3_busy_handler(db_, &on_busy, this);
    if (sqlite3_db_readonly(db_, "main") == 1)
        return std::unexpected{sqlite_fault{SQLITE_READONLY, "it can be read and not written by this process"}};
    return {};
}

/// Nothing is written before it is known that the file is ours, or empty.
sqlite_result<void> sqlite_file::make_ready(sqlite_durability durability) {
    if (auto said = execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"); !said) return said;
    const sqlite_result<bool> is_first = is_new_at_once();
    if (!is_first) return std::unexpected{is_first.error()};
    if (auto said = use_log(); !said) return said;
    const bool is_full = durability == sqlite_durability::full;
    if (auto said = execute(is_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"); !said) return said;
    return *is_first ? make_table() : sqlite_result<void>{};
}

/// All that is looked at is of one instant, whoever else makes a file of cells of it meanwhile.
sqlite_result<bool> sqlite_file::is_new_at_once() {
    const sqlite_transaction reading{*this};
    if (auto begun = execute("BEGIN"); !begun) return std::unexpected{begun.error()};
    return is_new();
}

/// Whether there is nothing in it. A file that is not for us is a fault.
sqlite_result<bool> sqlite_file::is_new() {
    const auto id = number("PRAGMA application_id");
    if (!id) return std::unexpected{id.error()};
    const auto version = number("PRAGMA user_version");
    if (!version) return std::unexpected{version.error()};
    const auto objects = number("SELECT count(*) FROM sqlite_schema");
    if (!objects) return std::unexpected{objects.error()};

    if (*id == our_id && *version == our_schema) return false;
    if (*id == our_id && *version > our_schema)
        return std::unexpected{sqlite_fault{std::to_underlying(sqlite_errc::newer_file),
                                            "it has cells of schema " + std::to_string(*version) +
                                                ", and this program knows " + std::to_string(our_schema)}};
    if (*id == 0 && *version == 0 && *objects == 0) return true;
    return std::unexpected{
        sqlite_fault{std::to_underlying(sqlite_errc::foreign_file), "it is a database of another program's"}};
}

/// A log beside the file, so that who reads does not wait for who writes. Of several who begin it at once SQLite turns some away.
sqlite_result<void> sqlite_file::use_log() {
    for (int times = 0;; ++times) {
        const sqlite_result<std::string> mode = text("PRAGMA journal_mode = WAL");
        if (mode && *mode == "wal") return {};
        if (mode)
            return std::unexpected{sqlite_fault{SQLITE_ERROR, "its file system cannot share memory, as a WAL needs"}};
        if ((mode.error().code & 0xff) != SQLITE_BUSY || on_busy(this, times) == 0)
            return std::unexpected{mode.error()};
    }
}

sqlite_result<void> sqlite_file::make_table() {
    sqlite_transaction all{*this};
    if (auto begun = all.begin(); !begun) return begun;
    const sqlite_result<bool> is_first = is_new();  // somebody may have been here meanwhile
    if (!is_first) return std::unexpected{is_first.error()};
    if (!*is_first) return {};
    if (auto made = execute(schema); !made) return made;
    auto made = all.commit();
    if (!made) made.error().at = sqlite_fault::when::before_commit;  // a table is no cell
    return made;
}

sqlite_result<void> sqlite_file::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? sqlite_result<void>{} : std::unexpected{fault(code)};
}

/// What a statement says that is used once: the first column of its first row.
sqlite_result<std::string> sqlite_file::text(const char* sql) {
    sqlite3_stmt* made = nullptr;
    int code = sqlite3_prepare_v2(db_, sql, -1, &made, nullptr);
    if (code == SQLITE_OK) code = sqlite3_step(made);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> ended{made, &sqlite3_finalize};
    if (code != SQLITE_ROW) return std::unexpected{fault(code)};
    const unsigned char* const said = sqlite3_column_text(made, 0);
    return said == nullptr ? std::string{} : std::string{reinterpret_cast<const char*>(said)};
}

sqlite_result<std::int64_t> sqlite_file::number(const char* sql) {
    const sqlite_result<std::string> said = text(sql);
    if (!said) return std::unexpected{said.error()};
    std::int64_t value = 0;
    std::from_chars(said->data(), said->data() + said->size(), value);
    return value;
}

sqlite_fault sqlite_file::fault(int code) const {
    const int system = db_ != nullptr ? sqlite3_system_errno(db_) : 0;
    const int kind = code & 0xff;
    std::string words = db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    if (system != 0 && (kind == SQLITE_CANTOPEN || kind == SQLITE_IOERR || kind == SQLITE_FULL))
        words.append(": ").append(std::generic_category().message(system));
    return {refined(code, system), std::move(words)};
}

/// How SQLite waits for who has locked the file: whether it is to look again. It looks often, so that a lock that changes hands does not pass by.
int sqlite_file::on_busy(void* self, int times) noexcept {
    const auto& file = *static_cast<const sqlite_file*>(self);
    const duration left = between(now(), file.until_);
    if (left <= duration::zero()) return 0;
    const duration pause = std::min<duration>(left, times < 20 ? 1ms : 5ms);
    sqlite3_sleep(static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(pause).count()));
    return 1;
}

}  // namespace cutwater
