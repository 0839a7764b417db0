// What a prefetcher is, whoever drives its calls: a plan, a queue of the calls that are due, and rounds that put them there.
//
// A round is a task of the same queue. It waits at the plan's gate until a key is due, posts a call for each that is, and ends; its end posts the next
// one. The queue is referred to weakly by what it holds: where it has gone, a round is the last.
//
// Thread safety: every member, from any thread.
#pragma once

#include <memory>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/drive/prefetch/prefetch_desk.hpp"
#include "cutwater/drive/work/options.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/pipeline/ref.hpp"

namespace cutwater {

/// What is asked for: for values of which cache, through what (a `cw::ref` to a pipeline), and how, of a `const cw::cache_key&`.
template <class Cache, class Guarded, class Ask>
struct prefetch_calls {
    Cache& known;
    Guarded guarded;
    Ask ask;
};

}  // namespace cutwater

namespace cutwater::detail {

/// A call for each worker, and a round, may have ended and have its place yet.
[[nodiscard]] inline work_queue_options queue_of(const prefetch_options& o) {
    return {.name = o.name, .workers = o.workers, .max_length = o.max_keys + o.workers + 2};
}

/// What a call for a key gives, as a report of it.
template <class T>
[[nodiscard]] prefetch_report report_of(prefetch_ticket of, const result<T>& went,
                                        std::optional<cache_lifetime> value) {
    using enum prefetch_report::kind;
    if (went && !went.is_degraded()) return {.of = std::move(of), .what = refreshed, .value = value};
    if (went)
        return {
            .of = std::move(of), .what = failed, .text = "what came is degraded: " + std::string{went.source().view()}};
    return {.of = std::move(of),
            .what = failed,
            .wish = went.error().retry_after().value_or(duration::zero()),
            .text = went.error().message()};
}

template <class Queue, class Cache, class Guarded, class Ask>
class prefetching : public std::enable_shared_from_this<prefetching<Queue, Cache, Guarded, Ask>> {
public:
    prefetching(prefetch_calls<Cache, Guarded, Ask> calls, prefetch_options options, listener* hears)
        : desk{std::move(options), calls.known.options().fresh_for, hears}, calls_{std::move(calls)} {}

    /// Of the cache's: where its values are shared, no tenant has one.
    [[nodiscard]] cache_key key_of(cache_key key) const {
        if (calls_.known.options().scope == cache_scope::shared) key.tenant = {};
        return key;
    }
    [[nodiscard]] bool declare(const cache_key& key) { return desk.declare(key, calls_.known.lifetime(key)); }

    void begin(std::weak_ptr<Queue> queue) {
        queue_ = std::move(queue);
        post_round();
    }

    prefetch_desk desk;

private:
    void post_round() {
        const std::shared_ptr<Queue> queue = queue_.lock();
        if (!queue) return;
        const auto self = this->shared_from_this();
        (void)queue->post(
            nothing_said, pipeline{cutwater::ref(desk)}, [self] { self->post_due(); },
            [self](const result<void>&) { self->post_round(); });
    }

    void post_due() {
        const std::shared_ptr<Queue> queue = queue_.lock();
        if (!queue) return;
        while (auto due = desk.take_due()) {
            const auto value = calls_.known.lifetime(due->key.view());
            if (value && value->born != due->born)  // somebody else has asked
                desk.hear({.of = std::move(*due), .what = prefetch_report::kind::unneeded, .value = value});
            else
                post(*queue, *due);
        }
    }

    void post(Queue& queue, const prefetch_ticket& due) {
        const auto self = this->shared_from_this();
        const cache_key key = due.key.view();
        const call_options said{.operation = key.operation,
                                .stop = due.stop,
                                .importance = criticality::best_effort,
                                .tenant = key.tenant,
                                .fingerprint = key.asked,
                                .max_age = duration::zero()};
        const auto done = [self, due](const auto& went) {
            self->desk.hear(report_of(due, went, self->calls_.known.lifetime(due.key.view())));
        };
        const auto held = std::make_shared<const prefetch_ticket>(due);  // a coroutine reads its key while it runs
        const auto taken = queue.post(
            said, calls_.guarded, [self, held, asked = held->key.view()] { return self->calls_.ask(asked); }, done);
        if (!taken) desk.hear({.of = due, .what = prefetch_report::kind::failed, .text = taken.error().message()});
    }

    prefetch_calls<Cache, Guarded, Ask> calls_;
    std::weak_ptr<Queue> queue_;
};

}  // namespace cutwater::detail

namespace cutwater {

template <class Queue, class Cache, class Guarded, class Ask>
class basic_prefetcher {
public:
    basic_prefetcher(const basic_prefetcher&) = delete;
    basic_prefetcher& operator=(const basic_prefetcher&) = delete;

    [[nodiscard]] name layer_name() const noexcept { return all_->desk.layer_name(); }
    [[nodiscard]] const prefetch_options& options() const noexcept { return all_->desk.options(); }

    /// Has the key's value refreshed from now on; texts are copied. Whether it is: false where as many as there may be are declared.
    [[nodiscard]] bool declare(const cache_key& key) { return all_->declare(all_->key_of(key)); }
    /// No longer: what has not begun is called off, what is under way is asked to stop. Whether it was declared.
    bool withdraw(const cache_key& key) { return all_->desk.withdraw(all_->key_of(key)); }

    /// For gauges, each for itself: keys that are declared, and those of them whose latest refresh failed.
    [[nodiscard]] std::size_t keys() const { return all_->desk.size(); }
    [[nodiscard]] std::size_t failing() const { return all_->desk.failing(); }

    /// Nobody asks any more: what has not begun is called off, what is under way is asked to stop. Waits for neither.
    void stop() noexcept { queue_->stop(); }

protected:
    using calls = prefetch_calls<Cache, Guarded, Ask>;

    /// `make` makes the queue, of options for one.
    template <class Make>
    basic_prefetcher(calls what, prefetch_options options, listener* hears, Make&& make)
        : all_{std::make_shared<all>(std::move(what), std::move(options), hears)},
          queue_{make(detail::queue_of(all_->desk.options()))} {
        all_->begin(queue_);
    }
    ~basic_prefetcher() = default;

    [[nodiscard]] Queue& queue() noexcept { return *queue_; }

private:
    using all = detail::prefetching<Queue, Cache, Guarded, Ask>;

    std::shared_ptr<all> all_;
    std::shared_ptr<Queue> queue_;
};

}  // namespace cutwater
