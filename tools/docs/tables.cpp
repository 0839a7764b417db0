// Prints the generated parts of the rooms' pages from the code itself: every option from its `fields` table, every event
// from its `kind` and `fields`, what an error means from the rules that judge it. tools/docs/docs puts them between the marks of the pages.
//
//     @ cutwater/policy/retry/README.md defaults
//     | option | default | allowed | meaning |
//     …

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "cutwater/classify/grpc/grpc_status.hpp"
#include "cutwater/classify/redis/redis_error.hpp"
#include "cutwater/classify/sql/sqlstate.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/core/system_errors.hpp"
#include "cutwater/core/text.hpp"
#include "cutwater/drive/pool/events.hpp"
#include "cutwater/drive/pool/options.hpp"
#include "cutwater/drive/work/events.hpp"
#include "cutwater/drive/work/options.hpp"
#include "cutwater/estimate/options.hpp"
#include "cutwater/http/asio_errors.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_status.hpp"
#include "cutwater/pipeline/observe.hpp"
#include "cutwater/policy/adaptive_timeout/events.hpp"
#include "cutwater/policy/adaptive_timeout/options.hpp"
#include "cutwater/policy/bulkhead/events.hpp"
#include "cutwater/policy/bulkhead/options.hpp"
#include "cutwater/policy/circuit_breaker/events.hpp"
#include "cutwater/policy/circuit_breaker/options.hpp"
#include "cutwater/policy/concurrency_limiter/events.hpp"
#include "cutwater/policy/concurrency_limiter/options.hpp"
#include "cutwater/policy/endpoints/events.hpp"
#include "cutwater/policy/endpoints/options.hpp"
#include "cutwater/policy/fair_bulkhead/events.hpp"
#include "cutwater/policy/fair_bulkhead/options.hpp"
#include "cutwater/policy/fallback/events.hpp"
#include "cutwater/policy/fallback/options.hpp"
#include "cutwater/policy/fault/events.hpp"
#include "cutwater/policy/fault/options.hpp"
#include "cutwater/policy/hedge/events.hpp"
#include "cutwater/policy/hedge/options.hpp"
#include "cutwater/policy/keyed/events.hpp"
#include "cutwater/policy/keyed/options.hpp"
#include "cutwater/policy/load_shedder/events.hpp"
#include "cutwater/policy/load_shedder/options.hpp"
#include "cutwater/policy/rate_limiter/events.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/retry/events.hpp"
#include "cutwater/policy/retry/options.hpp"
#include "cutwater/policy/retry_budget/events.hpp"
#include "cutwater/policy/retry_budget/options.hpp"
#include "cutwater/policy/throttle/events.hpp"
#include "cutwater/policy/throttle/options.hpp"
#include "cutwater/policy/timeout/events.hpp"
#include "cutwater/policy/timeout/options.hpp"
#include "cutwater/saga/events.hpp"
#include "cutwater/saga/options.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/offloaded/options.hpp"
#include "cutwater/store/postgres/options.hpp"
#include "cutwater/store/redis/options.hpp"
#include "cutwater/store/sqlite/options.hpp"

