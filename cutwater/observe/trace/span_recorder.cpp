#include "cutwater/observe/trace/span_recorder.hpp"

#include <utility>

namespace cutwater {

void span_recorder::take(trace_span&& ended) noexcept {
    try {
        const std::scoped_lock held{mutex_};
        spans_.push_back(std::move(ended));
        if (spans_.size() > most_) spans_.pop_front();
    } catch (...) {}  // NOLINT(bugprone-empty-catch): there is no memory for it, and a call does not fail for that
}

std::vector<trace_span> span_recorder::all() const {
    const std::scoped_lock held{mutex_};
    return {spans_.begin(), spans_.end()};
}

void span_recorder::clear() {
    const std::scoped_lock held{mutex_};
    spans_.clear();
}

}  // namespace cutwater
