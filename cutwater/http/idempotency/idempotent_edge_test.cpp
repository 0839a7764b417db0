#include "cutwater/http/idempotency/idempotent_edge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <expected>

#include <nlohmann/json.hpp>

#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

const instant received{std::chrono::hours{7}};

edge_request post(const http_fields& fields, std::string body = "5 EUR", const char* target = "/payments") {
    edge_request made{boost::beast::http::verb::post, target, 11};
    for (const http_field& field : fields) made.insert(field.name, field.value);
    made.body() = std::move(body);
    return made;
}

std::string problem_type(const http_response& of) { return nlohmann::json::parse(of.body)["type"]; }

// ---- what is read ----

TEST(idempotent_edge, reads_what_a_request_says_of_its_call) {
    const idempotent_edge edge{{.tenant = [](const edge_request& r) { return std::string{r["X-Account"]}; }}};
    const auto keyed =
        edge.read(post({{"Idempotency-Key", "\"k7\""}, {"X-Account", "acme"}, {"X-Request-Deadline", "250"}}));
    ASSERT_TRUE(keyed);
    const call_options said = keyed->options(received, {.operation = "pay", .deadline = received + 1s});
    EXPECT_EQ(said.id, "k7");
    EXPECT_EQ(said.tenant, "acme");
    EXPECT_EQ(said.fingerprint, keyed->fingerprint);
    EXPECT_EQ(said.deadline, received + 250ms);
    EXPECT_EQ(said.operation, name{"pay"});
}

TEST(idempotent_edge, T93_of_a_stranger_no_more_than_a_deadline_is_believed) {
    const edge_request came = post({{"X-Request-Deadline", "250"},
                                    {"X-Request-Criticality", "critical"},
                                    {"X-Request-Attempt", "3"},
                                    {"X-Request-Retries-Left", "9"}});
    const auto of_stranger = idempotent_edge{}.read(came);
    const call_options said = of_stranger->options(received);
    EXPECT_EQ(said.deadline, received + 250ms);
    EXPECT_EQ(said.importance, criticality::normal);
    EXPECT_EQ(said.earlier_attempts, 0U);
    EXPECT_EQ(said.retries_left, std::nullopt);
    const auto of_ours = idempotent_edge{{.callers = edge_callers::ours}}.read(came);
    EXPECT_EQ(of_ours->options(received).importance, criticality::critical);
    EXPECT_EQ(of_ours->options(received).earlier_attempts, 2U);
}

TEST(idempotent_edge, T94_a_key_that_cannot_be_read_is_answered_with_400) {
    const auto keyed = idempotent_edge{}.read(post({{"Idempotency-Key", "\"a\", \"b\""}}));
    ASSERT_FALSE(keyed);
    EXPECT_EQ(keyed.error().status, 400U);
    EXPECT_EQ(problem_type(keyed.error()), "/problems/idempotency-key-malformed");
    EXPECT_THAT(keyed.error().body, HasSubstr("no string in double quotes"));
    const edge_request twice = post({{"Idempotency-Key", "\"a\""}, {"idempotency-key", "\"a\""}});
    EXPECT_EQ(idempotent_edge{}.read(twice).error().status, 400U);
}

TEST(idempotent_edge, a_fingerprint_is_of_method_target_and_body) {
    const idempotent_edge edge;
    const auto of = [&](const edge_request& r) { return edge.read(r)->fingerprint; };
    const std::string plain = of(post({}));
    EXPECT_EQ(plain.size(), 64U);
    EXPECT_EQ(of(post({{"X-Request-Attempt", "2"}, {"Idempotency-Key", "\"k\""}})), plain) << "not of fields";
    EXPECT_NE(of(post({}, "6 EUR")), plain);
    EXPECT_NE(of(post({}, "5 EUR", "/refunds")), plain);
    edge_request put = post({});
    put.method(boost::beast::http::verb::put);
    EXPECT_NE(of(put), plain);
    EXPECT_NE(of(post({}, "ab", "/c")), of(post({}, "b", "/ca")));
    const idempotent_edge own{{.fingerprint = [](const edge_request&) { return std::string{"same"}; }}};
    EXPECT_EQ(own.read(post({}, "anything"))->fingerprint, "same");
}

