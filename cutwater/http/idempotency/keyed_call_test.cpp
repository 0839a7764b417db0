#include "cutwater/http/idempotency/keyed_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cutwater/asio.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/method.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::MatchesRegex;
using ::testing::Ne;
using ::testing::SizeIs;

TEST(keyed_call, has_a_uuid_that_its_seed_gives_again) {
    random_source one{7};
    random_source same{7};
    const std::string key = make_idempotency_key(one);
    EXPECT_THAT(key, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_EQ(keyed_call{same}.key(), key);
    std::set<std::string> keys{key};
    for (int i = 0; i < 10'000; ++i) keys.insert(keyed_call{one}.key());
    EXPECT_EQ(keys.size(), 10'001U);
}

TEST(keyed_call, may_have_a_key_of_the_users_own) {
    const keyed_call order{"order \"7\""};
    const call_options said = order.options({.operation = "pay", .idempotent = idempotency::not_idempotent});
    EXPECT_EQ(said.id, "order \"7\"");
    EXPECT_EQ(said.idempotent, idempotency::idempotent);
    EXPECT_EQ(said.operation, name{"pay"});
}

TEST(keyed_call, is_not_made_with_a_key_that_cannot_be_sent) {
    for (const std::string key : {"", "a\nb", "caf\xc3\xa9"}) {
        try {
            const keyed_call made{key};
            ADD_FAILURE() << key;
        } catch (const call_error& e) {
            EXPECT_EQ(e.code(), http_errc::invalid_request);
        }
    }
}

/// A POST that the server executes, and whose first answers are lost on the way. What each attempt sent.
class lossy_post {
public:
    explicit lossy_post(unsigned lost) : lost_{lost} {}

    std::expected<http_response, std::error_code> operator()(attempt& a) {
        http_fields fields;
        inject(fields, a, metadata_options{.key = key_on_wire::call_id});
        sent.push_back(extract(fields).key);
        if (sent.size() <= lost_) return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        return http_response{.status = 201};
    }

    std::vector<std::string> sent;

private:
    unsigned lost_;
};

template <class Pipeline>
result<http_response> post(Pipeline& guarded, const call_options& said, lossy_post& server) {
    testing::virtual_time time;
    return time.run(guarded, said, [&](attempt& a) { return server(a); });
}

TEST(keyed_call, T58_a_post_without_a_key_is_not_repeated_where_it_may_have_been_executed) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    lossy_post server{2};
    const auto got = post(guarded, {.idempotent = idempotency_of("POST")}, server);
    EXPECT_EQ(got.error().code(), std::errc::connection_reset);
    EXPECT_EQ(server.sent.size(), 1U);
}

TEST(keyed_call, T58_a_post_with_a_key_is_repeated_and_each_attempt_has_the_same_key) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    lossy_post server{2};
    const keyed_call payment{"order-7"};
    const auto got = post(guarded, payment.options({.idempotent = idempotency_of("POST")}), server);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 201U);
    EXPECT_EQ(server.sent.size(), 3U);
    EXPECT_THAT(server.sent, Each("order-7"));
}

TEST(keyed_call, T58_a_hedge_has_the_same_key_and_without_one_there_is_no_hedge) {
    const auto keys_of = [](const call_options& said) {
        testing::virtual_time time;
        testing::virtual_asio loop{time};
        pipeline guarded{hedge{{.delay = 100ms}}};
        std::vector<std::string> keys;
        const auto got = loop.run(guarded, said, [&](attempt& a) -> boost::asio::awaitable<http_response> {
            http_fields fields;
            inject(fields, a, metadata_options{.key = key_on_wire::call_id});
            keys.push_back(extract(fields).key);
            co_await loop.sleep(keys.size() == 1 ? 10s : 1ms);
            co_return http_response{.status = 201};
        });
        EXPECT_TRUE(got);
        return keys;
    };
    const keyed_call payment{"order-7"};
    EXPECT_THAT(keys_of(payment.options({.idempotent = idempotency_of("POST")})), ElementsAre("order-7", "order-7"));
    EXPECT_EQ(keys_of({.idempotent = idempotency_of("POST")}).size(), 1U);
}

