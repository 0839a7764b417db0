#include "apps/cutwater/call/settings.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "apps/cutwater/call/options.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto url = "http://stock.example/items/7";

std::vector<std::string> words(const std::string& line) {
    std::istringstream in{line};
    return {std::istream_iterator<std::string>{in}, {}};
}

/// What the command line says; throws what CLI11 does.
call_settings settings_of(std::vector<std::string> words) {
    call_settings settings;
    CLI::App command{"", "call"};
    add_call_options(command, settings);
    std::ranges::reverse(words);
    command.parse(words);
    return settings;
}

/// All that is wrong with a command line, a line each.
std::vector<std::string> problems_with(const std::vector<std::string>& words) {
    try {
        call_settings settings = settings_of(words);
        auto found = complete(settings);
        if (!found.empty()) return found;
        const auto request = request_of(settings);
        return request ? std::vector<std::string>{} : std::vector{request.error()};
    } catch (const CLI::ParseError& e) {
        return {e.what()};
    }
}

http_request request_with(std::vector<std::string> words) {
    words.emplace_back(url);
    call_settings settings = settings_of(words);
    EXPECT_THAT(complete(settings), IsEmpty());
    return request_of(settings).value();
}

TEST(call_settings, what_would_not_do_what_it_says_is_refused) {
    EXPECT_THAT(problems_with({"-X", "CONNECT", url}), ElementsAre(HasSubstr("--request is CONNECT")));
    EXPECT_THAT(problems_with({"-o", "", url}), ElementsAre(HasSubstr("--output is empty")));
    EXPECT_THAT(problems_with({"-o", "-", url}), IsEmpty());
}

TEST(call_settings, a_url_is_all_that_is_needed) {
    call_settings settings = settings_of({url});
    EXPECT_THAT(complete(settings), IsEmpty());
    const auto request = request_of(settings);
    ASSERT_TRUE(request) << request.error();
    EXPECT_EQ(request->method, "GET");
    EXPECT_EQ(request->url.text(), url);
    EXPECT_EQ(settings.isolating.max_concurrent, 1U);
}

TEST(call_settings, without_a_url_one_is_asked_for) {
    EXPECT_THAT(problems_with({}), ElementsAre(HasSubstr("a URL is wanted")));
}

