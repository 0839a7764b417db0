#include "apps/cutwater/call/client.hpp"

#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <utility>

#include "apps/cutwater/call/slow_hedge.hpp"
#include "apps/cutwater/console/text_table.hpp"
#include "cutwater/asio.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/method.hpp"

namespace cutwater::app {

namespace asio = boost::asio;

namespace {

/// What one of several cannot do, another may: also where the first does not exist, or is not who it should be.
class call_rules {
public:
    explicit call_rules(const call_settings& s) : answers_{{.transient = s.transient}}, has_choice_{s.has_choice()} {}

    template <class T>
    [[nodiscard]] std::optional<judgement> operator()(const outcome<T>& out) const {
        if (!out.has_value()) {
            if (has_choice_ && is_of_one(out.failure().code())) return judgement{.meaning = verdict::transient};
            return {};
        }
        return answers_.judge(*out.result());
    }

private:
    static bool is_of_one(const std::error_code& code) noexcept {
        return code == http_errc::host_not_found || code == http_errc::tls_failed ||
               code == http_errc::certificate_rejected;
    }

    http_rules answers_;
    bool has_choice_;
};

/// Of several endpoints, each has its ejections; the circuit is the whole call's then, so that those that fail do not close the way to
/// those that do not.
any_pipeline<http_response> make_pipeline(const call_settings& s, listener& audience) {
    any_pipeline<http_response> made{observe{audience}};
    if (s.has_choice()) made.add(circuit_breaker{s.breaking});
    made.add(timeout{s.total}).add(retry{s.retrying});
    if (s.hedge) made.add(slow_hedge{*s.hedge});
    if (!s.has_choice()) made.add(circuit_breaker{s.breaking});
    made.add(bulkhead{s.isolating});
    if (s.has_choice()) {
        endpoints_options choosing = s.choosing;
        for (const call_endpoint& e : s.at) choosing.each.push_back({.address = e.address});
        made.add(endpoints{std::move(choosing)});
    }
    made.add(timeout{s.attempt}).add(classify{call_rules{s}});
    return made;
}

/// How many attempts a call may have beside its first: where there are hedges, the retry does not count them.
std::optional<unsigned> hedges_included(const call_settings& s) {
    return s.hedge ? std::optional{s.retrying.max_attempts - 1} : std::nullopt;
}

using attempt_result = std::expected<http_response, error>;

void tell(attempt_seen& seen, const attempt_result& got) {
    seen.cut_off = !got && got.error().code() == std::errc::operation_canceled;
    seen.status = got ? got->status : 0;
    seen.failed = got ? got->status >= 500 : !seen.cut_off;
    seen.kind = got ? status_line(*got) : seen.cut_off ? "cut off" : got.error().code().message();
    seen.result = got ? status_line(*got) : printable(got.error().words());
    if (!got) return;
    if (const auto wish = got->fields.find("retry-after")) seen.result += ", Retry-After: " + printable(*wish);
}

/// Who wants to know of attempts.
struct attempt_audience {
    const call_client::watcher* watcher;
    listener* listening;
    name operation;

    void hear(const attempt_seen& seen) const {
        (*watcher)(seen);
        if (seen.at == nullptr) return;
        if (seen.failed)
            emit<endpoint_failed>(seen);
        else if (seen.cut_off)
            emit<endpoint_given_up>(seen);
        else
            emit<endpoint_answered>(seen);
    }

private:
    template <class Body>
    void emit(const attempt_seen& seen) const {
        static const name layer{"endpoints"};
        const std::string outcome = outcome_of(seen);
        const Body body{{.endpoint = seen.at->address, .outcome = outcome, .took = between(seen.began, seen.ended)}};
        listening->on_event(
            {{.layer = layer, .operation = operation, .call_id = {}, .attempt = seen.number, .at = seen.ended}, body});
    }
};

/// Tells of an attempt however it ends, even if it is destroyed.
class watched_attempt {
public:
    watched_attempt(attempt_seen began, instant deadline, std::shared_ptr<unsigned> under_way, attempt_audience told)
        : seen{std::move(began)}, deadline_{deadline}, under_way_{std::move(under_way)}, told_{told} {
        seen.began = now();
        seen.is_hedge = (*under_way_)++ > 0;
        seen.result = seen.kind = "cut off";
        seen.cut_off = true;
    }
    watched_attempt(const watched_attempt&) = delete;
    watched_attempt& operator=(const watched_attempt&) = delete;
    ~watched_attempt() {
        --*under_way_;
        seen.ended = now();
        seen.timed_out = seen.cut_off && seen.ended >= deadline_;
        seen.failed = seen.failed || seen.timed_out;
        if (seen.timed_out) seen.kind = "timed out";
        told_.hear(seen);
    }

