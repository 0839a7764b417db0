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
// A call of which nobody has heard how it ended (its reply was lost, its process has gone) ends `not_yet`: it may have been carried out at any time since it
// began, also after all others, or not at all. The model takes such a call without looking at a result.
//
// The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was tried
// ("Testing for linearizability", 2017). It is as deep as the history is long; give it that of one object (one key) at a time.
// Thread safety: `record` for different threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

namespace cutwater::testing {

/// The end of a call that nobody has seen.
inline constexpr std::uint64_t not_yet = std::numeric_limits<std::uint64_t>::max();

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
    explicit linearization(const std::vector<timed_call<Call>>& calls) : calls_{calls}, taken_(calls.size()) {}

    [[nodiscard]] bool extend(const Model& model) {
        const std::uint64_t first_end = first_end_of_the_rest();
        if (first_end == not_yet) return true;
        for (std::size_t i = 0; i < calls_.size(); ++i)
            if (!taken_[i] && calls_[i].began <= first_end && try_next(i, model)) return true;
        return false;
    }
    [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }

private:
    /// What begins later cannot come next. `not_yet` where nothing is left that must come at all.
    [[nodiscard]] std::uint64_t first_end_of_the_rest() const {
        std::uint64_t first = not_yet;
        for (std::size_t i = 0; i < calls_.size(); ++i)
            if (!taken_[i]) first = std::min(first, calls_[i].ended);
        return first;
    }

    [[nodiscard]] bool try_next(std::size_t i, const Model& model) {
        Model next = model;
        if (!next.take(calls_[i].call)) return false;
        taken_[i] = true;
        order_.push_back(i);
        if (is_new(next) && extend(next)) return true;
        order_.pop_back();
        taken_[i] = false;
        return false;
    }

    [[nodiscard]] bool is_new(const Model& model) {
        std::vector<Model>& tried = tried_[taken_];
        if (std::ranges::find(tried, model) != tried.end()) return false;
        tried.push_back(model);
        return true;
    }

    const std::vector<timed_call<Call>>& calls_;
    std::vector<bool> taken_;  // of each call
    std::vector<std::size_t> order_;
    std::unordered_map<std::vector<bool>, std::vector<Model>> tried_;
};

}  // namespace detail

/// An order of the calls that the model takes, as their numbers, without those that were not carried out; nothing where there is none.
template <class Call, class Model>
[[nodiscard]] std::optional<std::vector<std::size_t>> linearize(const std::vector<timed_call<Call>>& calls,
                                                                const Model& start) {
    detail::linearization<Model, Call> search{calls};
    if (!search.extend(start)) return {};
    return search.order();
}

}  // namespace cutwater::testing
