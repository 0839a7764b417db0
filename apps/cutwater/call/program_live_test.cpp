// `cutwater call` as a program among others: inputs, outputs, signals, and servers that misbehave.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

#include "cutwater/http/scripted_server_live_test.hpp"

namespace cutwater::app {
namespace {

using testing::answer_ok;
using testing::answers;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ran;
using testing::run;
using testing::run_in_shell;
using testing::running;
using testing::scripted_server;
using ::testing::StartsWith;

std::string with_length(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(call_program_live, wrong_usage_is_explained_and_nothing_is_sent) {
    scripted_server server{answers(answer_ok)};
    const std::vector<std::vector<std::string>> wrong{{},
                                                      {"call"},
                                                      {"wat"},
                                                      {"call", "--wat", server.url("/")},
                                                      {"call", "--timeout", "0", server.url("/")},
                                                      {"call", "-X", "G ET", server.url("/")},
                                                      {"call", "--cacert", "/no/such/file", server.url("/")},
                                                      {"call", "-d", "@/no/such/file", server.url("/")},
                                                      {"call", "stock.example"}};
    for (const auto& words : wrong) {
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2) << ::testing::PrintToString(words);
        EXPECT_EQ(done.out, "");
        EXPECT_THAT(done.err, HasSubstr("--help")) << ::testing::PrintToString(words);
    }
    EXPECT_EQ(server.connections(), 0U);
}

TEST(call_program_live, what_does_not_exist_is_named_and_not_what_stands_beside_it) {
    EXPECT_THAT(run({"call", "--timeut", "2s", "http://127.0.0.1:1/"}).err,
                StartsWith("cutwater call: there is no option --timeut\n"));
    EXPECT_THAT(run({"cal", "http://127.0.0.1:1/"}).err, StartsWith("cutwater: there is no sub-command \"cal\"\n"));
}

TEST(call_program_live, help_and_version_go_to_standard_output) {
    EXPECT_THAT(run({"call", "--help"}).out, HasSubstr("Examples:"));
    EXPECT_EQ(run({"call", "--help"}).exit, 0);
    EXPECT_EQ(run({"--version"}).out, CUTWATER_VERSION "\n");
}

TEST(call_program_live, method_fields_and_body_arrive) {
    scripted_server server{answers(answer_ok)};
    EXPECT_EQ(run({"call", "-X", "PUT", "-H", "X-Tenant: blue", "-d", "seven", server.url("/items/7?x=y")}).exit, 0);
    ASSERT_EQ(server.seen().size(), 1U);
    const auto seen = server.seen().front();
    EXPECT_EQ(seen.method_string(), "PUT");
    EXPECT_EQ(seen.target(), "/items/7?x=y");
    EXPECT_EQ(seen["X-Tenant"], "blue");
    EXPECT_THAT(std::string{seen["User-Agent"]}, StartsWith("cutwater/"));
    EXPECT_EQ(seen.body(), "seven");
}

TEST(call_program_live, a_body_without_end_is_refused) {
    const auto endless = run({"call", "-d", "@/dev/zero", "http://127.0.0.1:1/"});
    EXPECT_EQ(endless.exit, 2);
    EXPECT_THAT(endless.err, HasSubstr("/dev/zero has more than 256 MiB"));
}

TEST(call_program_live, a_ledger_that_cannot_be_written_is_named) {
    scripted_server server{answers(answer_ok)};
    const auto full = run({"call", "--ledger", "/dev/full", server.url("/")});
    EXPECT_EQ(full.exit, 1);
    EXPECT_THAT(full.err, HasSubstr("cannot write /dev/full: No space left on device"));
}

TEST(call_program_live, a_body_comes_from_standard_input_or_a_file_byte_by_byte) {
    const std::string body{"\0\r\n\xff @-", 7};
    scripted_server server{answers(answer_ok)};
    const testing::scratch_folder folder;
    folder.write("body", body);
    EXPECT_EQ(run({"call", "-d", "-", server.url("/")}, body).exit, 0);
    EXPECT_EQ(run({"call", "-d", "@" + folder.file("body"), server.url("/")}).exit, 0);
    ASSERT_EQ(server.seen().size(), 2U);
    EXPECT_EQ(server.seen()[0].body(), body);
    EXPECT_EQ(server.seen()[1].body(), body);
}

TEST(call_program_live, a_binary_answer_comes_out_as_it_came_in) {
    std::string body;
    for (int i = 0; i < 100'000; ++i) body += static_cast<char>(i * 7);
    scripted_server server{answers(with_length(body))};
    const testing::scratch_folder folder;
    EXPECT_EQ(run({"call", server.url("/")}).out, body);
    const ran to_file = run({"call", "-o", folder.file("out"), server.url("/")});
    EXPECT_EQ(to_file.out, "");
    EXPECT_EQ(folder.read("out"), body);
}

TEST(call_program_live, a_file_keeps_what_it_held_where_there_is_no_answer) {
    scripted_server server{testing::hangs_up};
    const testing::scratch_folder folder;
    folder.write("out", "of yesterday");
    EXPECT_EQ(run({"call", "--retries", "0", "-o", folder.file("out"), server.url("/")}).exit, 6);
    EXPECT_EQ(folder.read("out"), "of yesterday");
}

TEST(call_program_live, an_answer_in_chunks_is_put_together) {
    scripted_server server{
        answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n\n\r\n0\r\n\r\n")};
    EXPECT_EQ(run({"call", server.url("/")}).out, "hello\n");
}

TEST(call_program_live, half_an_answer_is_none) {
    scripted_server server{answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), answers(answer_ok)};
    const ran done = run({"call", "--base-delay", "1ms", "--explain", server.url("/")});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.out, "ok\n");
    EXPECT_THAT(done.err, HasSubstr("closed the"));
}

TEST(call_program_live, an_answer_larger_than_is_allowed_is_not_taken) {
    scripted_server server{answers(with_length(std::string(5000, 'x')))};
    const ran done = run({"call", "--max-body", "4096", server.url("/")});
    EXPECT_EQ(done.exit, 6);
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.event("call_failed").at("exception").at("message").get<std::string>(), HasSubstr("larger"));
    EXPECT_EQ(server.connections(), 1U);
}

TEST(call_program_live, without_events_the_reason_is_said_in_words) {
    scripted_server server{testing::hangs_up};
    const ran done = run({"call", "--retries", "0", "--events", "none", server.url("/")});
    EXPECT_THAT(done.err, StartsWith("cutwater call: "));
    EXPECT_THAT(done.err, HasSubstr("closed the connection"));
    EXPECT_EQ(run({"call", "--retries", "0", "--silent", server.url("/")}).err, "");
}

TEST(call_program_live, an_output_that_cannot_be_written_is_a_failure) {
    scripted_server server{answers(answer_ok)};
    const std::string call = "\"$program\" call '" + server.url("/") + "' ";
    const ran full = run_in_shell(call + ">/dev/full");
    EXPECT_EQ(full.exit, 1);
    EXPECT_THAT(full.err, HasSubstr("No space left"));
    EXPECT_EQ(run_in_shell(call + "--repeat 2 >/dev/full").exit, 1);
    EXPECT_EQ(run_in_shell(call + "-o /dev/full").exit, 1);
    EXPECT_EQ(run_in_shell(call + "-o /no/such/folder/out").exit, 1);
    EXPECT_EQ(run_in_shell("\"$program\" call --help >/dev/full").exit, 1);
}

TEST(call_program_live, a_lack_of_file_descriptors_is_called_by_its_name) {
    scripted_server server{testing::hangs};
    const ran done = run_in_shell("ulimit -n 24; \"$program\" call --repeat 64 --concurrency 64 --attempt-timeout 1s " +
                                  ("--timeout 1s --retries 0 '" + server.url("/") + "'"));
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.out, HasSubstr("Too many open files"));
}