    attempt_seen seen;

private:
    instant deadline_;
    std::shared_ptr<unsigned> under_way_;  // of the same call
    attempt_audience told_;
};

}  // namespace

struct call_client::parts {
    parts(const call_settings& s, const http_request& asked, listener& audience)
        : client{s.client}, settings{s}, request{asked}, listening{audience}, guarded{make_pipeline(s, audience)},
          operation{operation_of(s, asked)},
          said{.operation = operation,
               .idempotent = s.is_idempotent() ? idempotency::idempotent : idempotency::not_idempotent,
               .retries_left = hedges_included(s)} {
        for (const call_endpoint& e : s.at) by_address.emplace(e.address, &e);
    }

    /// What is sent in this attempt: to whom, and what it says of itself where the command line does not.
    [[nodiscard]] http_request request_in(const attempt& a, const call_endpoint* at) const {
        http_request made = request;
        if (at != nullptr) made.url = at->url;
        http_fields ours;
        inject(ours, a);
        for (const http_field& f : ours)
            if (!request.fields.find(f.name)) made.fields.add(f.name, f.value);
        return made;
    }

    /// One attempt.
    asio::awaitable<std::expected<http_response, error>> go(attempt& a, std::shared_ptr<unsigned> under_way,
                                                            const watcher* told) {
        const auto found = by_address.find(a.target());
        const call_endpoint* const to = found == by_address.end() || !settings.has_choice() ? nullptr : found->second;
        const http_request own = request_in(a, to);
        watched_attempt watched{
            {.number = a.number(), .at = to}, a.deadline(), std::move(under_way), {told, &listening, operation}};
        attempt_result got = co_await client.send(own, &watched.seen.phase);
        tell(watched.seen, got);
        watched.seen.failed = watched.seen.failed || settings.transient.contains(watched.seen.status);
        if (!got) co_return std::unexpected{std::move(got.error())};
        co_return std::move(*got);
    }

    http_client client;
    const call_settings& settings;
    const http_request& request;
    listener& listening;
    any_pipeline<http_response> guarded;
    name operation;
    call_options said;
    std::unordered_map<std::string_view, const call_endpoint*> by_address = {};
};

call_client::call_client(const call_settings& settings, const http_request& request, listener& audience)
    : parts_{std::make_unique<parts>(settings, request, audience)} {}
call_client::~call_client() = default;

asio::awaitable<result<http_response>> call_client::send(const watcher& seen) {
    const auto attempts = [parts = parts_.get(), told = &seen, under_way = std::make_shared<unsigned>(0)](attempt& a) {
        return parts->go(a, under_way, told);
    };
    auto got = co_await parts_->guarded.async_run(parts_->said, attempts);
    if (!got) co_return std::unexpected{std::move(got.error())};
    co_return http_response{std::move(*got)};
}

std::string operation_of(const call_settings& settings, const http_request& request) {
    if (!settings.has_choice()) return request.method + " " + request.url.authority();
    return request.method + " " + printable(settings.url.substr(0, settings.url.find_first_of("?#")));
}

std::string outcome_of(const attempt_seen& seen) {
    if (seen.timed_out) return fmt::format("timed out while {}", doing(seen.phase));
    if (seen.cut_off) return fmt::format("cut off while {}", doing(seen.phase));
    const bool whom_is_told = seen.at != nullptr && seen.status == 0 && seen.phase <= http_phase::connecting;
    return whom_is_told ? seen.kind : seen.result;  // whom is not said twice
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
