#include "cutwater/http/asio_errors.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include "cutwater/core/classify.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
namespace stream_error = boost::asio::ssl::error;
using boost::system::error_code;

error_code ssl_error(int library, int reason) {
    return {static_cast<int>(ERR_PACK(library, 0, reason)), asio::error::get_ssl_category()};
}

struct wanted {
    error_code code;
    verdict meaning;
    effect executed;
};

constexpr auto passes = verdict::transient;
constexpr auto stays = verdict::permanent;

const wanted table[] = {
    {asio::error::host_not_found, stays, effect::none},
    {asio::error::no_data, stays, effect::none},
    {asio::error::host_not_found_try_again, passes, effect::none},
    {asio::error::no_recovery, passes, effect::none},
    {asio::error::service_not_found, stays, effect::none},
    {asio::error::socket_type_not_supported, stays, effect::none},
    {asio::error::eof, passes, effect::unknown},
    {asio::error::already_open, stays, effect::unknown},
    {asio::error::not_found, stays, effect::unknown},
    {stream_error::stream_truncated, passes, effect::unknown},
    {stream_error::unspecified_system_error, stays, effect::unknown},
    {stream_error::unexpected_result, stays, effect::unknown},
    {ssl_error(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED), stays, effect::none},
};

judgement judged_as(const error_code& code) {
    return classify{asio_rules{}}(outcome<int>{error{std::error_code{code}}});
}

TEST(asio_errors, each_row_is_as_it_was_written_down) {
    ASSERT_EQ(std::size(table), asio_error_rows().size());
    for (std::size_t i = 0; i < std::size(table); ++i) {
        EXPECT_EQ(asio_error_rows()[i].code, std::error_code{table[i].code}) << asio_error_rows()[i].symbol;
        EXPECT_EQ(judged_as(table[i].code).meaning, table[i].meaning) << asio_error_rows()[i].symbol;
        EXPECT_EQ(judged_as(table[i].code).executed, table[i].executed) << asio_error_rows()[i].symbol;
    }
}

TEST(asio_errors, T58_any_other_failure_of_tls_may_come_after_the_request) {
    for (const int reason :
         {SSL_R_WRONG_VERSION_NUMBER, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_TLSV1_ALERT_UNKNOWN_CA}) {
        EXPECT_EQ(judged_as(ssl_error(ERR_LIB_SSL, reason)).meaning, stays);
        EXPECT_EQ(judged_as(ssl_error(ERR_LIB_SSL, reason)).executed, effect::unknown);
    }
}

TEST(asio_errors, what_is_the_systems_is_judged_as_the_systems) {
    EXPECT_EQ(judged_as(asio::error::connection_refused).executed, effect::none);
    EXPECT_EQ(judged_as(asio::error::connection_reset).executed, effect::unknown);
    EXPECT_EQ(judged_as(asio::error::try_again).meaning, passes);
    EXPECT_EQ(judged_as(asio::error::operation_aborted).meaning, verdict::cancelled);
}

TEST(asio_errors, what_boost_throws_has_its_code) {
    const outcome<int> out{error::from_exception(
        std::make_exception_ptr(boost::system::system_error{asio::error::host_not_found_try_again}))};
    const classify rules{asio_rules{}};
    EXPECT_EQ(rules(out).meaning, passes);
    EXPECT_EQ(rules(out).executed, effect::none);
    EXPECT_FALSE(asio_rules{}(outcome<int>{std::in_place, 7}));
    EXPECT_FALSE(asio_rules{}(outcome<int>{error{errc::failed}}));
    EXPECT_EQ(out.failure().code(), std::error_code{error_code{asio::error::host_not_found_try_again}});
}

}  // namespace
}  // namespace cutwater
