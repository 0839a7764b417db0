#include "cutwater/observe/log/json_log.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <ostream>
#include <streambuf>

namespace cutwater {
namespace {

/// Into a pipe at once: nothing is left to be written when it closes.
class unbuffered final : public std::streambuf {
public:
    explicit unbuffered(FILE* pipe) : pipe_{pipe} { setvbuf(pipe, nullptr, _IONBF, 0); }

private:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        return static_cast<std::streamsize>(std::fwrite(text, 1, static_cast<std::size_t>(size), pipe_));
    }
    FILE* pipe_;
};

TEST(json_log_live, survives_a_reader_that_has_gone_away) {
    FILE* const reader = popen("exit 0", "w");
    ASSERT_NE(reader, nullptr);
    unbuffered buffer{reader};
    std::ostream pipe{&buffer};
    json_log log{pipe};
    for (int line = 0; line < 1'000'000 && log.lost() == 0; ++line) log.write({.message = "is anybody there?"});
    EXPECT_GT(log.lost(), 0U);
    pclose(reader);
}

}  // namespace
}  // namespace cutwater
