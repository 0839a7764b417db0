#include "cutwater/observe/otlp/otlp_exporter.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/observe/otlp/otlp_json.hpp"
#include "cutwater/observe/otlp/otlp_metrics.hpp"
#include "cutwater/pipeline/any_pipeline.hpp"
#include "cutwater/pipeline/observe.hpp"
#include "cutwater/policy/retry/retry.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace cutwater {

namespace {

namespace asio = boost::asio;

using answered = result<http_response>;

any_pipeline<http_response> guarded_by(const otlp_options& o) {
    any_pipeline<http_response> made;
    if (o.told != nullptr) made.add(observe{*o.told});
    made.add(timeout{{.name = o.name + " batch", .after = o.batch_limit}});
    made.add(retry{{.name = o.name + " retry",
                    .max_attempts = o.max_attempts,
                    .base_delay = o.retry_delay,
                    .max_delay = std::max(o.retry_delay, duration{30s}),
                    .jitter = jitter::equal}});
    made.add(timeout{{.name = o.name + " request", .after = o.request_limit}});
    made.add(classify{http_rules{{.transient = {429, 502, 503, 504}}}});
    return made;
}

span_attributes resource_of(const otlp_options& o) {
    span_attributes all{
        {"service.name", o.service}, {"telemetry.sdk.name", "cutwater"}, {"telemetry.sdk.language", "cpp"}};
    all.insert(all.end(), o.resource.begin(), o.resource.end());
    return all;
}

http_request request_of(const otlp_options& o, std::string body) {
    http_request made{.method = "POST", .url = *http_url::parse(o.url), .fields = o.headers, .body = std::move(body)};
    made.fields.set("content-type", "application/json");
    return made;
}

/// Destroying a context joins the thread in which its resolver waits for a name server, and nothing interrupts that. Contexts that are left with
/// such a look-up stay here until it has come back. Each process has its own: a child of a fork has none of the threads that its parent's would join.
class left_contexts {
public:
    static void keep(std::unique_ptr<asio::io_context> left) noexcept {
        try {
            left->restart();
            left->run_for(std::chrono::milliseconds{
                50});  // the last call's timer lingers; where nothing is left, it returns at once
            of_this_process().add(std::move(left));
        } catch (...) {
            (void)left.release();  // there is no memory to remember it
        }
    }

private:
    /// Never destroyed: a look-up may outlast the process's own statics. Nor is the parent's, whose lock may be held for ever.
    static left_contexts& of_this_process() {
        static std::atomic<left_contexts*> now{nullptr};
        left_contexts* was = now.load();
        if (was != nullptr && was->of_ == ::getpid()) return *was;
        auto mine = std::make_unique<left_contexts>();
        if (!now.compare_exchange_strong(was, mine.get())) return *was;
        return *mine.release();
    }

    void add(std::unique_ptr<asio::io_context>&& left) {
        const std::scoped_lock held{lock_};
        std::erase_if(all_, [](const auto& each) { return is_idle(*each); });
        if (!is_idle(*left)) all_.push_back(std::move(left));
    }

    static bool is_idle(asio::io_context& context) {
        context.restart();
        context.poll();
        return context.stopped();
    }

    const pid_t of_ = ::getpid();
    std::mutex lock_;
    std::vector<std::unique_ptr<asio::io_context>> all_;
};

}  // namespace

class otlp_exporter::worker {
public:
    explicit worker(otlp_options options)
        : options_{validated("otlp_exporter", std::move(options))}, layer_{options_.name},
          resource_{resource_of(options_)}, client_{options_.client}, guarded_{guarded_by(options_)},
          kernel_{options_.max_queue, options_.max_batch}, thread_{[this] { work(); }} {}
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker() { left_contexts::keep(std::move(context_)); }

    [[nodiscard]] const otlp_options& options() const noexcept { return options_; }
    [[nodiscard]] name layer() const noexcept { return layer_; }

    void take(trace_span&& ended) {
        bool is_full = false;
        {
            const std::scoped_lock held{lock_};
            is_full = kernel_.take(std::move(ended));
        }
        if (is_full) changed_.notify_one();
    }

    bool flush(duration within) {
        std::unique_lock held{lock_};
        const std::uint64_t all = kernel_.admitted();
        wanted_ = std::max(wanted_, all);
        changed_.notify_one();
        return settled_.wait_until(held, to_steady(in(within)), [&] { return kernel_.settled() >= all; });
    }

    /// Not so in a child of a fork, which has neither our thread nor who held our locks.
    [[nodiscard]] bool is_ours() const noexcept { return made_by_ == ::getpid(); }

    void shutdown(duration within) {
        if (!thread_.joinable()) return;
        {
            std::unique_lock held{lock_};
            kernel_.close();
            closing_ = true;
            changed_.notify_one();
            settled_.wait_until(held, to_steady(in(within)), [&] { return ended_; });
        }
        give_up_.request_stop();
        thread_.join();
    }

    [[nodiscard]] otlp_counts counts() const {
        const std::scoped_lock held{lock_};
        return kernel_.counts();
    }
    [[nodiscard]] std::size_t waiting() const {
        const std::scoped_lock held{lock_};
        return kernel_.waiting();
    }
    [[nodiscard]] std::string last_problem() const {
        const std::scoped_lock held{lock_};
        return problem_;
    }

private:
    void work() noexcept {
        while (std::optional<std::vector<trace_span>> batch = wait_for_batch()) send(*batch);
        {
            const std::scoped_lock held{lock_};
            kernel_.give_up();
            ended_ = true;
        }
        settled_.notify_all();
    }

