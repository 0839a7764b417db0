// Prints the generated parts of the rooms' pages from the code itself: every option from its `fields` table, every event
// from its `kind` and `fields`; what an error means: error_tables.cpp. tools/docs/docs puts them between the marks of the pages.
//
//     @ cutwater/policy/retry/README.md defaults
//     | option | default | allowed | meaning |
//     …

#include "tools/docs/tables.hpp"

#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "cutwater/admin/options.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/text.hpp"
#include "cutwater/drive/pool/events.hpp"
#include "cutwater/drive/pool/options.hpp"
#include "cutwater/drive/work/events.hpp"
#include "cutwater/drive/work/options.hpp"
#include "cutwater/estimate/options.hpp"
#include "cutwater/health/events.hpp"
#include "cutwater/health/health_metrics.hpp"
#include "cutwater/health/health_runner.hpp"
#include "cutwater/health/options.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/idempotency/options.hpp"
#include "cutwater/observe/ledger/events.hpp"
#include "cutwater/observe/ledger/options.hpp"
#include "cutwater/observe/log/events.hpp"
#include "cutwater/observe/log/options.hpp"
#include "cutwater/observe/metrics/options.hpp"
#include "cutwater/observe/otlp/options.hpp"
#include "cutwater/observe/otlp/otlp_metrics.hpp"
#include "cutwater/observe/prometheus/page_metrics.hpp"
#include "cutwater/observe/recorder/options.hpp"
#include "cutwater/observe/slo/events.hpp"
#include "cutwater/observe/slo/options.hpp"
#include "cutwater/observe/trace/options.hpp"
#include "cutwater/pipeline/observe.hpp"
#include "cutwater/policy/adaptive_timeout/events.hpp"
#include "cutwater/policy/adaptive_timeout/options.hpp"
#include "cutwater/policy/bulkhead/events.hpp"
#include "cutwater/policy/bulkhead/options.hpp"
#include "cutwater/policy/circuit_breaker/events.hpp"
#include "cutwater/policy/circuit_breaker/options.hpp"
#include "cutwater/policy/concurrency_limiter/events.hpp"
#include "cutwater/policy/concurrency_limiter/options.hpp"
#include "cutwater/policy/endpoints/events.hpp"
#include "cutwater/policy/endpoints/options.hpp"
#include "cutwater/policy/fair_bulkhead/events.hpp"
#include "cutwater/policy/fair_bulkhead/options.hpp"
#include "cutwater/policy/fallback/events.hpp"
#include "cutwater/policy/fallback/options.hpp"
#include "cutwater/policy/fault/events.hpp"
#include "cutwater/policy/fault/options.hpp"
#include "cutwater/policy/hedge/events.hpp"
#include "cutwater/policy/hedge/options.hpp"
#include "cutwater/policy/keyed/events.hpp"
#include "cutwater/policy/keyed/options.hpp"
#include "cutwater/policy/load_shedder/events.hpp"
#include "cutwater/policy/load_shedder/options.hpp"
#include "cutwater/policy/rate_limiter/events.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/retry/events.hpp"
#include "cutwater/policy/retry/options.hpp"
#include "cutwater/policy/retry_budget/events.hpp"
#include "cutwater/policy/retry_budget/options.hpp"
#include "cutwater/policy/throttle/events.hpp"
#include "cutwater/policy/throttle/options.hpp"
#include "cutwater/policy/timeout/events.hpp"
#include "cutwater/policy/timeout/options.hpp"
#include "cutwater/saga/events.hpp"
#include "cutwater/saga/options.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/offloaded/options.hpp"
#include "cutwater/store/postgres/options.hpp"
#include "cutwater/store/redis/options.hpp"
#include "cutwater/store/sqlite/options.hpp"

