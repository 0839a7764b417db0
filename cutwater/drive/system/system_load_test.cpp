#include "cutwater/drive/system/system_load.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>

namespace cutwater {
namespace {

namespace fs = std::filesystem;

/// A machine that is made of files.
class system_load : public ::testing::Test {
protected:
    system_load() { fs::remove_all(root); }
    ~system_load() override { fs::remove_all(root); }
    system_load(const system_load&) = delete;
    system_load& operator=(const system_load&) = delete;

    void file(const std::string& path, const std::string& text) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream{root / path} << text;
    }
    void in_group() const { file("proc/self/cgroup", "0::/shop.slice/api\n"); }

    const fs::path root =
        fs::temp_directory_path() / ("system_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "_" +
                                     ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(system_load, what_cannot_be_read_is_no_load) {
    EXPECT_EQ((cpu_load{0.8, root}()), 0);
    EXPECT_EQ((memory_load{0.9, root}()), 0);
    EXPECT_EQ((memory_pressure{0.1, root}()), 0);
}

TEST_F(system_load, a_target_is_a_share) {
    EXPECT_THROW(cpu_load(80, root), std::invalid_argument);
    EXPECT_THROW(memory_load(0, root), std::invalid_argument);
    EXPECT_THROW(memory_pressure(-1, root), std::invalid_argument);
    EXPECT_THROW(cpu_load(std::nan(""), root), std::invalid_argument);
}

TEST_F(system_load, cpu_is_how_busy_the_machine_was_since_it_was_last_asked) {
    file("proc/stat", "cpu  1000 0 0 1000 0 0 0 0 0 0\ncpu0 500 0 0 500 0 0 0 0 0 0\n");
    cpu_load cpu{0.8, root};
    file("proc/stat", "cpu  1020 10 10 1050 10 0 0 0 0 0\n");  // 40 of 100
    EXPECT_DOUBLE_EQ(cpu(), 0.5);
    EXPECT_EQ(cpu(), 0) << "nothing has passed";
    file("proc/stat", "cpu  1120 10 10 1050 10 0 0 0 0 0\n");
    EXPECT_DOUBLE_EQ(cpu(), 1.25) << "all of it, of four fifths";
}

TEST_F(system_load, cpu_of_a_group_with_a_quota_is_measured_against_that) {
    in_group();
    file("sys/fs/cgroup/shop.slice/api/cpu.max", "50000 100000\n");  // half a CPU
    file("sys/fs/cgroup/shop.slice/api/cpu.stat", "usage_usec 1000000\nuser_usec 900000\n");
    cpu_load cpu{1, root};
    file("sys/fs/cgroup/shop.slice/api/cpu.stat", "usage_usec 3601000000\nuser_usec 900000\n");
    EXPECT_GT(cpu(), 100) << "an hour of CPU in no time";
}

TEST_F(system_load, a_quota_that_changes_counts_for_what_comes_after_it) {
    in_group();
    const auto quota = [&](const std::string& text) { file("sys/fs/cgroup/shop.slice/api/cpu.max", text); };
    const auto used = [&](const std::string& text) {
        file("sys/fs/cgroup/shop.slice/api/cpu.stat", "usage_usec " + text);
    };
    quota("100000000000 100000\n");  // a million CPUs
    used("0\n");
    cpu_load cpu{1, root};
    EXPECT_EQ(cpu(), 0);
    quota("100000 100000\n");
    used("3600000000\n");
    EXPECT_GT(cpu(), 100) << "an hour of one CPU in no time";
}

TEST_F(system_load, what_the_machine_did_is_not_held_against_a_quota_that_has_gone) {
    in_group();
    file("sys/fs/cgroup/shop.slice/api/cpu.max", "100000 100000\n");
    file("sys/fs/cgroup/shop.slice/api/cpu.stat", "usage_usec 0\n");
    file("proc/stat", "cpu  1000 0 0 1000 0 0 0 0 0 0\n");
    cpu_load cpu{0.8, root};
    file("sys/fs/cgroup/shop.slice/api/cpu.max", "max 100000\n");
    EXPECT_EQ(cpu(), 0);
    file("proc/stat", "cpu  1040 0 0 1060 0 0 0 0 0 0\n");
    EXPECT_DOUBLE_EQ(cpu(), 0.5);
}

TEST_F(system_load, without_a_group_nothing_is_read_in_the_working_directory) {
    file("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 550 kB\n");
    file("proc/stat", "cpu  1000 0 0 1000 0 0 0 0 0 0\n");
    file("here/memory.max", "1000\n");
    file("here/memory.current", "5000\n");
    file("here/memory.pressure", "some avg10=20.00 avg60=1.00 avg300=0.00 total=1\n");
    file("here/cpu.max", "100000 100000\n");
    file("here/cpu.stat", "usage_usec 0\n");
    const fs::path before = fs::current_path();
    fs::current_path(root / "here");
    EXPECT_DOUBLE_EQ((memory_load{0.9, root}()), 0.5);
    EXPECT_EQ((memory_pressure{0.1, root}()), 0);
    cpu_load cpu{0.8, root};
    file("proc/stat", "cpu  1040 0 0 1060 0 0 0 0 0 0\n");
    EXPECT_DOUBLE_EQ(cpu(), 0.5);
    fs::current_path(before);
}

TEST_F(system_load, memory_is_what_is_used_of_the_machine) {
    file("proc/meminfo", "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    550 kB\n");
    EXPECT_DOUBLE_EQ((memory_load{0.9, root}()), 0.5);
}

TEST_F(system_load, memory_of_a_group_with_a_limit_is_measured_against_that_without_what_is_cached) {
    in_group();
    file("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 1000 kB\n");
    file("sys/fs/cgroup/shop.slice/api/memory.max", "1000000\n");
    file("sys/fs/cgroup/shop.slice/api/memory.current", "800000\n");
    file("sys/fs/cgroup/shop.slice/api/memory.stat", "anon 1\ninactive_file 350000\n");
    EXPECT_DOUBLE_EQ((memory_load{0.9, root}()), 0.5);
}

TEST_F(system_load, a_group_without_a_limit_has_that_of_the_machine) {
    in_group();
    file("sys/fs/cgroup/shop.slice/api/memory.max", "max\n");
    file("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 550 kB\n");
    EXPECT_DOUBLE_EQ((memory_load{0.9, root}()), 0.5);
}

TEST_F(system_load, pressure_is_the_share_of_time_that_somebody_waited) {
    file("proc/pressure/memory",
         "some avg10=5.00 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    EXPECT_DOUBLE_EQ((memory_pressure{0.1, root}()), 0.5);
    in_group();
    file("sys/fs/cgroup/shop.slice/api/memory.pressure", "some avg10=20.00 avg60=1.00 avg300=0.00 total=1\n");
    EXPECT_DOUBLE_EQ((memory_pressure{0.1, root}()), 2);
}

TEST_F(system_load, this_machine_has_some) {
    EXPECT_GT((memory_load{}()), 0);
    EXPECT_LT((memory_load{}()), 2);
    cpu_load cpu;
    EXPECT_GE(cpu(), 0);
}

}  // namespace
}  // namespace cutwater
