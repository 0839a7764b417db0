#include "cutwater/testing/script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <gtest/gtest-spi.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const std::vector<mock_step<int>> story{{.takes = 20ms, .code = std::make_error_code(std::errc::connection_refused)},
                                        {.takes = 10ms, .value = 7}};

TEST(script, is_played_as_written_and_then_with_each_step_spoilt_in_each_way) {
    std::vector<std::string> played;
    for_each_variation(story, [&](const variation<int>& v) {
        EXPECT_EQ(v.steps.size(), 2U);
        played.push_back(v.text());
    });
    EXPECT_THAT(played,
                ElementsAre("step 1 of 2 goes as written", "step 1 of 2 fails", "step 1 of 2 throws",
                            "step 1 of 2 hangs", "step 1 of 2 is cancelled", "step 1 of 2 is cancelled after its end",
                            "step 2 of 2 fails", "step 2 of 2 throws", "step 2 of 2 hangs", "step 2 of 2 is cancelled",
                            "step 2 of 2 is cancelled after its end"));
}

TEST(script, that_is_empty_is_played_not_at_all) {
    int played = 0;
    for_each_variation(std::vector<mock_step<int>>{}, [&](const auto&) { ++played; });
    EXPECT_EQ(played, 0);
}

TEST(script, a_spoilt_step_is_the_only_one_that_differs) {
    for_each_variation(story, [&](const variation<int>& v) {
        const std::size_t other = 1 - v.at;
        EXPECT_EQ(v.steps[other].takes, story[other].takes);
        EXPECT_EQ(v.steps[other].value, story[other].value);
        EXPECT_EQ(v.steps[other].code, story[other].code);
    });
}

/// What a call of two attempts, each bounded, gives where this goes wrong.
result<int> played(const variation<int>& v) {
    virtual_time time;
    mock_dependency<int> dependency{time};
    std::stop_source caller;
    v.play(dependency, [&] { caller.request_stop(); });
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 5ms, .jitter = jitter::none}}, timeout{{.after = 100ms}}};
    return time.run(guarded, {.stop = caller.get_token()}, dependency.blocking());
}

TEST(script, each_way_of_going_wrong_is_what_it_says) {
    EXPECT_THAT(played(vary(story, 0, spoilt::nothing)), has_value(7));
    EXPECT_THAT(played(vary(story, 0, spoilt::fails)), has_value(7));
    EXPECT_THAT(played(vary(story, 0, spoilt::throws)), fails_with(errc::failed)) << "what is permanent is not retried";
    EXPECT_THAT(played(vary(story, 0, spoilt::hangs)), has_value(7));
    EXPECT_THAT(played(vary(story, 0, spoilt::is_cancelled)), fails_with(errc::cancelled));
    EXPECT_THAT(played(vary(story, 0, spoilt::is_cancelled_after)), fails_with(errc::cancelled)) << "in the delay";
    EXPECT_THAT(played(vary(story, 1, spoilt::fails)), fails_with(std::errc::connection_reset));
    EXPECT_THAT(played(vary(story, 1, spoilt::hangs)), fails_with(errc::timed_out));
    EXPECT_THAT(played(vary(story, 1, spoilt::is_cancelled)), fails_with(errc::cancelled));
    EXPECT_THAT(played(vary(story, 1, spoilt::is_cancelled_after)), has_value(7)) << "nobody was waiting any more";
}

TEST(script, a_step_that_takes_no_time_can_be_cancelled_too) {
    const auto v = vary<int>({{.value = 7}}, 0, spoilt::is_cancelled);
    bool cancelled = false;
    virtual_time time;
    mock_dependency<int> dependency{time};
    v.play(dependency, [&] { cancelled = true; });
    pipeline guarded{timeout{1s}};
    EXPECT_THAT(time.run(guarded, dependency.blocking()), has_value(7));
    EXPECT_TRUE(cancelled);
}

// ---- kernels ----

enum class answer : std::uint8_t { go_on, stop };
std::ostream& operator<<(std::ostream& out, answer a) { return out << (a == answer::go_on ? "go_on" : "stop"); }

/// A kernel that stands two failures within a second, and no cancellation.
struct two_strikes {
    int failures = 0;
    instant last = instant::min();

    answer operator()(const observation& seen, instant now) {
        if (seen.meaning() == verdict::cancelled) return answer::stop;
        if (seen.failure == nullptr) return answer::go_on;
        failures = between(last, now) > 1s ? 1 : failures + 1;
        last = now;
        return failures < 2 ? answer::go_on : answer::stop;
    }
};
constexpr auto fresh = [] { return two_strikes{}; };

const kernel_script<answer> strikes{
    {.told = verdict::transient, .answer = answer::go_on},
    {.told = verdict::success, .answer = answer::go_on},
    {.told = verdict::permanent, .answer = answer::go_on, .after = 2s},
    {.told = verdict::permanent, .answer = answer::stop, .after = 1s},
};

TEST(kernel_script, is_played_step_by_step_with_its_times) { play_kernel(strikes, fresh); }

TEST(kernel_script, a_wrong_answer_is_a_failure_that_names_the_step) {
    EXPECT_NONFATAL_FAILURE(
        play_kernel(kernel_script<answer>{{.told = verdict::transient, .answer = answer::stop}}, fresh), "step 1 of 1");
}

TEST(kernel_script, tells_error_and_wish) {
    const kernel_script<bool> asks{{.told = verdict::transient,
                                    .answer = true,
                                    .code = std::make_error_code(std::errc::io_error),
                                    .retry_after = 3s},
                                   {.told = verdict::success, .answer = false}};
    play_kernel(asks, [] {
        return [](const observation& seen, instant) {
            return seen.failure != nullptr && seen.failure->code() == std::errc::io_error && seen.retry_after() == 3s;
        };
    });
}

TEST(kernel_script, each_step_is_spoilt_on_a_kernel_of_its_own) {
    std::map<verdict, std::vector<answer>> answers;
    int kernels = 0;
    for_each_spoilt_step(
        strikes, [&] { return ++kernels, two_strikes{}; },
        [&](const observation& told, answer a) { answers[told.meaning()].push_back(a); });
    EXPECT_EQ(kernels, 16);
    EXPECT_THAT(answers[verdict::cancelled], ElementsAre(answer::stop, answer::stop, answer::stop, answer::stop));
    EXPECT_THAT(answers[verdict::transient], ElementsAre(answer::go_on, answer::stop, answer::go_on, answer::stop));
    EXPECT_EQ(answers[verdict::permanent], answers[verdict::transient]);
    EXPECT_EQ(answers[verdict::rejected], answers[verdict::transient]);
}

}  // namespace
}  // namespace cutwater::testing