namespace {

namespace cw = cutwater;
using docs::code;
using docs::defaults;
using docs::events;
using docs::head;
using docs::row;

void policies() {
    defaults<cw::retry_options>("cutwater/policy/retry");
    events<cw::retry_scheduled, cw::retry_rescued, cw::retry_not_tried, cw::retry_gave_up>("cutwater/policy/retry");
    defaults<cw::retry_budget_options>("cutwater/policy/retry_budget");
    events<cw::budget_exhausted, cw::budget_recovered>("cutwater/policy/retry_budget");
    defaults<cw::timeout_options>("cutwater/policy/timeout");
    events<cw::timed_out>("cutwater/policy/timeout");
    defaults<cw::adaptive_timeout_options>("cutwater/policy/adaptive_timeout");
    events<cw::adaptive_timed_out, cw::adaptive_limit_changed>("cutwater/policy/adaptive_timeout");
    defaults<cw::fallback_options>("cutwater/policy/fallback");
    events<cw::fallback_used, cw::fallback_default_used, cw::fallback_failed>("cutwater/policy/fallback");
    defaults<cw::fault_options>("cutwater/policy/fault");
    events<cw::fault_injected>("cutwater/policy/fault");
    defaults<cw::circuit_breaker_options>("cutwater/policy/circuit_breaker");
    events<cw::circuit_opened, cw::circuit_half_opened, cw::circuit_closed, cw::circuit_would_open,
           cw::circuit_refused>("cutwater/policy/circuit_breaker");
    defaults<cw::rate_limiter_options>("cutwater/policy/rate_limiter");
    events<cw::rate_refused, cw::rate_too_heavy, cw::rate_queued, cw::rate_wait_ended>("cutwater/policy/rate_limiter");
    defaults<cw::concurrency_limiter_options>("cutwater/policy/concurrency_limiter");
    events<cw::concurrency_refused, cw::concurrency_queued, cw::concurrency_wait_ended, cw::concurrency_limit_moved>(
        "cutwater/policy/concurrency_limiter");
    defaults<cw::hedge_options>("cutwater/policy/hedge");
    events<cw::hedge_begun, cw::hedge_suppressed, cw::hedge_ended>("cutwater/policy/hedge");
    defaults<cw::throttle_options>("cutwater/policy/throttle");
    events<cw::throttle_rejected, cw::throttle_began, cw::throttle_ended>("cutwater/policy/throttle");
    defaults<cw::cache_options>("cutwater/policy/cache");
    events<cw::cache_stale_used, cw::cache_default_used, cw::cache_store_failed, cw::cache_entry_refused>(
        "cutwater/policy/cache");
    defaults<cw::idempotency_options>("cutwater/policy/idempotency_guard");
    events<cw::idempotent_replayed, cw::idempotent_refused, cw::idempotent_taken_over, cw::idempotent_held,
           cw::idempotency_lost, cw::idempotency_store_failed>("cutwater/policy/idempotency_guard");
    defaults<cw::shared_rate_limiter_options>("cutwater/policy/shared_rate_limiter");
    events<cw::shared_limit_refused, cw::shared_limit_leased, cw::shared_limit_store_failed,
           cw::shared_limit_store_back>("cutwater/policy/shared_rate_limiter");
    defaults<cw::shared_retry_budget_options>("cutwater/policy/shared_retry_budget");
    events<cw::shared_budget_exhausted, cw::shared_budget_recovered, cw::shared_budget_leased,
           cw::shared_budget_store_failed, cw::shared_budget_store_back>("cutwater/policy/shared_retry_budget");
    defaults<cw::circuit_quorum_options>("cutwater/policy/circuit_quorum");
    events<cw::circuit_quorum_heeded, cw::circuit_quorum_unreadable, cw::circuit_quorum_full,
           cw::circuit_quorum_store_failed, cw::circuit_quorum_store_back>("cutwater/policy/circuit_quorum");
    defaults<cw::saga_options>("cutwater/saga");
    events<cw::saga_resumed, cw::saga_undoing, cw::saga_undone, cw::saga_stuck, cw::saga_lost>("cutwater/saga");
    defaults<cw::memory_store_options>("cutwater/store/memory");
    defaults<cw::offloaded_options>("cutwater/store/offloaded");
    defaults<cw::sqlite_store_options>("cutwater/store/sqlite");
    defaults<cw::postgres_store_options>("cutwater/store/postgres");
    defaults<cw::redis_store_options>("cutwater/store/redis");
    defaults<cw::endpoints_options>("cutwater/policy/endpoints");
    events<cw::endpoint_ejected, cw::endpoint_returned, cw::endpoints_panic_began, cw::endpoints_panic_ended,
           cw::endpoint_refused>("cutwater/policy/endpoints");
    defaults<cw::load_shedder_options>("cutwater/policy/load_shedder");
    events<cw::load_shed, cw::shedding_began, cw::shedding_ended>("cutwater/policy/load_shedder");
    defaults<cw::keyed_options>("cutwater/policy/keyed");
    events<cw::keys_full, cw::key_missing, cw::key_told>("cutwater/policy/keyed");
    defaults<cw::bulkhead_options>("cutwater/policy/bulkhead");
    events<cw::bulkhead_refused, cw::bulkhead_queued, cw::bulkhead_wait_ended>("cutwater/policy/bulkhead");
    defaults<cw::fair_bulkhead_options>("cutwater/policy/fair_bulkhead");
    events<cw::fair_bulkhead_refused, cw::fair_bulkhead_queued, cw::fair_bulkhead_wait_ended>(
        "cutwater/policy/fair_bulkhead");
}

/// After every event: what they count, and what is asked of policies.
void metrics() {
    defaults<cw::metric_registry_options>("cutwater/observe/metrics");
    head("cutwater/observe/metrics", "metrics");
    row("metric", "type", "detail", "what", "counted by");
    std::cout << "|---|---|---|---|---|\n";
    const auto rows = [](std::span<const cw::metric* const> all, std::string_view told_by) {
        for (const cw::metric* each : all) {
            const std::string& by = docs::counted_by()[each->name];
            const bool is_counted = each->type != cw::metric_type::gauge && !by.empty();
            row(code(each->name), to_text(each->type), each->detail.empty() ? "–" : code(each->detail), each->help,
                is_counted || each == &cw::metrics::events ? std::string_view{by} : told_by);
        }
    };
    rows(cw::metrics::all, "gauges");
    rows(cw::metrics::of_health, "gauges of a health monitor");
    rows(cw::metrics::of_export, "gauges of an exporter");
    rows(cw::metrics::of_page, "a Prometheus page");
}

void health_and_admin() {
    defaults<cw::check_options>("cutwater/health");
    defaults<cw::health_options>("cutwater/health", "monitor");
    defaults<cw::health_runner_options>("cutwater/health", "runner");
    defaults<cw::heartbeat_options>("cutwater/health", "heartbeat");
    defaults<cw::watch_options>("cutwater/health", "watch");
    events<cw::health_worsened, cw::health_improved, cw::health_check_hung, cw::health_check_returned,
           cw::readiness_changed>("cutwater/health");
    defaults<cw::admin_options>("cutwater/admin");
}

}  // namespace

