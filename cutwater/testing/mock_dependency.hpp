// A dependency that does what a script says, in virtual time.
//
//     cw::testing::mock_dependency<int> stock{time};
//     stock.fails(std::errc::connection_reset).fails(std::errc::timed_out, 300ms).returns(7, 20ms);
//     auto result = time.run(pipeline, stock.blocking());
//     EXPECT_EQ(stock.calls(), 3U);
//
// Past its end the script's last step is repeated. A step that takes longer than the attempt may is cut short at its
// deadline, as a well-behaved client would, and fails with `std::errc::timed_out`.
// Thread safety: none.
#pragma once

#include <algorithm>
#include <exception>
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

    [[nodiscard]] unsigned calls() const noexcept { return calls_; }
    [[nodiscard]] unsigned most_at_once() const noexcept { return most_at_once_; }
    [[nodiscard]] const std::vector<mock_step<T>>& script() const noexcept { return script_; }

    /// The dependency as a callable for the blocking driver; refers to this object.
    [[nodiscard]] auto blocking() {
        return [this](attempt& a) -> std::expected<T, std::error_code> {
            const mock_step<T>& step = begin();
            const duration left = a.deadline() == never ? forever : between(time_->present(), a.deadline());
            const bool cut = step.takes >= left && left != forever;
            if (!cut && step.takes == forever)
                throw std::logic_error{"mock_dependency: hangs, and nothing bounds the attempt"};
            time_->pass(cut ? std::max(left, duration::zero()) : step.takes);
            --at_once_;
            if (cut) return std::unexpected{std::make_error_code(std::errc::timed_out)};
            return answer(step);
        };
    }

    // for the coroutine form, see virtual_asio.hpp
    const mock_step<T>& begin() {
        const auto index = std::min<std::size_t>(calls_, script_.size() - 1);
        ++calls_;
        most_at_once_ = std::max(most_at_once_, ++at_once_);
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

    virtual_time* time_;
    std::vector<mock_step<T>> script_;
    unsigned calls_ = 0;
    unsigned at_once_ = 0;
    unsigned most_at_once_ = 0;
};

}  // namespace cutwater::testing
