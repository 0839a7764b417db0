// What threads of several processes saw of one store: their calls, in memory that all of them see, by a clock that is one for all.
//
//     shared_history<my_call> seen{16, 100};                          // of 16 threads, 100 calls each at the most
//     timed_call<my_call>& mine = seen.begin(thread, {…});            // it begins
//     …                                                               // what came of it is written into `mine.call`
//     seen.end(mine);                                                 // it has ended: not told where its process is killed before
//     linearize(seen.all(), my_model{});                              // when the children have gone
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "cutwater/testing/history.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater::testing {

template <class Call>
class shared_history {
    static_assert(std::is_trivially_copyable_v<Call>, "it is in memory that no constructor of ours has seen");

public:
    shared_history(std::size_t threads, std::size_t most) : most_{most}, begun_{threads}, calls_{threads * most} {}

    /// Of one thread, each call after the other has ended.
    timed_call<Call>& begin(std::size_t thread, const Call& asked) {
        const std::size_t number = begun_[thread].load();
        if (number == most_) throw std::length_error{"more calls than there is room for"};
        timed_call<Call>& made = calls_[thread * most_ + number];
        made = {asked, (*clock_)++, not_yet};
        begun_[thread] = number + 1;
        return made;
    }
    void end(timed_call<Call>& of) { of.ended = (*clock_)++; }

    /// How many calls have begun, of all threads.
    [[nodiscard]] std::size_t begun() const {
        std::size_t calls = 0;
        for (std::size_t thread = 0; thread < begun_.size(); ++thread) calls += begun_[thread].load();
        return calls;
    }
    /// Everything, in the order in which it began.
    [[nodiscard]] std::vector<timed_call<Call>> all() const {
        std::vector<timed_call<Call>> calls;
        for (std::size_t thread = 0; thread < begun_.size(); ++thread)
            for (std::size_t i = 0; i < begun_[thread]; ++i) calls.push_back(calls_[thread * most_ + i]);
        std::ranges::sort(calls, {}, &timed_call<Call>::began);
        return calls;
    }

private:
    std::size_t most_;
    shared<std::atomic<std::uint64_t>> clock_;
    shared<std::atomic<std::size_t>> begun_;
    shared<timed_call<Call>> calls_;
};

/// Of each key, `key_of` a call, whether some order explains what was seen; the first key of which none does is told.
template <class Model, class Call, class KeyOf>
[[nodiscard]] ::testing::AssertionResult each_key_is_linearizable(const std::vector<timed_call<Call>>& seen,
                                                                  KeyOf key_of) {
    std::map<std::uint64_t, std::vector<timed_call<Call>>> of_key;
    for (const auto& each : seen) of_key[key_of(each.call)].push_back(each);
    for (const auto& [key, calls] : of_key) {
        if (linearize(calls, Model{})) continue;
        auto told = ::testing::AssertionFailure() << "no order explains what was seen of key " << key << ":";
        for (const auto& each : calls)
            told << "\n  " << each.began << " to " << (each.ended == not_yet ? "?" : std::to_string(each.ended)) << ": "
                 << each.call;
        return told;
    }
    return ::testing::AssertionSuccess();
}

}  // namespace cutwater::testing