int main() {
    policies();
    health_and_admin();
    defaults<cw::latency_estimate_options>("cutwater/estimate");
    docs::what_errors_mean();
    defaults<cw::metadata_options>("cutwater/http");
    defaults<cw::idempotent_edge_options>("cutwater/http/idempotency");
    defaults<cw::tracer_options>("cutwater/observe/trace");
    defaults<cw::otlp_options>("cutwater/observe/otlp");
    defaults<cw::worker_pool_options>("cutwater/drive/pool");
    events<cw::pool_refused, cw::pool_call_ran, cw::pool_call_withdrawn, cw::pool_call_orphaned>("cutwater/drive/pool");
    defaults<cw::work_queue_options>("cutwater/drive/work");
    events<cw::work_queued, cw::work_refused, cw::work_displaced, cw::work_started, cw::work_expired,
           cw::work_withdrawn, cw::work_completed, cw::work_failed, cw::work_queue_drained, cw::work_queue_stopped>(
        "cutwater/drive/work");
    defaults<cw::prefetch_options>("cutwater/drive/prefetch");
    events<cw::prefetch_refreshed, cw::prefetch_failed, cw::prefetch_recovered>("cutwater/drive/prefetch");
    events<cw::call_started, cw::call_completed, cw::call_failed, cw::call_refused>("cutwater/pipeline");
    defaults<cw::async_sink_options>("cutwater/observe/log", "async_sink");
    defaults<cw::sampled_options>("cutwater/observe/log", "sampled");
    events<cw::events_suppressed>("cutwater/observe/log");
    defaults<cw::call_ledger_options>("cutwater/observe/ledger");
    events<cw::attempt_ended>("cutwater/observe/ledger");
    defaults<cw::flight_recorder_options>("cutwater/observe/recorder");
    defaults<cw::slo_options>("cutwater/observe/slo");
    events<cw::slo_burning, cw::slo_recovered>("cutwater/observe/slo");
    metrics();
}