TEST(idempotent_edge, a_fingerprint_is_sha_256) {
    // printf 'POST\0/payments\0%s' '5 EUR' | sha256sum
    EXPECT_EQ(idempotent_edge{}.read(post({}))->fingerprint,
              "c4084efd6dd909b0d8f4b3b27b4bee9286908132ffdea1e2e00ebd69c8022da5");
}

// ---- a guard behind it ----

class guarded_edge : public ::testing::Test {
protected:
    http_response serve(const edge_request& came, http_response gives) {
        const auto keyed = edge.read(came);
        if (!keyed) return keyed.error();
        pipeline guarded{ref(payments), timeout{5s}, classify{http_rules{}}};
        return edge.answer(
            time.run(guarded, keyed->options(time.present(), {.operation = "pay"}), [&](attempt&) -> http_response {
                ++executed;
                time.pass(takes);
                if (during) std::exchange(during, nullptr)();
                return gives;
            }));
    }
    static edge_request with_key(std::string body = "5 EUR", const std::string& key = "k7") {
        return post({{"Idempotency-Key", '"' + key + '"'}}, std::move(body));
    }
    /// Whether a second request with the key is executed.
    bool is_kept(unsigned status) {
        const edge_request came = with_key("5 EUR", "of " + std::to_string(status));
        (void)serve(came, {.status = status});
        const unsigned before = executed;
        return serve(came, {.status = 201}).status == status && executed == before;
    }

    testing::virtual_time time;
    memory_store cells{{}, time};
    idempotency_guard<http_response> payments{cells, {.name = "payments", .lease = 10s}};
    idempotent_edge edge{{.guard = "payments"}};
    unsigned executed = 0;
    duration takes{};
    std::function<void()> during;
};

TEST_F(guarded_edge, T94_a_second_request_gets_the_first_ones_answer_and_is_told_so) {
    const http_response first = serve(with_key(), {.status = 201, .fields = {{"Location", "/7"}}, .body = "receipt"});
    EXPECT_EQ(first.fields.find("Idempotency-Replayed"), std::nullopt);
    time.pass(2500ms);
    const http_response second = serve(with_key(), {.status = 201, .body = "another"});
    EXPECT_EQ(executed, 1U);
    EXPECT_EQ(second.status, 201U);
    EXPECT_EQ(second.body, "receipt");
    EXPECT_EQ(second.fields.find("Location"), "/7");
    EXPECT_EQ(second.fields.find("Idempotency-Replayed"), "true");
    EXPECT_EQ(second.fields.find("Age"), "2");
}

TEST_F(guarded_edge, T94_without_a_key_it_is_400) {
    const http_response got = serve(post({}), {.status = 201});
    EXPECT_EQ(got.status, 400U);
    EXPECT_EQ(problem_type(got), "/problems/idempotency-key-missing");
    EXPECT_EQ(executed, 0U);
}

TEST_F(guarded_edge, a_key_that_is_too_long_with_its_tenant_is_400_and_says_so) {
    const http_response got = serve(post({{"Idempotency-Key", '"' + std::string(254, 'k') + '"'}}), {.status = 201});
    EXPECT_EQ(got.status, 400U);
    EXPECT_THAT(got.body, HasSubstr("max_key is 255"));
}

TEST_F(guarded_edge, T94_with_another_payload_it_is_422) {
    (void)serve(with_key(), {.status = 201});
    const http_response got = serve(with_key("6 EUR"), {.status = 201});
    EXPECT_EQ(got.status, 422U);
    EXPECT_EQ(problem_type(got), "/problems/idempotency-key-reused");
    EXPECT_EQ(executed, 1U);
}

