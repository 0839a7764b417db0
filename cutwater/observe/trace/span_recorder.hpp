// A sink that remembers: for tests, and for a look at what a program traces.
//
//     cw::span_recorder seen;
//     cw::tracer tracer{seen};
//     for (const cw::trace_span& each : seen.all()) show(each.name);
//
// It keeps the latest `most`. Thread safety: every member, from any thread.
#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "cutwater/observe/trace/span.hpp"

namespace cutwater {

class span_recorder final : public span_sink {
public:
    explicit span_recorder(std::size_t most = 1'000) : most_{most} {}

    void take(trace_span&& ended) noexcept override;

    /// In the order in which they ended.
    [[nodiscard]] std::vector<trace_span> all() const;
    void clear();

private:
    std::size_t most_;
    mutable std::mutex mutex_;
    std::deque<trace_span> spans_;
};

}  // namespace cutwater
