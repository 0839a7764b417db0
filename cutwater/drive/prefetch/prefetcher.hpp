// Keeps the values of declared keys fresh in a cache, before they end, so that no call waits for them and an outage finds them young.
//
//     cw::cache<stock> known{{.name = "stock", .fresh_for = 1min, .stale_if_error = 1h}};
//     cw::pipeline inventory{cw::ref(known), cw::retry{}, cw::timeout{500ms}};
//     cw::prefetcher ahead{known, cw::ref(inventory), [](const cw::cache_key& key) { return stock{.pieces = static_cast<int>(key.asked.size())}; }};
//     const bool is_declared = ahead.declare({.operation = "get_stock", .asked = sku});      // false: max_keys others are
//
// Contract. Each key is asked for through the pipeline as an ordinary call that wants the dependency's own answer (`max_age = 0`) and matters
// least (`criticality::best_effort`), on one of `workers` threads: at a random time of the last part of its value's fresh time, and never due twice within
// `least_pause`. Calls that ask meanwhile have the value that is kept; where none is, they wait for the same answer, as it is
// the cache that asks. A value that an ordinary call has refreshed needs nobody to ask. After a failure, which a degraded answer is too, a key waits longer each
// time, up to `max_delay`, or as long as the error wishes (`retry_after`). What is due longest is next: no key starves.
//
// The cache is a layer of the pipeline, and the pipeline bounds each call's time: one that hangs keeps its worker. `ask` is called from every worker
// at once, with a key that lives as long as that call.
//
// The destructor stops, and waits for what runs. Lifetime: cache, pipeline and listener outlive the prefetcher. It is not to be destroyed by a call of its own.
// Thread safety: every member, from any thread. Allocation: for each key, and some for each refresh.
// Errors: the constructor throws `invalid_options`, or `std::system_error` where threads cannot be had.
#pragma once

#include <memory>
#include <utility>

#include "cutwater/drive/prefetch/basic_prefetcher.hpp"
#include "cutwater/drive/work/work_queue.hpp"

namespace cutwater {

/// `Guarded` is a `cw::ref` to a pipeline; `Ask` takes a `const cw::cache_key&`, and gives what the pipeline's callables do.
template <class Cache, class Guarded, class Ask>
class prefetcher : public basic_prefetcher<work_queue, Cache, Guarded, Ask> {
    using base = basic_prefetcher<work_queue, Cache, Guarded, Ask>;

public:
    prefetcher(Cache& known, Guarded guarded, Ask ask, prefetch_options options = {})
        : base{{known, std::move(guarded), std::move(ask)}, std::move(options), nullptr, make} {}
    prefetcher(Cache& known, Guarded guarded, Ask ask, prefetch_options options, listener& hears)
        : base{{known, std::move(guarded), std::move(ask)}, std::move(options), &hears, make} {}
    prefetcher(Cache&, Guarded, Ask, prefetch_options, listener&&) = delete;
    prefetcher(const prefetcher&) = delete;
    prefetcher& operator=(const prefetcher&) = delete;
    ~prefetcher() {
        this->stop();
        this->queue().drain();
    }

private:
    [[nodiscard]] static std::shared_ptr<work_queue> make(work_queue_options options) {
        return std::make_shared<work_queue>(std::move(options));
    }
};

}  // namespace cutwater
