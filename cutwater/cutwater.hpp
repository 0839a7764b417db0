// Cutwater: everything that needs nothing but the standard library.
//
//     #include <cutwater/cutwater.hpp>
//     namespace cw = cutwater;
//
// Coroutines on Boost.Asio are in <cutwater/asio.hpp>, HTTP in <cutwater/http.hpp>.
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202100L
#error "Cutwater is C++23: compile with -std=c++23"
#endif

#include "cutwater/classify/grpc/grpc_status.hpp"
#include "cutwater/classify/grpc/grpc_timeout.hpp"
#include "cutwater/classify/redis/redis_error.hpp"
#include "cutwater/classify/sql/sqlstate.hpp"
#include "cutwater/core/call_scope.hpp"
#include "cutwater/core/coded_exception.hpp"
#include "cutwater/core/listeners.hpp"
#include "cutwater/core/system_errors.hpp"
#include "cutwater/core/trace_context.hpp"
#include "cutwater/drive/pool/worker_pool.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/drive/system/system_load.hpp"
#include "cutwater/drive/work/work_queue.hpp"
#include "cutwater/estimate/latency_estimate.hpp"
#include "cutwater/pipeline/any_pipeline.hpp"
#include "cutwater/pipeline/observe.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/adaptive_timeout/adaptive_timeout.hpp"
#include "cutwater/policy/bulkhead/bulkhead.hpp"
#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"
#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"
#include "cutwater/policy/endpoints/endpoints.hpp"
#include "cutwater/policy/fair_bulkhead/fair_bulkhead.hpp"
#include "cutwater/policy/fallback/fallback.hpp"
#include "cutwater/policy/fault/fault.hpp"
#include "cutwater/policy/hedge/hedge.hpp"
#include "cutwater/policy/load_shedder/load_shedder.hpp"
#include "cutwater/policy/rate_limiter/rate_limiter.hpp"
#include "cutwater/policy/retry/retry.hpp"
#include "cutwater/policy/retry_budget/retry_budget.hpp"
#include "cutwater/policy/throttle/throttle.hpp"
#include "cutwater/policy/timeout/timeout.hpp"
#include "cutwater/standard/alone.hpp"
#include "cutwater/standard/standard.hpp"
