// A policy that works without a pipeline, for the simple case.
//
//     auto price = cw::retry{{.max_attempts = 5}}(fetch_price);
//     cw::timeout patience{500ms};
//     auto stock = patience([&](cw::attempt& a) { return client.get(sku, a.deadline()); });
//
// It is the pipeline of this one layer; include `cutwater/cutwater.hpp`.
#pragma once

#include <utility>

namespace cutwater {

template <class Policy>
class works_alone {
public:
    /// Runs `f` under this policy alone: `std::expected<T, error>`.
    template <class F>
    auto operator()(F&& f) {
        return run_alone(static_cast<Policy&>(*this), std::forward<F>(f));
    }
};

}  // namespace cutwater
