// One connection to a file of cells: what is asked of SQLite, and nothing of policies, names or threads.
//
//     auto file = cw::sqlite_file::open("/var/lib/shop/cells.db", cw::sqlite_durability::full, cw::in(1s));
//     if (!file) …                                          // file.error(): a code of SQLite's, and words
//     cw::sqlite_transaction all{**file};
//     if (auto begun = all.begin(); !begun) …               // others have written until the end of the wait
//     auto seen = (*file)->read("job/7");
//     auto version = (*file)->write("job/7", "taken", 1'700'000'000s, cw::forever);
//     auto made = all.commit();                             // else all of it is taken back
//
// Contract. Every member may fail, and then has changed nothing, but for a COMMIT, of which nobody knows. Times are nanoseconds since
// 1970, as the caller tells them. A file of another program, or of a later schema, is not touched. Thread safety: one thread at a
// time. A connection does not outlive a fork: a child leaves it alone (`is_ours`), and its destructor does, too.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/store/cell.hpp"
#include "cutwater/store/sqlite/options.hpp"
#include "cutwater/store/sqlite/sqlite_error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace cutwater {

template <class T>
using sqlite_result = std::expected<T, sqlite_fault>;

class sqlite_file {
public:
    static constexpr std::size_t statement_count = 10;

    struct row {
        std::string value;
        cell_version version = 0;  ///< 0: there is none
        duration written{};
        duration expires = forever;
    };

    enum class missing : std::uint8_t { is_made, is_refused };

    /// Opens it, waiting until then for others who do. Makes a file of cells of one that is empty, and where none is, as `is` says.
    [[nodiscard]] static sqlite_result<std::unique_ptr<sqlite_file>> open(const std::string& path,
                                                                          sqlite_durability durability, instant until,
                                                                          missing is = missing::is_made);
    sqlite_file(const sqlite_file&) = delete;
    sqlite_file& operator=(const sqlite_file&) = delete;
    ~sqlite_file();

    /// Whether this process has opened it, and not one that it was forked from.
    [[nodiscard]] bool is_ours() const noexcept;
    /// Whether the path still leads to what was opened.
    [[nodiscard]] bool is_in_place() const noexcept;
    /// From now on nobody is waited for beyond that.
    void wait_until(instant until) noexcept { until_ = until; }

    [[nodiscard]] sqlite_result<row> read(std::string_view key);
    /// In place of what is there. The version is one that was never given before.
    [[nodiscard]] sqlite_result<cell_version> write(std::string_view key, std::string_view value, duration now,
                                                    duration expires);
    [[nodiscard]] sqlite_result<void> erase(std::string_view key);
    /// Erases what has expired, at most so many.
    [[nodiscard]] sqlite_result<void> sweep(duration now, std::size_t most);
    /// Keys from `first` on and before `end` that have not expired.
    [[nodiscard]] sqlite_result<std::vector<std::string>> list(std::string_view first, std::string_view end,
                                                               duration now, std::size_t limit);

private:
    friend class sqlite_transaction;
    class use;
    enum class statement : std::uint8_t { begin, commit, read, last, count, write, erase, expired, erase_row, list };

    sqlite_file();

    [[nodiscard]] sqlite_result<void> connect(const std::string& path, missing is);
    [[nodiscard]] sqlite_result<void> make_ready(sqlite_durability durability);
    [[nodiscard]] sqlite_result<bool> is_new_at_once();
    [[nodiscard]] sqlite_result<bool> is_new();
    [[nodiscard]] sqlite_result<void> use_log();
    [[nodiscard]] sqlite_result<void> make_table();
    [[nodiscard]] sqlite_result<std::int64_t> next_version();
    [[nodiscard]] sqlite_result<void> run(statement which);
    [[nodiscard]] sqlite_result<void> execute(const char* sql);
    [[nodiscard]] sqlite_result<std::string> text(const char* sql);
    [[nodiscard]] sqlite_result<std::int64_t> number(const char* sql);
    [[nodiscard]] sqlite_fault fault(int code) const;
    static int on_busy(void* self, int times) noexcept;

    sqlite3* db_ = nullptr;
    std::array<sqlite3_stmt*, statement_count> statements_{};
    instant until_{};
    long process_;
};

/// Begun, it is alone in writing. What is not committed is taken back.
class sqlite_transaction {
public:
    explicit sqlite_transaction(sqlite_file& in) noexcept : in_{in} {}
    sqlite_transaction(const sqlite_transaction&) = delete;
    sqlite_transaction& operator=(const sqlite_transaction&) = delete;
    ~sqlite_transaction();

    [[nodiscard]] sqlite_result<void> begin();
    [[nodiscard]] sqlite_result<void> commit();

private:
    sqlite_file& in_;
};

}  // namespace cutwater
