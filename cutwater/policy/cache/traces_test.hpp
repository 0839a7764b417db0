// Questions as they come, and the cache that everybody knows, to compare with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "cutwater/core/random.hpp"

namespace cutwater::testing {

/// Keys from 0, where the k-th is asked for in proportion to 1 / (k + 1)^skew (Zipf).
class zipf {
public:
    zipf(std::uint32_t keys, double skew, std::uint64_t seed) : dice_{seed} {
        double sum = 0;
        below_.reserve(keys);
        for (std::uint32_t k = 0; k < keys; ++k) below_.push_back(sum += std::pow(k + 1.0, -skew));
    }
    [[nodiscard]] std::uint32_t draw() {
        const double at = dice_.unit() * below_.back();
        return static_cast<std::uint32_t>(std::ranges::lower_bound(below_, at) - below_.begin());
    }

private:
    std::vector<double> below_;
    random_source dice_;
};

/// So many questions, as Zipf draws them from so many keys.
[[nodiscard]] inline std::vector<std::uint32_t> zipf_trace(std::size_t length, std::uint32_t keys, double skew) {
    zipf from{keys, skew, 1};
    std::vector<std::uint32_t> trace(length);
    std::ranges::generate(trace, [&] { return from.draw(); });
    return trace;
}

/// The same, and every tenth thousand of questions is a scan of keys that nobody asks for again.
[[nodiscard]] inline std::vector<std::uint32_t> scanned_trace(std::size_t length, std::uint32_t keys, double skew) {
    std::vector<std::uint32_t> trace = zipf_trace(length, keys, skew);
    std::uint32_t next = keys;
    for (std::size_t i = 0; i < trace.size(); ++i)
        if (i / 1'000 % 10 == 9) trace[i] = next++;
    return trace;
}

/// Least recently used.
class lru {
public:
    explicit lru(std::size_t most) : most_{most} {}

    [[nodiscard]] bool find(std::uint32_t key) {
        const auto found = places_.find(key);
        if (found == places_.end()) return false;
        keys_.splice(keys_.begin(), keys_, found->second);
        return true;
    }
    void put(std::uint32_t key) {
        keys_.push_front(key);
        places_[key] = keys_.begin();
        if (keys_.size() <= most_) return;
        places_.erase(keys_.back());
        keys_.pop_back();
    }

private:
    std::size_t most_;
    std::list<std::uint32_t> keys_;
    std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places_;
};

/// The share of questions that `has` answers; `put` is told of the others.
template <class Has, class Put>
[[nodiscard]] double hit_ratio(const std::vector<std::uint32_t>& trace, Has&& has, Put&& put) {
    std::size_t hits = 0;
    for (const std::uint32_t key : trace)
        if (has(key))
            ++hits;
        else
            put(key);
    return static_cast<double>(hits) / static_cast<double>(trace.size());
}

}  // namespace cutwater::testing
