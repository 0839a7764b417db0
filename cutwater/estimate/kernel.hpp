// What is right for an estimate of latencies, without threads: `latency_estimate` is held against it.
//
//     cw::latency_estimate_kernel kernel{{.window = 1min, .min_samples = 100}};
//     kernel.record(12ms, cw::now());
//     const std::optional<cw::latency_percentile> p99 = kernel.read(0.99, cw::now()).percentile;
//
// What is in the window is what came in the slice of `now` and the three before it: between three quarters of the window and all of it.
#pragma once

#include <array>

#include "cutwater/estimate/latency_counts.hpp"
#include "cutwater/estimate/options.hpp"
#include "cutwater/estimate/slice_clock.hpp"

namespace cutwater {

class latency_estimate_kernel {
public:
    explicit latency_estimate_kernel(const latency_estimate_options& o) noexcept
        : time_{o.window}, min_samples_{o.min_samples} {}

    void record(duration took, instant now) noexcept { current(now).add(took); }
    void record_censored(duration at_least, instant now) noexcept { current(now).add_cut(at_least); }

    [[nodiscard]] latency_counts counts(instant now) const noexcept {
        latency_counts all;
        for (const slice& s : slices_)
            if (slice_clock::counts(s.number, time_.at(now))) all += s.seen;
        return all;
    }
    [[nodiscard]] latency_reading read(double p, instant now) const noexcept {
        return read_counts(counts(now), p, min_samples_);
    }

    friend bool operator==(const latency_estimate_kernel&, const latency_estimate_kernel&) = default;

private:
    struct slice {
        slice_clock::number number = 0;
        latency_counts seen{};
        friend bool operator==(const slice&, const slice&) = default;
    };

    [[nodiscard]] latency_counts& current(instant now) noexcept {
        time_.move_to(now);
        slice& s = slices_[slice_clock::slot(time_.current())];
        if (s.number != time_.current()) s = {.number = time_.current()};
        return s.seen;
    }

    slice_clock time_;
    std::uint64_t min_samples_;
    std::array<slice, slice_clock::slices> slices_{};
};

}  // namespace cutwater
