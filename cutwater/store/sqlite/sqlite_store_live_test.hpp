// What the tests of the SQLite store share: a folder, a clock to be set, processes of their own, and SQLite itself beside the store.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>  // tidy: allow third-party because several processes are what is tested
#include <unistd.h>    // tidy: allow third-party because several processes are what is tested

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "cutwater/store/sqlite/sqlite_store.hpp"
#include "test/servers/scratch_folder.hpp"

namespace cutwater {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A machine's clock that somebody sets.
class set_clock {
public:
    void pass(duration d) { passed_ += d.count(); }
    [[nodiscard]] auto reading() {
        return [this] {
            return std::chrono::system_clock::time_point{1'700'000'000s + std::chrono::nanoseconds{passed_}};
        };
    }

private:
    std::atomic<std::int64_t> passed_ = 0;
};

/// A child that runs `work` and ends with what it answers; killed, if it is still there when this goes.
class other_process {
public:
    template <class Work>
    explicit other_process(Work work) : id_{fork()} {
        if (id_ == 0) _exit(work());
    }
    other_process(const other_process&) = delete;
    other_process& operator=(const other_process&) = delete;
    ~other_process() {
        if (id_ > 0) kill();
    }

    void kill() {
        ::kill(id_, SIGKILL);
        (void)join();
    }
    /// What it answered; -1 where it was killed.
    [[nodiscard]] int join() {
        int status = 0;
        waitpid(std::exchange(id_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t id_;
};

/// SQLite on the same file, without the store.
class bare_sqlite {
public:
    explicit bare_sqlite(const std::string& path) { EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK); }
    bare_sqlite(const bare_sqlite&) = delete;
    bare_sqlite& operator=(const bare_sqlite&) = delete;
    ~bare_sqlite() { sqlite3_close(db_); }

    void run(const std::string& sql) {
        EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db_);
    }
    /// The first column of the first row.
    [[nodiscard]] std::string ask(const std::string& sql) {
        std::string said;
        const auto keep = [](void* to, int, char** columns, char**) {
            static_cast<std::string*>(to)->assign(columns[0] == nullptr ? "" : columns[0]);
            return 1;
        };
        sqlite3_exec(db_, sql.c_str(), keep, &said, nullptr);
        return said;
    }

private:
    sqlite3* db_ = nullptr;
};

/// A store in a folder of its own, whose time is set.
class sqlite_store_test : public ::testing::Test {
protected:
    [[nodiscard]] sqlite_store_options options() {
        return {.name = "cells", .path = path, .durability = sqlite_durability::normal, .wall_clock = clock.reading()};
    }
    [[nodiscard]] static cell_result read(cell_store& from, const std::string& key) {
        return ask(from, {read_cell{key}});
    }
    [[nodiscard]] static cell_result swap(cell_store& in, const std::string& key, cell_version expected,
                                          std::string value, duration lives = forever) {
        return ask(in, {swap_cell{key, expected, std::move(value), lives}});
    }
    [[nodiscard]] static std::string value(cell_store& from, const std::string& key) {
        const cell_result said = read(from, key);
        if (!said) return said.error().message();
        return said->found ? said->found->value : "nothing";
    }
    /// What is wrong with `of`, by its code; the words are to have `culprit`.
    [[nodiscard]] static std::error_code refused(const cell_result& of, const std::string& culprit) {
        if (of) return {};
        EXPECT_THAT(of.error().message(), HasSubstr(culprit));
        EXPECT_EQ(of.error().layer(), name{"cells"});
        return of.error().code();
    }
    /// Counts a cell up so often, against whoever else does; whether that went well.
    [[nodiscard]] static bool count_up(cell_store& in, int times) {
        for (int i = 0; i < times;) {
            const cell_result seen = read(in, "count");
            if (!seen) return false;
            const int before = seen->found ? std::stoi(seen->found->value) : 0;
            const cell_result said =
                swap(in, "count", seen->found ? seen->found->version : 0, std::to_string(before + 1));
            if (!said) return false;
            if (said->done) ++i;
        }
        return true;
    }

    testing::scratch_folder folder;
    std::string path = folder.file("cells.db");
    set_clock clock;
};

}  // namespace cutwater
