// A bulkhead with threads of its own: for code that can neither be interrupted nor told its deadline.
//
//     cw::worker_pool legacy{{.name = "legacy", .threads = 4, .max_queue = 8}};
//     cw::pipeline guarded{cw::timeout{500ms}, cw::ref(legacy)};
//     auto answer = guarded.run([sku] { return old_library_lookup(sku); });       // returns after 500ms at the latest
//
// Contract. The callable runs on a thread of the pool; the caller waits for it until its deadline, or its cancellation,
// and then gives up waiting; in the queue no longer than `max_wait`. A call that gives up before a thread took it never
// runs. Work that has begun cannot be stopped: it becomes an *orphan*. It is asked to stop (`attempt::stop_token`),
// counted, keeps its thread, and what is bound to the work (this pool's place, a bulkhead's permit) stays taken until it
// really ends. Orphans are bounded by the threads: when all are stuck, the pool refuses.
//
// The callable is copied into the work and may outlive the call: it must own what it uses, not refer to the caller's
// variables. The same holds for the policies around it: a pool is declared after (destroyed before) what it guards with.
//
// Thread safety: every member, from any thread. Destruction waits for the work that runs, orphans included. Errors:
// `errc::bulkhead_full` and `errc::wait_timed_out`; the constructor throws `invalid_options`, or `std::system_error` where
// threads cannot be had.
#pragma once

#include <algorithm>
#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/runner.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/drive/pool/events.hpp"
#include "cutwater/drive/pool/options.hpp"

namespace cutwater {

class pool_threads;

class worker_pool : public works_alone<worker_pool> {
public:
    static constexpr std::string_view kind = "worker_pool";
    static constexpr bool holds_work = true;
    struct ticket {};

    explicit worker_pool(worker_pool_options options = {});
    worker_pool(worker_pool&&) noexcept;
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    ~worker_pool();

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const worker_pool_options& options() const noexcept { return options_; }

    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);
    void settle(ticket&, const observation&, call_context&, moment&) noexcept;
    void abandon(ticket&) noexcept;

    [[nodiscard]] call_runner& runner() noexcept;

    /// Waits for what is queued and what runs, orphans included; nothing is to be run on it afterwards. The destructor
    /// does that, and so does a pipeline that owns the pool, before it destroys any of its layers.
    void stop() noexcept;

    /// Calls on the pool, running or queued, orphans included.
    [[nodiscard]] unsigned in_use() const noexcept;
    [[nodiscard]] unsigned queued() const noexcept;
    /// Orphans that run now, and all there ever were.
    [[nodiscard]] unsigned orphans() const noexcept;
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::concurrency_limit, options_.threads);
        seen(metrics::calls_in_flight, in_use() - std::min(in_use(), queued()));
        seen(metrics::queue_length, queued());
        seen(metrics::orphans, orphans());
    }
    [[nodiscard]] std::uint64_t orphans_ever() const noexcept;

private:
    worker_pool_options options_;
    name layer_;
    std::shared_ptr<pool_threads> threads_;
};

}  // namespace cutwater
