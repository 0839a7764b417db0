// Scripts that go wrong at every step: a call or a kernel is played as written, and then again with each step spoilt.
//
// For a pipeline the script is what a `mock_dependency` does; each step in turn fails, throws, hangs, and is cancelled:
//
//     const std::vector<cw::testing::mock_step<int>> story{{.takes = 20ms, .code = make_error_code(std::errc::io_error)}, {.value = 7}};
//     cw::testing::for_each_variation(story, [](const cw::testing::variation<int>& v) {
//         SCOPED_TRACE(v.text());                                            // "step 2 of 2 hangs"
//         cw::testing::virtual_time time;
//         cw::testing::mock_dependency<int> dependency{time};
//         std::stop_source caller;
//         v.play(dependency, [&] { caller.request_stop(); });
//         cw::bulkhead narrow{{.max_concurrent = 1}};
//         cw::pipeline guarded{cw::retry{}, cw::ref(narrow), cw::timeout{100ms}};
//         (void)time.run(guarded, {.stop = caller.get_token()}, dependency.blocking());
//         EXPECT_EQ(narrow.in_use(), 0U);                                    // whatever went wrong
//     });
//
// For a kernel it is what the kernel is told, and what it is to answer: see `kernel_script`.
// A step that hangs ends only where something bounds its attempt. Thread safety: none.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::testing {

/// What goes wrong with a step.
enum class spoilt : std::uint8_t {
    nothing,             ///< the script as written
    fails,               ///< with a lost connection, in the step's own time
    throws,              ///< what is no error of the network, in the step's own time
    hangs,               ///< until it is cut short
    is_cancelled,        ///< by the caller, half-way through the step
    is_cancelled_after,  ///< by the caller, a nanosecond after its end: in the wait that follows, if there is one
};

inline constexpr std::array all_spoilt{spoilt::nothing, spoilt::fails,        spoilt::throws,
                                       spoilt::hangs,   spoilt::is_cancelled, spoilt::is_cancelled_after};

[[nodiscard]] constexpr std::string_view to_text(spoilt s) noexcept {
    constexpr std::string_view texts[] = {"goes as written", "fails",        "throws",
                                          "hangs",           "is cancelled", "is cancelled after its end"};
    return texts[static_cast<std::uint8_t>(s)];
}

/// A dependency's script with one step spoilt.
template <class T>
struct variation {
    std::vector<mock_step<T>> steps;
    std::size_t at = 0;  ///< the step that is spoilt; 0 is the first
    spoilt how = spoilt::nothing;

    /// `step 2 of 3 hangs`.
    [[nodiscard]] std::string text() const {
        return "step " + std::to_string(at + 1) + " of " + std::to_string(steps.size()) + " " +
               std::string{to_text(how)};
    }

    [[nodiscard]] bool is_cancelled() const noexcept {
        return how == spoilt::is_cancelled || how == spoilt::is_cancelled_after;
    }

    /// Has `mock` do this; `cancel` is what its caller does to cancel.
    void play(mock_dependency<T>& mock, std::function<void()> cancel) const {
        for (const auto& step : steps) mock.then(step);
        if (!is_cancelled()) return;
        const duration takes = steps[at].takes;
        const duration when = how == spoilt::is_cancelled ? takes / 2 : add(takes, duration{1});
        mock.on_call([number = at + 1, when, cancel = std::move(cancel), &time = mock.time()](unsigned call) {
            if (call != number) return;
            if (when == duration::zero())
                cancel();
            else
                time.after(when, cancel);
        });
    }
};

template <class T>
[[nodiscard]] variation<T> vary(const std::vector<mock_step<T>>& script, std::size_t at, spoilt how) {
    variation<T> varied{script, at, how};
    mock_step<T>& step = varied.steps[at];
    switch (how) {
        case spoilt::fails:
            step = {.takes = step.takes, .code = std::make_error_code(std::errc::connection_reset)};
            break;
        case spoilt::throws:
            step = {.takes = step.takes, .fault = std::make_exception_ptr(std::runtime_error{"spoilt"})};
            break;
        case spoilt::hangs: step = {.takes = forever, .code = std::make_error_code(std::errc::timed_out)}; break;
        default: break;
    }
    return varied;
}

