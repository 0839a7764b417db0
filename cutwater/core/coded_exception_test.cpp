// A code that an exception carries is read, whoever runs the call.

#include "cutwater/core/coded_exception.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "cutwater/core/system_errors.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct lost_line : std::runtime_error {
    explicit lost_line(std::errc how) : std::runtime_error{"the line is gone"}, how_{how} {}
    [[nodiscard]] std::error_code code() const noexcept { return std::make_error_code(how_); }

private:
    std::errc how_;
};
struct lost_far_line : lost_line {
    using lost_line::lost_line;
};
struct nobody_said : std::runtime_error {
    using std::runtime_error::runtime_error;
    [[nodiscard]] static std::error_code code() noexcept { return std::make_error_code(std::errc::connection_reset); }
};

const coded_exception<lost_line> lost_line_has_a_code;

template <class Thrown>
error error_of(Thrown thrown) {
    return error::from_exception(std::make_exception_ptr(std::move(thrown)));
}

TEST(coded_exception, its_code_is_the_errors) {
    const error e = error_of(lost_line{std::errc::connection_refused});
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_EQ(e.words(), "the line is gone");
    EXPECT_EQ(e.executed(), effect::none) << "a refused connection was never sent";
}

TEST(coded_exception, what_derives_from_it_is_one) {
    EXPECT_EQ(error_of(lost_far_line{std::errc::timed_out}).code(), std::errc::timed_out);
}

TEST(coded_exception, others_have_no_code) {
    EXPECT_EQ(error_of(nobody_said{"x"}).code(), errc::failed) << "nobody has said that it has one";
    EXPECT_EQ(error_of(std::runtime_error{"x"}).code(), errc::failed);
}

TEST(coded_exception, is_judged_by_its_code) {
    testing::virtual_time time;
    pipeline by_default{retry{{.max_attempts = 3}}};
    pipeline by_rules{retry{{.max_attempts = 3}}, classify{system_rules{}}};
    const auto attempts = [](auto& guarded, std::errc how) {
        unsigned made = 0;
        (void)guarded.run([&]() -> int {
            ++made;
            throw lost_line{how};
        });
        return made;
    };
    EXPECT_EQ(attempts(by_default, std::errc::connection_reset), 3U);
    EXPECT_EQ(attempts(by_default, std::errc::io_error), 1U);
    EXPECT_EQ(attempts(by_default, std::errc::too_many_files_open), 1U);
    EXPECT_EQ(attempts(by_rules, std::errc::too_many_files_open), 3U);
}

}  // namespace
}  // namespace cutwater
