// The bank's answers to whoever asks it.

#include "examples/payments/bank.hpp"

#include <gtest/gtest.h>

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "test/servers/postgres_server.hpp"

namespace payments {
namespace {

namespace http = boost::beast::http;

/// The bank alone.
class open_bank {
public:
    open_bank() {
        open_accounts(database{postgres_.connection()}, 3);
        port_ = cutwater::testing::start_on_free_port([this](std::uint16_t port) {
            return bank_.start(
                {PAYMENTS_PROGRAM, "--serve", std::to_string(port), "--database", postgres_.connection()}, port);
        });
    }

    [[nodiscard]] http::response<http::string_body> post(const std::string& body) const {
        boost::asio::io_context context;
        boost::beast::tcp_stream stream{context};
        stream.connect({boost::asio::ip::address_v4::loopback(), port_});
        http::request<http::string_body> asked{http::verb::post, "/payments", 11, body};
        asked.set("Idempotency-Key", "\"key-1\"");
        asked.prepare_payload();
        http::write(stream, asked);
        boost::beast::flat_buffer buffer;
        http::response<http::string_body> answer;
        http::read(stream, buffer, answer);
        return answer;
    }

private:
    cutwater::testing::postgres_server postgres_;
    cutwater::testing::server_process bank_;
    std::uint16_t port_ = 0;
};

TEST(payments_bank, refuses_an_account_that_does_not_exist_and_the_key_is_free) {
    const open_bank bank;
    for (int i = 0; i < 2; ++i) {
        const auto refused = bank.post(to_json({.from = 1, .to = 99, .cents = 300}));
        EXPECT_EQ(refused.result_int(), 400U);
        EXPECT_EQ(refused.body(), "there is no account 99");
    }
    EXPECT_EQ(bank.post(to_json({.from = 1, .to = 2, .cents = 300})).result_int(), 201U);
}

TEST(payments_bank, answers_a_body_that_is_too_large) {
    const open_bank bank;
    for (const std::size_t size : {2'000U, 1'000'000U}) {
        const auto refused = bank.post(std::string(size, 'x'));
        EXPECT_EQ(refused.result_int(), 413U);
        EXPECT_EQ(refused.body(), "a payment has at most 1024 bytes");
    }
}

}  // namespace
}  // namespace payments
