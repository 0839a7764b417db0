// What a cell in a file costs, beside the bare statements of SQLite on a connection of their own, in the same run. What waits for the
// disk (`full`) is the disk's figure, and of another machine another.

#include "cutwater/store/sqlite/sqlite_store.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <random>
#include <string>

#include "bench/support/reference.hpp"

namespace {

namespace cw = cutwater;
namespace fs = std::filesystem;

const std::string value(100, 'x');

/// A folder that is gone with the process.
class folder {
public:
    folder() : path_{fs::temp_directory_path() / ("cutwater-bench-" + std::to_string(std::random_device{}()))} {
        fs::create_directory(path_);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { fs::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    fs::path path_;
};

const folder& files() {
    static const folder made;
    return made;
}

/// Of a thousand cells.
cw::sqlite_store& store(cw::sqlite_durability durability) {
    const auto make = [](cw::sqlite_durability with) {
        auto* const made = new cw::sqlite_store{// for the life of the process
                                                {.path = files().file(std::string{to_text(with)}), .durability = with}};
        for (int i = 0; i < 1000; ++i) (void)cw::ask(*made, {cw::swap_cell{"key/" + std::to_string(i), 0, value}});
        return made;
    };
    static cw::sqlite_store* const full = make(cw::sqlite_durability::full);
    static cw::sqlite_store* const normal = make(cw::sqlite_durability::normal);
    return durability == cw::sqlite_durability::full ? *full : *normal;
}

void reads(benchmark::State& state) {
    cw::sqlite_store& cells = store(cw::sqlite_durability::normal);
    for (auto _ : state) cw::bench::keep(cw::ask(cells, {cw::read_cell{"key/500"}}));
}
CUTWATER_BENCH(reads, "sqlite_store/read");

/// Each thread swaps a cell of its own; the file is one.
template <cw::sqlite_durability Durability>
void swaps(benchmark::State& state) {
    cw::sqlite_store& cells = store(Durability);
    const std::string key = "own/" + std::to_string(state.thread_index());
    const auto seen = cw::ask(cells, {cw::read_cell{key}});
    cw::cell_version version = seen && seen->found ? seen->found->version : 0;
    for (auto _ : state) {
        const auto said = cw::ask(cells, {cw::swap_cell{key, version, value}});
        if (!said || !said->done) return state.SkipWithError("not swapped");
        version = said->version;
    }
}
CUTWATER_BENCH(swaps<cw::sqlite_durability::normal>, "sqlite_store/swap/normal");
CUTWATER_BENCH(swaps<cw::sqlite_durability::full>, "sqlite_store/swap/full");

/// All threads swap one cell: who comes late is told what is there, and swaps that.
void swaps_one(benchmark::State& state) {
    cw::sqlite_store& cells = store(cw::sqlite_durability::normal);
    cw::cell_version version = 0;
    for (auto _ : state) {
        for (;;) {
            const auto said = cw::ask(cells, {cw::swap_cell{"one", version, value}});
            if (!said) return state.SkipWithError("no answer");
            version = said->done ? said->version : said->found ? said->found->version : 0;
            if (said->done) break;
        }
    }
}
CUTWATER_BENCH(swaps_one, "sqlite_store/swap/contended");

// --- the statements alone ---------------------------------------------------------------------------------------------------

/// One connection, and one statement that is prepared.
class bare {
public:
    explicit bare(const char* durability) {
        static int made = 0;
        sqlite3_open(files().file("bare" + std::to_string(++made)).c_str(), &db_);
        run("PRAGMA journal_mode = WAL");
        run(durability);
        run("CREATE TABLE cells (key BLOB PRIMARY KEY, value BLOB)");
        run("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
            " INSERT INTO cells SELECT CAST('key/' || i AS BLOB), zeroblob(100) FROM n");
    }
    bare(const bare&) = delete;
    bare& operator=(const bare&) = delete;
    ~bare() {
        sqlite3_finalize(statement_);
        sqlite3_close(db_);
    }

    void prepare(const char* sql) { sqlite3_prepare_v2(db_, sql, -1, &statement_, nullptr); }
    int step() {
        sqlite3_bind_blob(statement_, 1, "key/500", 7, SQLITE_STATIC);
        value_.front() = value_.front() == 'x' ? 'y' : 'x';  // SQLite does not write what is there already
        if (sqlite3_bind_parameter_count(statement_) > 1)
            sqlite3_bind_blob(statement_, 2, value_.data(), static_cast<int>(value_.size()), SQLITE_STATIC);
        const int said = sqlite3_step(statement_);
        sqlite3_reset(statement_);
        return said;
    }

private:
    void run(const char* sql) { sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }

    sqlite3* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
    std::string value_ = value;
};

void bare_select(benchmark::State& state) {
    bare file{"PRAGMA synchronous = NORMAL"};
    file.prepare("SELECT value FROM cells WHERE key = ?1");
    for (auto _ : state) cw::bench::keep(file.step());
}
CUTWATER_BENCH_ALONE(bare_select, "sqlite_store/bare/select");

void bare_update(benchmark::State& state) {
    bare file{"PRAGMA synchronous = NORMAL"};
    file.prepare("UPDATE cells SET value = ?2 WHERE key = ?1");
    for (auto _ : state) cw::bench::keep(file.step());
}
CUTWATER_BENCH_ALONE(bare_update, "sqlite_store/bare/update/normal");

void bare_update_full(benchmark::State& state) {
    bare file{"PRAGMA synchronous = FULL"};
    file.prepare("UPDATE cells SET value = ?2 WHERE key = ?1");
    for (auto _ : state) cw::bench::keep(file.step());
}
CUTWATER_BENCH_ALONE(bare_update_full, "sqlite_store/bare/update/full");

}  // namespace
