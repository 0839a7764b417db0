// Spans on their way to a collector on loopback, in all its moods.

#include "cutwater/observe/otlp/otlp_exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <map>
#include <memory>
#include <thread>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/scripted_server_live_test.hpp"
#include "cutwater/observe/otlp/otlp_schema_test.hpp"
#include "cutwater/observe/trace/traced.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // the servers of these tests

std::string http_answer(const std::string& status, const std::string& body, const std::string& more = {}) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string taken = http_answer("200 OK", "{}");

otlp_options to(const scripted_server& collector) {
    return {
        .url = collector.url("/v1/traces"), .service = "shop", .every = 1ms, .retry_delay = 1ms, .shutdown_limit = 30s};
}
trace_span some_span(std::uint64_t number = 1) {
    trace_span made;
    made.context = {.trace = {7, 7}, .span = {number}, .flags = trace_context::sampled};
    made.name = "some";
    return made;
}
/// Waits as long as it takes: what is wrong hangs, and the suite ends it.
void export_all(otlp_exporter& from) { ASSERT_TRUE(from.flush(1min)); }

std::vector<json> spans_in(const scripted_server& collector) {
    std::vector<json> all;
    for (const seen_request& each : collector.seen()) {
        const otlp_schema read{each.body()};
        EXPECT_THAT(read.problems, IsEmpty());
        all.insert(all.end(), read.spans.begin(), read.spans.end());
    }
    return all;
}
json named(const std::vector<json>& all, const std::string& called) {
    for (const json& each : all)
        if (each.at("name") == called) return each;
    return nullptr;
}

