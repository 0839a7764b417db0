#include "cutwater/testing/golden.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest-spi.h>

namespace cutwater::testing {
namespace {

class golden_file : public ::testing::Test {
protected:
    golden_file() { std::filesystem::create_directories(folder); }
    ~golden_file() override { std::filesystem::remove_all(folder); }
    golden_file(const golden_file&) = delete;
    golden_file& operator=(const golden_file&) = delete;

    void keep(const char* text) const { std::ofstream{folder / "kept.txt"} << text; }
    [[nodiscard]] std::string path() const {
        return (folder / "kept.txt").string();
    }  // absolute: that is what counts then

    // of its own, where tests run side by side
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        (std::string{"golden_"} + ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(golden_file, that_is_the_same_says_nothing) {
    keep("one\ntwo\n");
    expect_golden("one\ntwo\n", path());
}

TEST_F(golden_file, that_differs_is_a_failure_at_the_first_line_that_does) {
    keep("one\ntwo\nthree\n");
    EXPECT_NONFATAL_FAILURE(expect_golden("one\n2\n3\n", path()),
                            "kept.txt:2: is no longer what the test makes\n  kept: two\n  made: 2\n");
    EXPECT_NONFATAL_FAILURE(expect_golden("one\ntwo\n", path()),
                            ":3: is no longer what the test makes\n  kept: three\n  made: (the end)");
    EXPECT_NONFATAL_FAILURE(expect_golden("one\ntwo\nthree\nfour\n", path()), "kept: (the end)\n  made: four");
}

TEST_F(golden_file, that_is_missing_is_a_failure_that_says_how_to_make_it) {
    EXPECT_NONFATAL_FAILURE(expect_golden("one\n", path()), "there is no such file; CUTWATER_WRITE_GOLDEN=1 writes it");
}

TEST_F(golden_file, is_written_where_the_environment_asks_for_it) {
    ::setenv("CUTWATER_WRITE_GOLDEN", "1", 1);  // NOLINT(concurrency-mt-unsafe): one thread
    expect_golden("new\n", path());
    ::unsetenv("CUTWATER_WRITE_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
    expect_golden("new\n", path());
}

/// As a compiler tells it whose commands name no folder of this machine.
TEST_F(golden_file, is_found_where_the_source_is_told_by_a_relative_path) {
    const std::filesystem::path outside = std::filesystem::current_path();
    std::filesystem::create_directories(folder / "room/traces");
    std::filesystem::create_directories(folder / "build/release");
    std::ofstream{folder / "room/one_test.cpp"} << "";
    std::ofstream{folder / "room/traces/kept.txt"} << "one\n";
    EXPECT_EQ(folder_of_source("../../room/one_test.cpp"), "../../room") << "nothing is there";
    std::filesystem::current_path(folder / "build/release");
    EXPECT_TRUE(std::filesystem::equivalent(folder_of_source("../../room/one_test.cpp"), folder / "room"));
    std::filesystem::current_path(outside);
    EXPECT_EQ(folder_of_source("/somewhere/one_test.cpp"), "/somewhere");
}

}  // namespace
}  // namespace cutwater::testing
