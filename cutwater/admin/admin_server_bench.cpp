// What a probe costs over loopback, on a connection that is kept.

#include "cutwater/admin/admin_server.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/admin/admin_client_live_test.hpp"
#include "cutwater/admin/health_pages.hpp"

namespace {

namespace cw = cutwater;

void probe(benchmark::State& state) {
    static cw::health_monitor health;
    static cw::admin_server admin{{.port = 0}};
    static const bool is_up = (cw::add_health_pages(admin, health), admin.start(), true);
    benchmark::DoNotOptimize(is_up);
    cw::testing::admin_client client{admin.port()};
    for (auto _ : state) cw::bench::keep(client.get("/readyz"));
}
CUTWATER_BENCH_ALONE(probe, "admin/probe");

}  // namespace
