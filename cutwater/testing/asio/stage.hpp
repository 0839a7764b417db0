// One test for both drivers: a call played in the thread that makes it, or as a coroutine, in virtual time either way.
//
//     class retry_policy : public ::testing::TestWithParam<cw::testing::driver> {
//     protected:
//         cw::testing::stage<int> on{GetParam()};
//     };
//     INSTANTIATE_TEST_SUITE_P(drivers, retry_policy, ::testing::ValuesIn(cw::testing::both_drivers),
//                              cw::testing::driver_name{});
//
//     TEST_P(retry_policy, tries_again) {
//         on.dependency.fails(std::errc::connection_reset).returns(7);
//         cw::pipeline guarded{cw::observe{on.heard}, cw::retry{}};
//         EXPECT_EQ(on.play(guarded), 7);
//     }
//
// Thread safety: none. Lifetime: the pipeline outlives `play`.
#pragma once

#include <array>
#include <functional>
#include <stop_token>
#include <string>
#include <tuple>

#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater::testing {

enum class driver : std::uint8_t { blocking, coroutine };

inline constexpr std::array both_drivers{driver::blocking, driver::coroutine};

[[nodiscard]] constexpr std::string_view to_text(driver d) noexcept {
    return d == driver::blocking ? "blocking" : "coroutine";
}

/// Names the cases of a parameterised test.
struct driver_name {
    std::string operator()(const auto& info) const { return std::string{to_text(info.param)}; }
};

/// Names the cases of a table, whose rows have a `name`, that both drivers play: parameters are `std::tuple<driver, row>`.
struct scenario_name {
    std::string operator()(const auto& info) const {
        return std::get<1>(info.param).name + "_" + std::string{to_text(std::get<0>(info.param))};
    }
};

/// What a caller is told: the value, or the error's message.
template <class T>
[[nodiscard]] std::string text_of(const result<T>& told) {
    return told ? std::to_string(*told) : told.error().message();
}

/// Whatever a test of a policy needs: time, a dependency that gives `T`, a listener, and a caller who may cancel.
template <class T>
class stage {
public:
    explicit stage(driver played_by) : played_by_{played_by} {}

    virtual_time time;
    mock_dependency<T> dependency{time};
    event_recorder heard;

    /// One call of the dependency through `guarded`.
    template <class Pipeline>
    result<T> play(Pipeline& guarded, const call_options& said = nothing_said) {
        if (played_by_ == driver::blocking) return time.run(guarded, stoppable(said), dependency.blocking());
        return loop_.run(guarded, said, loop_.coroutine(dependency), signal_.slot());
    }

    /// One call of `f`, which is no coroutine. It is wrapped: a driver compiled for each test's own callable takes seconds.
    template <class Pipeline, class F>
    auto play(Pipeline& guarded, const call_options& said, F f) {
        const std::function<result_of<F>(attempt&)> wrapped{[&f](attempt& a) { return call_with(f, a); }};
        using given = result<value_of<result_of<F>>>;
        if (played_by_ == driver::blocking) return given{time.run(guarded, stoppable(said), wrapped)};
        return given{loop_.run(guarded, said, wrapped, signal_.slot())};
    }

    /// The caller cancels, `d` from now: by its stop token, or by its cancellation slot where it is a coroutine.
    void cancels_after(duration d) {
        time.after(d, [this] { cancels(); });
    }
    /// The caller cancels, now.
    void cancels() {
        stop_.request_stop();
        signal_.emit(boost::asio::cancellation_type::all);
    }

    /// `never` for `forever`.
    [[nodiscard]] instant deadline_in(duration d) const { return d == forever ? never : time.in(d); }

    [[nodiscard]] driver played_by() const noexcept { return played_by_; }

private:
    [[nodiscard]] call_options stoppable(call_options said) const {
        said.stop = stop_.get_token();
        return said;
    }

    driver played_by_;
    virtual_asio loop_{time};
    std::stop_source stop_;
    boost::asio::cancellation_signal signal_;
};

}  // namespace cutwater::testing
