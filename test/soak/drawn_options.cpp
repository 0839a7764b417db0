#include "test/soak/drawn_options.hpp"

#include <algorithm>

namespace cutwater::soak {

namespace {

/// The line in front of a gate: in every other draw there is none.
template <class Options>
Options with_a_line(Options o, dice& d, duration unit) {
    o.max_queue = d.chance(0.5) ? 0 : d.from(1, 6);
    o.max_wait = d.some(unit, 1, 60);
    o.order = d.one_of(queue_order::fifo, queue_order::adaptive_lifo, queue_order::codel);
    o.queue_target = d.some(unit, 1, 4);
    o.queue_interval = std::max<duration>(1ms, d.some(unit, 5, 40)) + o.queue_target;
    return o;
}

}  // namespace

bulkhead_options any_bulkhead(dice& d, duration unit) {
    return with_a_line(bulkhead_options{.name = "bulkhead", .max_concurrent = d.from(1, 4)}, d, unit);
}

fair_bulkhead_options any_fair_bulkhead(dice& d, duration unit) {
    fair_bulkhead_options o{.name = "fair_bulkhead", .max_concurrent = d.from(1, 6)};
    o.shares = {{"acme", d.from(1, 4)}, {"bolt", d.from(1, 4)}};
    o.others_weight = d.from(1, 3);
    o.may_borrow = o.max_concurrent < 3 ? 1.0 : d.one_of(0.0, 0.5, 1.0);  // below 1 each of three has one of its own
    o = with_a_line(std::move(o), d, unit);
    if (o.may_borrow == 1) o.max_queue = std::max(o.max_queue, 1U);  // else weights mean nothing, which is refused
    return o;
}

rate_limiter_options any_rate_limiter(dice& d, duration unit) {
    const auto window = d.one_of(rate_window::rolling, rate_window::fixed, rate_window::sliding);
    rate_limiter_options o{.name = "rate_limiter", .window = window, .permits = d.from(1, 12)};
    o.per = d.some(unit, 3, 60);
    if (window == rate_window::rolling) o.burst = d.from(1, 6);
    o.max_queue = d.chance(0.5) ? 0 : d.from(1, 6);
    o.max_wait = d.some(unit, 1, 60);
    return o;
}

concurrency_limiter_options any_concurrency_limiter(dice& d, duration unit) {
    const auto rule = d.one_of(limit_rule::vegas, limit_rule::gradient, limit_rule::aimd);
    concurrency_limiter_options o{.name = "concurrency_limiter", .rule = rule};
    o.min_limit = d.from(1, 2);
    o.initial_limit = o.min_limit + d.from(0, 4);
    o.max_limit = o.initial_limit + d.from(0, 10);
    o.window = std::max<duration>(1ms, d.some(unit, 1, 30));
    o.max_window = o.window * d.from(1, 10);
    o.min_samples = d.from(1, 10);
    o.max_drop_rate = d.one_of(0.0, 0.1, 0.5);
    o.backoff = d.one_of(0.5, 0.9);
    o.probe_every = 1s;
    return with_a_line(std::move(o), d, unit);
}

load_shedder_options any_load_shedder(dice& d, duration unit) {
    load_shedder_options o{.name = "load_shedder", .target_concurrent = d.from(1, 4)};
    o.window = std::max<duration>(1ms, d.some(unit, 1, 30));
    o.resume_below = d.one_of(0.5, 0.9, 1.0);
    o.step_up = d.one_of(0.05, 0.5, 1.0);
    o.drain = d.one_of(0.0, 0.1, 0.5);
    o.retry_after = d.some(unit, 0, 20);
    return o;
}

throttle_options any_throttle(dice& d, duration unit) {
    throttle_options o{.name = "throttle", .k = d.one_of(1.0, 1.2, 2.0)};
    o.window = d.chance(0.5) ? unforgetting : std::max<duration>(30ms, d.some(unit, 30, 300));
    o.max_rejection = d.one_of(0.0, 0.5, 0.9);
    o.min_calls = d.from(1, 10);
    o.windows = d.one_of(throttle_windows::shared, throttle_windows::by_criticality);
    return o;
}

circuit_breaker_options any_circuit_breaker(dice& d, duration unit) {
    circuit_breaker_options o{.name = "circuit_breaker"};
    o.mode = d.chance(0.7) ? breaker_mode::automatic
                           : d.one_of(breaker_mode::forced_closed, breaker_mode::forced_closed,
                                      breaker_mode::metrics_only, breaker_mode::disabled);
    o.window = d.one_of(breaker_window::time, breaker_window::count, breaker_window::consecutive);
    o.window_buckets = d.from(1, 10);
    o.window_time = d.chance(0.3) ? unforgetting : std::max<duration>(10ms, d.some(unit, 10, 200));
    o.minimum_calls = d.from(1, 6);
    o.window_calls = d.chance(0.3) ? unforgetting_calls : o.minimum_calls + d.from(0, 10);
    o.failure_rate = d.one_of(0.3, 0.5, 1.0);
    o.slow_after = d.chance(0.5) ? forever : d.some(unit, 2, 20);
    o.slow_rate = d.one_of(0.5, 1.0);
    o.consecutive_failures = d.from(1, 4);
    o.open_for = std::max<duration>(1ms, d.some(unit, 1, 40));
    o.open_growth = d.one_of(1.0, 2.0);
    o.open_max = o.open_for * d.from(1, 8);
    o.open_jitter = d.one_of(0.0, 0.3);
    o.healthy_after = d.some(unit, 0, 100);
    o.probes = d.from(1, 4);
    o.probe_successes = d.from(1, o.probes);
    o.probe_lease = std::max<duration>(1ms, d.some(unit, 20, 1000));
    o.ramp_for = d.chance(0.5) ? duration::zero() : d.some(unit, 1, 40);
    o.caller_deadline = d.one_of(deadline_blame::nobody, deadline_blame::dependency);
    return o;
}

keyed_options any_keyed(dice& d) {
    return {.by = d.one_of(by_tenant, by_target),
            .max_keys = d.from(1, 6),
            .without_key = d.one_of(unkeyed::shares, unkeyed::passes, unkeyed::refused),
            .when_full = d.one_of(unkeyed::passes, unkeyed::refused)};
}

worker_pool_options any_worker_pool(dice& d, duration unit) {
    return {.name = "worker_pool", .threads = d.from(1, 3), .max_queue = d.from(0, 4), .max_wait = d.some(unit, 1, 40)};
}

retry_options any_retry(dice& d, duration unit) {
    retry_options o{.name = "retry", .max_attempts = d.from(1, 5)};
    o.max_total = d.chance(0.7) ? forever : d.some(unit, 10, 200);
    o.base_delay = d.some(unit, 0, 10);
    o.max_delay = o.base_delay + d.some(unit, 1, 50);
    o.min_delay = unit;
    o.growth = d.one_of(backoff::constant, backoff::linear, backoff::exponential, backoff::fibonacci);
    o.jitter = d.one_of(jitter::none, jitter::full, jitter::equal, jitter::decorrelated, jitter::additive);
    o.max_retry_after = d.some(unit, 0, 100);
    o.refusals = d.one_of(on_refusal::give_up, on_refusal::wait_for_hint);
    o.unstated_means = d.one_of(idempotency::idempotent, idempotency::not_idempotent);
    return o;
}

timeout_options any_timeout(dice& d, duration unit) { return {.after = d.some(unit, 1, 100)}; }

}  // namespace cutwater::soak
