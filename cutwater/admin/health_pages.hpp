// A health monitor's pages on an admin server.
//
//     cw::health_monitor health;
//     cw::admin_server admin;
//     cw::add_health_pages(admin, health);
//
// | path | 200 | 503 |
// |---|---|---|
// | `/livez` | every heartbeat beats | one does not: a restart is wanted |
// | `/readyz` | ready to be sent requests | not started, drains, or a check keeps it away |
// | `/startupz` | has started | not yet |
// | `/healthz` | healthy or degraded, with all checks | unhealthy |
//
// With `?verbose` they show what checks have seen: errors in their own words. Lifetime: the monitor outlives the server.
#pragma once

#include "cutwater/admin/admin_server.hpp"
#include "cutwater/health/health_monitor.hpp"

namespace cutwater {

void add_health_pages(admin_server& to, const health_monitor& of);

/// As the server makes them; for a server of your own.
[[nodiscard]] page_answer health_page(const health_monitor& of, const page_request& asked);
[[nodiscard]] page_answer probe_page(const health_monitor& of, health_probe which, const page_request& asked);

}  // namespace cutwater
