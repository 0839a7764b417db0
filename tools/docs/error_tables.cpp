// What errors mean, printed from the rules that judge them, and what is answered because of them.

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "cutwater/classify/grpc/grpc_status.hpp"
#include "cutwater/classify/redis/redis_error.hpp"
#include "cutwater/classify/sql/sqlstate.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/core/system_errors.hpp"
#include "cutwater/http/asio_errors.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_status.hpp"
#include "cutwater/http/idempotency/problem.hpp"
#include "tools/docs/tables.hpp"

namespace docs {

namespace {

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

struct http_end {
    std::error_code code;
    std::string_view what;
};

void refusals() {
    head("cutwater/http/idempotency", "refusals");
    row("what happened", "status", "`Retry-After`", "`type` ends with");
    std::cout << "|---|---|---|---|\n";
    const auto problem = [](std::string_view what, const cw::http_problem& p) {
        row(what, std::to_string(p.status), p.when == cw::comes_again::later ? "yes" : "", code(p.type));
    };
    problem("the key cannot be read", cw::malformed_key);
    const http_end ends[] = {
        {cw::errc::key_missing, "there is no key, or it is too long with its tenant and operation"},
        {cw::errc::key_reused, "the key is that of another request"},
        {cw::errc::key_in_use, "the first request with the key is under way, or has not told how it ended"},
        {cw::errc::in_doubt, "how the first request ended is not known"},
        {cw::errc::store_unavailable, "the store cannot be asked"},
        {cw::errc::rate_limited, "a rate limit"},
        {cw::errc::bulkhead_full, "any other refusal: overload, an open circuit …"},
        {cw::errc::timed_out, "time ran out, ours or the caller's"},
        {std::make_error_code(std::errc::connection_reset), "the network failed behind the service"},
        {cw::errc::failed, "anything else"},
    };
    for (const http_end& end : ends) problem(end.what, cw::problem_of(end.code));
}

}  // namespace

void what_errors_mean() {
    system_errors();
    grpc_statuses();
    sql_states();
    redis_errors();
    http_statuses();
    http_failures();
    asio_errors();
    refusals();
}

}  // namespace docs
