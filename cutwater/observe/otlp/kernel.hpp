// What an exporter has to do, without doing it: a bounded queue of spans, and the count of what became of each.
//
// Every span that was taken is, in the end, exported, rejected, failed or dropped, and counted as that: nothing is lost that is not counted.
// Thread safety: none; the exporter has a lock round it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "cutwater/observe/trace/span.hpp"

namespace cutwater {

/// What became of the spans that an exporter was given.
struct otlp_counts {
    std::uint64_t taken = 0;     ///< all of them
    std::uint64_t exported = 0;  ///< the collector has them
    std::uint64_t rejected = 0;  ///< the collector has answered that it does not take them: partly, or with a status
    std::uint64_t failed = 0;    ///< it did not answer, in all attempts
    std::uint64_t dropped = 0;   ///< there was no room for them
    std::uint64_t requests = 0;  ///< batches that were answered or given up

    /// Those that are waiting, or on their way.
    [[nodiscard]] std::uint64_t pending() const noexcept { return taken - exported - rejected - failed - dropped; }
    friend bool operator==(const otlp_counts&, const otlp_counts&) = default;
};

class otlp_kernel {
public:
    otlp_kernel(std::size_t max_queue, std::size_t max_batch) noexcept : max_queue_{max_queue}, max_batch_{max_batch} {}

    /// Whether a batch has become full by it.
    bool take(trace_span&& ended) {
        ++counts_.taken;
        if (closed_ || queue_.size() >= max_queue_) {
            ++counts_.dropped;
            return false;
        }
        try {
            queue_.push_back(std::move(ended));
        } catch (...) {
            ++counts_.dropped;
            return false;
        }
        return queue_.size() == max_batch_;
    }

    [[nodiscard]] bool is_full() const noexcept { return queue_.size() >= max_batch_; }
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }

    /// The oldest, up to a batch.
    [[nodiscard]] std::vector<trace_span> next_batch() {
        const auto size = static_cast<std::ptrdiff_t>(std::min(queue_.size(), max_batch_));
        std::vector<trace_span> batch{std::move_iterator{queue_.begin()}, std::move_iterator{queue_.begin() + size}};
        queue_.erase(queue_.begin(), queue_.begin() + size);
        return batch;
    }

    /// How a request of so many spans went.
    void settle_exported(std::size_t spans, std::uint64_t rejected) noexcept {
        const std::uint64_t refused = std::min<std::uint64_t>(spans, rejected);
        ++counts_.requests;
        counts_.rejected += refused;
        counts_.exported += spans - refused;
    }
    void settle_rejected(std::size_t spans) noexcept {
        ++counts_.requests;
        counts_.rejected += spans;
    }
    void settle_failed(std::size_t spans) noexcept {
        ++counts_.requests;
        counts_.failed += spans;
    }

    /// Nothing is taken any more.
    void close() noexcept { closed_ = true; }
    /// What waits is given up.
    void give_up() noexcept {
        counts_.failed += queue_.size();
        queue_.clear();
    }

    [[nodiscard]] const otlp_counts& counts() const noexcept { return counts_; }
    /// Spans that were given to be exported, and those of them that nothing more will become of.
    [[nodiscard]] std::uint64_t admitted() const noexcept { return counts_.taken - counts_.dropped; }
    [[nodiscard]] std::uint64_t settled() const noexcept {
        return counts_.exported + counts_.rejected + counts_.failed;
    }

private:
    std::size_t max_queue_;
    std::size_t max_batch_;
    std::deque<trace_span> queue_;
    otlp_counts counts_;
    bool closed_ = false;
};

}  // namespace cutwater