TEST(otlp_live, calls_arrive_as_the_specification_maps_them) {
    scripted_server collector{answers(taken)};
    otlp_options options = to(collector);
    options.resource = {{"deployment.environment.name", "test"}};
    options.headers = {{"authorization", "Bearer 7"}};
    otlp_exporter exporter{options};
    tracer all{exporter};
    pipeline guarded{traced{all}, retry{{.base_delay = 1ms}}, traced_attempt{all}, timeout{1min}};
    const auto from = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    unsigned asked = 0;
    (void)guarded.run({.operation = "get", .target = "10.0.0.1:80", .trace = &from},
                      [&]() -> std::expected<int, std::errc> {
                          if (++asked == 1) return std::unexpected{std::errc::connection_reset};
                          return 7;
                      });
    export_all(exporter);

    const std::vector<json> spans = spans_in(collector);
    ASSERT_THAT(spans, SizeIs(3));
    const json call = named(spans, "get");
    const json failed = named(spans, "get attempt");
    EXPECT_EQ(call.at("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(call.at("parentSpanId"), "00f067aa0ba902b7");
    EXPECT_EQ(call.at("kind"), 1);
    EXPECT_EQ(attribute_of(call, "cutwater.call.attempts"), (json{{"intValue", "2"}}));
    EXPECT_EQ(call.at("events").at(0).at("name"), "cutwater.retry_scheduled");
    EXPECT_EQ(failed.at("parentSpanId"), call.at("spanId"));
    EXPECT_EQ(failed.at("kind"), 3);
    EXPECT_EQ(failed.at("status").at("code"), 2);
    EXPECT_EQ(attribute_of(failed, "server.port"), (json{{"intValue", "80"}}));
    EXPECT_LE(call.at("startTimeUnixNano").get<std::string>(), call.at("endTimeUnixNano").get<std::string>());

    const seen_request request = collector.seen().at(0);
    EXPECT_EQ(request.method_string(), "POST");
    EXPECT_EQ(request.target(), "/v1/traces");
    EXPECT_EQ(request["content-type"], "application/json");
    EXPECT_EQ(request["authorization"], "Bearer 7");
    const json of_process = json::parse(request.body()).at("resourceSpans").at(0).at("resource");
    EXPECT_EQ(attribute_of(of_process, "service.name"), (json{{"stringValue", "shop"}}));
    EXPECT_EQ(attribute_of(of_process, "deployment.environment.name"), (json{{"stringValue", "test"}}));
    EXPECT_EQ(exporter.counts().exported, 3U);
    EXPECT_EQ(exporter.last_problem(), "");
}

TEST(otlp_live, spans_go_out_in_batches) {
    scripted_server collector{answers(taken)};
    otlp_options options = to(collector);
    options.every = 1h;
    options.max_batch = 10;
    otlp_exporter exporter{options};
    for (std::uint64_t i = 1; i <= 25; ++i) exporter.take(some_span(i));
    export_all(exporter);
    EXPECT_THAT(spans_in(collector), SizeIs(25));
    for (const seen_request& each : collector.seen()) EXPECT_LE(otlp_schema{each.body()}.spans.size(), 10U);
    EXPECT_EQ(exporter.counts().requests, 3U);
}

TEST(otlp_live, a_batch_that_is_too_large_goes_in_parts_and_a_span_that_is_fails) {
    scripted_server collector{answers(taken)};
    otlp_options options = to(collector);
    options.every = 1h;
    options.max_request = 1'500;
    otlp_exporter exporter{options};
    for (std::uint64_t i = 1; i <= 20; ++i) exporter.take(some_span(i));
    trace_span large = some_span(21);
    large.status = span_status::error;
    large.status_message = std::string(2'000, 'x');
    exporter.take(std::move(large));
    export_all(exporter);
    EXPECT_THAT(spans_in(collector), SizeIs(20));
    for (const seen_request& each : collector.seen()) EXPECT_LE(each.body().size(), 1'500U);
    EXPECT_EQ(exporter.counts().failed, 1U);
    EXPECT_THAT(exporter.last_problem(), HasSubstr("max_request"));
}

class otlp_retries : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(statuses, otlp_retries,
                         ::testing::Values("429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable",
                                           "504 Gateway Timeout"),
                         [](const auto& status) { return "HTTP_" + std::string{status.param}.substr(0, 3); });

TEST_P(otlp_retries, what_may_pass_is_sent_again_as_it_was) {
    scripted_server collector{answers(http_answer(GetParam(), "{}", "Retry-After: 0\r\n")), answers(taken)};
    event_recorder heard;
    otlp_options options = to(collector);
    options.told = &heard;
    otlp_exporter exporter{options};
    exporter.take(some_span());
    export_all(exporter);
    const auto seen = collector.seen();
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0].body(), seen[1].body());
    EXPECT_EQ(exporter.counts().exported, 1U);
    EXPECT_THAT(heard.names(), Contains("retry_scheduled"));
}

TEST(otlp_live, a_collector_that_hangs_up_is_asked_again) {
    scripted_server collector{hangs_up, answers(taken)};
    otlp_exporter exporter{to(collector)};
    exporter.take(some_span());
    export_all(exporter);
    EXPECT_EQ(exporter.counts().exported, 1U);
}

class otlp_refusals : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(statuses, otlp_refusals,
                         ::testing::Values("400 Bad Request", "401 Unauthorized", "404 Not Found",
                                           "413 Content Too Large", "500 Internal Server Error", "408 Request Timeout",
                                           "301 Moved"),
                         [](const auto& status) { return "HTTP_" + std::string{status.param}.substr(0, 3); });

TEST_P(otlp_refusals, any_other_status_is_not_asked_again_and_counted) {
    scripted_server collector{answers(http_answer(GetParam(), R"({"message":"no"})")), answers(taken)};
    otlp_exporter exporter{to(collector)};
    exporter.take(some_span());
    export_all(exporter);
    EXPECT_THAT(collector.seen(), SizeIs(1));
    EXPECT_EQ(exporter.counts().rejected, 1U);
    EXPECT_THAT(exporter.last_problem(), HasSubstr(std::string{GetParam()}.substr(0, 3)));
    exporter.take(some_span(2));
    export_all(exporter);
    EXPECT_EQ(exporter.counts().exported, 1U) << "and the next one is tried";
}

TEST(otlp_live, partial_success_is_counted_and_not_sent_again) {
    scripted_server collector{
        answers(http_answer("200 OK", R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})"))};
    otlp_options options = to(collector);
    options.every = 1h;
    otlp_exporter exporter{options};
    for (std::uint64_t i = 1; i <= 5; ++i) exporter.take(some_span(i));
    export_all(exporter);
    EXPECT_THAT(collector.seen(), SizeIs(1));
    EXPECT_EQ(exporter.counts().exported, 3U);
    EXPECT_EQ(exporter.counts().rejected, 2U);
    EXPECT_EQ(exporter.last_problem(), "too old");
}

TEST(otlp_live, a_dead_collector_costs_memory_that_is_bounded_and_every_span_is_counted) {
    otlp_exporter exporter{{.url = "http://127.0.0.1:1/v1/traces",
                            .max_queue = 100,
                            .max_batch = 10,
                            .every = 1ms,
                            .max_attempts = 2,
                            .retry_delay = 1ms,
                            .shutdown_limit = 0s}};
    for (std::uint64_t i = 1; i <= 10'000; ++i) exporter.take(some_span(i));
    while (exporter.counts().requests == 0) std::this_thread::yield();
    EXPECT_LE(exporter.counts().pending(), 110U);
    EXPECT_GT(exporter.counts().dropped, 0U);
    exporter.shutdown(0s);
    const otlp_counts all = exporter.counts();
    EXPECT_EQ(all.taken, 10'000U);
    EXPECT_EQ(all.exported, 0U);
    EXPECT_EQ(all.failed + all.dropped, 10'000U);
    EXPECT_NE(exporter.last_problem(), "");
}

TEST(otlp_live, a_collector_that_hangs_is_given_up_after_the_limit_of_a_request) {
    scripted_server collector{hangs, answers(taken)};
    otlp_options options = to(collector);
    options.request_limit = 50ms;
    otlp_exporter exporter{options};
    exporter.take(some_span());
    export_all(exporter);
    EXPECT_EQ(exporter.counts().exported, 1U);
    EXPECT_THAT(collector.seen(), SizeIs(2));
}

TEST(otlp_live, whoever_goes_interrupts_a_collector_that_hangs) {
    scripted_server collector{tarpits};
    otlp_options options = to(collector);
    options.request_limit = 1h;
    options.batch_limit = 1h;
    otlp_exporter exporter{options};
    exporter.take(some_span());
    while (collector.connections() == 0) std::this_thread::yield();
    exporter.take(some_span(2));
    exporter.shutdown(0s);
    EXPECT_EQ(exporter.counts().failed, 2U);
    EXPECT_EQ(exporter.counts().pending(), 0U);
    exporter.take(some_span(3));
    EXPECT_EQ(exporter.counts().dropped, 1U) << "it is over";
    EXPECT_TRUE(exporter.flush(0s)) << "nothing is left";
}

TEST(otlp_live, what_is_left_is_sent_before_it_goes) {
    scripted_server collector{answers(taken)};
    {
        otlp_options options = to(collector);
        options.every = 1h;
        otlp_exporter exporter{options};
        for (std::uint64_t i = 1; i <= 3; ++i) exporter.take(some_span(i));
    }
    EXPECT_THAT(spans_in(collector), SizeIs(3));
}

TEST(otlp_live, a_child_of_fork_lets_its_parents_go_and_sends_nothing) {
    scripted_server collector{answers(taken)};
    otlp_options options = to(collector);
    options.every = 1h;
    auto exporter = std::make_unique<otlp_exporter>(options);
    exporter->take(some_span());
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        exporter->shutdown(1h);
        exporter.reset();
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(collector.seen().empty());
    exporter.reset();
    EXPECT_THAT(spans_in(collector), SizeIs(1));
}

struct gauge_recorder final : gauge_visitor {
    void operator()(const metric& of, double value, std::string_view detail) override {
        all[std::string{of.name} + " " + std::string{detail}] = value;
    }
    std::map<std::string, double> all;
};

TEST(otlp_live, says_what_became_of_spans_for_metrics) {
    scripted_server collector{answers(taken)};
    otlp_exporter exporter{to(collector)};
    exporter.take(some_span());
    export_all(exporter);
    gauge_recorder seen;
    exporter.gauges(instant{}, seen);
    EXPECT_EQ(seen.all.at("cutwater_exported_spans_total exported"), 1);
    EXPECT_EQ(seen.all.at("cutwater_exported_spans_total dropped"), 0);
    EXPECT_EQ(seen.all.at("cutwater_export_queue_length "), 0);
}

TEST(otlp_options_live, what_is_wrong_with_them_comes_all_at_once) {
    EXPECT_THROW((otlp_exporter{{.url = "collector"}}), invalid_options);
    EXPECT_EQ(problems_of(otlp_options{.url = "collector", .max_queue = 1, .every = 0s}).size(), 3U);
    EXPECT_TRUE(problems_of(otlp_options{}).empty());
}

TEST(otlp_options_live, a_header_that_cannot_be_sent_is_refused_and_its_value_not_repeated) {
    const auto with = [](std::string name, std::string value) {
        otlp_options o;
        o.headers.add(std::move(name), std::move(value));
        return problems_of(o);
    };
    EXPECT_TRUE(with("authorization", "Bearer abc").empty());
    ASSERT_EQ(with("authorization", "Bearer abc\n").size(), 1U);
    EXPECT_EQ(with("authorization", "Bearer abc\n")[0].option, "headers");
    EXPECT_EQ(with("authorization", "Bearer abc\n")[0].value, "\"authorization\"");
    EXPECT_EQ(with("x key", "1").size(), 1U);
}

}  // namespace
}  // namespace cutwater
