// `cutwater call --endpoint` against several real nginx: one stopped, one slowed, one that answers 503, and mostly one that is well.
// Nothing is said about elapsed time; what is to happen only once is given an hour.
#include <gmock/gmock.h>

#include <set>

#include "apps/cutwater/console/program_live_test.hpp"
#include "apps/cutwater/console/text_table.hpp"
#include "cutwater/http/certificates_live_test.hpp"
#include "cutwater/http/scripted_server_live_test.hpp"

namespace cutwater::app {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using testing::nginx;
using ::testing::Not;
using testing::ran;
using testing::running;
using options = std::vector<std::string>;

struct stopped_nginx : nginx {
    stopped_nginx() : nginx{"location / { return 200 'back\\n'; }"} { stop(); }
};
/// Takes half an hour for an answer.
struct slowed_nginx : nginx {
    slowed_nginx() : nginx{"location / { limit_rate 1k; }"} { publish("item", std::string(2'000'000, 'x')); }
};
struct busy_nginx : nginx {
    busy_nginx() : nginx{"location / { return 503 'busy\\n'; }"} {}
};
struct sound_nginx : nginx {
    sound_nginx() : nginx{"location / { return 200 'well\\n'; }"} {}
};

struct three_bad {
    stopped_nginx stopped;
    slowed_nginx slowed;
    busy_nginx busy;
};

/// A call to these, with waits of a millisecond; an attempt has so much `time`, which a loaded machine needs not.
options to(const std::vector<const nginx*>& servers, const options& more, const std::string& time = "3s") {
    options all{"call", "--timeout", "1h", "--attempt-timeout", time, "--base-delay", "1ms", "--max-delay", "1ms"};
    for (const nginx* const server : servers) all.insert(all.end(), {"--endpoint", server->url("")});
    all.insert(all.end(), more.begin(), more.end());
    all.emplace_back("/item");
    return all;
}
ran call_to(const std::vector<const nginx*>& servers, const options& more, const std::string& time = "3s") {
    return testing::run(to(servers, more, time));
}

std::string label_of(const nginx& server) { return "127.0.0.1:" + std::to_string(server.port()); }

/// Of the table of endpoints: attempts, and how many of them failed; -1 where there is no such row.
std::pair<int, int> row_of(const ran& done, const nginx& server) {
    std::istringstream lines{done.out};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream row{line};
        std::pair<int, int> counts{-1, -1};
        if (line.ends_with("  " + label_of(server)) && row >> counts.first >> counts.second) return counts;
    }
    return {-1, -1};
}
const std::pair once_and_in_vain{1, 1};

std::set<std::string> endpoints_in(const ran& done, const std::string& event) {
    std::set<std::string> all;
    for (const nlohmann::json& line : done.lines())
        if (line.at("event") == event) all.insert(line.at("endpoint"));
    return all;
}

