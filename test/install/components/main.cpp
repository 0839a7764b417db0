// Every component: coroutine calls through one pipeline, logged as JSON, with an HTTP client and its rules; a limit for each tenant; a simulated
// minute of overload; cells in a file, and in servers that are not there; spans for a collector; an admin port.
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <boost/asio.hpp>

#include "cutwater/admin/health_pages.hpp"
#include "cutwater/health/health_runner.hpp"
#include "cutwater/http.hpp"
#include "cutwater/keyed.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/otlp/otlp_exporter.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"
#include "cutwater/observe/trace/traced.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/postgres/postgres_store.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "cutwater/store/sqlite/sqlite_store.hpp"

namespace asio = boost::asio;
namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

unsigned calls = 0;

asio::awaitable<int> stock() {
    asio::steady_timer for_ever{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    if (++calls == 1) co_await for_ever.async_wait(asio::use_awaitable);
    co_return 7;
}

/// Nobody listens on the port: the request cannot have left, so it is safe to repeat.
asio::awaitable<bool> nobody_answers() {
    const cw::http_client client;
    const cw::http_request get{.url = *cw::http_url::parse("http://127.0.0.1:1/")};
    cw::pipeline guarded{cw::timeout{2s}, cw::classify{cw::http_rules{}}};
    const auto answer = co_await guarded.async_run([&] { return client.send(get); });
    co_return !answer && answer.error().code() == cw::condition::never_sent;
}

/// One tenant's calls are counted, and nobody else's with them.
bool each_has_its_own() {
    cw::keyed<cw::rate_limiter> per_tenant{{.permits = 1, .per = 1h, .burst = 1}, {.max_keys = 100}};
    cw::pipeline guarded{cw::ref(per_tenant)};
    const auto ask = [&](std::string_view tenant) {
        return guarded.run({.tenant = tenant}, [] { return 7; }).has_value();
    };
    return ask("acme") && !ask("acme") && ask("ajax");
}

/// A minute at twice what a service can do, behind a bulkhead, in no time.
bool survives_a_minute() {
    cw::pipeline guarded{cw::bulkhead{{.max_concurrent = 10}}};
    cw::sim::world world{42};
    cw::sim::service shop{world, {.workers = 10, .takes = cw::sim::latency::exponential(10ms)}};
    cw::sim::clients all{world, cw::sim::via(world, guarded, shop)};
    all.arrive(2000);
    world.run_for(1min);
    return all.seen().succeeded > 54'000;
}

/// A payment is made once, by a file; and where a server is not there, that is said.
bool remembers() {
    const auto path = std::filesystem::temp_directory_path() / "cutwater_consumer.db";
    std::filesystem::remove(path);
    cw::sqlite_store cells{{.path = path.string()}};
    cw::idempotency_guard<int> payments{cells};
    cw::pipeline pay{cw::ref(payments)};
    const cw::call_options request{.operation = "pay", .id = "key-1"};
    const bool once = pay.run(request, [] { return 7; }) == 7 && pay.run(request, [] { return 8; }) == 7;
    std::filesystem::remove(path);
    cw::redis_store redis{{.host = "127.0.0.1", .port = 1}};
    cw::postgres_store postgres{{.connection = "host=127.0.0.1 port=1 connect_timeout=2"}};
    return once && !cw::ask(redis, {cw::read_cell{"a"}}) && !cw::ask(postgres, {cw::read_cell{"a"}});
}

/// Spans go to a collector that is not there, and a call does not mind.
bool traces() {
    cw::otlp_exporter exporter{{.url = "http://127.0.0.1:1/v1/traces", .shutdown_limit = 0s}};
    cw::tracer tracer{exporter};
    cw::pipeline guarded{cw::traced{tracer}, cw::traced_attempt{tracer}};
    return guarded.run([] { return 7; }) == 7 && exporter.counts().taken == 2;
}

/// It says how it is to whoever asks over HTTP.
bool answers_probes() {
    cw::health_monitor health{{.name = "consumer"}};
    health.check({.name = "itself"}, [] { return true; });
    const cw::health_runner runner{health};
    cw::admin_server admin{{.port = 0}};
    cw::add_health_pages(admin, health);
    admin.start();
    return admin.port() != 0 && health.is_live() &&
           cw::probe_page(health, cw::health_probe::live, {.path = "/livez"}).status == 200;
}

/// What happens is counted, and Prometheus may read it.
bool counts() {
    cw::metric_registry registry;
    cw::event_metrics counted{registry};
    cw::pipeline guarded{cw::observe{counted}, cw::retry{}};
    (void)guarded.run([] { return 7; });
    return cw::prometheus_metrics{registry}.text().contains("cutwater_calls_total{verdict=\"success\"} 1");
}

}  // namespace

int main() {
    std::ostringstream lines;
    cw::json_log log{lines};
    cw::pipeline guarded{cw::observe{log}, cw::retry{{.base_delay = 1ms}}, cw::timeout{50ms}};
    asio::io_context context;
    bool passed = false;
    auto calls_both = [&]() -> asio::awaitable<void> {
        const cw::result<int> pieces = co_await guarded.async_run({.operation = "get_stock"}, stock);
        passed = pieces == 7 && calls == 2 && co_await nobody_answers();
    };
    asio::co_spawn(context, calls_both(), asio::detached);
    context.run();

    std::printf("%s", lines.str().c_str());
    return passed && each_has_its_own() && survives_a_minute() && remembers() && traces() && answers_probes() &&
                   counts() && lines.str().find("\"event\":\"retry_scheduled\"") != std::string::npos
               ? 0
               : 1;
}