    /// Nothing where it is over. A batch may be empty.
    std::optional<std::vector<trace_span>> wait_for_batch() {
        std::unique_lock held{lock_};
        const auto is_wanted = [this] { return closing_ || kernel_.is_full() || wanted_ > kernel_.settled(); };
        changed_.wait_until(held, to_steady(in(options_.every)), is_wanted);
        if (closing_ && (kernel_.waiting() == 0 || give_up_.stop_requested())) return {};
        try {
            return kernel_.next_batch();
        } catch (...) {  // there is no memory even for that
            kernel_.give_up();
            settled_.notify_all();  // a flush waits for no more than that
            return std::vector<trace_span>{};
        }
    }

    /// In parts, where it would be too large.
    void send(std::span<const trace_span> batch) noexcept {
        if (batch.empty()) return;
        try {
            std::string body = to_otlp_json(batch, resource_);
            if (body.size() > options_.max_request) return send_parts(batch);
            settle(batch.size(), post(request_of(options_, std::move(body))));
        } catch (const std::exception& e) {
            settle_failed(batch.size(), e.what());
        }
    }
    void send_parts(std::span<const trace_span> batch) noexcept {
        if (batch.size() == 1) return settle_failed(1, "a span is larger than max_request");
        send(batch.first(batch.size() / 2));
        send(batch.subspan(batch.size() / 2));
    }

    answered post(const http_request& request) {
        const call_options said{
            .operation = operation_, .stop = give_up_.get_token(), .idempotent = idempotency::idempotent};
        std::optional<answered> out;
        const auto sends = [&]() -> asio::awaitable<void> {
            out.emplace(co_await guarded_.async_run(said, [&] { return client_.send(request); }));
        };
        context_->restart();
        asio::co_spawn(*context_, sends, asio::detached);
        while (!out && context_->run_one() > 0) {}  // and not until a look-up of a name that was given up comes back
        context_->poll();                           // what `sends` has left to do
        if (!out) return answered{std::unexpect, error{errc::failed, layer_, operation_}};
        return std::move(*out);
    }

    void settle(std::size_t size, const answered& got) {
        if (!got) return settle_failed(size, got.error().message());
        if (got->status < 200 || got->status > 299) {
            const std::string why = "HTTP " + std::to_string(got->status) + " " + got->reason;
            return settle_as(why, [&] { kernel_.settle_rejected(size); });
        }
        const otlp_answer answer = parse_otlp_answer(got->body);
        settle_as(answer.message, [&] { kernel_.settle_exported(size, answer.rejected_spans); });
    }
    void settle_failed(std::size_t size, std::string_view why) noexcept {
        settle_as(why, [&] { kernel_.settle_failed(size); });
    }

    template <class Settle>
    void settle_as(std::string_view why, Settle&& settle) noexcept {
        {
            const std::scoped_lock held{lock_};
            settle();
            try {
                if (!why.empty()) problem_ = why;
            } catch (...) {  // there is no memory for words
                problem_.clear();
            }
        }
        settled_.notify_all();
    }

    otlp_options options_;
    pid_t made_by_ = ::getpid();
    name layer_;
    name operation_{"export_spans"};
    span_attributes resource_;
    http_client client_;
    any_pipeline<http_response> guarded_;
    std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
    std::stop_source give_up_;

    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::condition_variable settled_;
    otlp_kernel kernel_;
    std::uint64_t wanted_ = 0;  // somebody waits until so many are settled
    std::string problem_;
    bool closing_ = false;
    bool ended_ = false;
    std::jthread thread_;  // the last: it uses the others
};

otlp_exporter::otlp_exporter(otlp_options options) : worker_{std::make_unique<worker>(std::move(options))} {}
otlp_exporter::~otlp_exporter() {
    shutdown(options().shutdown_limit);
    if (!worker_->is_ours()) (void)worker_.release();
}

name otlp_exporter::layer_name() const noexcept { return worker_->layer(); }
const otlp_options& otlp_exporter::options() const noexcept { return worker_->options(); }

void otlp_exporter::take(trace_span&& ended) noexcept { worker_->take(std::move(ended)); }
bool otlp_exporter::flush(duration within) { return worker_->flush(within); }
void otlp_exporter::shutdown(duration within) noexcept {
    if (worker_->is_ours()) worker_->shutdown(within);
}
otlp_counts otlp_exporter::counts() const { return worker_->counts(); }
std::string otlp_exporter::last_problem() const { return worker_->last_problem(); }

void otlp_exporter::gauges(instant, gauge_visitor& seen) const {
    const otlp_counts now = counts();
    seen(metrics::waiting_spans, static_cast<double>(worker_->waiting()));
    seen(metrics::exported_spans, static_cast<double>(now.exported), "exported");
    seen(metrics::exported_spans, static_cast<double>(now.rejected), "rejected");
    seen(metrics::exported_spans, static_cast<double>(now.failed), "failed");
    seen(metrics::exported_spans, static_cast<double>(now.dropped), "dropped");
}

}  // namespace cutwater
