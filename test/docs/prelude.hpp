// What the examples in the documentation may take for granted: Cutwater, and stand-ins for the code of a user.
//
// Each example is a function of its own in a namespace inside `snippets`, so that a name of its own hides one from here.
// Stand-ins answer at once and succeed: an example that wants a failure makes it itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cassert>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/classify/grpc/grpc_status.hpp"
#include "cutwater/classify/grpc/grpc_timeout.hpp"
#include "cutwater/classify/redis/redis_error.hpp"
#include "cutwater/classify/sql/sqlstate.hpp"
#include "cutwater/core/system_errors.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace snippets {

namespace cw = cutwater;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;

/// Stands where a header's example leaves a value out.
struct anything {
    template <class T>
    [[noreturn]] operator T() const {
        std::abort();
    }
};

// --- a shop and its dependencies ---------------------------------------------------------------------------------------

struct stock {
    int pieces = 0;

    static stock unknown() { return {.pieces = -1}; }
    friend bool operator==(const stock&, const stock&) = default;
    friend bool operator==(const stock& seen, int pieces) { return seen.pieces == pieces; }
};

struct response {
    int status = 200;
    std::string body = {};
};

struct lost_connection : std::runtime_error {
    lost_connection() : runtime_error{"the connection was lost"} {}
};
struct bad_input : std::runtime_error {
    bad_input() : runtime_error{"the input makes no sense"} {}
};
enum class db_error { deadlock, constraint };
struct my_error {
    int number = 0;
};

/// What a lambda may capture: an example is a block in which these are known.
#define SNIPPET_LOCALS                            \
    [[maybe_unused]] const std::string sku = "7"; \
    [[maybe_unused]] const std::string order = "order-42";

inline stock f() { return {.pieces = 7}; }
inline stock fetch() { return {.pieces = 7}; }
inline double fetch_price() { return 9.5; }
inline int count_visitors() { return 3; }
inline int old_library_lookup(const std::string&) { return 7; }
inline void charge(const std::string&) {}
inline stock estimate(const cw::error&) { return {.pieces = 1}; }

struct blocking_client {
    stock get(const std::string&) { return {.pieces = 7}; }
    stock get(const std::string&, cw::instant) { return {.pieces = 7}; }
    response send(const std::string&, cw::instant = cw::never) { return {}; }
};
#ifndef SNIPPETS_WITH_ASIO
[[maybe_unused]] static blocking_client client;
#endif

struct stock_cache {
    std::optional<stock> known = stock{.pieces = 5};

    stock last_known(const std::string&) { return known.value(); }
    void remember(const std::string&, const stock& seen) { known = seen; }
};
inline stock_cache cache;

// --- what a program does with what it gets --------------------------------------------------------------------------------

inline void show(const auto&) {}
inline void show_warning(std::string_view) {}
inline void log(const std::string&) {}
inline void log_failure(const cw::error&) {}

struct shop_settings {
    bool retries = true;
    unsigned attempts = 3;
};
inline const shop_settings settings;

inline cw::circuit_breaker inventory_health{{.name = "inventory"}};
inline auto inventory = cw::standard_pipeline({.name = "inventory"});
inline auto& pipeline = inventory;

// --- one call, as those see it who write policies -------------------------------------------------------------------------

/// The options of whatever an example makes with them.
struct any_options {
    operator cw::retry_options() const { return {}; }
    operator cw::fallback_options() const { return {}; }
};
inline const any_options options;

inline cw::result<stock> result{stock{.pieces = 7}};
inline const std::stop_token token;
struct what_is_seen : cw::observation {
    void operator()(const cw::metric&, double) const {}  // by a visitor of gauges
};
inline const what_is_seen seen;
inline unsigned in_use() { return 0; }
inline const cw::duration elapsed = 300ms;
inline const cw::duration left = 700ms;
inline const cw::duration previous = 100ms;
inline cw::random_source random{42};
inline unsigned lost = 0;
inline cw::testing::virtual_time time;
inline cw::testing::event_recorder heard;

/// The present, on whichever clock an example wants it.
struct any_now {
    operator cw::instant() const { return {}; }
    operator std::chrono::sys_seconds() const { return {}; }
};
inline const any_now now;

/// What a driver drives.
struct any_call {
    cw::testing::virtual_time lent;
    cw::blocking_parking place;
    decltype(inventory)::run_type<stock> run = inventory.start_run<stock>(cw::nothing_said, lent, place);
};
inline any_call one;
inline auto& run = one.run;
inline bool slept_until(cw::instant) { return true; }

// --- what threads share -----------------------------------------------------------------------------------------------------

inline constexpr unsigned thread = 0;
inline constexpr std::uint64_t seed = 42;

struct my_call {
    int operation = 0;
    int result = 0;
};
struct my_model {
    bool take(const my_call&) { return true; }
    friend bool operator==(const my_model&, const my_model&) = default;
};
struct shared_thing {
    int take() { return 0; }
    void use(unsigned) {}
};
inline shared_thing shared;
inline shared_thing make(unsigned) { return {}; }

// --- a simulated world ------------------------------------------------------------------------------------------------------

inline cw::bulkhead share{{.name = "share"}};
inline cw::concurrency_limiter limiter{{.name = "limiter"}};
inline cw::sim::world world;
inline cw::sim::service backend{world, {}};
inline const auto callee = [](const cw::attempt&, const cw::sim::reply<int>& answer) { answer.give(7); };
inline const auto hit = cw::sim::latency::constant(1ms);
inline const auto miss = cw::sim::latency::constant(50ms);
inline cw::sim::trace trace{world, 1s};

}  // namespace snippets
