// `cutwater explain` as a program among others: ledgers that it draws, and files that are none.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/scripted_server_live_test.hpp"
#include "cutwater/observe/ledger/call_ledger.hpp"
#include "cutwater/observe/ledger/tell_attempts.hpp"
#include "cutwater/observe/recorder/flight_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::answer_ok;
using testing::answers;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ran;
using testing::run;
using testing::run_in_shell;
using testing::scratch_folder;
using testing::scripted_server;
using ::testing::StartsWith;

constexpr auto busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

/// The ledger of two calls of a library's user, as a file holds it.
std::string two_calls() {
    testing::virtual_time time;
    testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 20ms).returns(7, 30ms);
    call_ledger kept;
    pipeline guarded{observe{kept}, retry{{.base_delay = 100ms, .jitter = jitter::none}}, tell_attempts{}};
    for (const char* const id : {"order-6", "order-7"})
        (void)time.run(guarded, {.operation = "get_stock", .id = id}, stock.blocking());
    std::ostringstream file;
    write_ledger(file, kept.book());
    return file.str();
}

ran explain(const std::string& content, std::vector<std::string> more = {}) {
    const scratch_folder folder;
    folder.write("file", content);
    std::vector<std::string> words{"explain", "--ledger", folder.file("file")};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
}

TEST(explain_program_live, draws_what_a_call_has_saved_as_the_call_itself_would) {
    const scratch_folder folder;
    scripted_server server{answers(busy), answers(answer_ok)};
    const ran call =
        run({"call", "--base-delay", "1ms", "--explain", "--ledger", folder.file("ledger"), server.url("/")});
    EXPECT_EQ(call.exit, 0);
    const ran done = run({"explain", "--ledger", folder.file("ledger")});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.err, "");
    EXPECT_THAT(done.out, StartsWith("GET 127.0.0.1:"));
    EXPECT_THAT(done.out, HasSubstr("\n\n" + call.err)) << "the same rows";
    EXPECT_THAT(done.out, AllOf(HasSubstr("attempt 1: 503 Busy"), HasSubstr("wait "), HasSubstr("attempt 2: 200 OK")));
}

TEST(explain_program_live, draws_each_call_or_the_one_that_is_asked_for) {
    const ran all = explain(two_calls());
    EXPECT_EQ(all.exit, 0);
    EXPECT_THAT(all.out, StartsWith("call order-6: get_stock\n\n"));
    EXPECT_THAT(all.out, HasSubstr("\n\ncall order-7: get_stock\n\n"));
    EXPECT_THAT(all.out, HasSubstr("wait 100ms before attempt 2"));
    const ran one = explain(two_calls(), {"--call", "order-7"});
    EXPECT_THAT(one.out, StartsWith("call order-7: get_stock\n\n"));
    EXPECT_THAT(one.out, Not(HasSubstr("order-6")));
    EXPECT_THAT(one.out, Not(HasSubstr("wait")));
}

TEST(explain_program_live, draws_what_a_flight_recorder_has_dumped) {
    std::string file;
    flight_recorder recorder{[&](std::string_view line) { file.append(line).append("\n"); },
                             {.unix_ms = [] { return std::int64_t{1'714'564'800'042}; }}};
    testing::virtual_time time;
    testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 5ms);
    pipeline guarded{
        observe{recorder},
        circuit_breaker{{.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 2}}};
    for (const char* const id : {"a", "b", "c"}) (void)time.run(guarded, {.id = id}, stock.blocking());
    const ran done = explain(file);
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, StartsWith("decisions, because: circuit_opened of inventory, at 2024-05-01T12:00:00Z\n"));
    EXPECT_THAT(done.out, HasSubstr("b inventory: the circuit opens for"));
    EXPECT_THAT(done.out, Not(HasSubstr("c inventory"))) << "which came later";
}

TEST(explain_program_live, says_what_is_wrong_with_a_file_and_where) {
    const auto expect = [](const ran& done, const std::string& words) {
        EXPECT_EQ(done.exit, 3) << words;
        EXPECT_EQ(done.out, "");
        EXPECT_THAT(done.err, AllOf(StartsWith("cutwater explain: "), HasSubstr(words)));
    };
    expect(run({"explain", "--ledger", "/no/such/file"}), "cannot read /no/such/file: No such file or directory");
    expect(run({"explain", "--ledger", "/"}), "cannot read /: Is a directory");
    expect(explain(""), "the file is empty");
    expect(explain("hello\n"), "file:1:1: this is no JSON");
    expect(explain("{\"ledger\":1}\n{\"event\":\"x\",\"at_ms\":}\n"), "file:2:22: this is no JSON");
    expect(explain("{\"ledger\":1}\n{\"event\":\"x\",\"at_ms\":true}\n"), "file:2:14: \"at_ms\" is true; a number");
    expect(explain("{\"ledger\":2}\n"), "file:1:2: this is a ledger of version 2; version 1 can be read");
    expect(explain("{\"level\":\"info\"}\n"), "file:1:1: this is no ledger");
    expect(explain(two_calls(), {"--call", "order-9"}), "has no call order-9; it has order-6, order-7");
    expect(explain("{\"ledger\":1}\n{\"event\":\"x\",\"at_ms\":1}\n", {"--call", "a"}), "its calls have no ids");
}

TEST(explain_program_live, wrong_usage_is_explained) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"explain"}, {"explain", "--wat"}, {"explain", "--ledger"}}) {
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2);
        EXPECT_THAT(done.err, HasSubstr("try `cutwater explain --help`"));
    }
    EXPECT_THAT(run({"explain", "--help"}).out, HasSubstr("Exit codes:"));
    EXPECT_EQ(run({"call", "--ledger", "/no/such/folder/file", "http://127.0.0.1:1/"}).exit, 1) << "before it is sent";
    EXPECT_EQ(run({"call", "--ledger", "f", "--repeat", "2", "http://127.0.0.1:1/"}).exit, 2);
}

TEST(explain_program_live, a_ledger_without_entries_is_said_to_be_one) {
    const ran done = explain("{\"ledger\":1}\n");
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.out, "calls: no entries\n");
    EXPECT_THAT(explain("{\"ledger\":1,\"left_out\":3}\n{\"event\":\"x\",\"at_ms\":1}\n").out,
                HasSubstr("calls; 3 entries had no room\n"));
}

TEST(explain_program_live, reads_standard_input_and_fits_its_terminal) {
    const ran piped = run({"explain", "--ledger", "-"}, two_calls());
    EXPECT_THAT(piped.out, StartsWith("call order-6: get_stock\n\n"));
    EXPECT_THAT(piped.out, AllOf(HasSubstr("timeline"), Not(HasSubstr("\x1b")))) << "80 columns, where nobody knows";

    const scratch_folder folder;
    folder.write("file", two_calls());
    const ran done = testing::run_on_terminal("explain --ledger " + folder.file("file"));
    EXPECT_THAT(done.out, HasSubstr("\x1b[32m")) << "in colours";
    EXPECT_THAT(done.out, Not(HasSubstr("timeline"))) << "60 columns have no room for one";
    const ran shut = run_in_shell("$program explain --ledger " + folder.file("file") + " >/dev/full");
    EXPECT_EQ(shut.exit, 1);
}

}  // namespace
}  // namespace cutwater::app
