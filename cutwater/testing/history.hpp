// Whether what threads saw of a shared object could have been seen of its kernel, one call after the other.
//
//     cw::testing::history<my_call> seen{4};                       // of four threads; my_call: an operation and its result
//     seen.record(thread, [&] { return my_call{…, shared.take()}; });
//     EXPECT_TRUE(cw::testing::linearize(seen.all(), my_model{}));
//
// A model is a value with `bool take(const my_call&)`: carries the operation out, and says whether the result is the one
// that it gives. A history is linearizable if some order of its calls, in which none comes before another that had ended
// when it began, is taken by the model as a whole.
//
// The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was tried
// ("Testing for linearizability", 2017). Histories of up to 64 calls. Thread safety: `record` for different threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace cutwater::testing {

template <class Call>
struct timed_call {
    Call call;
    std::uint64_t began = 0;
    std::uint64_t ended = 0;
};

template <class Call>
class history {
public:
    explicit history(unsigned threads) : of_thread_(threads) {}

    /// Carries out `call`, which gives what is to be recorded.
    template <class F>
    const Call& record(unsigned thread, F&& call) {
        const std::uint64_t began = clock_.fetch_add(1);
        Call made = call();
        const std::uint64_t ended = clock_.fetch_add(1);
        return of_thread_[thread].calls.emplace_back(std::move(made), began, ended).call;
    }

    /// Everything, in the order in which it began.
    [[nodiscard]] std::vector<timed_call<Call>> all() const {
        std::vector<timed_call<Call>> calls;
        for (const auto& part : of_thread_) calls.insert(calls.end(), part.calls.begin(), part.calls.end());
        std::ranges::sort(calls, {}, &timed_call<Call>::began);
        return calls;
    }

private:
    struct alignas(64) thread_part {
        std::vector<timed_call<Call>> calls;
    };
    std::atomic<std::uint64_t> clock_{0};
    std::vector<thread_part> of_thread_;
};

namespace detail {

template <class Model, class Call>
class linearization {
public:
    explicit linearization(const std::vector<timed_call<Call>>& calls) : calls_{calls} {}

    [[nodiscard]] bool extend(const Model& model) {
        if (order_.size() == calls_.size()) return true;
        for (std::size_t i = 0; i < calls_.size(); ++i)
            if (may_come_next(i) && try_next(i, model)) return true;
        return false;
    }
    [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }

private:
    [[nodiscard]] bool is_taken(std::size_t i) const { return (taken_ >> i & 1U) != 0; }

    [[nodiscard]] bool may_come_next(std::size_t i) const {
        if (is_taken(i)) return false;
        for (std::size_t other = 0; other < calls_.size(); ++other)
            if (!is_taken(other) && calls_[other].ended < calls_[i].began) return false;
        return true;
    }

    [[nodiscard]] bool try_next(std::size_t i, const Model& model) {
        Model next = model;
        if (!next.take(calls_[i].call)) return false;
        taken_ |= std::uint64_t{1} << i;
        order_.push_back(i);
        if (is_new(next) && extend(next)) return true;
        order_.pop_back();
        taken_ &= ~(std::uint64_t{1} << i);
        return false;
    }

    [[nodiscard]] bool is_new(const Model& model) {
        std::vector<Model>& tried = tried_[taken_];
        if (std::ranges::find(tried, model) != tried.end()) return false;
        tried.push_back(model);
        return true;
    }

    const std::vector<timed_call<Call>>& calls_;
    std::uint64_t taken_ = 0;  // a bit for each call
    std::vector<std::size_t> order_;
    std::unordered_map<std::uint64_t, std::vector<Model>> tried_;
};

}  // namespace detail

/// An order of the calls that the model takes, as their numbers; nothing where there is none.
template <class Call, class Model>
[[nodiscard]] std::optional<std::vector<std::size_t>> linearize(const std::vector<timed_call<Call>>& calls,
                                                                const Model& start) {
    detail::linearization<Model, Call> search{calls};
    if (!search.extend(start)) return {};
    return search.order();
}

}  // namespace cutwater::testing
