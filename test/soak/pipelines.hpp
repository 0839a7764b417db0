// The pipelines of one seed: up to three, put together by chance from policies of their own and from gates that they share.
#pragma once

#include <deque>

#include "cutwater/drive/pool/worker_pool.hpp"
#include "test/soak/gates.hpp"

namespace cutwater::soak {

/// Whether a pipeline may run its calls on threads of a pool.
enum class pools : bool { none, some };

/// Gates and pipelines. What refers to another thing is declared below it, and so destroyed before it.
class configuration {
public:
    configuration(dice& d, duration unit, call_book& book, in_step how, pools may_have);

    [[nodiscard]] any_pipeline<int>& pipeline(std::size_t i) { return pipelines_[i]; }
    [[nodiscard]] std::size_t pipelines() const noexcept { return pipelines_.size(); }
    [[nodiscard]] std::string describe();

    void check_at_a_stop(instant now, findings& found);
    /// Waits for what runs on pools, first.
    void check_at_the_end(instant now, const call_book& book, findings& found);

private:
    void draw_pipeline(dice& d, duration unit, call_book& book, pools may_have);

    gate_list gates_;
    std::deque<worker_pool> pools_;
    std::deque<any_pipeline<int>> pipelines_;
};

}  // namespace cutwater::soak