TEST(call_endpoints_live, where_one_is_well_every_call_succeeds_and_the_others_are_ejected_and_stay_so) {
    const three_bad bad;
    const sound_nginx sound;
    const ran done = call_to(
        {&bad.stopped, &bad.slowed, &bad.busy, &sound},
        {"--repeat", "100", "--endpoint-consecutive", "1", "--endpoint-ejected-for", "1h", "--events", "warning"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, ContainsRegex("\nsucceeded +100  100.0 %\n"));
    EXPECT_THAT(done.out, ContainsRegex("\nattempts +103  1.03 for each call\n"));
    EXPECT_EQ(row_of(done, bad.stopped), once_and_in_vain) << done.out;
    EXPECT_EQ(row_of(done, bad.slowed), once_and_in_vain) << done.out;
    EXPECT_EQ(row_of(done, bad.busy), once_and_in_vain) << done.out;
    EXPECT_EQ(row_of(done, sound), std::pair(100, 0)) << done.out;
    const auto wrong = {bad.stopped.url(""), bad.slowed.url(""), bad.busy.url("")};
    EXPECT_EQ(endpoints_in(done, "endpoint_ejected"), std::set<std::string>(wrong));
    EXPECT_EQ(endpoints_in(done, "endpoint_failed"), std::set<std::string>(wrong));
    for (const nginx* const one : {static_cast<const nginx*>(&bad.stopped), static_cast<const nginx*>(&bad.slowed),
                                   static_cast<const nginx*>(&bad.busy)})
        EXPECT_THAT(done.out, HasSubstr(label_of(*one) + " is ejected for 60min"));
    EXPECT_THAT(bad.busy.requests(1), ElementsAre("GET /item 503"));
    EXPECT_EQ(sound.requests(100).size(), 100U);
}

TEST(call_endpoints_live, with_the_defaults_and_many_at_once_attempts_are_hardly_more_than_calls) {
    const three_bad bad;
    const sound_nginx sound;
    const ran done = call_to({&bad.stopped, &bad.slowed, &bad.busy, &sound}, {"--repeat", "300", "--concurrency", "4"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(done.err, "");
    EXPECT_THAT(done.out, ContainsRegex("\nsucceeded +300  100.0 %\n"));
    constexpr int most = 3 + 3;  // in a row, and those that the three other calls have begun before
    EXPECT_THAT(row_of(done, bad.stopped).first, Le(most)) << done.out;
    EXPECT_THAT(row_of(done, bad.slowed).first, Le(most)) << done.out;
    EXPECT_THAT(row_of(done, bad.busy).first, Le(most)) << done.out;
    EXPECT_EQ(sound.requests(300).size(), 300U);
}

TEST(call_endpoints_live, a_summary_of_several_names_what_is_put_behind_each_and_each_by_itself) {
    const stopped_nginx stopped;
    const sound_nginx sound;
    const ran done = call_to({&stopped, &sound}, {"--repeat", "10", "--json"});
    EXPECT_EQ(done.exit, 0);
    const auto summary = nlohmann::json::parse(done.out);
    EXPECT_EQ(summary.at("url"), "/item");
    EXPECT_EQ(summary.at("endpoints").size(), 2U);
}

TEST(call_endpoints_live, one_call_goes_elsewhere_until_it_has_an_answer) {
    const three_bad bad;
    const sound_nginx sound;
    for (int i = 0; i < 4; ++i) {
        const ran done = call_to({&bad.stopped, &bad.slowed, &bad.busy, &sound}, {"--events", "info"});
        EXPECT_EQ(done.exit, 0);
        EXPECT_EQ(done.out, "well\n");
        EXPECT_EQ(done.event("endpoint_answered").at("endpoint"), sound.url(""));
        EXPECT_EQ(done.event("endpoint_answered").at("outcome"), "200 OK");
    }
    EXPECT_EQ(sound.requests(4).size(), 4U);
}

TEST(call_endpoints_live, what_may_not_be_sent_twice_is_not_but_where_it_never_left) {
    const options once{"-d", "sku=7", "--repeat", "40", "--endpoint-consecutive", "1", "--endpoint-ejected-for", "1h"};
    const stopped_nginx stopped;
    const busy_nginx busy;
    const nginx sound{"location / { return 200; }"};
    const ran done = call_to({&stopped, &busy, &sound}, once);
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.out, ContainsRegex("\nfailed +1 "));
    EXPECT_THAT(busy.requests(1), ElementsAre("POST /item 503"));
    EXPECT_EQ(sound.requests(39).size(), 39U);
    options stated = once;
    stated.emplace_back("--idempotent");
    EXPECT_EQ(call_to({&stopped, &busy, &sound}, stated).exit, 0);
    EXPECT_EQ(busy.requests(2).size(), 2U);
    EXPECT_EQ(sound.requests(79).size(), 79U);
}

/// What its last attempt came to is what a call comes to.
void expect_exit_of_last(const ran& done) {
    const std::string last = done.err.substr(done.err.find("attempt 3 at "));
    const bool is_busy = last.find("503") != std::string::npos;
    const bool is_slow = last.find("timed out") != std::string::npos;
    EXPECT_EQ(done.exit, is_busy ? 5 : is_slow ? 7 : 6) << done.err;
    EXPECT_EQ(done.out, is_busy ? "busy\n" : "");
}

TEST(call_endpoints_live, where_none_is_well_it_is_said_which_did_what) {
    const three_bad bad;
    const ran done = call_to({&bad.stopped, &bad.slowed, &bad.busy}, {"--events", "none"}, "1s");
    EXPECT_THAT(done.err, AllOf(HasSubstr(" at " + label_of(bad.stopped) + ": Connection refused\n"),
                                HasSubstr(" at " + label_of(bad.slowed) + ": timed out while receiving the answer"),
                                HasSubstr(" at " + label_of(bad.busy) + ": 503 Service Temporarily Unavailable\n")));
    expect_exit_of_last(done);
    EXPECT_EQ(call_to({&bad.stopped, &bad.busy}, {"-s"}).err, "");
}

TEST(call_endpoints_live, the_ledger_says_where_each_attempt_went) {
    const stopped_nginx stopped;
    const busy_nginx busy;
    const ran done = call_to({&stopped, &busy}, {"--explain", "--endpoint-consecutive", "1"});
    EXPECT_THAT(done.err, ContainsRegex("attempt [12] at " + label_of(stopped)));
    EXPECT_THAT(done.err, ContainsRegex("attempt [12] at " + label_of(busy)));
    EXPECT_THAT(done.err, HasSubstr("all 2 are ejected, so"));
    EXPECT_THAT(done.err, Not(HasSubstr("{"))) << "no JSON beside it";
}

TEST(call_endpoints_live, where_all_are_ejected_all_are_asked_and_the_circuit_is_for_the_calls) {
    const stopped_nginx stopped;
    const busy_nginx busy;
    const ran done = call_to({&stopped, &busy}, {"--repeat", "30", "--breaker-consecutive", "5", "--breaker-open-for",
                                                 "1h", "--endpoint-consecutive", "1"});
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.out, ContainsRegex("\nfailed +5 "));
    EXPECT_THAT(done.out, ContainsRegex("\n  the circuit is open +25\n"));
    EXPECT_THAT(done.out, ContainsRegex("\nattempts +15 ")) << "three for each call that was not refused";
}

TEST(call_endpoints_live, one_that_is_started_again_gets_calls_again) {
    stopped_nginx stopped;
    const sound_nginx sound;
    running program{to({&stopped, &sound}, {"--repeat", "10000000", "--endpoint-consecutive", "1",
                                            "--endpoint-ejected-for", "50ms", "--events", "warning"})};
    ASSERT_TRUE(program.heard("endpoint_ejected"));
    ASSERT_TRUE(stopped.start());
    ASSERT_TRUE(running::comes_true([&] { return !stopped.requests().empty(); }));
    program.interrupt();
    const ran done = program.end();
    EXPECT_EQ(done.exit, 130);
    EXPECT_THAT(done.out, ContainsRegex("\nfailed +0 "));
    EXPECT_THAT(done.out, HasSubstr(label_of(stopped) + " is ejected for"));
    EXPECT_THAT(done.out, HasSubstr(label_of(stopped) + " is back\n"));
    EXPECT_EQ(stopped.requests().front(), "GET /item 200");
}

TEST(call_endpoints_live, a_wish_to_be_left_alone_holds_for_who_says_it) {
    const nginx busy{"location / { add_header Retry-After 3600 always; return 503 busy; }"};
    const nginx busy_too{"location / { add_header Retry-After 3600 always; return 503 busy; }"};
    const sound_nginx sound;
    EXPECT_EQ(call_to({&busy, &sound}, {"--repeat", "20", "--endpoint-consecutive", "1"}).exit, 0);
    const std::size_t before = busy.requests(1).size();
    const ran done = call_to({&busy, &busy_too}, {"--events", "none"});
    EXPECT_EQ(done.exit, 5);
    EXPECT_THAT(done.err, HasSubstr("the server asks for a longer wait than is allowed"));
    EXPECT_EQ(busy.requests(before + 1).size(), before + 1);
    EXPECT_EQ(busy_too.requests(1).size(), 1U);
}

TEST(call_endpoints_live, each_has_its_own_scheme_name_prefix_and_certificate) {
    const testing::test_authority authority;
    const std::string who = "location / { return 200 '$scheme $http_host $uri $ssl_server_name\\n'; }";
    const nginx named{who, authority.certify("DNS:localhost")};
    const nginx plain{who};
    const stopped_nginx stopped;
    const auto answer_of = [&](const std::string& base) {  // beside one that is stopped, so that there is a choice
        return call_to({&stopped}, {"--cacert", authority.ca_file(), "--endpoint", base}).out;
    };
    EXPECT_EQ(answer_of(named.url("/v2", "localhost")),
              "https localhost:" + std::to_string(named.port()) + " /v2/item localhost\n");
    EXPECT_EQ(answer_of(plain.url("/v3/")), "http " + label_of(plain) + " /v3/item \n");
}

TEST(call_endpoints_live, one_that_is_not_who_it_should_be_or_does_not_exist_is_no_reason_to_give_up) {
    const testing::test_authority authority;
    const nginx impostor{"location / { return 200 secret; }", authority.certify("DNS:elsewhere.example")};
    const sound_nginx sound;
    const ran done = call_to({&impostor, &sound}, {"--cacert", authority.ca_file(), "--endpoint",
                                                   "http://nobody.invalid", "--repeat", "40", "--endpoint-consecutive",
                                                   "1", "-d", "sku=7", "--endpoint-ejected-for", "1h", "-X", "POST"});
    EXPECT_EQ(done.exit, 0) << "nothing was sent to them, so it is no matter that this is a POST";
    EXPECT_THAT(impostor.requests(), IsEmpty());
    EXPECT_EQ(row_of(done, impostor), std::pair(-1, -1)) << "schemes differ, so they are shown";
    EXPECT_THAT(done.out, HasSubstr("https://" + label_of(impostor) + " is ejected"));
    EXPECT_THAT(done.out, HasSubstr("http://nobody.invalid is ejected"));
    EXPECT_EQ(sound.requests(40).size(), 40U);
}

TEST(call_endpoints_live, an_only_endpoint_is_as_a_url) {
    const sound_nginx sound;
    const ran done = call_to({&sound}, {"--repeat", "2"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, HasSubstr("GET " + sound.url("/item") + "\n"));
    EXPECT_THAT(done.out, Not(HasSubstr("endpoint")));
}

TEST(call_endpoints_live, a_hedge_does_not_wait_for_the_slow_one) {
    const slowed_nginx slowed;
    const sound_nginx sound;
    const ran done = call_to({&slowed, &sound}, {"--hedge", "50ms", "--repeat", "20"}, "2min");
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(row_of(done, sound), std::pair(20, 0)) << done.out;
    EXPECT_EQ(row_of(done, slowed).second, 0) << "who was not waited for has not failed";
    EXPECT_EQ(sound.requests(20).size(), 20U);
}

TEST(call_endpoints_live, what_may_not_be_sent_twice_is_not_hedged) {
    const options hung{"call", "-d", "sku=7", "--hedge", "1ms", "--attempt-timeout", "500ms", "--retries", "1"};
    const auto connections = [&](options more) {
        testing::scripted_server server{testing::hangs};
        more.insert(more.begin(), hung.begin(), hung.end());
        more.push_back(server.url("/"));
        EXPECT_EQ(testing::run(more).exit, 7);
        return server.connections();
    };
    EXPECT_EQ(connections({}), 1U);
    EXPECT_EQ(connections({"--idempotent"}), 2U);
}

TEST(call_endpoints_live, attempts_in_all_are_all_of_them_hedges_included) {
    const auto sent_to = [](testing::scripted_server::act does, const options& more) {
        testing::scripted_server server{std::move(does)};
        options all{"call", "--base-delay", "1ms", "--hedge", "1ms", "--attempt-timeout", "300ms"};
        all.insert(all.end(), more.begin(), more.end());
        all.push_back(server.url("/"));
        (void)testing::run(all);
        return server.connections();
    };
    const auto busy = testing::answers("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(sent_to(busy, {"--max-attempts", "4"}), 4U);
    EXPECT_EQ(sent_to(busy, {"--max-attempts", "3"}), 3U);
    EXPECT_EQ(sent_to(testing::hangs, {"--max-attempts", "3"}), 3U);
    EXPECT_EQ(sent_to(testing::hangs, {"--retries", "0"}), 1U);
    EXPECT_EQ(sent_to(testing::hangs, {"--retries", "1"}), 2U);
}

TEST(call_endpoints_live, a_hedge_is_for_the_slow_and_a_failure_is_waited_after) {
    const busy_nginx busy;
    const ran done =
        testing::run({"call", "--hedge", "1h", "--attempt-timeout", "2h", "--timeout", "3h", "--base-delay", "2ms",
                      "--jitter", "none", "--max-attempts", "2", "--explain", busy.url("/")});
    EXPECT_THAT(done.err, HasSubstr("wait 2.00ms before attempt 2"));
    EXPECT_THAT(done.err, HasSubstr("no further attempt: all attempts"));
    EXPECT_EQ(busy.requests(2).size(), 2U);
}

TEST(call_endpoints_live, the_summary_counts_hedges_and_those_that_won) {
    const slowed_nginx slowed;
    const sound_nginx sound;
    const ran done = call_to({&slowed, &sound}, {"--hedge", "50ms", "--repeat", "20"}, "2min");
    EXPECT_THAT(done.out, ContainsRegex("\n  hedges +[1-9][0-9]* +[1-9][0-9]* won\n")) << done.out;
    EXPECT_THAT(call_to({&sound}, {"--hedge", "2s", "--repeat", "2"}).out, Not(HasSubstr("hedges")));
}

TEST(call_endpoints_live, a_hedge_that_does_nothing_is_said_so) {
    const sound_nginx sound;
    const auto said = [&](options more) {
        more.insert(more.begin(), "call");
        more.push_back(sound.url("/"));
        return testing::run(more).err;
    };
    EXPECT_THAT(said({"--hedge", "1s", "-d", "sku=7"}),
                HasSubstr("a POST may not be sent twice; if this one may, say --idempotent"));
    EXPECT_THAT(said({"--hedge", "5s"}), HasSubstr("5s for --hedge is not below --attempt-timeout, 5s"));
    EXPECT_THAT(said({"--hedge", "1s", "--retries", "0"}), HasSubstr("there is one attempt in all"));
    EXPECT_EQ(said({"--hedge", "4s"}), "");
    EXPECT_EQ(said({"--hedge", "1s", "-d", "sku=7", "--idempotent"}), "");
    EXPECT_EQ(said({"--hedge", "5s", "-s"}), "");
    EXPECT_THAT(said({"--hedge", "1s", "--hedge", "2s"}), HasSubstr("--hedge is given 2 times, and may be given once"));
}

TEST(call_endpoints_live, who_is_asked_is_told_how_long_the_answer_is_waited_for) {
    testing::scripted_server server{testing::answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
    EXPECT_EQ(testing::run({"call", "--attempt-timeout", "100s", "--timeout", "1h", server.url("/")}).exit, 0);
    EXPECT_EQ(
        testing::run({"call", "-H", "X-Request-Deadline: 7", "-H", "X-Request-Criticality: sheddable", server.url("/")})
            .exit,
        0);
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_THAT(std::string{seen[0]["X-Request-Deadline"]}, ContainsRegex("^7[0-9][0-9][0-9][0-9]$")) << "0.8 of it";
    EXPECT_EQ(seen[1]["X-Request-Deadline"], "7");
    EXPECT_EQ(seen[1]["X-Request-Criticality"], "sheddable") << "what is said by -H stays";
}

TEST(call_endpoints_live, ctrl_c_tells_what_the_endpoints_did_so_far) {
    const busy_nginx busy;
    testing::scripted_server hung{testing::hangs};
    running program{to({&busy}, {"--endpoint", hung.url(""), "--repeat", "100"}, "1h")};
    ASSERT_TRUE(running::comes_true([&] { return !hung.seen().empty(); }));
    program.interrupt();
    const ran done = program.end();
    EXPECT_EQ(done.exit, 130);
    EXPECT_THAT(done.out, HasSubstr("and 1 cut off"));
    EXPECT_THAT(done.out, ContainsRegex("\n +1 +0 +- +- +never  127.0.0.1:" + std::to_string(hung.port())));
}

TEST(call_endpoints_live, the_tables_fit_a_terminal_of_60_columns) {
    const stopped_nginx stopped;
    const sound_nginx sound;
    const std::string endpoints = "--endpoint " + stopped.url("") + " --endpoint " + sound.url("") + " /item";
    for (const auto* const how : {"--repeat 30 --endpoint-consecutive 1 ", "--explain "}) {
        const ran done = testing::run_on_terminal(std::string{"call --base-delay 1ms "} + how + endpoints, "TERM=dumb");
        EXPECT_EQ(done.exit, 0);
        std::istringstream lines{done.out};
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(width_of(line.substr(0, line.find('\r'))), 60U) << line;
    }
}

TEST(call_endpoints_live, outputs_that_cannot_be_written_are_failures_here_too) {
    const sound_nginx one;
    const sound_nginx two;
    const std::string call =
        "\"$program\" call --endpoint '" + one.url("") + "' --endpoint '" + two.url("") + "' /item ";
    EXPECT_EQ(testing::run_in_shell(call + "-o /dev/full").exit, 1);
    EXPECT_EQ(testing::run_in_shell(call + "--repeat 2 >/dev/full").exit, 1);
    const ran piped = testing::run_in_shell("{ " + call + "--repeat 2; echo $? >code; } | true; cat code");
    EXPECT_THAT(piped.out, AnyOf("141\n", "0\n")) << "whether it notices is a matter of chance";
}

}  // namespace
}  // namespace cutwater::app
