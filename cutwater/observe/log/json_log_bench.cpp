// What a line costs the thread that logs: thrown away, written at once, and handed to a thread aside. And an event that is sampled away.

#include "cutwater/observe/log/json_log.hpp"

#include <fstream>
#include <functional>

#include <nlohmann/json.hpp>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/async_sink.hpp"
#include "cutwater/observe/log/sampled.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

const cw::event_origin somewhere{
    .layer = "retry", .operation = "get_stock", .call_id = "order-1", .attempt = 1, .at = {}};

cw::retry_scheduled a_retry() {
    cw::retry_scheduled body;
    body.failed_attempts = 1;
    body.delay = 100ms;
    body.error_type = "std::runtime_error";
    body.error_message = "no route to host";
    return body;
}

void nowhere(std::string_view line) { cw::bench::keep(line.size()); }

/// The same object, made and written by the library that makes it.
void by_json_alone(benchmark::State& state) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        nlohmann::ordered_json line{{"timestamp", "2024-05-01T12:00:00.042Z"},
                                    {"level", "warning"},
                                    {"logger", "cutwater"},
                                    {"message", "get_stock: retry: retry scheduled"},
                                    {"event", "retry_scheduled"},
                                    {"layer", "retry"},
                                    {"operation", "get_stock"},
                                    {"call_id", "order-1"},
                                    {"attempt", 1},
                                    {"failed_attempts", 1},
                                    {"delay_ms", 100.0},
                                    {"exception", {{"type", "std::runtime_error"}, {"message", "no route to host"}}}};
        cw::bench::keep(line.dump());
    }
}

void thrown_away(benchmark::State& state) {
    static cw::json_log log{nowhere};
    const cw::retry_scheduled body = a_retry();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) log.on_event(cw::event{somewhere, body});
}
void written_at_once(benchmark::State& state) {
    static std::ofstream out{"/dev/null"};
    static cw::json_log log{out};
    const cw::retry_scheduled body = a_retry();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) log.on_event(cw::event{somewhere, body});
}
void handed_aside(benchmark::State& state) {
    static std::ofstream out{"/dev/null"};
    static cw::async_sink aside{out};
    static cw::json_log log{std::ref(aside)};
    const cw::retry_scheduled body = a_retry();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) log.on_event(cw::event{somewhere, body});
}
/// Only what the sink itself costs.
void a_line_handed_aside(benchmark::State& state) {
    static std::ofstream out{"/dev/null"};
    static cw::async_sink aside{out};
    const std::string line(300, 'x');
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) aside(line);
}
void sampled_away(benchmark::State& state) {
    static cw::json_log log{nowhere};
    static cw::sampled fewer{log, {.first = 1, .every = 0, .period = 24h}};
    const cw::retry_scheduled body = a_retry();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) fewer.on_event(cw::event{somewhere, body});
}
void below_its_level(benchmark::State& state) {
    static cw::json_log log{nowhere, {.min_level = cw::severity::error}};
    const cw::retry_scheduled body = a_retry();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) log.on_event(cw::event{somewhere, body});
}

CUTWATER_BENCH(by_json_alone, "log/reference/json_alone");
CUTWATER_BENCH(thrown_away, "log/event/thrown_away");
CUTWATER_BENCH(written_at_once, "log/event/sync");
CUTWATER_BENCH(handed_aside, "log/event/async");
CUTWATER_BENCH(a_line_handed_aside, "log/line/async");
CUTWATER_BENCH(sampled_away, "log/event/sampled_away");
CUTWATER_BENCH(below_its_level, "log/event/below_its_level");

}  // namespace