TEST_F(guarded_edge, T94_while_the_first_is_under_way_it_is_409_with_a_time_to_ask_again) {
    http_response meanwhile;
    during = [&] { meanwhile = serve(with_key(), {.status = 201}); };
    EXPECT_EQ(serve(with_key(), {.status = 201}).status, 201U);
    EXPECT_EQ(meanwhile.status, 409U);
    EXPECT_EQ(meanwhile.fields.find("Retry-After"), "1");
    EXPECT_EQ(problem_type(meanwhile), "/problems/idempotency-key-in-use");
    EXPECT_EQ(executed, 1U);
}

TEST_F(guarded_edge, T94_what_may_have_been_executed_is_409_and_says_not_to_try_again) {
    EXPECT_EQ(serve(with_key(), {.status = 503}).status, 503U);
    EXPECT_EQ(serve(with_key(), {.status = 201}).status, 409U) << "in use";
    time.pass(11s);
    const http_response got = serve(with_key(), {.status = 201});
    EXPECT_EQ(got.status, 409U);
    EXPECT_EQ(got.fields.find("Retry-After"), std::nullopt);
    EXPECT_EQ(problem_type(got), "/problems/outcome-in-doubt");
    EXPECT_THAT(got.body, HasSubstr("Do not send it again"));
    EXPECT_EQ(executed, 1U);
}

TEST_F(guarded_edge, keeps_what_is_an_answer) {
    for (const unsigned status : {200U, 201U, 402U, 404U, 422U, 500U}) EXPECT_TRUE(is_kept(status)) << status;
    for (const unsigned status : {408U, 425U, 429U, 502U, 503U, 504U}) EXPECT_FALSE(is_kept(status)) << status;
}

TEST_F(guarded_edge, an_exception_of_the_handlers_is_no_answer) {
    during = [] { throw std::runtime_error{"db.internal said no"}; };
    const http_response got = serve(with_key(), {.status = 201});
    EXPECT_EQ(got.status, 500U);
    EXPECT_THAT(got.body, HasSubstr("may have been executed. Ask again with the same key"));
    EXPECT_EQ(problem_type(serve(with_key(), {.status = 201})), "/problems/idempotency-key-in-use");
    time.pass(11s);
    EXPECT_EQ(problem_type(serve(with_key(), {.status = 201})), "/problems/outcome-in-doubt");
    EXPECT_EQ(executed, 1U);
}

TEST_F(guarded_edge, time_that_runs_out_is_504) {
    takes = 6s;
    during = [] { throw std::system_error{std::make_error_code(std::errc::timed_out)}; };
    const http_response got = serve(with_key(), {.status = 201});
    EXPECT_EQ(got.status, 504U);
    EXPECT_THAT(got.body, HasSubstr("may have been executed"));
}

// ---- other ends ----

TEST(idempotent_edge, a_refusal_says_whether_anything_was_executed_and_not_what_broke) {
    const idempotent_edge edge{{.problems = "https://pay.example/", .retry_after = 3s}};
    const http_response full = edge.refusal(error{errc::bulkhead_full, "payments", "pay"});
    EXPECT_EQ(full.status, 503U);
    EXPECT_EQ(full.fields.find("Retry-After"), "3");
    EXPECT_THAT(full.body, HasSubstr("was not executed"));
    error after_one{errc::circuit_open, "bank", "pay"};
    after_one.with_history({{.number = 1, .executed = effect::unknown}}).with_retry_after(20s);
    EXPECT_THAT(edge.refusal(after_one).body, HasSubstr("may have been executed"));
    EXPECT_EQ(edge.refusal(after_one).fields.find("Retry-After"), "20");
    const http_response secret = edge.refusal(error{errc::store_unavailable}.with_text("db.internal said no"));
    EXPECT_THAT(secret.body, Not(HasSubstr("db.internal")));
    EXPECT_EQ(problem_type(secret), "https://pay.example/keys-unavailable");
}

