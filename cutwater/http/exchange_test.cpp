#include "cutwater/http/exchange.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/stream.hpp>

namespace cutwater {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

http_request request_to(std::string_view url, std::string method = "GET") {
    return {.method = std::move(method), .url = *http_url::parse(url)};
}

/// A server in memory that answers with the bytes it was given, whatever it is asked.
class wire {
public:
    explicit wire(std::string_view bytes) : client_{context_, bytes} { client_.connect(server_); }

    wire& limits(std::size_t header, std::size_t body) {
        plan_.max_header = header;
        plan_.max_body = body;
        return *this;
    }
    /// Bytes one at a time.
    wire& slowly() {
        client_.read_size(1);
        return *this;
    }
    /// The server hangs up after its bytes.
    wire& then_close() {
        server_.close();
        return *this;
    }

    answer send(const http_request& request) {
        plan_.request = &request;
        std::optional<answer> out;
        asio::co_spawn(
            context_, [&]() -> asio::awaitable<void> { out.emplace(co_await exchange(client_, plan_)); },
            asio::detached);
        context_.poll();  // whatever can happen has happened then
        if (!out) return std::unexpected{error{std::make_error_code(std::errc::operation_in_progress)}};
        return std::move(*out);
    }
    answer send(std::string method = "GET") { return send(request_to("http://stock.example/a?b", std::move(method))); }