/// Plays the script as written once, and then with each step spoilt in each way.
template <class T, class Play>
void for_each_variation(const std::vector<mock_step<T>>& script, Play&& play) {
    if (!script.empty()) play(vary(script, 0, spoilt::nothing));
    for (std::size_t at = 0; at < script.size(); ++at)
        for (const spoilt how : all_spoilt)
            if (how != spoilt::nothing) play(vary(script, at, how));
}

/// One step of a kernel's script: what it is told of an attempt, and what it is to answer.
template <class Answer>
struct kernel_step {
    verdict told = verdict::success;
    Answer answer{};
    duration after{};                          ///< since the step before
    std::error_code code = errc::failed;       ///< of the error, where it is told of one
    std::optional<duration> retry_after = {};  ///< the dependency's wish
};

/// What a kernel is told, and what it is to answer.
///
///     enum class answer : std::uint8_t { go_on, stop };
///     const cw::testing::kernel_script<answer> calls{
///         {.told = cw::verdict::transient, .answer = answer::go_on},
///         {.told = cw::verdict::transient, .answer = answer::stop, .after = 100ms},
///     };
///     const auto make = [] { return [n = 0](const cw::observation&, cw::instant) mutable { return ++n < 2 ? answer::go_on : answer::stop; }; };
///     cw::testing::play_kernel(calls, make);
///     cw::testing::for_each_spoilt_step(calls, make, [](const cw::observation& told_instead, answer a) {
///         if (told_instead.meaning() == cw::verdict::cancelled) EXPECT_EQ(a, answer::stop);
///     });
///
/// `make` gives a fresh kernel: a callable `Answer(const observation&, instant)`.
template <class Answer>
using kernel_script = std::vector<kernel_step<Answer>>;

namespace detail {

template <class Answer, class Kernel>
Answer tell(Kernel& kernel, const kernel_step<Answer>& step, instant now) {
    const error failure{step.code};
    const bool failed = step.told != verdict::success;
    return kernel(observation{.judged = {.meaning = step.told, .retry_after = step.retry_after},
                              .failure = failed ? &failure : nullptr},
                  now);
}

/// Plays the first `steps` of the script; gives the time at their end.
template <class Answer, class Kernel>
instant play_first(const kernel_script<Answer>& script, std::size_t steps, Kernel& kernel) {
    instant now = virtual_time::start;
    for (std::size_t i = 0; i < steps; ++i) {
        now = add(now, script[i].after);
        EXPECT_EQ(tell(kernel, script[i], now), script[i].answer) << "step " << i + 1 << " of " << script.size();
    }
    return now;
}

}  // namespace detail

/// Plays the script as written: each answer is as expected.
template <class Answer, class Make>
void play_kernel(const kernel_script<Answer>& script, Make&& make) {
    auto kernel = make();
    detail::play_first(script, script.size(), kernel);
}

/// For each step, plays those before it on a fresh kernel, and tells it of a failure, transient or not, of a refusal and of
/// a cancellation instead; `check(told, answer)` looks at what it answers.
template <class Answer, class Make, class Check>
void for_each_spoilt_step(const kernel_script<Answer>& script, Make&& make, Check&& check) {
    for (std::size_t at = 0; at < script.size(); ++at)
        for (const verdict told : {verdict::transient, verdict::permanent, verdict::rejected, verdict::cancelled}) {
            SCOPED_TRACE("step " + std::to_string(at + 1) + " is " + std::string{to_text(told)});
            auto kernel = make();
            const instant now = add(detail::play_first(script, at, kernel), script[at].after);
            const kernel_step<Answer> instead{.told = told,
                                              .code = told == verdict::cancelled ? errc::cancelled : errc::failed};
            const error failure{instead.code};
            check(observation{.judged = {.meaning = told}, .failure = &failure}, detail::tell(kernel, instead, now));
        }
}

}  // namespace cutwater::testing
