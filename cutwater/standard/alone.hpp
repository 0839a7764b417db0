// A policy on its own: `cw::retry{}(f)` is the pipeline of that one layer.
#pragma once

#include "cutwater/drive/sync/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"

namespace cutwater {

/// What a policy's call operator does. The pipeline is made for this call; the policy is only referred to.
template <policy Policy, class F>
auto run_alone(Policy& single, F&& f) {
    pipeline of_one{ref(single)};
    return of_one.run(std::forward<F>(f));
}

}  // namespace cutwater