    [[nodiscard]] std::string sent() const { return std::string{server_.str()}; }
    [[nodiscard]] http_phase phase() const { return phase_; }

private:
    asio::io_context context_{1};
    boost::beast::test::stream client_;
    boost::beast::test::stream server_{context_};
    http_phase phase_{};
    exchange_plan plan_{
        .max_header = 8192, .max_body = 65536, .user_agent = "test", .peer = "stock.example:80", .at = &phase_};
};

answer asked(std::string_view bytes) { return wire{bytes}.then_close().send(); }

TEST(exchange, sends_a_request_that_names_the_host_and_asks_for_nothing_after_it) {
    wire w{"HTTP/1.1 204 No Content\r\n\r\n"};
    ASSERT_TRUE(w.send());
    EXPECT_EQ(w.sent(),
              "GET /a?b HTTP/1.1\r\nHost: stock.example\r\nUser-Agent: test\r\nAccept: */*\r\n"
              "Connection: close\r\n\r\n");
}

TEST(exchange, sends_fields_and_body_as_they_are) {
    wire w{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    http_request put = request_to("http://stock.example:8080/", "PUT");
    put.fields = {{"X-Tenant", "blue"}, {"x-tenant", "green"}, {"host", "other.example"}, {"User-Agent", "mine"}};
    put.body = std::string{"a\0\r\nb", 5};
    ASSERT_TRUE(w.send(put));
    EXPECT_THAT(w.sent(), StartsWith("PUT / HTTP/1.1\r\n"));
    EXPECT_THAT(w.sent(), HasSubstr("X-Tenant: blue\r\nx-tenant: green\r\n"));
    EXPECT_THAT(w.sent(), HasSubstr("host: other.example\r\n"));
    EXPECT_THAT(w.sent(), Not(HasSubstr("stock.example")));
    EXPECT_THAT(w.sent(), HasSubstr("User-Agent: mine\r\n"));
    EXPECT_THAT(w.sent(), HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(w.sent(), ::testing::EndsWith(std::string{"\r\n\r\na\0\r\nb", 9}));
}

TEST(exchange, says_that_a_post_has_no_body) {
    wire w{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    ASSERT_TRUE(w.send("POST"));
    EXPECT_THAT(w.sent(), HasSubstr("Content-Length: 0\r\n"));
}

TEST(exchange, reads_status_fields_and_body) {
    const auto got = asked("HTTP/1.1 503 Out Of Order\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nhello");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 503U);
    EXPECT_EQ(got->reason, "Out Of Order");
    EXPECT_EQ(got->fields.find("retry-after"), "7");
    EXPECT_EQ(got->body, "hello");
}

TEST(exchange, reads_a_body_in_chunks_and_one_that_ends_with_the_connection) {
    EXPECT_EQ(
        asked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n")
            ->body,
        "hello!");
    EXPECT_EQ(asked("HTTP/1.0 200 OK\r\n\r\nhello!")->body, "hello!");
}

TEST(exchange, reads_what_comes_byte_by_byte) {
    wire w{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"};
    EXPECT_EQ(w.slowly().send()->body, "hello");
}

TEST(exchange, expects_no_body_where_there_is_none) {
    EXPECT_EQ(wire{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}.send("HEAD")->fields.find("content-length"),
              "500");
    EXPECT_EQ(wire{"HTTP/1.1 204 No Content\r\n\r\n"}.send()->body, "");
    EXPECT_EQ(wire{"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"}.send()->body, "");
}

TEST(exchange, passes_over_interim_answers) {
    const auto got = asked(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 200U);
    EXPECT_EQ(got->body, "ok");
    EXPECT_FALSE(got->fields.find("link"));
}

TEST(exchange, does_not_pass_over_interim_answers_for_ever) {
    std::string endless;
    for (int i = 0; i < 1000; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(asked(endless).error().code(), http_errc::malformed_response);
}

TEST(exchange, calls_what_is_no_http_malformed) {
    for (const auto* const bytes :
         {"hello\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "\x15\x03\x03 some binary protocol\r\n"}) {
        const auto got = asked(bytes);
        ASSERT_FALSE(got) << bytes;
        EXPECT_EQ(got.error().code(), http_errc::malformed_response) << bytes << ": " << got.error().message();
        EXPECT_THAT(got.error().message(), StartsWith("the answer is malformed: ")) << bytes;
    }
}

TEST(exchange, tells_a_server_that_hangs_up_before_its_answer_from_one_amid_it) {
    const auto none = asked("");
    EXPECT_EQ(none.error().code(), http_errc::connection_closed);
    EXPECT_THAT(none.error().message(), HasSubstr("without an answer"));
    for (const auto* const part : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
        const auto some = asked(part);
        EXPECT_EQ(some.error().code(), http_errc::connection_closed) << part;
        EXPECT_THAT(some.error().message(), HasSubstr("amid its answer")) << part;
    }
    for (const auto* const start : {"H", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nX: y\r\n"})
        EXPECT_THAT(asked(start).error().message(), HasSubstr("amid its answer")) << start;
}

TEST(exchange, bounds_the_header) {
    std::string big = "HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
    EXPECT_TRUE(wire{big}.limits(6000, 0).send());
    EXPECT_EQ(wire{big}.limits(4096, 0).send().error().code(), http_errc::header_too_large);
    const std::string endless = "HTTP/1.1 200 OK\r\n" + std::string(500'000, 'x');
    EXPECT_EQ(wire{endless}.limits(4096, 0).send().error().code(), http_errc::header_too_large);
}

TEST(exchange, bounds_the_body_whether_its_length_is_announced_or_not) {
    const std::string announced = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789!";
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789!\r\n0\r\n\r\n";
    const std::string until_end = "HTTP/1.1 200 OK\r\n\r\n0123456789!";
    for (const std::string& bytes : {announced, chunked, until_end}) {
        EXPECT_EQ(wire{bytes}.limits(4096, 11).then_close().send()->body.size(), 11U) << bytes;
        const auto got = wire{bytes}.limits(4096, 10).then_close().send();
        ASSERT_FALSE(got) << bytes;
        EXPECT_EQ(got.error().code(), http_errc::body_too_large) << bytes;
    }
}

TEST(exchange, knows_how_far_it_has_come) {
    wire ended{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    ASSERT_TRUE(ended.send());
    EXPECT_EQ(ended.phase(), http_phase::receiving);
    wire silent{""};
    silent.then_close();
    ASSERT_FALSE(silent.send());
    EXPECT_EQ(silent.phase(), http_phase::waiting);
}

TEST(exchange, waits_for_an_answer_that_does_not_come) {
    wire silent{"HTTP/1.1 200 OK\r\nContent-Le"};
    EXPECT_EQ(silent.send().error().code(),
              std::errc::operation_in_progress);  // the test's own: nothing was left to run
}

TEST(request, refuses_what_would_smuggle_in_another_line) {
    http_request r = request_to("http://stock.example/");
    r.fields = {{"X", "a\r\nEvil: yes"}};
    EXPECT_THAT(problem_of(r).value_or(""), HasSubstr("the field X holds a line end"));
    r.fields = {{"X\r\nEvil", "yes"}};
    EXPECT_THAT(problem_of(r).value_or(""), HasSubstr("no token"));
    r.fields = {{"", "yes"}};
    EXPECT_TRUE(problem_of(r));
    r.fields = {};
    r.method = "GET / HTTP/1.1\r\nEvil: yes\r\n\r\nGET";
    EXPECT_THAT(problem_of(r).value_or(""), HasSubstr("method"));
    r.method = "";
    EXPECT_TRUE(problem_of(r));
}

TEST(request, refuses_fields_that_are_the_clients_own) {
    for (const auto* const field : {"Content-Length", "transfer-encoding", "CONNECTION"}) {
        http_request r = request_to("http://stock.example/");
        r.fields = {{field, "1"}};
        EXPECT_THAT(problem_of(r).value_or(""), HasSubstr("set by the client itself")) << field;
    }
}

TEST(request, takes_any_value_that_is_one_line) {
    http_request r = request_to("http://stock.example/", "PURGE");
    r.fields = {{"X", "tab\there, \xc3\xa9t\xc3\xa9"}, {"Empty", ""}};
    EXPECT_FALSE(problem_of(r));
}

TEST(http_fields, are_found_by_name_in_any_case) {
    http_fields fields{{"Retry-After", "1"}, {"retry-after", "2"}};
    EXPECT_EQ(fields.find("RETRY-AFTER"), "1");
    EXPECT_FALSE(fields.find("Retry-Afte"));
    EXPECT_EQ(fields.size(), 2U);
}

}  // namespace
}  // namespace cutwater
