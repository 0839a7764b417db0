#include "cutwater/testing/mock_dependency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// A pipeline that bounds nothing.
pipeline<observe> unguarded(event_recorder& heard) { return pipeline{observe{heard}}; }

class mock_dependency_test : public ::testing::Test {
protected:
    [[nodiscard]] result<int> call(const call_options& said = {}) { return time.run(through, said, mock.blocking()); }

    virtual_time time;
    event_recorder heard;
    mock_dependency<int> mock{time};
    pipeline<observe> through = unguarded(heard);
};

TEST_F(mock_dependency_test, does_as_its_script_says_and_repeats_the_last_step) {
    mock.returns(1, 5ms).fails(std::errc::io_error, 10ms).throws(std::runtime_error{"no"}).returns(7);
    EXPECT_THAT(call(), has_value(1));
    EXPECT_EQ(time.elapsed(), 5ms);
    EXPECT_THAT(call(), fails_with(std::errc::io_error));
    EXPECT_EQ(time.elapsed(), 15ms);
    EXPECT_EQ(call().error().words(), "no");
    EXPECT_THAT(call(), has_value(7));
    EXPECT_THAT(call(), has_value(7));
    EXPECT_EQ(mock.calls(), 5U);
    EXPECT_EQ(mock.most_at_once(), 1U);
    EXPECT_EQ(mock.script().size(), 4U);
}

TEST_F(mock_dependency_test, a_step_is_cut_short_at_the_attempts_deadline) {
    mock.returns(7, 100ms);
    EXPECT_THAT(call({.deadline = time.in(30ms)}), fails_with(errc::deadline_exceeded));
    EXPECT_EQ(time.elapsed(), 30ms);
    EXPECT_THAT(call({.deadline = time.in(100ms)}), fails_with(errc::deadline_exceeded)) << "on time is too late";
    EXPECT_THAT(call({.deadline = time.in(100ms + 1ns)}), has_value(7));
}

TEST_F(mock_dependency_test, a_step_is_cut_short_when_its_caller_cancels) {
    mock.returns(7, 100ms);
    std::stop_source caller;
    time.after(40ms, [&] { caller.request_stop(); });
    EXPECT_THAT(call({.stop = caller.get_token()}), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 40ms);
}

TEST_F(mock_dependency_test, T42_a_step_that_is_done_when_its_caller_cancels_is_done) {
    mock.returns(7, 100ms);
    std::stop_source caller;
    time.after(100ms, [&] { caller.request_stop(); });
    EXPECT_THAT(call({.stop = caller.get_token()}), has_value(7));
}

TEST_F(mock_dependency_test, one_that_hangs_answers_only_when_it_is_cut_short) {
    mock.hangs();
    EXPECT_THAT(call({.deadline = time.in(1h)}), fails_with(errc::deadline_exceeded));
    EXPECT_EQ(time.elapsed(), 1h);
    std::stop_source caller;
    time.after(1h, [&] { caller.request_stop(); });
    EXPECT_THAT(call({.stop = caller.get_token()}), fails_with(errc::cancelled));
    const auto unbounded = call();
    EXPECT_EQ(unbounded.error().words(), "mock_dependency: hangs, and nothing bounds the attempt");
}

TEST_F(mock_dependency_test, without_a_script_says_so) {
    EXPECT_EQ(call().error().words(), "mock_dependency: is called, and its script is empty");
}

TEST_F(mock_dependency_test, tells_of_each_call_as_it_begins) {
    std::vector<unsigned> told;
    mock.returns(7).on_call([&](unsigned number) { told.push_back(number); });
    (void)call();
    (void)call();
    EXPECT_THAT(told, ElementsAre(1U, 2U));
}

}  // namespace
}  // namespace cutwater::testing