TEST(call_program_live, a_standard_output_that_is_closed_is_a_failure_and_no_socket_takes_its_place) {
    scripted_server server{answers(answer_ok)};
    const ran done = run_in_shell("\"$program\" call '" + server.url("/") + "' >&-");
    EXPECT_EQ(done.exit, 1);
    EXPECT_THAT(done.err, HasSubstr("Bad file descriptor"));
}

TEST(call_program_live, a_standard_error_that_cannot_be_written_fails_no_call) {
    scripted_server server{answers("HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nbusy\n")};
    const std::string call = "\"$program\" call --base-delay 1ms '" + server.url("/") + "' ";
    for (const auto* const how : {"2>/dev/full", "2>&-", "--explain 2>/dev/full", "--explain 2>&-"}) {
        const ran done = run_in_shell(call + how);
        EXPECT_EQ(done.exit, 5) << how;
        EXPECT_EQ(done.out, "busy\n") << how;
    }
    EXPECT_EQ(run_in_shell("\"$program\" call --wat 2>/dev/full").exit, 2);
}

TEST(call_program_live, a_reader_that_has_gone_away_is_no_reason_for_words) {
    scripted_server server{answers(with_length(std::string(1'000'000, 'x')))};
    const ran done =
        run_in_shell("{ \"$program\" call '" + server.url("/") + "'; echo $? >code; } | head -c 1; cat code");
    EXPECT_EQ(done.out, "x141\n");
    EXPECT_EQ(done.err, "");
}

