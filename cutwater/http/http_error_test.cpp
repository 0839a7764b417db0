#include "cutwater/http/http_error.hpp"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "cutwater/core/classify.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using ::testing::HasSubstr;

error failed(http_phase phase, const error_code& code) { return http_failure(phase, code, "stock.example:80"); }

error_code ssl_error(int reason) {
    return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)), asio::error::get_ssl_category()};
}

struct failure_case {
    http_phase phase;
    error_code code;
    std::error_condition is;
    verdict meaning;
    bool never_sent;
};

std::error_condition system_is(std::errc e) { return std::make_error_condition(e); }
std::error_condition ours(http_errc e) { return make_error_code(e).default_error_condition(); }

const failure_case failures[] = {
    {http_phase::resolving, asio::error::host_not_found, ours(http_errc::host_not_found), verdict::permanent, true},
    {http_phase::resolving, asio::error::no_data, ours(http_errc::host_not_found), verdict::permanent, true},
    {http_phase::resolving, asio::error::host_not_found_try_again, ours(http_errc::resolve_failed), verdict::transient,
     true},
    {http_phase::resolving, asio::error::no_recovery, ours(http_errc::resolve_failed), verdict::transient, true},
    {http_phase::connecting, asio::error::connection_refused, system_is(std::errc::connection_refused),
     verdict::transient, true},
    {http_phase::connecting, asio::error::network_unreachable, system_is(std::errc::network_unreachable),
     verdict::transient, true},
    {http_phase::connecting, asio::error::timed_out, system_is(std::errc::timed_out), verdict::transient, true},
    {http_phase::connecting, asio::error::connection_reset, system_is(std::errc::connection_reset), verdict::transient,
     true},
    {http_phase::connecting, asio::error::access_denied, system_is(std::errc::permission_denied), verdict::permanent,
     true},
    {http_phase::securing, asio::error::eof, system_is(std::errc::connection_reset), verdict::transient, true},
    {http_phase::securing, asio::ssl::error::stream_truncated, system_is(std::errc::connection_reset),
     verdict::transient, true},
    {http_phase::securing, asio::error::connection_reset, system_is(std::errc::connection_reset), verdict::transient,
     true},
    {http_phase::securing, ssl_error(SSL_R_CERTIFICATE_VERIFY_FAILED), ours(http_errc::certificate_rejected),
     verdict::permanent, true},
    {http_phase::securing, ssl_error(SSL_R_WRONG_VERSION_NUMBER), ours(http_errc::tls_failed), verdict::permanent,
     true},
    {http_phase::sending, asio::error::broken_pipe, system_is(std::errc::broken_pipe), verdict::transient, false},
    {http_phase::sending, asio::error::connection_reset, system_is(std::errc::connection_reset), verdict::transient,
     false},
    {http_phase::waiting, http::error::end_of_stream, ours(http_errc::connection_closed), verdict::transient, false},
    {http_phase::waiting, asio::error::timed_out, system_is(std::errc::timed_out), verdict::transient, false},
    {http_phase::waiting, http::error::bad_version, ours(http_errc::malformed_response), verdict::permanent, false},
    {http_phase::waiting, http::error::header_limit, ours(http_errc::header_too_large), verdict::permanent, false},
    {http_phase::waiting, http::error::buffer_overflow, ours(http_errc::header_too_large), verdict::permanent, false},
    {http_phase::receiving, http::error::body_limit, ours(http_errc::body_too_large), verdict::permanent, false},
    {http_phase::receiving, http::error::partial_message, ours(http_errc::connection_closed), verdict::transient,
     false},
    {http_phase::receiving, asio::ssl::error::stream_truncated, ours(http_errc::connection_closed), verdict::transient,
     false},
    {http_phase::receiving, ssl_error(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC), ours(http_errc::malformed_response),
     verdict::permanent, false},
};

TEST(http_error, tells_what_is_worth_a_retry_and_what_was_never_sent) {
    for (const failure_case& c : failures) {
        const error e = failed(c.phase, c.code);
        const std::string what = std::string{to_text(c.phase)} + " " + c.code.message();
        EXPECT_EQ(e.code(), c.is) << what;
        EXPECT_EQ(default_verdict(e), c.meaning) << what;
        EXPECT_EQ(e.code() == condition::never_sent, c.never_sent) << what;
    }
}

TEST(http_error, knows_a_cancellation_in_every_phase) {
    for (const http_phase phase : {http_phase::resolving, http_phase::connecting, http_phase::securing,
                                   http_phase::sending, http_phase::waiting, http_phase::receiving})
        EXPECT_EQ(failed(phase, asio::error::operation_aborted).code(), std::errc::operation_canceled)
            << to_text(phase);
}

TEST(http_error, T58_a_request_that_is_invalid_was_never_sent) {
    EXPECT_TRUE(make_error_code(http_errc::invalid_request) == condition::never_sent);
}

TEST(http_error, says_who_was_spoken_to_and_what_went_wrong) {
    EXPECT_EQ(failed(http_phase::connecting, asio::error::connection_refused).words(),
              "cannot connect to stock.example:80: Connection refused");
    EXPECT_EQ(failed(http_phase::waiting, http::error::end_of_stream).words(),
              "stock.example:80 closed the connection without an answer");
    EXPECT_EQ(failed(http_phase::receiving, http::error::partial_message).words(),
              "stock.example:80 closed the connection amid its answer");
    EXPECT_EQ(failed(http_phase::waiting, http::error::bad_version).words(), "the answer is malformed: bad version");
    EXPECT_THAT(failed(http_phase::resolving, asio::error::host_not_found).words(),
                HasSubstr("cannot look up stock.example:80: Host not found"));
    EXPECT_EQ(http_failure(http_phase::securing, ssl_error(SSL_R_CERTIFICATE_VERIFY_FAILED), "stock.example:443",
                           "certificate has expired")
                  .words(),
              "no TLS with stock.example:443: certificate has expired");
}

TEST(http_error, has_a_text_for_every_code) {
    for (const http_errc code : {http_errc::invalid_request, http_errc::host_not_found, http_errc::resolve_failed,
                                 http_errc::tls_failed, http_errc::certificate_rejected, http_errc::connection_closed,
                                 http_errc::malformed_response, http_errc::header_too_large, http_errc::body_too_large})
        EXPECT_THAT(make_error_code(code).message(), ::testing::Not(HasSubstr("unknown")));
    EXPECT_EQ(std::error_code(999, http_category()).message(), "unknown error 999");
}

}  // namespace
}  // namespace cutwater
