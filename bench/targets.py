"""The targets of each benchmark: what a figure may cost, in references of the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    ns: float
    allocs: float | None  # None: not counted
    samples: int


Run = Mapping[tuple[str, int], Measured]


@dataclass(frozen=True)
class Target:
    number: str
    benchmark: str
    threads: int
    text: str
    goal: Callable[[Run], float]

    def goal_ns(self, run: Run) -> float | None:
        """The goal in this run; nothing where a reference did not run."""
        try:
            return self.goal(run)
        except KeyError:
            return None


def rmw(run: Run, times: float) -> float:
    return times * run[("reference/rmw", 1)].ns


def contended(run: Run, times: float) -> float:
    return times * run[("reference/rmw", 2)].ns


def clock(run: Run, times: float) -> float:
    return times * run[("reference/clock", 1)].ns


def both(run: Run, times: float) -> float:
    return rmw(run, times) + clock(run, times)


def of(run: Run, benchmark: str, times: float, threads: int = 1) -> float:
    return times * run[(benchmark, threads)].ns


def alone(run: Run, benchmark: str, times: float) -> float:
    """For two threads: so many times what one takes."""
    return of(run, benchmark, times)


def remote_swaps(run: Run, what: str, store: str, times: float) -> float:
    """So many times the questions that it asks of that store."""
    return of(run, f"stores/{what}/{store}", times)


REMOTE = ("sqlite", "postgres", "redis")

# What each limiter may admit, in words; `accuracy_bench.cpp` has it as a formula.
CONTRACTS = {
    "accuracy/rate_limiter/rolling": "burst + rate * t",
    "accuracy/rate_limiter/fixed": "permits a window",
    "accuracy/rate_limiter/sliding": "permits in any per",
    "accuracy/keyed/rate_limiter": "burst + rate * t, of the key that got most",
    "accuracy/bulkhead": "its limit at once",
    "accuracy/concurrency_limiter": "its limit at once",
    "accuracy/throttle/counts": "what it was told, all of it counted",
    "accuracy/throttle/sends": "k times what is accepted, by chance",
}
BY_CHANCE = {"accuracy/throttle/sends"}  # an expectation, and no bound

TARGETS = [
    Target("M1", "circuit_breaker/count/clean", 1, "1 R", lambda r: rmw(r, 1)),
    Target("M2", "circuit_breaker/count/clean", 2, "1.3 x one thread", lambda r: alone(r, "circuit_breaker/count/clean", 1.3)),
    Target("M3", "circuit_breaker/count/one_percent_fail", 1, "2 R", lambda r: rmw(r, 2)),
    Target("M3", "circuit_breaker/count/one_percent_fail", 2, "2.5 cR", lambda r: contended(r, 2.5)),
    Target("M4", "circuit_breaker/time/clean", 1, "1.2 (R + C)", lambda r: both(r, 1.2)),
    Target("M5", "circuit_breaker/time/slow_calls", 1, "2.2 (R + C)", lambda r: both(r, 2.2)),
    Target("M6", "circuit_breaker/time/clean", 2, "1.3 x one thread", lambda r: alone(r, "circuit_breaker/time/clean", 1.3)),
    Target("M7", "circuit_breaker/refused/open", 1, "1.2 C", lambda r: clock(r, 1.2)),
    Target("M7", "circuit_breaker/refused/open", 2, "1.3 x one thread", lambda r: alone(r, "circuit_breaker/refused/open", 1.3)),
    Target("M7", "circuit_breaker/refused/forced_open", 1, "0.5 R", lambda r: rmw(r, 0.5)),
    Target("M7", "bulkhead/refused", 1, "0.5 R", lambda r: rmw(r, 0.5)),
    Target("M7", "bulkhead/refused", 2, "1.3 x one thread", lambda r: alone(r, "bulkhead/refused", 1.3)),
    Target("M7", "pipeline/3_layers_open_circuit/sync", 1, "1.2 C", lambda r: clock(r, 1.2)),
    Target("M8", "bulkhead/taken_and_given_back", 1, "3.5 R", lambda r: rmw(r, 3.5)),
    Target("M8", "bulkhead/taken_and_given_back", 2, "5 cR", lambda r: contended(r, 5)),
    Target("M7", "rate_limiter/refuses", 1, "1.2 C", lambda r: clock(r, 1.2)),
    Target("M7", "rate_limiter/refuses", 2, "1.3 x one thread", lambda r: alone(r, "rate_limiter/refuses", 1.3)),
    Target("M7", "concurrency_limiter/refuses", 1, "0.5 R", lambda r: rmw(r, 0.5)),
    Target("M7", "concurrency_limiter/refuses", 2, "1.3 x one thread", lambda r: alone(r, "concurrency_limiter/refuses", 1.3)),
    Target("M10", "concurrency_limiter/by_latency", 1, "2.6 (R + C)", lambda r: both(r, 2.6)),
    Target("M7", "load_shedder/sheds", 1, "1.2 C", lambda r: clock(r, 1.2)),
    Target("M7", "work_queue/refused", 1, "1.2 C", lambda r: clock(r, 1.2)),
    Target("M7", "work_queue/refused", 2, "1.3 x one thread", lambda r: alone(r, "work_queue/refused", 1.3)),
    Target("L1", "work_queue/posted_and_run", 1, "2 x a mutex and a deque", lambda r: of(r, "work_queue/reference/mutex_and_deque", 2)),
    Target("M9", "rate_limiter/admits/rolling", 1, "1.2 (R + C)", lambda r: both(r, 1.2)),
    Target("M9", "rate_limiter/admits/rolling", 2, "5.3 cR", lambda r: contended(r, 5.3)),
    Target("L2", "latency_estimate/record_different", 1, "2 R", lambda r: rmw(r, 2)),
    Target("L3", "latency_estimate/percentile", 1, "0.5 R", lambda r: rmw(r, 0.5)),
    Target("L4", "adaptive_timeout/in_time", 1, "a timeout + C + 4 R",
           lambda r: of(r, "adaptive_timeout/reference/timeout", 1) + clock(r, 1) + rmw(r, 4)),
    Target("M9", "throttle/accepted", 1, "1.2 (R + C)", lambda r: both(r, 1.2)),
    Target("M6", "throttle/accepted", 2, "1.3 x one thread", lambda r: alone(r, "throttle/accepted", 1.3)),
    Target("M7", "throttle/rejected", 1, "1.2 (R + C)", lambda r: both(r, 1.2)),
    # Of two layers: what happens is told to somebody, and counted.
    Target("M21", "metrics/counted_call", 1, "events to nobody + 2 x (3 counters + a histogram)",
           lambda r: of(r, "metrics/reference/events_to_nobody", 1) + of(r, "metrics/counter", 6) + of(r, "metrics/histogram", 2)),
    Target("M22", "keyed/rate_limiter/admits/10", 1, "to draw a key + 60 ns", lambda r: of(r, "keyed/reference/draw", 1) + 60),
    Target("M22", "keyed/rate_limiter/admits/10000", 1, "to draw a key + 60 ns", lambda r: of(r, "keyed/reference/draw", 1) + 60),
    Target("M22", "keyed/rate_limiter/admits/1000000", 1, "to draw a key + 60 ns", lambda r: of(r, "keyed/reference/draw", 1) + 60),
    Target("M22b", "keyed/rate_limiter/admits/1000000", 1, "hash + a miss + 1.5 C", lambda r: of(r, "keyed/reference/hash_and_a_miss", 1) + clock(r, 1.5)),
    Target("M11", "pipeline/3_layers_count/sync", 1, "4 R", lambda r: rmw(r, 4)),
    Target("M12", "pipeline/3_layers_time/sync", 1, "2 (R + C)", lambda r: both(r, 2)),
    Target("M14", "any_pipeline/3_layers_count/sync", 1, "compile-time one + 2 R",
           lambda r: of(r, "pipeline/3_layers_count/sync", 1) + rmw(r, 2)),
    Target("M14", "any_pipeline/5_layers/sync", 1, "compile-time one + 2 R",
           lambda r: of(r, "pipeline/5_layers/sync", 1) + rmw(r, 2)),
    Target("M15", "pipeline/3_layers_count/asio", 1, "bare await + 8 R", lambda r: of(r, "reference/await", 1) + rmw(r, 8)),
    Target("M15b", "pipeline/5_layers/asio", 1, "1.5 co_spawn", lambda r: of(r, "reference/co_spawn", 1.5)),
    Target("M15b", "pipeline/5_layers/asio", 1, "1/5 idiom", lambda r: of(r, "reference/timeout_idiom", 0.2)),
    Target("M16", "timer_wheel/arm_and_disarm/1", 1, "1 R", lambda r: rmw(r, 1)),
    Target("M16", "timer_wheel/arm_and_disarm/1000000", 1, "1 R", lambda r: rmw(r, 1)),
    # Taken and given back twice a lock is four RMWs, and so many again are for the lines of the wheel; where two threads take turns all of those are contended.
    Target("M16", "timer_wheel/arm_and_disarm_locked", 1, "8 R", lambda r: rmw(r, 8)),
    Target("M16", "timer_wheel/arm_and_disarm_locked", 2, "8 cR", lambda r: contended(r, 8)),
    Target("M17", "retry/first_attempt_succeeds", 1, "no layer + 0.5 R", lambda r: of(r, "reference/no_layer", 1) + rmw(r, 0.5)),
    Target("M17b", "retry_budget/success/saturated", 1, "without a budget + 0.2 R",
           lambda r: of(r, "retry_budget/reference/retry_without", 1) + rmw(r, 0.2)),
    Target("M17c", "retry_budget/success/ratio", 1, "without a budget + 1.2 (R + C)",
           lambda r: of(r, "retry_budget/reference/retry_without", 1) + both(r, 1.2)),
    Target("M17", "fault/disarmed", 1, "no layer + 0.5 R", lambda r: of(r, "reference/no_layer", 1) + rmw(r, 0.5)),
    Target("M6", "fault/disarmed", 2, "1.3 x one thread", lambda r: alone(r, "fault/disarmed", 1.3)),
    Target("M18", "pipeline/exception/sync", 1, "1.5 guard", lambda r: of(r, "reference/exception", 1.5)),
    # A hit does what the map under a lock does (one hash, one lock, one search), hashes the operation too, reads the clock once, counts a question, and
    # holds what it copies meanwhile: a reference counted up and down. At the map's one lock two threads that ask at once always meet, at the cache's 8 once in
    # eight times: so on two threads a hit takes at most half.
    Target("L5", "cache/hit", 1, "a map under a lock + 1.2 C + 8 R",
           lambda r: of(r, "cache/map_under_a_lock", 1) + clock(r, 1.2) + rmw(r, 8)),
    Target("L5", "cache/hit", 2, "half of a map under a lock, on two threads", lambda r: of(r, "cache/map_under_a_lock", 0.5, 2)),
    # A miss makes a key, a flight and what is kept: six allocations of some 4 R, two locks more, and what an eviction does.
    Target("L6", "cache/miss_and_keep", 1, "a hit + 60 R", lambda r: of(r, "cache/hit", 1) + rmw(r, 60)),
    # What it asks of a store over a wire or in a file is nearly all that it costs; over memory its own work, two records and a key, is at most half as much again.
    *(Target("L7", f"stores/guarded_call/{store}", 1, "1.15 x two swaps", lambda r, s=store: remote_swaps(r, "two_swaps", s, 1.15)) for store in REMOTE),
    Target("L7", "stores/guarded_call/memory", 1, "1.5 x two swaps", lambda r: remote_swaps(r, "two_swaps", "memory", 1.5)),
    Target("L7", "idempotency_guard/executes", 1, "1.5 x two swaps", lambda r: of(r, "idempotency_guard/two_swaps", 1.5)),
    *(Target("L8", f"stores/saga_of_three/{store}", 1, "1.15 x four writes", lambda r, s=store: remote_swaps(r, "four_writes", s, 1.15)) for store in REMOTE),
    Target("L8", "stores/saga_of_three/memory", 1, "1.5 x four writes", lambda r: remote_swaps(r, "four_writes", "memory", 1.5)),
    Target("L8", "saga/completes", 1, "1.5 x four writes", lambda r: of(r, "saga/four_writes", 1.5)),
    # One question for each lease, whatever its size; a permit of one that is there is a local limiter's, and its lock's.
    Target("L9", "stores/limited_call/redis/lease:1", 1, "1.15 x a swap", lambda r: remote_swaps(r, "one_swap", "redis", 1.15)),
    Target("L9", "stores/limited_call/redis/lease:10", 1, "0.12 of a swap + C + 10 R",
           lambda r: remote_swaps(r, "one_swap", "redis", 0.12) + clock(r, 1) + rmw(r, 10)),
    Target("L9", "stores/limited_call/redis/lease:100", 1, "0.012 of a swap + C + 10 R",
           lambda r: remote_swaps(r, "one_swap", "redis", 0.012) + clock(r, 1) + rmw(r, 10)),
    # Two are drawn and looked at; taken and given back are two RMWs, what is learned of it two more; each end reads the clock. On two threads, of ten, every
    # fifth pair meets at one: two contended RMWs in place of four.
    *(Target("L10", f"endpoints/in_flight/{n}", 1, "2 C + 8 R", lambda r: clock(r, 2) + rmw(r, 8)) for n in (3, 10, 100)),
    Target("L10", "endpoints/latency/10", 1, "2 C + 12 R", lambda r: clock(r, 2) + rmw(r, 12)),
    Target("L10", "endpoints/in_flight/10", 2, "2 C + 8 R + 2 cR", lambda r: clock(r, 2) + rmw(r, 8) + contended(r, 2)),
    Target("L10", "endpoints/in_flight/100", 2, "2 C + 8 R + 1 cR", lambda r: clock(r, 2) + rmw(r, 8) + contended(r, 1)),
    # An attempt that may have to be cut off is a coroutine thread of its own; the timer that would begin the second is the wheel's. On a pool the job is all.
    Target("L11", "hedge/not_fired/asio", 1, "without + 1.5 co_spawn",
           lambda r: of(r, "hedge/none/asio", 1) + of(r, "hedge/reference/co_spawn", 1.5)),
    Target("L11", "hedge/not_fired/pool", 1, "1.1 x without", lambda r: of(r, "hedge/none/pool", 1.1)),
    Target("M19", "pipeline/6_layers/sync", 1, "2 C + 7 R", lambda r: clock(r, 2) + rmw(r, 7)),
]