TEST(call_program_live, what_may_not_be_sent_twice_says_how_to_say_that_it_may) {
    scripted_server server{answers("HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nbusy\n")};
    EXPECT_THAT(run_in_shell("\"$program\" call -d sku=7 --events none '" + server.url("/") + "'").err,
                HasSubstr("the method is not idempotent; if it may be sent twice, say --idempotent"));
}

TEST(call_program_live, a_wish_to_wait_longer_than_is_allowed_is_said_in_words) {
    scripted_server server{answers("HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 5\r\n\r\nbusy\n")};
    const ran done = run_in_shell("\"$program\" call '" + server.url("/") + "'");
    EXPECT_EQ(done.exit, 5);
    EXPECT_EQ(done.out, "busy\n");
    EXPECT_EQ(done.err,
              "cutwater call: 503 Busy; no second attempt: the server asks for a longer wait than is allowed\n");
    EXPECT_EQ(run_in_shell("\"$program\" call -s '" + server.url("/") + "'").err, "");
}

TEST(call_program_live, ctrl_c_ends_a_call_with_the_ledger_so_far) {
    scripted_server server{testing::hangs};
    running program{{"call", "--timeout", "1h", "--attempt-timeout", "1h", "--explain", server.url("/")}};
    ASSERT_TRUE(running::comes_true([&] { return !server.seen().empty(); }));
    program.interrupt();
    const ran done = program.end();
    EXPECT_EQ(done.exit, 130);
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.err, HasSubstr("attempt 1: cut off while"));
    EXPECT_THAT(done.err, HasSubstr("stopped"));
}

TEST(call_program_live, ctrl_c_ends_a_wait) {
    scripted_server server{answers("HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")};
    running program{{"call", "--timeout", "8h", "--max-retry-after", "2h", server.url("/")}};
    ASSERT_TRUE(program.heard("retry_scheduled"));
    program.interrupt();
    EXPECT_EQ(program.end().exit, 130);
}

TEST(call_program_live, many_calls_show_their_progress_on_a_terminal) {
    const std::string two = "call --repeat 2 --max-attempts 1 --attempt-timeout 500ms ";  // of which one is waited for
    scripted_server server{answers(answer_ok), testing::hangs};
    const ran done = testing::run_on_terminal(two + server.url("/"));
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.out, HasSubstr("1 of 2 calls, 0 failed\033[K"));
    EXPECT_THAT(done.out, HasSubstr("\r\033[K")) << "gone when the work is";
    EXPECT_THAT(done.out, HasSubstr("succeeded"));
    scripted_server again{answers(answer_ok), testing::hangs};
    EXPECT_THAT(testing::run_on_terminal(two + again.url("/"), "TERM=dumb").out, Not(HasSubstr("\033")));
}

TEST(call_program_live, ctrl_c_ends_many_calls_with_the_summary_so_far) {
    scripted_server server{answers(answer_ok), testing::hangs};
    running program{{"call", "--timeout", "1h", "--attempt-timeout", "1h", "--repeat", "100", server.url("/")}};
    ASSERT_TRUE(running::comes_true([&] { return server.seen().size() == 2; }));
    program.interrupt();
    const ran done = program.end();
    EXPECT_EQ(done.exit, 130);
    EXPECT_THAT(done.out, HasSubstr("1 of 100 calls"));
    EXPECT_THAT(done.out, HasSubstr("and 1 cut off"));
    EXPECT_THAT(done.out, Not(HasSubstr("nan")));
}

TEST(call_program_live, elsewhere_than_on_a_terminal_there_are_no_colours_and_no_progress) {
    scripted_server server{testing::hangs_up};
    const ran done = run({"call", "--base-delay", "1ms", "--explain", server.url("/")});
    EXPECT_THAT(done.err, Not(HasSubstr("\x1b")));
    EXPECT_THAT(run({"call", "--repeat", "3", "--base-delay", "1ms", server.url("/")}).err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace cutwater::app