namespace {

namespace cw = cutwater;

// --- what an option allows -----------------------------------------------------------------------------------------

template <auto Value>
constexpr std::string_view spelled() {
    return __PRETTY_FUNCTION__;
}

/// Compilers spell a value that no enumerator has as a cast, `(cutwater::backoff)7`.
template <auto Value>
constexpr bool is_enumerator() {
    constexpr std::string_view text = spelled<Value>();
    return text[text.find("Value = ") + 8] != '(';
}

template <class Enum, int Next = 0>
std::string enumerators(const auto& allowed, std::string list = {}) {
    if constexpr (constexpr auto value = static_cast<Enum>(Next); is_enumerator<value>()) {
        if (allowed.holds(value)) list.append(list.empty() ? "" : ", ").append(to_text(value));
        return enumerators<Enum, Next + 1>(allowed, std::move(list));
    } else {
        return list;
    }
}

/// `: none, full, equal` for an enumeration, else nothing.
template <class Value>
std::string one_of(const Value&) {
    if constexpr (std::is_enum_v<Value>)
        return ": " + enumerators<Value>(cw::any_value);
    else
        return {};
}

template <class Value>
inline constexpr bool is_function = false;
template <class Signature>
inline constexpr bool is_function<std::function<Signature>> = true;
template <class Value>
inline constexpr bool is_functions = false;
template <class Signature>
inline constexpr bool is_functions<std::vector<std::function<Signature>>> = true;

template <class Value>
inline constexpr bool is_shared = false;
template <class Shared>
inline constexpr bool is_shared<std::shared_ptr<Shared>> = true;

template <class Value>
std::string allowed_text(const Value&, const auto& allowed) {
    if constexpr (std::is_enum_v<Value>)
        return enumerators<Value>(allowed);
    else if constexpr (is_function<Value>)
        return "a function, or none";
    else if constexpr (is_functions<Value>)
        return "functions, or none";
    else if constexpr (is_shared<Value>)
        return "one that is shared, or none";
    else if constexpr (std::is_same_v<Value, cw::attempt_budget*>)
        return "a budget, or none";
    else if constexpr (std::is_pointer_v<Value>)
        return "a function";
    else if constexpr (std::is_same_v<Value, std::string>)
        return "any text";
    else
        return allowed.text();
}

// --- tables ----------------------------------------------------------------------------------------------------------

std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

void row(const auto&... cells) {
    ((std::cout << "| " << cell(std::string{cells}) << ' '), ...);
    std::cout << "|\n";
}

std::string code(std::string_view text) { return "`" + std::string{text} + "`"; }

void head(std::string_view room, std::string_view part) { std::cout << "@ " << room << "/README.md " << part << '\n'; }

template <class Options>
void defaults(std::string_view room) {
    head(room, "defaults");
    row("option", "default", "allowed", "meaning");
    std::cout << "|---|---|---|---|\n";
    const Options in_force{};
    Options::fields(in_force,
                    [](std::string_view option, const auto& value, const auto& allowed, std::string_view meaning) {
                        row(code(option), code(cw::to_text(value)), allowed_text(value, allowed), meaning);
                    });
}

template <class Event>
void event() {
    std::string fields;
    const Event body{};
    Event::fields(body, [&](std::string_view field, const auto& value, std::string_view meaning) {
        fields.append(fields.empty() ? "" : "<br>")
            .append(code(field))
            .append(" ")
            .append(meaning)
            .append(one_of(value));
    });
    row(code(Event::kind.name), to_text(Event::kind.level), Event::kind.when, fields.empty() ? "–" : fields);
}

template <class... Events>
void events(std::string_view room) {
    head(room, "events");
    row("event", "level", "when", "fields");
    std::cout << "|---|---|---|---|\n";
    (event<Events>(), ...);
}

void policies() {
    defaults<cw::retry_options>("cutwater/policy/retry");
    events<cw::retry_scheduled, cw::retry_rescued, cw::retry_not_tried, cw::retry_gave_up>("cutwater/policy/retry");
    defaults<cw::retry_budget_options>("cutwater/policy/retry_budget");
    events<cw::budget_exhausted, cw::budget_recovered>("cutwater/policy/retry_budget");
    defaults<cw::timeout_options>("cutwater/policy/timeout");
    events<cw::timed_out>("cutwater/policy/timeout");
    defaults<cw::adaptive_timeout_options>("cutwater/policy/adaptive_timeout");
    events<cw::adaptive_timed_out, cw::adaptive_limit_changed>("cutwater/policy/adaptive_timeout");
    defaults<cw::fallback_options>("cutwater/policy/fallback");
    events<cw::fallback_used, cw::fallback_default_used, cw::fallback_failed>("cutwater/policy/fallback");
    defaults<cw::fault_options>("cutwater/policy/fault");
    events<cw::fault_injected>("cutwater/policy/fault");
    defaults<cw::circuit_breaker_options>("cutwater/policy/circuit_breaker");
    events<cw::circuit_opened, cw::circuit_half_opened, cw::circuit_closed, cw::circuit_would_open,
           cw::circuit_refused>("cutwater/policy/circuit_breaker");
    defaults<cw::rate_limiter_options>("cutwater/policy/rate_limiter");
    events<cw::rate_refused, cw::rate_too_heavy, cw::rate_queued, cw::rate_wait_ended>("cutwater/policy/rate_limiter");
    defaults<cw::concurrency_limiter_options>("cutwater/policy/concurrency_limiter");
    events<cw::concurrency_refused, cw::concurrency_queued, cw::concurrency_wait_ended, cw::concurrency_limit_moved>(
        "cutwater/policy/concurrency_limiter");
    defaults<cw::hedge_options>("cutwater/policy/hedge");
    events<cw::hedge_begun, cw::hedge_suppressed, cw::hedge_ended>("cutwater/policy/hedge");
    defaults<cw::throttle_options>("cutwater/policy/throttle");
    events<cw::throttle_rejected, cw::throttle_began, cw::throttle_ended>("cutwater/policy/throttle");
    defaults<cw::cache_options>("cutwater/policy/cache");
    events<cw::cache_stale_used, cw::cache_default_used, cw::cache_store_failed, cw::cache_entry_refused>(
        "cutwater/policy/cache");
    defaults<cw::idempotency_options>("cutwater/policy/idempotency_guard");
    events<cw::idempotent_replayed, cw::idempotent_refused, cw::idempotent_taken_over, cw::idempotent_held,
           cw::idempotency_lost, cw::idempotency_store_failed>("cutwater/policy/idempotency_guard");
    defaults<cw::shared_rate_limiter_options>("cutwater/policy/shared_rate_limiter");
    events<cw::shared_limit_refused, cw::shared_limit_leased, cw::shared_limit_store_failed,
           cw::shared_limit_store_back>("cutwater/policy/shared_rate_limiter");
    defaults<cw::shared_retry_budget_options>("cutwater/policy/shared_retry_budget");
    events<cw::shared_budget_exhausted, cw::shared_budget_recovered, cw::shared_budget_leased,
           cw::shared_budget_store_failed, cw::shared_budget_store_back>("cutwater/policy/shared_retry_budget");
    defaults<cw::circuit_quorum_options>("cutwater/policy/circuit_quorum");
    events<cw::circuit_quorum_heeded, cw::circuit_quorum_unreadable, cw::circuit_quorum_full,
           cw::circuit_quorum_store_failed, cw::circuit_quorum_store_back>("cutwater/policy/circuit_quorum");
    defaults<cw::saga_options>("cutwater/saga");
    events<cw::saga_resumed, cw::saga_undoing, cw::saga_undone, cw::saga_stuck, cw::saga_lost>("cutwater/saga");
    defaults<cw::memory_store_options>("cutwater/store/memory");
    defaults<cw::offloaded_options>("cutwater/store/offloaded");
    defaults<cw::sqlite_store_options>("cutwater/store/sqlite");
    defaults<cw::postgres_store_options>("cutwater/store/postgres");
    defaults<cw::redis_store_options>("cutwater/store/redis");
    defaults<cw::endpoints_options>("cutwater/policy/endpoints");
    events<cw::endpoint_ejected, cw::endpoint_returned, cw::endpoints_panic_began, cw::endpoints_panic_ended,
           cw::endpoint_refused>("cutwater/policy/endpoints");
    defaults<cw::load_shedder_options>("cutwater/policy/load_shedder");
    events<cw::load_shed, cw::shedding_began, cw::shedding_ended>("cutwater/policy/load_shedder");
    defaults<cw::keyed_options>("cutwater/policy/keyed");
    events<cw::keys_full, cw::key_missing, cw::key_told>("cutwater/policy/keyed");
    defaults<cw::bulkhead_options>("cutwater/policy/bulkhead");
    events<cw::bulkhead_refused, cw::bulkhead_queued, cw::bulkhead_wait_ended>("cutwater/policy/bulkhead");
    defaults<cw::fair_bulkhead_options>("cutwater/policy/fair_bulkhead");
    events<cw::fair_bulkhead_refused, cw::fair_bulkhead_queued, cw::fair_bulkhead_wait_ended>(
        "cutwater/policy/fair_bulkhead");
}

// --- what an error means -------------------------------------------------------------------------------------------

cw::observation default_of(const cw::error& failure) {
    return {.judged = {.meaning = cw::default_verdict(failure)}, .failure = &failure};
}

void system_errors() {
    head("cutwater/core", "system_errors");
    row("code", "by `system_rules`", "without rules", "effect", "note");
    std::cout << "|---|---|---|---|---|\n";
    for (const cw::system_error_row& r : cw::system_error_rows) {
        const cw::error failure{std::make_error_code(r.code)};
        const cw::observation seen{.judged = *cw::system_rules::of(failure.code()), .failure = &failure};
        row(code(r.symbol), to_text(seen.meaning()), to_text(default_of(failure).meaning()), to_text(seen.executed()),
            r.note);
    }
}

void grpc_statuses() {
    head("cutwater/classify/grpc", "statuses");
    row("code", "status", "verdict", "effect", "note");
    std::cout << "|---|---|---|---|---|\n";
    for (const cw::grpc_row& r : cw::grpc_rows) {
        const cw::judgement j = cw::grpc_judgement(r.code);
        row(std::to_string(r.code), code(r.symbol), to_text(j.meaning), to_text(j.executed), r.note);
    }
}

void sql_states() {
    head("cutwater/classify/sql", "states");
    row("state", "verdict", "effect", "before COMMIT", "note");
    std::cout << "|---|---|---|---|---|\n";
    for (const cw::sqlstate_row& r : cw::sqlstate_rows) {
        const std::string whole = std::string{r.state} + (r.state.size() == 2 ? "ZZZ" : "");
        const cw::judgement j = cw::sqlstate_judgement(whole);
        row(r.state.size() == 2 ? code(r.state) + "…" : code(r.state), to_text(j.meaning), to_text(j.executed),
            to_text(cw::sqlstate_judgement(whole, cw::sql_point::before_commit).executed), r.note);
    }
}

void redis_errors() {
    head("cutwater/classify/redis", "errors");
    row("error", "verdict", "effect", "note");
    std::cout << "|---|---|---|---|\n";
    for (const cw::redis_row& r : cw::redis_rows) {
        const cw::judgement j = cw::redis_judgement(r.word);
        row(code(r.word), to_text(j.meaning), to_text(j.executed), r.note);
    }
    const cw::judgement lost = cw::redis_connection_lost();
    row("the connection was lost", to_text(lost.meaning), to_text(lost.executed), "the command may have been executed");
}

void http_statuses() {
    head("cutwater/http", "statuses");
    row("status", "verdict", "effect", "note");
    std::cout << "|---|---|---|---|\n";
    for (const cw::http_status_row& r : cw::http_status_rows) {
        const std::string first = std::to_string(r.first);
        const bool rest = r.last - r.first == 99;
        row(rest                ? "other " + first.substr(0, 1) + "xx"
            : r.first == r.last ? first
                                : first + "–" + std::to_string(r.last),
            to_text(r.meaning), to_text(r.executed), r.note);
    }
}

void asio_errors() {
    head("cutwater/http", "asio_errors");
    row("code", "verdict", "effect", "note");
    std::cout << "|---|---|---|---|\n";
    for (const cw::asio_error_row& r : cw::asio_error_rows()) {
        const cw::judgement j = *cw::asio_rules::of(r.code);
        row(code(r.symbol), to_text(j.meaning), to_text(j.executed), r.note);
    }
}

struct http_way {
    cw::http_phase phase;
    boost::system::error_code code;
    std::string_view what;
};

void http_failures() {
    namespace asio = boost::asio;
    namespace http = boost::beast::http;
    const auto tls = [](int reason) {
        return boost::system::error_code{static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)),
                                         asio::error::get_ssl_category()};
    };
    using enum cw::http_phase;
    const http_way ways[] = {
        {resolving, asio::error::host_not_found, "the name does not exist, or has no address"},
        {resolving, asio::error::host_not_found_try_again, "the name cannot be looked up now"},
        {connecting, asio::error::connection_refused, "connection refused"},
        {connecting, asio::error::host_unreachable, "host or network unreachable"},
        {connecting, asio::error::timed_out, "timed out"},
        {securing, asio::error::connection_reset, "reset, or hung up"},
        {securing, tls(SSL_R_CERTIFICATE_VERIFY_FAILED), "certificate rejected"},
        {securing, tls(SSL_R_WRONG_VERSION_NUMBER), "no common version, no TLS at all …"},
        {sending, asio::error::broken_pipe, "reset, or hung up"},
        {waiting, asio::error::timed_out, "timed out"},
        {waiting, http::error::end_of_stream, "hung up without an answer"},
        {receiving, http::error::partial_message, "hung up amid its answer, a TLS short read among them"},
        {receiving, http::error::bad_version, "the answer is malformed"},
        {receiving, http::error::body_limit, "the answer is too large"},
    };
    head("cutwater/http", "failures");
    row("while", "failure", "verdict", "effect");
    std::cout << "|---|---|---|---|\n";
    for (const http_way& way : ways) {
        const cw::error failure = cw::http_failure(way.phase, way.code, "peer");
        row(to_text(way.phase), way.what, to_text(default_of(failure).meaning()), to_text(failure.executed()));
    }
}

void what_errors_mean() {
    system_errors();
    grpc_statuses();
    sql_states();
    redis_errors();
    http_statuses();
    http_failures();
    asio_errors();
}

}  // namespace

int main() {
    policies();
    defaults<cw::latency_estimate_options>("cutwater/estimate");
    what_errors_mean();
    defaults<cw::metadata_options>("cutwater/http");
    defaults<cw::worker_pool_options>("cutwater/drive/pool");
    events<cw::pool_refused, cw::pool_call_ran, cw::pool_call_withdrawn, cw::pool_call_orphaned>("cutwater/drive/pool");
    defaults<cw::work_queue_options>("cutwater/drive/work");
    events<cw::work_queued, cw::work_refused, cw::work_displaced, cw::work_started, cw::work_expired,
           cw::work_withdrawn, cw::work_completed, cw::work_failed, cw::work_queue_drained, cw::work_queue_stopped>(
        "cutwater/drive/work");
    events<cw::call_started, cw::call_completed, cw::call_failed, cw::call_refused>("cutwater/pipeline");
}
