// What a store says when the file, its folder or the disk is not as it should be: who is to blame, and that nothing was changed.

#include <fcntl.h>         // tidy: allow third-party because a disk that is full is made of a small one
#include <sched.h>         // tidy: allow third-party because a disk that is full is made of a small one
#include <sys/mount.h>     // tidy: allow third-party because a disk that is full is made of a small one
#include <sys/resource.h>  // tidy: allow third-party because a file that cannot grow fails as a disk does

#include <filesystem>
#include <vector>

#include "cutwater/core/random.hpp"
#include "cutwater/store/sqlite/sqlite_store_live_test.hpp"

namespace cutwater {
namespace {

namespace fs = std::filesystem;

class a_store_that_fails : public sqlite_store_test {
protected:
    /// What the first read says; the error names the path. It cannot have had an effect.
    [[nodiscard]] std::error_code opening(const std::string& also = {}) {
        sqlite_store cells{options()};
        const cell_result said = read(cells, "a");
        const std::error_code code = refused(said, path);
        (void)refused(said, also);
        EXPECT_EQ(code, condition::never_sent);
        const auto opened = cells.open();
        EXPECT_EQ(opened ? std::error_code{} : opened.error().code(), code);
        return code;
    }
    void make_file() {
        sqlite_store cells{options()};
        for (int i = 0; i < 50; ++i) ASSERT_TRUE(swap(cells, "key/" + std::to_string(i), 0, std::string(500, 'x')));
    }
    [[nodiscard]] std::string bytes() const { return folder.read("cells.db"); }
};

TEST_F(a_store_that_fails, names_the_folder_that_is_missing) {
    path = folder.file("none/cells.db");
    EXPECT_EQ(opening("none does not exist. Make it"), std::errc::no_such_file_or_directory);
}

TEST_F(a_store_that_fails, says_that_the_path_is_a_folder) {
    path = folder.path().string();
    EXPECT_EQ(opening("it is a folder"), std::errc::is_a_directory);
}

TEST_F(a_store_that_fails, says_that_the_folder_is_a_file) {
    folder.write("file", "");
    path = folder.file("file/cells.db");
    EXPECT_EQ(opening("file is not a folder"), std::errc::no_such_file_or_directory);
}

TEST_F(a_store_that_fails, tries_again_with_the_next_request) {
    path = folder.file("later/cells.db");
    sqlite_store cells{options()};
    EXPECT_FALSE(read(cells, "a"));
    fs::create_directory(folder.path() / "later");
    EXPECT_TRUE(swap(cells, "a", 0, "x").value().done);
}

/// As a user who may not write: root may do anything.
TEST_F(a_store_that_fails, says_that_it_may_not_write) {
    make_file();
    fs::permissions(folder.path(), fs::perms{0755});
    fs::permissions(path, fs::perms{0444});
    other_process nobody{[&] {
        if (geteuid() == 0 && setuid(65534) != 0) return 1;
        EXPECT_EQ(opening("Let this process write the file and its folder"), std::errc::read_only_file_system);
        return HasFailure() ? 1 : 0;
    }};
    EXPECT_EQ(nobody.join(), 0);
}

TEST_F(a_store_that_fails, says_that_it_may_not_make_the_file) {
    fs::permissions(folder.path(), fs::perms{0555});
    other_process nobody{[&] {
        if (geteuid() == 0 && setuid(65534) != 0) return 1;
        EXPECT_EQ(opening("Permission denied"), std::errc::permission_denied);
        return HasFailure() ? 1 : 0;
    }};
    EXPECT_EQ(nobody.join(), 0);
    fs::permissions(folder.path(), fs::perms{0755});
}

// --- what is in the file ---------------------------------------------------------------------------------------------------

TEST_F(a_store_that_fails, says_that_the_file_is_no_database) {
    folder.write("cells.db", std::string(5000, 'x'));
    EXPECT_EQ(opening("is not a database"), std::errc::bad_message);
    EXPECT_EQ(bytes(), std::string(5000, 'x'));
}

TEST_F(a_store_that_fails, leaves_a_file_of_another_program_alone) {
    bare_sqlite{path}.run("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    const std::string before = bytes();
    EXPECT_EQ(opening("Name a file of its own"), sqlite_errc::foreign_file);
    EXPECT_EQ(bytes(), before);
}

TEST_F(a_store_that_fails, leaves_a_file_of_a_later_schema_alone) {
    make_file();
    bare_sqlite{path}.run("PRAGMA user_version = 2");
    const std::string before = bytes();
    EXPECT_EQ(opening("it has cells of schema 2, and this program knows 1. Use a Cutwater as new"),
              sqlite_errc::newer_file);
    EXPECT_EQ(bytes(), before);
}

TEST_F(a_store_that_fails, says_that_the_file_is_corrupt_and_goes_on_when_it_is_not) {
    make_file();
    const std::string good = bytes();
    folder.write("cells.db", good.substr(0, 4096) + std::string(good.size() - 4096, '\xa5'));
    sqlite_store cells{options()};
    for (const cell_request& asked : {cell_request{read_cell{"key/1"}}, cell_request{swap_cell{"key/1", 0, "y"}},
                                      cell_request{list_cells{"key"}}, cell_request{erase_cell{"key/1", 2}}}) {
        const std::error_code code = refused(ask(cells, asked), path);
        EXPECT_EQ(code, std::errc::bad_message);
        EXPECT_EQ(code, condition::never_sent);
    }
    folder.write("cells.db", good);
    EXPECT_EQ(value(cells, "key/1"), std::string(500, 'x'));
}

TEST_F(a_store_that_fails, answers_or_fails_whatever_is_in_the_file) {
    make_file();
    const std::string good = bytes();
    random_source chance{1};
    const auto below = [&](std::size_t most) { return chance() % most; };
    int failed = 0;
    for (int round = 0; round < 200; ++round) {
        std::string bad = good;
        for (std::size_t i = 0; i <= below(40); ++i)
            bad[below(2) == 0 ? below(200) : below(bad.size())] = static_cast<char>(below(256));
        if (below(4) == 0) bad.resize(below(bad.size()));
        fs::remove(path + "-wal");
        fs::remove(path + "-shm");
        folder.write("cells.db", bad);
        sqlite_store cells{options()};
        for (int i = 0; i < 50; ++i) failed += !read(cells, "key/" + std::to_string(i));
        failed += !ask(cells, {list_cells{"key"}});
        failed += !swap(cells, "key/7", 8, "y");
        failed += !swap(cells, "new", 0, std::string(9000, 'y'));
        failed += !ask(cells, {erase_cell{"key/9", 10}});
    }
    EXPECT_GT(failed, 200);
}

// --- the disk --------------------------------------------------------------------------------------------------------------

/// Every connection of this process gets a file of so many pages at most.
int few_pages(sqlite3* of, char**, const void*) {
    return sqlite3_exec(of, "PRAGMA max_page_count = 40", nullptr, nullptr, nullptr);
}

TEST_F(a_store_that_fails, changes_nothing_where_the_file_is_full) {
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&few_pages));
    sqlite_store cells{options()};
    const cell_version kept = swap(cells, "kept", 0, "before").value().version;
    int there = 0;
    cell_result said = cell_reply{};
    while ((said = swap(cells, "key/" + std::to_string(there), 0, std::string(9000, 'x')))) ++there;
    sqlite3_reset_auto_extension();
    EXPECT_GT(there, 3);
    const std::error_code code = refused(said, path);
    EXPECT_EQ(code, std::errc::no_space_on_device);
    EXPECT_EQ(code, condition::never_sent);
    EXPECT_EQ(refused(swap(cells, "kept", kept, std::string(50'000, 'y')), "Make room"), std::errc::no_space_on_device);
    EXPECT_EQ(read(cells, "kept").value().found.value().version, kept);
    EXPECT_EQ(value(cells, "kept"), "before");
    EXPECT_EQ(ask(cells, {list_cells{"key/"}}).value().keys.size(), static_cast<std::size_t>(there));

    const cell_version first = read(cells, "key/0").value().found.value().version;
    EXPECT_TRUE(ask(cells, {erase_cell{"key/0", first}}).value().done) << "what is there can be erased";
    EXPECT_TRUE(swap(cells, "again", 0, std::string(5000, 'x')).value().done);
}

/// In a child that sees a small disk in place of the folder. Where the system lets nobody make one there is nothing to see: the test before says the same.
TEST_F(a_store_that_fails, changes_nothing_where_the_disk_is_full) {
    other_process child{[&] {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=400k") != 0)
            return 77;
        folder.write("ballast", std::string(100'000, 'x'));
        sqlite_store cells{options()};
        int there = 0;
        cell_result said = cell_reply{};
        while ((said = swap(cells, "key/" + std::to_string(there), 0, std::string(3000, 'x')))) ++there;
        EXPECT_GT(there, 5);
        EXPECT_EQ(refused(said, path), std::errc::no_space_on_device);
        for (int i = 0; i < there; ++i) EXPECT_EQ(value(cells, "key/" + std::to_string(i)), std::string(3000, 'x'));
        EXPECT_EQ(value(cells, "key/" + std::to_string(there)), "nothing");
        fs::remove(folder.path() / "ballast");
        EXPECT_TRUE(swap(cells, "key/" + std::to_string(there), 0, "x").value().done);
        return HasFailure() ? 1 : 0;
    }};
    EXPECT_THAT(child.join(), ::testing::AnyOf(0, 77));
}

/// The log cannot grow, and is written by COMMIT.
TEST_F(a_store_that_fails, does_not_know_whether_a_write_was_made_whose_commit_failed) {
    make_file();
    other_process child{[&] {
        ::signal(SIGXFSZ, SIG_IGN);
        sqlite_store cells{options()};
        const cell_version version = read(cells, "key/1").value().found.value().version;
        const rlimit most{.rlim_cur = 200'000, .rlim_max = 200'000};
        EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &most), 0);
        const cell_result said = swap(cells, "key/1", version, std::string(500'000, 'y'));
        const std::error_code code = refused(said, path);
        EXPECT_EQ(code, std::errc::io_error) << said.error();
        EXPECT_NE(code, condition::never_sent);
        EXPECT_EQ(value(cells, "key/1"), std::string(500, 'x'));
        EXPECT_TRUE(swap(cells, "key/1", version, "y").value().done);
        return HasFailure() ? 1 : 0;
    }};
    EXPECT_EQ(child.join(), 0);
    sqlite_store cells{options()};
    EXPECT_EQ(value(cells, "key/1"), "y");
}

// --- what others do with the file ------------------------------------------------------------------------------------------

TEST_F(a_store_that_fails, does_not_write_on_where_the_file_was_moved_away) {
    sqlite_store cells{options()};
    ASSERT_TRUE(swap(cells, "a", 0, "x"));
    fs::rename(path, path + ".away");
    EXPECT_EQ(refused(swap(cells, "b", 0, "x"), path), sqlite_errc::moved_file);
    EXPECT_EQ(refused(read(cells, "a"), path), std::errc::no_such_file_or_directory);
    EXPECT_FALSE(fs::exists(path)) << "nor does it make another";
    fs::rename(path + ".away", path);
    EXPECT_EQ(value(cells, "a"), "x");
    EXPECT_TRUE(swap(cells, "b", 0, "x").value().done);
}

TEST_F(a_store_that_fails, refuses_the_child_of_a_process_that_has_the_file_open) {
    auto cells = std::make_unique<sqlite_store>(options());
    ASSERT_TRUE(swap(*cells, "a", 0, "x"));
    ASSERT_TRUE(read(*cells, "a"));
    other_process child{[&] {
        EXPECT_EQ(refused(swap(*cells, "b", 0, "x"), "after the fork"), sqlite_errc::forked);
        EXPECT_EQ(refused(read(*cells, "a"), path), sqlite_errc::forked);
        cells.reset();
        return HasFailure() ? 1 : 0;
    }};
    EXPECT_EQ(child.join(), 0);
    EXPECT_TRUE(fs::exists(path + "-wal")) << "the child has not closed what is the parent's";
    EXPECT_TRUE(swap(*cells, "b", 0, "x").value().done);
}

TEST_F(a_store_that_fails, may_be_forked_before_it_is_asked) {
    sqlite_store cells{options()};
    other_process child{[&] { return swap(cells, "a", 0, "x").value().done ? 0 : 1; }};
    EXPECT_EQ(child.join(), 0);
    EXPECT_EQ(value(cells, "a"), "x");
}

// --- codes -----------------------------------------------------------------------------------------------------------------

TEST(sqlite_errors, mean_what_the_systems_mean) {
    const std::pair<int, std::errc> all[] = {
        {SQLITE_BUSY, std::errc::device_or_resource_busy},
        {SQLITE_BUSY_TIMEOUT, std::errc::device_or_resource_busy},
        {SQLITE_LOCKED, std::errc::device_or_resource_busy},
        {SQLITE_FULL, std::errc::no_space_on_device},
        {SQLITE_READONLY, std::errc::read_only_file_system},
        {SQLITE_READONLY_DBMOVED, std::errc::read_only_file_system},
        {SQLITE_PERM, std::errc::permission_denied},
        {SQLITE_CANTOPEN, std::errc::no_such_file_or_directory},
        {SQLITE_CANTOPEN_ISDIR, std::errc::is_a_directory},
        {SQLITE_CORRUPT_INDEX, std::errc::bad_message},
        {SQLITE_NOTADB, std::errc::bad_message},
        {SQLITE_IOERR_FSYNC, std::errc::io_error},
        {SQLITE_IOERR_NOMEM, std::errc::not_enough_memory},
        {SQLITE_NOMEM, std::errc::not_enough_memory},
        {SQLITE_TOOBIG, std::errc::value_too_large},
    };
    for (const auto& [code, means] : all) {
        const sqlite_fault fault{code, ""};
        EXPECT_EQ(fault.error_code(), means) << code;
        EXPECT_EQ(fault.error_code(), condition::never_sent) << code;
        const sqlite_fault at_commit{code, "", sqlite_fault::when::at_commit};
        EXPECT_EQ(at_commit.error_code(), means) << code;
        EXPECT_NE(at_commit.error_code(), condition::never_sent) << code;
        EXPECT_EQ(at_commit.error_code().message(), sqlite3_errstr(code));
    }
    EXPECT_STREQ(sqlite_category().name(), "sqlite");
    EXPECT_NE(sqlite_fault(SQLITE_ERROR, "").error_code(), std::errc::io_error);
    EXPECT_EQ(std::error_code{sqlite_errc::newer_file}, std::errc::not_supported);
}

}  // namespace
}  // namespace cutwater
