// Golden files: what a test has made is compared with what it made when somebody last looked at it.
//
//     cw::testing::expect_golden(trace.csv(), "traces/steps.csv");          // beside the test's own source
//
// With CUTWATER_WRITE_GOLDEN=1 in the environment the file is written instead: look at the difference, and commit it.
#pragma once

#include <filesystem>
#include <source_location>
#include <string_view>

namespace cutwater::testing {

/// A failure of the test, at the first line that differs.
void expect_golden(std::string_view made, std::string_view file,
                   std::source_location test = std::source_location::current());

/// The folder of a test's source, also where its compiler was told it by a relative path: then of a folder that the current one is in.
[[nodiscard]] std::filesystem::path folder_of_source(const std::filesystem::path& source);

}  // namespace cutwater::testing
