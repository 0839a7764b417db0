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
    Target("M17", "retry/first_attempt_succeeds", 1, "no layer + 0.5 R", lambda r: of(r, "reference/no_layer", 1) + rmw(r, 0.5)),
    Target("M17b", "retry_budget/success/saturated", 1, "without a budget + 0.2 R",
           lambda r: of(r, "retry_budget/reference/retry_without", 1) + rmw(r, 0.2)),
    Target("M17c", "retry_budget/success/ratio", 1, "without a budget + 1.2 (R + C)",
           lambda r: of(r, "retry_budget/reference/retry_without", 1) + both(r, 1.2)),
    Target("M17", "fault/disarmed", 1, "no layer + 0.5 R", lambda r: of(r, "reference/no_layer", 1) + rmw(r, 0.5)),
    Target("M6", "fault/disarmed", 2, "1.3 x one thread", lambda r: alone(r, "fault/disarmed", 1.3)),
    Target("M18", "pipeline/exception/sync", 1, "1.5 guard", lambda r: of(r, "reference/exception", 1.5)),
    Target("M19", "pipeline/6_layers/sync", 1, "2 C + 7 R", lambda r: clock(r, 2) + rmw(r, 7)),
]
