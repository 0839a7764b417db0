// What one series keeps: numbers that threads add to on lines of their own.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cutwater/core/metric.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"

namespace cutwater::detail {

class kept_series : public metric_series {
public:
    virtual void read(metric_sample& into) const = 0;
};

/// Each thread's line in a few lines that all threads share.
template <class Line>
class striped_lines {
public:
    striped_lines() : lines_(stripe_count()) {}
    [[nodiscard]] Line& mine() noexcept { return lines_[this_thread_number() & (lines_.size() - 1)]; }
    [[nodiscard]] std::span<Line> all() noexcept { return lines_; }
    [[nodiscard]] std::span<const Line> all() const noexcept { return lines_; }

private:
    std::vector<Line> lines_;  // as many as a power of two
};

/// What is whole is counted exactly, with one increment.
class counter_series final : public kept_series {
public:
    void record(double amount) noexcept override {
        if (!(amount > 0) || !std::isfinite(amount)) return;
        line& mine = lines_.mine();
        if (amount < most_at_once && std::trunc(amount) == amount)
            mine.whole.fetch_add(static_cast<std::uint64_t>(amount), std::memory_order_relaxed);
        else
            mine.part.fetch_add(amount, std::memory_order_relaxed);
    }
    void read(metric_sample& into) const override {
        std::uint64_t whole = 0;
        double part = 0;
        for (const line& each : lines_.all()) {
            whole += each.whole.load(std::memory_order_relaxed);
            part += each.part.load(std::memory_order_relaxed);
        }
        into.value = static_cast<double>(whole) + part;
    }

private:
    static constexpr double most_at_once = 1e15;
    struct alignas(cache_line) line {
        std::atomic<std::uint64_t> whole{0};
        std::atomic<double> part{0};
    };
    striped_lines<line> lines_;
};

class gauge_series final : public kept_series {
public:
    void record(double value) noexcept override { value_.store(value, std::memory_order_relaxed); }
    void read(metric_sample& into) const override { into.value = value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

class histogram_series final : public kept_series {
public:
    explicit histogram_series(std::span<const double> bounds) : bounds_{bounds} {
        for (line& each : lines_.all()) each.counts = std::make_unique<count[]>(bounds.size() + 1 + apart);
    }

    void record(double value) noexcept override {
        if (std::isnan(value)) return;
        line& mine = lines_.mine();
        const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
        mine.counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
        mine.sum.fetch_add(value, std::memory_order_relaxed);
    }
    void read(metric_sample& into) const override {
        into.counts = {.at_most = std::vector<std::uint64_t>(bounds_.size())};
        for (const line& each : lines_.all()) {
            into.counts.sum += each.sum.load(std::memory_order_relaxed);
            std::uint64_t so_far = 0;
            for (std::size_t bucket = 0; bucket <= bounds_.size(); ++bucket) {
                so_far += each.counts[bucket].load(std::memory_order_relaxed);
                if (bucket < bounds_.size()) into.counts.at_most[bucket] += so_far;
            }
            into.counts.count += so_far;
        }
    }

private:
    using count = std::atomic<std::uint64_t>;
    static constexpr std::size_t apart = cache_line / sizeof(count);  // from what else is on the heap

    struct alignas(cache_line) line {
        std::atomic<double> sum{0};
        std::unique_ptr<count[]> counts;  // by bucket, the last above all bounds
    };
    std::span<const double> bounds_;  // the store's
    striped_lines<line> lines_;
};

}  // namespace cutwater::detail