TEST(idempotent_edge, only_what_its_guard_gave_is_a_replay) {
    const idempotent_edge edge{{.guard = "payments"}};
    const http_response plain{.status = 200};
    const auto marked = [&](const origin& from) {
        return edge.answer({std::expected<http_response, error>{plain}, from})
            .fields.find("Idempotency-Replayed")
            .has_value();
    };
    EXPECT_FALSE(marked({}));
    EXPECT_FALSE(marked({.source = "cache"}));
    EXPECT_TRUE(marked({.source = "payments"}));
}

TEST(idempotent_edge, a_failure_that_was_kept_is_said_to_be_the_answer_for_good) {
    const idempotent_edge edge{{.guard = "payments"}};
    const auto failed = [] {
        return std::expected<http_response, error>{std::unexpect, error{errc::failed}.with_text("secret")};
    };
    const http_response replayed = edge.answer({failed(), {.source = "payments", .age = 3s}});
    EXPECT_EQ(replayed.status, 500U);
    EXPECT_EQ(replayed.fields.find("Idempotency-Replayed"), "true");
    EXPECT_EQ(replayed.fields.find("Age"), "3");
    EXPECT_THAT(replayed.body, HasSubstr("gives the same answer"));
    EXPECT_THAT(replayed.body, Not(HasSubstr("Ask again")));
    EXPECT_THAT(replayed.body, Not(HasSubstr("secret")));
    EXPECT_THAT(edge.answer({failed(), {}}).body, HasSubstr("Ask again with the same key"));
}

/// A database's: each of its codes is a timeout.
class slow_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "slow"; }
    [[nodiscard]] std::string message(int) const override { return "too slow"; }
    [[nodiscard]] std::error_condition default_error_condition(int) const noexcept override {
        return std::errc::timed_out;
    }
};

TEST(idempotent_edge, a_failure_that_was_kept_has_the_same_status_whatever_its_code_is_of) {
    const slow_texts slow;
    const idempotent_edge edge{{.guard = "payments"}};
    const auto statuses_of = [&](const std::error_code& code) {
        memory_store cells;
        idempotency_guard<http_response> payments{
            cells, {.name = "payments", .unknown_means = afterwards::keep, .should_keep = [](const observation&) {
                        return afterwards::keep;
                    }}};
        pipeline guarded{cutwater::ref(payments), classify{http_rules{}}};
        testing::virtual_time time;
        std::vector<unsigned> statuses;
        int executed = 0;
        for (int i = 0; i < 2; ++i)
            statuses.push_back(edge.answer(time.run(guarded, {.operation = "pay", .id = "k7"},
                                                    [&]() -> std::expected<http_response, error> {
                                                        ++executed;
                                                        return std::unexpected{error{code}};
                                                    }))
                                   .status);
        EXPECT_EQ(executed, 1) << code;
        return statuses;
    };
    EXPECT_THAT(statuses_of({7, slow}), Each(504U));
    EXPECT_THAT(statuses_of({ETIMEDOUT, connect_category()}), Each(504U));
    EXPECT_THAT(statuses_of(http_errc::connection_closed), Each(502U));
    EXPECT_THAT(statuses_of(http_errc::malformed_response), Each(500U));
}

TEST(idempotent_edge, options_out_of_their_range_are_refused) {
    EXPECT_THROW(idempotent_edge{{.max_key = 0}}, invalid_options);
    EXPECT_THROW(idempotent_edge{{.retry_after = 1ms}}, invalid_options);
    EXPECT_THROW(idempotent_edge{{.bare_keys = bare_keys{7}}}, invalid_options);
    EXPECT_THROW(idempotent_edge{{.callers = edge_callers{7}}}, invalid_options);
    EXPECT_THROW(idempotent_edge{{.name = ""}}, invalid_options);
}

}  // namespace
}  // namespace cutwater
