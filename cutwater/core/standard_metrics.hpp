// The metrics of the library's own rooms: one table.
//
//     static constexpr cw::measure measures[]{{.of = &cw::metrics::refusals, .detail = "full"}};   // in an event
//     seen(cw::metrics::calls_in_flight, in_use());                                                // in a policy's gauges
//
// Several rooms share one where they mean the same: every policy that refuses counts into `refusals`, and the label `layer` says which it was. What only one room has
// may stand in its `events.hpp`.
#pragma once

#include "cutwater/core/metric.hpp"

namespace cutwater::metrics {

// ---- of calls: what users see ----
inline constexpr metric calls{"cutwater_calls_total", metric_type::counter,
                              "Calls that ended, by the verdict on their outcome.", "verdict"};
inline constexpr metric call_duration{"cutwater_call_duration_seconds", metric_type::histogram,
                                      "How long calls took, with all their attempts and waits.", "verdict"};
inline constexpr metric attempts{"cutwater_attempts_total", metric_type::counter,
                                 "Attempts that calls began; more than calls is what retries and hedges add."};
inline constexpr metric degraded{"cutwater_degraded_results_total", metric_type::counter,
                                 "Results that are not the dependency's own, by where they are from.", "source"};
inline constexpr metric replayed{"cutwater_replayed_results_total", metric_type::counter,
                                 "Outcomes of an earlier call that were given again for its idempotency key."};

// ---- of policies: what they did about it ----
inline constexpr metric refusals{"cutwater_refusals_total", metric_type::counter,
                                 "Calls or attempts that a policy refused, by reason.", "reason"};
inline constexpr metric queue_wait{"cutwater_queue_wait_seconds", metric_type::histogram,
                                   "How long calls waited in front of a gate, by how that ended.", "admitted"};
inline constexpr metric timeouts{"cutwater_timeouts_total", metric_type::counter,
                                 "Attempts or calls that a timeout ended."};
inline constexpr metric retries{"cutwater_retries_total", metric_type::counter, "Retries that were scheduled."};
inline constexpr metric retry_delay{"cutwater_retry_delay_seconds_total", metric_type::counter,
                                    "Time that calls slept before retries."};
inline constexpr metric retries_ended{"cutwater_retries_ended_total", metric_type::counter,
                                      "Failed calls that were not retried any further, by reason.", "reason"};
inline constexpr metric rescued{"cutwater_rescued_calls_total", metric_type::counter,
                                "Calls that succeeded after an attempt of theirs had failed, by what saved them.",
                                "by"};
inline constexpr metric hedges{"cutwater_hedges_total", metric_type::counter,
                               "Hedged attempts that were begun, by cause.", "cause"};
inline constexpr metric budget_events{"cutwater_retry_budget_changes_total", metric_type::counter,
                                      "Times that a retry budget ran out, or recovered.", "to"};
inline constexpr metric budget_suppressed{"cutwater_suppressed_attempts_total", metric_type::counter,
                                          "Attempts that were not made because a budget did not pay for them."};
inline constexpr metric circuit_changes{"cutwater_circuit_transitions_total", metric_type::counter,
                                        "Changes of a circuit breaker's state.", "to"};
inline constexpr metric fallback_failures{"cutwater_fallback_failures_total", metric_type::counter,
                                          "Tiers of a fallback that failed themselves.", "source"};
inline constexpr metric limit_changes{"cutwater_limit_changes_total", metric_type::counter,
                                      "Times that an adaptive limit moved."};
inline constexpr metric ejections{"cutwater_endpoint_ejections_total", metric_type::counter,
                                  "Endpoints that were ejected, by cause.", "cause"};
inline constexpr metric endpoint_returns{"cutwater_endpoint_returns_total", metric_type::counter,
                                         "Endpoints that came back after an ejection."};
inline constexpr metric panics{"cutwater_endpoint_panics_total", metric_type::counter,
                               "Times that so few endpoints were healthy that all were used."};
inline constexpr metric faults{"cutwater_faults_injected_total", metric_type::counter,
                               "Faults that were injected on purpose.", "fault"};
inline constexpr metric orphans_made{"cutwater_orphans_total", metric_type::counter,
                                     "Calls that gave up on work that went on without them."};
inline constexpr metric store_failures{"cutwater_store_failures_total", metric_type::counter,
                                       "Times that a store could not be asked."};
inline constexpr metric tasks{"cutwater_tasks_total", metric_type::counter, "Tasks of a work queue that ended, by how.",
                              "end"};
inline constexpr metric idempotency_incidents{"cutwater_idempotency_incidents_total", metric_type::counter,
                                              "Calls whose idempotency key was taken over, held or lost.", "what"};
inline constexpr metric keys_full{
    "cutwater_keys_full_total", metric_type::counter,
    "Calls with a new key that found no room for it, by whether they were let in unguarded.", "admitted"};
inline constexpr metric sagas{"cutwater_sagas_total", metric_type::counter,
                              "Sagas that were resumed, undone, stuck or lost.", "what"};

inline constexpr metric prefetches{
    "cutwater_prefetches_total", metric_type::counter,
    "Values that were refreshed before anybody waited for them, and tries to that failed.", "end"};

// ---- of objectives: what users were promised ----
inline constexpr metric slo_alerts{"cutwater_slo_alerts_total", metric_type::counter,
                                   "Times that an error budget began to be spent too fast, by severity.", "severity"};
inline constexpr metric slo_budget{"cutwater_slo_budget_remaining_ratio", metric_type::gauge,
                                   "Share of an objective's error budget that is left; below 0 it is overspent."};
inline constexpr metric slo_burn{"cutwater_slo_burn_rate", metric_type::gauge,
                                 "How fast an error budget is spent; at 1 it lasts as long as it is to.", "window"};
inline constexpr metric slo_alerting{"cutwater_slo_alerting", metric_type::gauge,
                                     "1 while an error budget is spent too fast, else 0, by severity.", "severity"};

inline constexpr metric events{"cutwater_events_total", metric_type::counter,
                               "Warnings and errors that no other metric counts, by the name of the event.", "event"};

// ---- of policies: what they are like now ----
inline constexpr metric circuit_state{"cutwater_circuit_state", metric_type::gauge,
                                      "1 for the state that a circuit breaker is in, 0 for the others.", "state"};
inline constexpr metric circuit_failure_rate{"cutwater_circuit_failure_ratio", metric_type::gauge,
                                             "Share of failures in a circuit breaker's window."};
inline constexpr metric concurrency_limit{"cutwater_concurrency_limit", metric_type::gauge,
                                          "Calls that a gate lets in at once."};
inline constexpr metric calls_in_flight{"cutwater_calls_in_flight", metric_type::gauge,
                                        "Calls that a gate has let in and that have not ended."};
inline constexpr metric queue_length{"cutwater_queue_length", metric_type::gauge,
                                     "Calls that wait in front of a gate."};
inline constexpr metric permits{"cutwater_permits_available", metric_type::gauge,
                                "Permits that a rate limiter would give out at once."};
inline constexpr metric budget_balance{"cutwater_retry_budget_balance", metric_type::gauge,
                                       "What a retry budget could pay for now, in its own unit."};
inline constexpr metric rejection{"cutwater_rejection_ratio", metric_type::gauge,
                                  "Share of calls that a throttle turns away now, by how much they matter.",
                                  "importance"};
inline constexpr metric shedding{"cutwater_shedding", metric_type::gauge,
                                 "1 while a load shedder turns calls away, else 0."};
inline constexpr metric load{"cutwater_load_ratio", metric_type::gauge,
                             "Load that a load shedder sees; 1 is as much as there should be."};
inline constexpr metric endpoints{"cutwater_endpoints", metric_type::gauge, "Endpoints of a set, by state.", "state"};
inline constexpr metric orphans{"cutwater_orphans", metric_type::gauge,
                                "Work that goes on although its call has given up on it."};
inline constexpr metric entries{"cutwater_cache_entries", metric_type::gauge, "Values that a cache keeps."};
inline constexpr metric cache_bytes{"cutwater_cache_bytes", metric_type::gauge,
                                    "Bytes that a cache's keys and values take."};
inline constexpr metric keys{"cutwater_keys", metric_type::gauge, "Keys that a keyed policy knows."};
inline constexpr metric timeout_limit{
    "cutwater_timeout_limit_seconds", metric_type::gauge,
    "The limit that an adaptive timeout has in force, or that a timeout has reached last."};

/// All of them, for tables, dashboards and tests.
inline constexpr const metric* all[]{&calls,
                                     &call_duration,
                                     &attempts,
                                     &degraded,
                                     &replayed,
                                     &refusals,
                                     &queue_wait,
                                     &timeouts,
                                     &retries,
                                     &retry_delay,
                                     &retries_ended,
                                     &rescued,
                                     &hedges,
                                     &budget_events,
                                     &budget_suppressed,
                                     &circuit_changes,
                                     &fallback_failures,
                                     &limit_changes,
                                     &ejections,
                                     &endpoint_returns,
                                     &panics,
                                     &faults,
                                     &orphans_made,
                                     &store_failures,
                                     &tasks,
                                     &idempotency_incidents,
                                     &keys_full,
                                     &sagas,
                                     &prefetches,
                                     &slo_alerts,
                                     &events,
                                     &circuit_state,
                                     &circuit_failure_rate,
                                     &concurrency_limit,
                                     &calls_in_flight,
                                     &queue_length,
                                     &permits,
                                     &budget_balance,
                                     &rejection,
                                     &shedding,
                                     &load,
                                     &endpoints,
                                     &orphans,
                                     &entries,
                                     &cache_bytes,
                                     &keys,
                                     &timeout_limit,
                                     &slo_budget,
                                     &slo_burn,
                                     &slo_alerting};

}  // namespace cutwater::metrics
