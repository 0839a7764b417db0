#include "cutwater/testing/asio/stage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct stage_test : ::testing::TestWithParam<driver> {
    stage<int> on{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(drivers, stage_test, ::testing::ValuesIn(both_drivers), driver_name{});

TEST_P(stage_test, plays_the_dependency_and_hears_what_is_decided) {
    on.dependency.fails(std::errc::connection_reset, 20ms).returns(7, 5ms);
    pipeline guarded{observe{on.heard}, retry{{.base_delay = 10ms, .jitter = jitter::none}}};
    EXPECT_THAT(on.play(guarded, {.operation = "get"}), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 35ms);
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "retry_scheduled", "retry_rescued", "call_completed"));
}

TEST_P(stage_test, plays_a_callable_of_the_tests_own) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    const auto third = [](attempt& a) -> std::expected<unsigned, std::errc> {
        if (a.number() < 3) return std::unexpected{std::errc::connection_reset};
        return a.number();
    };
    EXPECT_THAT(on.play(guarded, nothing_said, third), has_value(3U));
    EXPECT_TRUE(on.play(guarded, nothing_said, [] {})) << "one that gives nothing, too";
}

TEST_P(stage_test, a_caller_who_cancels_ends_a_sleep) {
    on.dependency.fails(std::errc::connection_reset);
    on.cancels_after(3s);
    pipeline guarded{retry{{.base_delay = 10s, .jitter = jitter::none}}};
    EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
    EXPECT_EQ(on.time.elapsed(), 3s);
}

TEST_P(stage_test, a_caller_who_cancels_ends_an_attempt) {
    on.dependency.hangs();
    on.cancels_after(3s);
    pipeline guarded{timeout{10s}};
    EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
    EXPECT_EQ(on.time.elapsed(), 3s);
}

/// What a call comes to where its dependency goes wrong in this way.
std::string told(driver d, const variation<int>& varied) {
    stage<int> on{d};
    varied.play(on.dependency, [&] { on.cancels(); });
    pipeline guarded{observe{on.heard}, retry{{.max_attempts = 2}}, timeout{100ms}};
    const result<int> given = on.play(guarded);
    std::string all = (given ? std::to_string(*given) : given.error().message()) + "\n";
    for (const auto& event : on.heard.all()) all += event.line() + "\n";
    return all + cutwater::to_text(on.time.elapsed());
}

TEST(stage, both_drivers_tell_the_same_wherever_a_script_goes_wrong) {
    const std::vector<mock_step<int>> story{{.takes = 20ms, .code = std::make_error_code(std::errc::connection_reset)},
                                            {.takes = 20ms, .value = 7}};
    for_each_variation(story, [](const variation<int>& varied) {
        SCOPED_TRACE(varied.text());
        EXPECT_EQ(told(driver::coroutine, varied), told(driver::blocking, varied));
    });
}

struct row {
    std::string name;
};

TEST(stage, cases_are_named_after_row_and_driver) {
    const ::testing::TestParamInfo<std::tuple<driver, row>> info{{driver::coroutine, {"gives_up"}}, 0};
    EXPECT_EQ(scenario_name{}(info), "gives_up_coroutine");
}

}  // namespace
}  // namespace cutwater::testing
