// What a swap that is done outlasts: a process that is killed at any point, and, as far as it can be seen, a loss of power.

#include <fcntl.h>        // tidy: allow third-party because it is counted when the disk is asked to have it all
#include <sys/syscall.h>  // tidy: allow third-party because it is counted when the disk is asked to have it all

#include <limits>
#include <thread>

#include "cutwater/core/random.hpp"
#include "cutwater/store/sqlite/sqlite_store_live_test.hpp"

namespace {

std::atomic<int> syncs = 0;

}  // namespace

// In place of the system's, which they call.
extern "C" int fsync(int file) {
    ++syncs;
    return static_cast<int>(syscall(SYS_fsync, file));
}
extern "C" int fdatasync(int file) {
    ++syncs;
    return static_cast<int>(syscall(SYS_fdatasync, file));
}

namespace cutwater {
namespace {

/// A value that tells whether it is whole: of several pages, and all of one letter.
std::string whole(int n) {
    const auto size = static_cast<std::size_t>(n * 7919 % 20'000);
    return std::to_string(n) + ":" + std::string(size, static_cast<char>('a' + n % 26));
}
int number_in(const std::string& value) { return std::stoi(value.substr(0, value.find(':'))); }

/// Tells what was done to who has the other end, though it is killed.
class told_of {
public:
    told_of() { EXPECT_EQ(pipe(ends_), 0); }
    told_of(const told_of&) = delete;
    told_of& operator=(const told_of&) = delete;
    ~told_of() {
        close(ends_[0]);
        if (ends_[1] >= 0) close(ends_[1]);
    }
    void tell(int what) const { EXPECT_EQ(write(ends_[1], &what, sizeof what), ssize_t{sizeof what}); }
    /// From now on only others tell: when they have gone, nothing more comes.
    void listen() { close(std::exchange(ends_[1], -1)); }
    /// Waits until so much more was told. The last that was; `before` where nothing was.
    [[nodiscard]] int wait_for(int more, int before) const {
        for (int what = 0; more-- > 0 && ::read(ends_[0], &what, sizeof what) == ssize_t{sizeof what};) before = what;
        return before;
    }

private:
    int ends_[2] = {-1, -1};
};

class a_killed_process : public sqlite_store_test, public ::testing::WithParamInterface<int> {
protected:
    /// Writes one cell over and over, and a new one each time, and tells which.
    int write_on(int from, const told_of& to) {
        sqlite_store cells{options()};
        const cell_reply seen = read(cells, "count").value();
        cell_version version = seen.found ? seen.found->version : 0;
        for (int n = from;; ++n) {
            const cell_result counted = swap(cells, "count", version, whole(n));
            const cell_result added = swap(cells, "key/" + std::to_string(n), 0, whole(n));
            if (!counted || !counted->done || !added || !added->done) return 1;
            version = counted->version;
            to.tell(n);
        }
    }

    /// Of what was told nothing is missing, and of what was not, no more than one. Gives the last that is there.
    int check(int told) {
        sqlite_store cells{options()};
        const cell_result seen = read(cells, "count");
        if (!seen) return ADD_FAILURE() << seen.error(), told;
        const int last = seen->found ? number_in(seen->found->value) : 0;
        EXPECT_TRUE(last == told || last == told + 1) << last << " of " << told;
        EXPECT_EQ(value(cells, "count"), last == 0 ? "nothing" : whole(last));
        const auto keys = ask(cells, {list_cells{"key/", "", 100'000}}).value().keys;
        for (int n = 1; n <= told; ++n) EXPECT_EQ(value(cells, "key/" + std::to_string(n)), whole(n));
        for (const std::string& key : keys) EXPECT_EQ(value(cells, key), whole(std::stoi(key.substr(4))));
        EXPECT_LE(keys.size(), static_cast<std::size_t>(told) + 1);
        EXPECT_EQ(bare_sqlite{path}.ask("PRAGMA integrity_check"), "ok");
        if (keys.size() > static_cast<std::size_t>(last)) return ADD_FAILURE() << "the second without the first", last;
        if (keys.size() < static_cast<std::size_t>(last)) {  // the next begins with both
            EXPECT_TRUE(swap(cells, "key/" + std::to_string(last), 0, whole(last)).value().done);
        }
        return last;
    }
};

TEST_P(a_killed_process, loses_nothing_that_was_done_and_leaves_nothing_half_written) {
    random_source chance{static_cast<std::uint64_t>(GetParam())};
    int last = 0;
    for (int killed = 0; killed < 3; ++killed) {
        told_of done;
        {
            other_process writes{[&] { return write_on(last + 1, done); }};
            done.listen();
            const int more = static_cast<int>(chance() % 60);  // none: amid the opening, perhaps
            const int before = std::exchange(last, done.wait_for(more, last));
            EXPECT_EQ(last, before + more) << "it has ended by itself";
            std::this_thread::sleep_for(chance.below(5ms));
            writes.kill();
        }
        last = check(done.wait_for(std::numeric_limits<int>::max(), last));
    }
}
INSTANTIATE_TEST_SUITE_P(at_any_point, a_killed_process, ::testing::Range(0, 30));

TEST_F(sqlite_store_test, the_disk_has_a_write_before_anybody_is_told_where_durability_is_full) {
    sqlite_store_options with = options();
    with.durability = sqlite_durability::full;
    sqlite_store cells{with};
    ASSERT_TRUE(cells.open());
    for (int i = 0; i < 5; ++i) {
        const int before = syncs;
        ASSERT_TRUE(swap(cells, std::to_string(i), 0, "x"));
        EXPECT_GT(syncs, before);
    }
    const int before = syncs;
    ASSERT_TRUE(read(cells, "1"));
    ASSERT_FALSE(swap(cells, "1", 0, "y").value().done);
    EXPECT_EQ(syncs, before) << "where nothing was written there is nothing to wait for";
}

TEST_F(sqlite_store_test, the_disk_is_not_waited_for_at_each_write_where_durability_is_normal) {
    sqlite_store cells{options()};
    ASSERT_TRUE(swap(cells, "first", 0, "x"));
    const int before = syncs;
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(swap(cells, std::to_string(i), 0, "x"));
    EXPECT_EQ(syncs, before);
}

}  // namespace
}  // namespace cutwater
