// A dependency that does what a script says, in virtual time.
//
//     cw::testing::mock_dependency<int> stock{time};
//     stock.fails(std::errc::connection_reset).fails(std::errc::timed_out, 300ms).returns(7, 20ms);
//     auto result = time.run(pipeline, stock.blocking());
//     EXPECT_EQ(stock.calls(), 3U);
//
// Past its end the script's last step is repeated. A step is cut short at the attempt's deadline, and as soon as its
// caller cancels, as a well-behaved client would: it fails with `std::errc::timed_out` or `operation_canceled`.
// Thread safety: none.
#pragma once

#include <algorithm>
#include <exception>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::testing {

/// What one call of the dependency does. `value` and `fault` may both be empty: it fails by `code`.
template <class T>
struct mock_step {
    duration takes{};
    std::optional<T> value{};
    std::error_code code{};
    std::exception_ptr fault{};
};

template <class T>
class mock_dependency {
public:
    explicit mock_dependency(virtual_time& time) : time_{&time} {}

    mock_dependency& returns(T value, duration takes = {}) { return add({.takes = takes, .value = std::move(value)}); }
    /// Returns `std::unexpected(code)`.
    mock_dependency& fails(std::errc code, duration takes = {}) { return fails(std::make_error_code(code), takes); }
    mock_dependency& fails(std::error_code code, duration takes = {}) { return add({.takes = takes, .code = code}); }
    template <class Exception>
    mock_dependency& throws(Exception fault, duration takes = {}) {
        return add({.takes = takes, .fault = std::make_exception_ptr(std::move(fault))});
    }
    /// Answers only when it is cut short.
    mock_dependency& hangs() { return add({.takes = forever, .code = std::make_error_code(std::errc::timed_out)}); }
    mock_dependency& then(mock_step<T> step) { return add(std::move(step)); }

    /// Has `told` called with the number of each call as it begins; 1 is the first.
    mock_dependency& on_call(std::function<void(unsigned number)> told) { return told_ = std::move(told), *this; }

    [[nodiscard]] unsigned calls() const noexcept { return calls_; }
    [[nodiscard]] unsigned most_at_once() const noexcept { return most_at_once_; }
    [[nodiscard]] const std::vector<mock_step<T>>& script() const noexcept { return script_; }

    /// The dependency as a callable for the blocking driver; refers to this object.
    [[nodiscard]] auto blocking() {
        return [this](attempt& a) -> std::expected<T, std::error_code> {
            const mock_step<T>& step = begin();
            const std::error_code cut_short = pass(a, step.takes);
            --at_once_;
            if (cut_short) return std::unexpected{cut_short};
            return answer(step);
        };
    }

    // for the coroutine form, see virtual_asio.hpp
    const mock_step<T>& begin() {
        if (script_.empty()) throw std::logic_error{"mock_dependency: is called, and its script is empty"};
        const auto index = std::min<std::size_t>(calls_, script_.size() - 1);
        ++calls_;
        most_at_once_ = std::max(most_at_once_, ++at_once_);
        if (told_) told_(calls_);
        return script_.at(index);
    }
    void end() noexcept { --at_once_; }
    [[nodiscard]] static std::expected<T, std::error_code> answer(const mock_step<T>& step) {
        if (step.fault) std::rethrow_exception(step.fault);
        if (step.value) return *step.value;
        return std::unexpected{step.code};
    }
    [[nodiscard]] virtual_time& time() noexcept { return *time_; }

private:
    mock_dependency& add(mock_step<T> step) { return script_.push_back(std::move(step)), *this; }

    /// Lets the time of a step pass; says what cut it short, if anything did.
    std::error_code pass(const attempt& a, duration takes) {
        const instant done = time_->in(takes);
        const instant until = std::min(done, a.deadline());
        while (time_->present() < until) {
            if (a.stop_requested()) return std::make_error_code(std::errc::operation_canceled);
            const auto next = time_->next_scheduled();
            if (until == never && !next)
                throw std::logic_error{"mock_dependency: hangs, and nothing bounds the attempt"};
            time_->pass(between(time_->present(), next ? std::clamp(*next, time_->present(), until) : until));
        }
        const bool in_time = a.deadline() == never || done < a.deadline();
        return in_time ? std::error_code{} : std::make_error_code(std::errc::timed_out);
    }

    virtual_time* time_;
    std::vector<mock_step<T>> script_;
    std::function<void(unsigned)> told_;
    unsigned calls_ = 0;
    unsigned at_once_ = 0;
    unsigned most_at_once_ = 0;
};

}  // namespace cutwater::testing