TEST(call_settings, each_option_reaches_its_policy) {
    const call_settings s = settings_of(
        words("--timeout 2s --attempt-timeout 300ms --max-attempts 7 --base-delay 5ms --max-delay 6ms "
              "--max-retry-after 8s --jitter equal --retry-status 500-599 --breaker-failure-rate 0.25 "
              "--breaker-minimum-calls 4 --breaker-window 3s --breaker-open-for 9s --max-concurrent 11 --max-queue 12 "
              "--max-body 13kB --repeat 14 --concurrency 15 --events info --cacert ca.pem -k http://stock.example/"));
    EXPECT_EQ(s.total.after, 2s);
    EXPECT_EQ(s.attempt.after, 300ms);
    EXPECT_EQ(s.retrying.max_attempts, 7U);
    EXPECT_EQ(s.retrying.base_delay, 5ms);
    EXPECT_EQ(s.retrying.max_delay, 6ms);
    EXPECT_EQ(s.retrying.max_retry_after, 8s);
    EXPECT_EQ(s.retrying.jitter, jitter::equal);
    EXPECT_EQ(s.transient.text(), "500-599");
    EXPECT_EQ(s.breaking.failure_rate, 0.25);
    EXPECT_EQ(s.breaking.minimum_calls, 4U);
    EXPECT_EQ(s.breaking.window_time, 3s);
    EXPECT_EQ(s.breaking.open_for, 9s);
    EXPECT_EQ(s.max_concurrent, 11U);
    EXPECT_EQ(s.isolating.max_queue, 12U);
    EXPECT_EQ(s.client.max_body, 13'000U);
    EXPECT_EQ(s.repeat, 14U);
    EXPECT_EQ(s.concurrency, 15U);
    EXPECT_EQ(s.events, "info");
    EXPECT_EQ(s.client.ca_file, "ca.pem");
    EXPECT_EQ(s.client.certificates, certificate_check::off);
}

TEST(call_settings, endpoints_take_the_argument_as_a_path) {
    call_settings s = settings_of(words("--endpoint http://a:81 --endpoint http://b/v2 /items/7"));
    EXPECT_THAT(complete(s), IsEmpty());
    ASSERT_EQ(s.at.size(), 2U);
    EXPECT_EQ(s.at[1].url.text(), "http://b/v2/items/7");
    EXPECT_TRUE(s.has_choice());
    EXPECT_EQ(request_of(s)->url.text(), "http://a:81/items/7");
    call_settings one = settings_of(words("--endpoint http://a:81 /items/7"));
    EXPECT_THAT(complete(one), IsEmpty());
    EXPECT_FALSE(one.has_choice());
    EXPECT_EQ(request_of(one)->url.text(), "http://a:81/items/7");
}

TEST(call_settings, each_option_of_endpoints_reaches_its_policy) {
    const call_settings s = settings_of(
        words("--endpoint http://a --endpoint-consecutive 7 --endpoint-ejected-for 8s --endpoint-max-ejected 0.25 "
              "--endpoint-picker least_latency --hedge 9ms /"));
    EXPECT_EQ(s.choosing.consecutive_failures, 7U);
    EXPECT_EQ(s.choosing.base_ejection, 8s);
    EXPECT_EQ(s.choosing.max_ejected, 0.25);
    EXPECT_EQ(s.choosing.picker, endpoint_picker::least_latency);
    EXPECT_EQ(s.hedge, 9ms);
}

std::vector<std::string> with_endpoints(int count, std::vector<std::string> more) {
    for (int i = 1; i <= count; ++i) more.insert(more.end(), {"--endpoint", "http://a:" + std::to_string(i)});
    more.emplace_back("/");
    return more;
}

TEST(call_settings, there_is_an_attempt_for_each_endpoint_unless_said_otherwise) {
    const auto attempts = [](int endpoints, const std::vector<std::string>& more) {
        call_settings s = settings_of(with_endpoints(endpoints, more));
        EXPECT_THAT(complete(s), IsEmpty());
        return s.retrying.max_attempts;
    };
    EXPECT_EQ(attempts(2, {}), 3U);
    EXPECT_EQ(attempts(5, {}), 5U);
    EXPECT_EQ(attempts(12, {}), 12U);
    EXPECT_EQ(attempts(1000, {}), 32U);
    EXPECT_EQ(attempts(5, {"--max-attempts", "3"}), 3U);
    EXPECT_EQ(attempts(5, {"--retries", "1"}), 2U);
}

TEST(call_settings, where_there_is_an_attempt_for_each_of_many_endpoints_the_waits_leave_time_for_them) {
    const auto longest_wait = [](int endpoints, const std::vector<std::string>& more) {
        call_settings s = settings_of(with_endpoints(endpoints, more));
        EXPECT_THAT(complete(s), IsEmpty());
        EXPECT_THAT(problems_of(s.retrying), IsEmpty());
        return s.retrying.max_delay;
    };
    EXPECT_EQ(longest_wait(3, {}), 10s);
    EXPECT_EQ(longest_wait(12, {}), 1250ms) << "half of 30 s for twelve";
    EXPECT_EQ(longest_wait(12, {"--max-delay", "5s"}), 5s);
    EXPECT_EQ(longest_wait(12, {"--base-delay", "4s"}), 4s);
    EXPECT_EQ(longest_wait(12, {"--max-attempts", "4"}), 10s);
    EXPECT_EQ(longest_wait(12, {"--timeout", "1h"}), 10s);
    EXPECT_EQ(longest_wait(10, {"--timeout", "10ms", "--base-delay", "0"}), 500us);
}

TEST(call_settings, the_bulkhead_has_room_for_hedges) {
    call_settings s = settings_of({"--repeat", "9", "--concurrency", "8", "--hedge", "1ms", url});
    EXPECT_THAT(complete(s), IsEmpty());
    EXPECT_EQ(s.isolating.max_concurrent, 16U);
}

TEST(call_settings, a_hedge_that_can_do_nothing_is_noted_with_the_remedy) {
    const auto notes = [](std::vector<std::string> words) {
        words.emplace_back(url);
        call_settings s = settings_of(words);
        EXPECT_THAT(complete(s), IsEmpty());
        return notes_on(s);
    };
    EXPECT_THAT(notes({"--hedge", "1s"}), IsEmpty());
    EXPECT_THAT(notes({"-d", "sku=7"}), IsEmpty());
    EXPECT_THAT(notes({"--hedge", "1s", "-d", "sku=7", "--idempotent"}), IsEmpty());
    EXPECT_THAT(notes({"--hedge", "1s", "-d", "sku=7"}), ElementsAre(HasSubstr("say --idempotent")));
    EXPECT_THAT(notes({"--hedge", "5s"}), ElementsAre(HasSubstr("not below --attempt-timeout, 5s")));
    EXPECT_THAT(notes({"--hedge", "1s", "--retries", "0"}), ElementsAre(HasSubstr("one attempt in all")));
}

TEST(call_settings, what_is_wrong_with_endpoints_is_named_all_at_once) {
    EXPECT_THAT(problems_with({"--endpoint", "http://a", "--endpoint", "http://A:80/", "--endpoint", "http://b?x",
                               "--endpoint-ejected-for", "0", "--endpoint-max-ejected", "2", "--endpoint-consecutive",
                               "251", "--hedge", "0", url}),
                ElementsAre(HasSubstr("with --endpoint the argument is a path"), HasSubstr("twice"),
                            HasSubstr("http://b?x has a query"), HasSubstr("--endpoint-consecutive is 251"),
                            HasSubstr("--endpoint-ejected-for is 0s"), HasSubstr("--endpoint-max-ejected is 2"),
                            HasSubstr("--hedge is 0s, allowed is from 1ms to 24h")));
    EXPECT_THAT(problems_with({"--endpoint", "http://a"}), ElementsAre(HasSubstr("a path is wanted")));
    EXPECT_THAT(problems_with({"/items/7"}), ElementsAre(HasSubstr("\"/items/7\" is a path and says no server")));
    EXPECT_THAT(problems_with({"--endpoint-consecutive", "2", url}), ElementsAre(HasSubstr("requires --endpoint")));
    EXPECT_THAT(problems_with({"--endpoint-picker", "x", "--endpoint", "http://a", "/"}),
                ElementsAre(HasSubstr("--endpoint-picker: \"x\" is none of: least_in_flight")));
}

TEST(call_settings, retries_are_attempts_without_the_first) {
    EXPECT_EQ(settings_of({"--retries", "0", url}).retrying.max_attempts, 1U);
    EXPECT_EQ(settings_of({"--retries", "4", url}).retrying.max_attempts, 5U);
    EXPECT_EQ(settings_of({"--retries", "4294967295", url}).retrying.max_attempts, 4294967295U);
}

TEST(call_settings, failures_in_a_row_replace_the_rate) {
    const call_settings s = settings_of({"--breaker-consecutive", "3", url});
    EXPECT_EQ(s.breaking.window, breaker_window::consecutive);
    EXPECT_EQ(s.breaking.consecutive_failures, 3U);
}

TEST(call_settings, the_bulkhead_is_as_wide_as_the_calls_are_many_unless_said_otherwise) {
    call_settings wide = settings_of({"--repeat", "9", "--concurrency", "8", url});
    EXPECT_THAT(complete(wide), IsEmpty());
    EXPECT_EQ(wide.isolating.max_concurrent, 8U);
    call_settings narrow = settings_of({"--repeat", "9", "--concurrency", "8", "--max-concurrent", "2", url});
    EXPECT_THAT(complete(narrow), IsEmpty());
    EXPECT_EQ(narrow.isolating.max_concurrent, 2U);
}

TEST(call_settings, a_500_is_tried_again_where_it_is_asked_for) {
    call_settings s = settings_of({"--retry-500", url});
    EXPECT_THAT(complete(s), IsEmpty());
    EXPECT_TRUE(s.transient.contains(500));
    EXPECT_FALSE(call_settings{}.transient.contains(500));
}

TEST(call_settings, limits_follow_from_each_other_where_only_one_is_given) {
    EXPECT_THAT(problems_with({"--max-delay", "100us", "--base-delay", "50us", url}), IsEmpty());
    EXPECT_THAT(problems_with({"--max-delay", "50ms", url}), IsEmpty());
    EXPECT_THAT(problems_with({"--breaker-open-for", "2h", url}), IsEmpty());
    EXPECT_THAT(problems_with({"--breaker-window", "5ms", url}), IsEmpty());
}

TEST(call_settings, a_problem_is_only_told_of_what_there_is_a_flag_for) {
    EXPECT_THAT(problems_with({"--breaker-window", "0", url}), ElementsAre(HasSubstr("--breaker-window is 0s")));
    EXPECT_THAT(problems_with({"--max-delay", "0", url}),
                Each(AnyOf(HasSubstr("--max-delay is"), HasSubstr("--base-delay is"))));
}

struct misuse {
    std::vector<std::string> words;
    std::string said;
};

void expect_named(const std::vector<misuse>& cases) {
    for (misuse c : cases) {
        c.words.emplace_back(url);
        EXPECT_THAT(problems_with(c.words), Contains(HasSubstr(c.said))) << ::testing::PrintToString(c.words);
    }
}

TEST(call_settings, what_is_wrong_is_named_with_its_flag_its_value_and_what_is_allowed) {
    expect_named({
        {{"--timeout", "0"}, "--timeout is 0s, allowed is more than 0s"},
        {{"--timeout", "-1s"}, "--timeout is -1s, allowed is"},
        {{"--timeout", "-1"}, "--timeout: \"-1\" is no duration"},
        {{"--timeout", "nan"}, "--timeout: \"nan\" is no duration"},
        {{"--timeout", "5x"}, "--timeout: \"5x\" is no duration"},
        {{"--timeout", "5"}, "--timeout: 5 has no unit"},
        {{"--attempt-timeout", "0s"}, "--attempt-timeout is 0s"},
        {{"--max-attempts", "0"}, "--max-attempts is 0, allowed is at least 1"},
        {{"--max-attempts", "-1"}, "--max-attempts: \"-1\" is no whole number"},
        {{"--max-attempts", "4294967296"}, "--max-attempts: 4294967296 is too large"},
        {{"--base-delay", "25h"}, "--base-delay is 25h"},
        {{"--max-delay", "0"}, "--max-delay is 0s"},
        {{"--max-retry-after", "25h"}, "--max-retry-after is 25h"},
        {{"--jitter", "wild"}, "--jitter: \"wild\" is none of: full"},
        {{"--retry-status", "99"}, "--retry-status: \"99\" is none of: codes from 100 to 599"},
    });
}

TEST(call_settings, so_is_what_is_wrong_with_the_circuit_and_the_rest) {
    expect_named({
        {{"--breaker-failure-rate", "nan"}, "--breaker-failure-rate is nan, allowed is more than 0 and at most 1"},
        {{"--breaker-failure-rate", "50%"}, "--breaker-failure-rate: \"50%\" is no number"},
        {{"--breaker-minimum-calls", "0"}, "--breaker-minimum-calls is 0"},
        {{"--breaker-window", "0"}, "--breaker-window is 0s"},
        {{"--breaker-consecutive", "0"}, "--breaker-consecutive is 0"},
        {{"--breaker-open-for", "0"}, "--breaker-open-for is 0s"},
        {{"--max-concurrent", "0"}, "--max-concurrent is 0"},
        {{"--max-queue", "1000001"}, "--max-queue is 1000001"},
        {{"--max-body", "1x"}, "--max-body: \"1x\" is no size"},
        {{"--events", "loud"}, "--events: \"loud\" is none of: debug"},
        {{"--repeat", "0"}, "--repeat is 0, allowed is from 1 to 10000000"},
        {{"--repeat", "1", "--concurrency", "0"}, "--concurrency is 0, allowed is from 1 to 10000"},
        {{"--concurrency", "2"}, "--concurrency requires --repeat"},
        {{"--repeat", "2", "--explain"}, "excludes"},
        {{"--retries", "1", "--max-attempts", "1"}, "excludes"},
        {{"--breaker-consecutive", "2", "--breaker-failure-rate", "0.3"}, "excludes"},
        {{"--wat"}, "--wat"},
    });
}

TEST(call_settings, what_cannot_be_sent_is_named) {
    expect_named({
        {{"-H", "no colon"}, "\"no colon\" is no field"},
        {{"-H", ": x"}, "\": x\" is no field"},
        {{"-H", "A b: x"}, "\"A b\""},
        {{"-H", "A: x\ny"}, "A holds a line end"},
        {{"-H", "Content-Length: 5"}, "Content-Length is set by the client itself"},
        {{"-X", "G ET"}, "\"G ET\" is no method"},
        {{"-d", "@/no/such/file"}, "--data: cannot read /no/such/file: No such file"},
        {{"-d", "@/"}, "--data: cannot read /: Is a directory"},
    });
}

TEST(call_settings, all_that_is_out_of_range_is_said_at_once) {
    EXPECT_THAT(problems_with({"--timeout", "0", "--max-attempts", "0", "--breaker-failure-rate", "2"}),
                ElementsAre(HasSubstr("a URL"), HasSubstr("--timeout"), HasSubstr("--max-attempts"),
                            HasSubstr("--breaker-failure-rate")));
}

TEST(call_settings, a_wrong_url_is_explained) {
    EXPECT_THAT(problems_with({"stock.example"}), ElementsAre(HasSubstr("did you mean \"http://stock.example\"")));
    EXPECT_THAT(problems_with({"ftp://stock.example/"}), ElementsAre(HasSubstr("neither http:// nor https://")));
}

TEST(call_settings, a_body_makes_it_a_post_of_a_form_unless_said_otherwise) {
    const http_request post = request_with({"-d", "a=b"});
    EXPECT_EQ(post.method, "POST");
    EXPECT_EQ(post.body, "a=b");
    EXPECT_EQ(post.fields.find("content-type"), "application/x-www-form-urlencoded");
    const http_request put = request_with({"-X", "PUT", "-d", "{}", "-H", "content-type: application/json"});
    EXPECT_EQ(put.method, "PUT");
    EXPECT_EQ(put.fields.find("Content-Type"), "application/json");
    EXPECT_EQ(request_with({"-d", ""}).method, "POST");
}

TEST(call_settings, fields_are_sent_in_their_order_without_the_blanks_round_their_values) {
    const http_request get = request_with({"-H", "A:  b \t", "-H", "Empty:", "-H", "A: x:y"});
    EXPECT_THAT((std::vector<http_field>{get.fields.begin(), get.fields.end()}),
                ElementsAre(http_field{"A", "b"}, http_field{"Empty", ""}, http_field{"A", "x:y"}));
}

}  // namespace
}  // namespace cutwater::app
