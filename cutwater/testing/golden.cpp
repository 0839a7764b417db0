#include "cutwater/testing/golden.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cutwater::testing {

namespace {

void write(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
}

/// Where two texts begin to differ.
void tell_difference(const std::filesystem::path& path, std::istringstream kept, std::istringstream made) {
    std::string was;
    std::string is;
    for (int line = 1;; ++line) {
        const bool more_kept = static_cast<bool>(std::getline(kept, was));
        const bool more_made = static_cast<bool>(std::getline(made, is));
        if (more_kept && more_made && was == is) continue;
        ADD_FAILURE() << path.string() << ":" << line
                      << ": is no longer what the test makes\n  kept: " << (more_kept ? was : "(the end)")
                      << "\n  made: " << (more_made ? is : "(the end)")
                      << "\nIf that is right, write it anew: CUTWATER_WRITE_GOLDEN=1 in the environment of this test";
        return;
    }
}

}  // namespace

std::filesystem::path folder_of_source(const std::filesystem::path& source) {
    if (source.is_absolute()) return source.parent_path();
    std::filesystem::path below;
    for (const auto& part : source.parent_path())
        if (part != ".." && part != ".") below /= part;
    for (auto root = std::filesystem::current_path(); root.has_relative_path(); root = root.parent_path())
        if (std::filesystem::exists(root / below / source.filename())) return root / below;
    return source.parent_path();
}

void expect_golden(std::string_view made, std::string_view file, std::source_location test) {
    const auto path = folder_of_source(test.file_name()) / file;
    const char* const writes = std::getenv("CUTWATER_WRITE_GOLDEN");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (writes != nullptr && std::string_view{writes} == "1") return write(path, made);
    const std::ifstream in{path};
    if (!in) {
        ADD_FAILURE() << path.string() << ": there is no such file; CUTWATER_WRITE_GOLDEN=1 writes it";
        return;
    }
    std::ostringstream kept;
    kept << in.rdbuf();
    if (kept.str() != made)
        tell_difference(path, std::istringstream{kept.str()}, std::istringstream{std::string{made}});
}

}  // namespace cutwater::testing