TEST(keyed_call, T59_a_repetition_that_is_left_out_for_want_of_a_key_is_told) {
    testing::event_recorder heard;
    pipeline guarded{observe{heard}, retry{{.base_delay = 1ms}}};
    lossy_post lost{1};
    (void)post(guarded, {.idempotent = idempotency_of("POST")}, lost);
    EXPECT_EQ(heard.last("retry_not_tried").field("reason"), "not_idempotent");
    heard.clear();
    lossy_post again{1};
    const keyed_call payment{"order-7"};
    (void)post(guarded, payment.options(), again);
    EXPECT_EQ(heard.count("retry_not_tried"), 0U);
    EXPECT_EQ(heard.count("retry_rescued"), 1U);
}

TEST(keyed_call, sends_its_key_in_each_attempt) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    const keyed_call payment{"order-7"};
    std::vector<call_metadata> sent;
    testing::virtual_time time;
    const auto got = time.run(guarded, payment.options({.deadline = time.in(10s), .importance = criticality::critical}),
                              [&](attempt& a) -> std::expected<http_response, std::error_code> {
                                  http_fields fields;
                                  payment.inject(fields, a);
                                  sent.push_back(extract(fields));
                                  return std::unexpected{std::make_error_code(std::errc::connection_reset)};
                              });
    EXPECT_FALSE(got);
    EXPECT_THAT(sent, SizeIs(3));
    EXPECT_THAT(sent, Each(Field(&call_metadata::key, "order-7")));
    EXPECT_THAT(sent, Each(Field(&call_metadata::importance, criticality::critical)));
    EXPECT_THAT(sent, Each(Field(&call_metadata::time_left, Ne(std::nullopt))));
}

TEST(keyed_call, sends_its_key_in_the_place_of_any_that_stands_in_the_fields) {
    pipeline guarded{timeout{5s}};
    http_fields fields;
    testing::virtual_time time;
    for (const auto* const there : {"", "\"of-a-caller\"", "neither, nor"}) {
        fields.set("idempotency-key", there);
        fields.add("Idempotency-Key", "another");
        for (const auto* const key : {"order-7", "order-8"}) {
            const keyed_call payment{key};
            (void)time.run(guarded, payment.options(), [&](attempt& a) { payment.inject(fields, a); });
            EXPECT_EQ(extract(fields).key, key) << there;
            EXPECT_EQ(
                std::ranges::count_if(fields, [](const auto& f) { return same_field(f.name, "idempotency-key"); }), 1);
        }
    }
}

TEST(keyed_call, sends_its_key_whatever_the_call_is_known_by) {
    pipeline guarded{timeout{5s}};
    const keyed_call payment{"order-7"};
    http_fields fields;
    testing::virtual_time time;
    (void)time.run(guarded, {.id = "request-1"}, [&](attempt& a) {
        payment.inject(fields, a, {.deadline = deadline_fields::grpc_timeout, .key = key_on_wire::none});
    });
    EXPECT_EQ(extract(fields).key, "order-7");
    EXPECT_TRUE(fields.find("grpc-timeout"));
}

TEST(keyed_rules, a_key_in_use_is_worth_another_try_and_a_key_in_doubt_is_an_answer) {
    const keyed_rules rules;
    const judgement in_use = rules.judge({.status = 409, .fields = {{"retry-after", "1"}}});
    EXPECT_EQ(in_use.meaning, verdict::transient);
    EXPECT_EQ(in_use.retry_after, 1s);
    EXPECT_EQ(in_use.executed, effect::unknown);
    EXPECT_EQ(rules.judge({.status = 409}).meaning, verdict::success);
    EXPECT_EQ(http_rules{}.judge({.status = 409, .fields = {{"retry-after", "1"}}}).meaning, verdict::success);
}

TEST(keyed_rules, are_otherwise_those_of_every_answer) {
    for (unsigned status = 100; status < 600; ++status)
        if (status != 409) {
            EXPECT_EQ(keyed_rules{}.judge({.status = status}), http_rules{}.judge({.status = status})) << status;
        }
    const keyed_rules with_own{{.transient = status_set{}.add(500)}};
    EXPECT_EQ(with_own.judge({.status = 500}).meaning, verdict::transient);
}

}  // namespace
}  // namespace cutwater
