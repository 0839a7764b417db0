// A prefetcher whose calls are coroutines: what `prefetcher` does with threads, on an executor.
//
//     cw::cache<stock> known{{.name = "stock"}};
//     cw::pipeline inventory{cw::ref(known), cw::timeout{500ms}};
//     cw::async_prefetcher ahead{io.get_executor(), known, cw::ref(inventory),
//                                [&](const cw::cache_key& key) -> asio::awaitable<stock> { co_return co_await client.get(std::string{key.asked}); }};
//     const bool is_declared = ahead.declare({.operation = "get_stock", .asked = "sku-1"});
//
// Contract. As `prefetcher`, with `workers` attempts at once, which are interrupted when it stops. While a key is declared the executor has work to come.
//
// Executor: everything runs there, one thing at a time; a multi-threaded `io_context` needs a strand. Every member is for any thread. The destructor stops and
// waits for nothing: what was under way ends on the executor, if that still runs. Lifetime: the prefetcher goes before its context; cache, pipeline,
// listener, and what `ask` refers to outlive that. Errors: the constructor throws `invalid_options`.
#pragma once

#include <memory>
#include <utility>

#include "cutwater/drive/async_work/async_work_queue.hpp"
#include "cutwater/drive/prefetch/basic_prefetcher.hpp"

namespace cutwater {

/// `Guarded` is a `cw::ref` to a pipeline; `Ask` takes a `const cw::cache_key&`, and gives an awaitable.
template <class Cache, class Guarded, class Ask>
class async_prefetcher : public basic_prefetcher<async_work_queue, Cache, Guarded, Ask> {
    using base = basic_prefetcher<async_work_queue, Cache, Guarded, Ask>;
    using executor = boost::asio::any_io_executor;
    using calls = prefetch_calls<Cache, Guarded, Ask>;

public:
    async_prefetcher(const executor& on, Cache& known, Guarded guarded, Ask ask, prefetch_options options = {})
        : base{{known, std::move(guarded), std::move(ask)}, std::move(options), nullptr, maker{on}} {}
    async_prefetcher(const executor& on, calls what, prefetch_options options, listener& hears)
        : base{std::move(what), std::move(options), &hears, maker{on}} {}
    async_prefetcher(const executor&, calls, prefetch_options, listener&&) = delete;
    async_prefetcher(const async_prefetcher&) = delete;
    async_prefetcher& operator=(const async_prefetcher&) = delete;
    ~async_prefetcher() { this->stop(); }

private:
    struct maker {
        const executor& on;
        [[nodiscard]] std::shared_ptr<async_work_queue> operator()(work_queue_options options) const {
            return std::make_shared<async_work_queue>(on, std::move(options));
        }
    };
};

}  // namespace cutwater
