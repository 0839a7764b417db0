// What remembers, and what instances share: stores of cells, a cache of answers, operations that are executed once for each key, limits and budgets of all together.
//
//     #include "cutwater/store.hpp"
//
// SQLite, PostgreSQL and Redis are components, each with a header of its own below `cutwater/store/`.
#pragma once

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/cache/cache.hpp"
#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"
#include "cutwater/policy/idempotency_guard/idempotency_guard.hpp"
#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"
#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/codec.hpp"
#include "cutwater/store/memory/memory_store.hpp"
