// A guard over a file whose disk is full, or that it may not write: before the call, and amid it.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <iostream>

#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "test/shared_state/payments_live_test.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

/// In children, who see a small disk in place of the folder, or are nobody.
class a_guard_over_a_file : public ::testing::Test {
protected:
    static constexpr int cannot = 77;  // the system lets nobody make a small disk

    struct differs : std::runtime_error {
        using std::runtime_error::runtime_error;
    };
    static void expect(const std::string& got, const std::string& expected) {
        if (got == expected) return;
        std::cerr << "expected \"" << expected << "\", got \"" << got << "\"\n";
        throw differs{got};
    }

    [[nodiscard]] std::string call(
        cell_store& cells, const std::string& key, const std::function<void()>& amid = [] {},
        idempotency_options options = leased(1h)) {
        return pay(
            cells, options, key,
            [&] {
                ++times;
                amid();
                return std::string(2'000, 'x');
            },
            &heard);
    }
    [[nodiscard]] sqlite_store_options file() const {
        return {.path = folder.file("cells.db"), .durability = sqlite_durability::normal};
    }
    /// Whether the folder is a disk of its own from here on, for this process alone.
    [[nodiscard]] bool is_small_disk() const {
        return unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=400k") == 0;
    }
    void fill() const { folder.write("ballast", std::string(1'000'000, 'x')); }
    void make_room() const { std::filesystem::remove(folder.path() / "ballast"); }

    scratch_folder folder;
    int times = 0;
    event_recorder heard;
};

TEST_F(a_guard_over_a_file, on_a_full_disk_does_nothing_or_says_that_it_is_unguarded_and_goes_on_when_there_is_room) {
    const pid_t child = in_child([&] {
        if (!is_small_disk()) ::_exit(cannot);
        sqlite_store cells{file()};
        expect(call(cells, "before"), "executed");
        fill();
        expect(call(cells, "key"), "no store");
        expect(std::to_string(times), "1");
        idempotency_options open = leased(1h);
        open.without_store = without_store::unguarded;
        expect(call(cells, "open", [] {}, open), "executed");
        expect(heard.last("idempotency_store_failed").field("then"), "unguarded");
        expect(call(cells, "before").substr(0, 8), "replayed");
        make_room();
        expect(call(cells, "key"), "executed");
        expect(call(cells, "open"), "executed");
        expect(std::to_string(times), "4");
    });
    EXPECT_THAT(end_of(child), ::testing::AnyOf(0, cannot));
}

TEST_F(a_guard_over_a_file, whose_disk_is_full_amid_a_call_gives_the_outcome_to_its_caller_and_keeps_the_key_in_use) {
    const pid_t child = in_child([&] {
        if (!is_small_disk()) ::_exit(cannot);
        sqlite_store cells{file()};
        expect(call(cells, "key", [&] { fill(); }), "executed");
        expect(std::to_string(heard.count("idempotency_lost")), "1");
        expect(call(cells, "key"), "in use");
        make_room();
        expect(call(cells, "key"), "in use");
        expect(std::to_string(times), "1");
        expect(call(cells, "another"), "executed");
    });
    EXPECT_THAT(end_of(child), ::testing::AnyOf(0, cannot));
}

TEST_F(a_guard_over_a_file, that_it_may_not_write_does_nothing) {
    {
        sqlite_store cells{file()};
        expect(call(cells, "before"), "executed");
    }
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
    std::filesystem::permissions(folder.file("cells.db"), std::filesystem::perms{0444});
    const pid_t child = in_child([&] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) throw differs{"root"};
        sqlite_store cells{file()};
        expect(call(cells, "key"), "no store");
        expect(std::to_string(times), "1");
    });
    EXPECT_EQ(end_of(child), 0);
}

}  // namespace
}  // namespace cutwater
