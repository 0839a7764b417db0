#include "apps/cutwater/call_client.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "apps/cutwater/text_table.hpp"
#include "cutwater/asio.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/method.hpp"

namespace cutwater::app {

namespace asio = boost::asio;

namespace {

auto make_pipeline(const call_settings& s, listener& audience) {
    return pipeline{observe{audience},
                    timeout{s.total},
                    retry{s.retrying},
                    circuit_breaker{s.breaking},
                    bulkhead{s.isolating},
                    timeout{s.attempt},
                    classify{http_rules{{.transient = s.transient}}}};
}

using attempt_result = std::expected<http_response, error>;

void tell(attempt_seen& seen, const attempt_result& got) {
    seen.cut_off = !got && got.error().code() == std::errc::operation_canceled;
    seen.status = got ? got->status : 0;
    seen.kind = got ? status_line(*got) : seen.cut_off ? "cut off" : got.error().code().message();
    seen.result = got ? status_line(*got) : printable(got.error().words());
    if (!got) return;
    if (const auto wish = got->fields.find("retry-after")) seen.result += ", Retry-After: " + printable(*wish);
}

/// Tells the watcher of an attempt however it ends, even if it is destroyed.
struct watched_attempt {
    watched_attempt(unsigned number, const call_client::watcher& told)
        : seen{.number = number, .began = now(), .result = "cut off", .kind = "cut off", .cut_off = true}, told_{told} {
    }
    watched_attempt(const watched_attempt&) = delete;
    watched_attempt& operator=(const watched_attempt&) = delete;
    ~watched_attempt() {
        seen.ended = now();
        told_(seen);
    }

    attempt_seen seen;

private:
    const call_client::watcher& told_;
};

asio::awaitable<attempt_result> attempt_once(const http_client* client, const http_request* request, unsigned number,
                                             const call_client::watcher* told) {
    watched_attempt watched{number, *told};
    attempt_result got = co_await client->send(*request, &watched.seen.phase);
    tell(watched.seen, got);
    co_return got;
}

}  // namespace

struct call_client::parts {
    parts(const call_settings& s, const http_request& asked, listener& audience)
        : client{s.client}, request{asked}, guarded{make_pipeline(s, audience)},
          operation{asked.method + " " + asked.url.authority()},
          said{.operation = operation,
               .idempotent = s.idempotent ? idempotency::idempotent : idempotency_of(asked.method)} {}

    http_client client;
    const http_request& request;
    decltype(make_pipeline(std::declval<const call_settings&>(), std::declval<listener&>())) guarded;
    name operation;
    call_options said;
};

call_client::call_client(const call_settings& settings, const http_request& request, listener& audience)
    : parts_{std::make_unique<parts>(settings, request, audience)} {}
call_client::~call_client() = default;

asio::awaitable<result<http_response>> call_client::send(const watcher& seen) {
    return parts_->guarded.async_run(parts_->said, [parts = parts_.get(), told = &seen](attempt& a) {
        return attempt_once(&parts->client, &parts->request, a.number(), told);
    });
}

std::string status_line(const http_response& response) {
    return printable(fmt::format("{}{}{}", response.status, response.reason.empty() ? "" : " ", response.reason));
}

std::string_view doing(http_phase phase) noexcept {
    constexpr std::array<std::string_view, 6> texts{"looking up the host",    "connecting",
                                                    "in the TLS handshake",   "sending the request",
                                                    "waiting for the answer", "receiving the answer"};
    return texts[static_cast<std::size_t>(phase)];
}

}  // namespace cutwater::app
