#include "cutwater/admin/health_pages.hpp"

#include "cutwater/health/health_json.hpp"

namespace cutwater {

namespace {

constexpr unsigned fine = 200;
constexpr unsigned unavailable = 503;

health_detail detail_of(const page_request& asked) {
    return asked.has("verbose") ? health_detail::full : health_detail::brief;
}

}  // namespace

page_answer health_page(const health_monitor& of, const page_request& asked) {
    const health_report now = of.report();
    return {.status = now.status == health_status::unhealthy ? unavailable : fine,
            .content_type = std::string{health_content_type},
            .body = health_json(now, detail_of(asked))};
}

page_answer probe_page(const health_monitor& of, health_probe which, const page_request& asked) {
    const health_report now = of.report();
    return {.status = now.passes(which) ? fine : unavailable,
            .content_type = std::string{health_content_type},
            .body = probe_json(now, which, detail_of(asked))};
}

void add_health_pages(admin_server& to, const health_monitor& of) {
    const auto probe = [&](std::string path, health_probe which) {
        to.probe(std::move(path), [&of, which](const page_request& asked) { return probe_page(of, which, asked); });
    };
    probe("/livez", health_probe::live);
    probe("/readyz", health_probe::ready);
    probe("/startupz", health_probe::started);
    to.probe("/healthz", [&of](const page_request& asked) { return health_page(of, asked); });
}

}  // namespace cutwater
