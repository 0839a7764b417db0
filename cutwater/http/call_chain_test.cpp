// Services that call each other: what one says of a call is what the next goes on with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// Whether a service goes on with what it was told.
enum class heeds : std::uint8_t { what_it_is_told, nothing };

/// Four services, each of which retries what the next one does not give. The last gives what `answer` says.
class call_chain : public ::testing::Test {
protected:
    using guarded = pipeline<timeout, retry>;
    using given = std::expected<int, std::error_code>;

    given serve(std::size_t service, const http_fields& request) {
        const instant received = time.present();
        seen.resize(services + 1);
        call_metadata& got = seen[service].emplace_back(extract(request));
        time.pass(each);
        if (service == services) return answer();
        if (does == heeds::nothing) return ask(service, {});
        const call_metadata kept = got;  // what is inherited points into it
        const call_scope here{kept.options(received)};
        return ask(service, inherited());
    }
    given ask(std::size_t service, const call_options& said) {
        auto went = time.run(pipelines.at(service), said, [&](attempt& a) {
            http_fields fields;
            inject(fields, a, metadata_options{.key = key_on_wire::call_id});
            return serve(service + 1, fields);
        });
        if (!went) return std::unexpected{went.error().code()};
        return *went;
    }
    given fails() { return std::unexpected{std::make_error_code(std::errc::connection_reset)}; }
    [[nodiscard]] std::size_t times_called(std::size_t service) const { return seen.at(service).size(); }

    static constexpr std::size_t services = 4;
    testing::virtual_time time;
    std::deque<guarded> pipelines{
        services, guarded{timeout{{.name = "total", .after = 10s}}, retry{{.max_attempts = 3, .base_delay = 1ms}}}};
    std::vector<std::vector<call_metadata>> seen;
    heeds does = heeds::what_it_is_told;
    duration each = 10ms;
    std::function<given()> answer = [this] { return fails(); };
};

TEST_F(call_chain, T70_what_each_retries_by_itself_is_retried_by_the_first_alone) {
    EXPECT_FALSE(serve(0, {}));
    EXPECT_EQ(times_called(services), 3U);
    std::vector<unsigned> attempts;
    for (const call_metadata& got : seen[services]) attempts.push_back(got.attempt);
    EXPECT_THAT(attempts, ElementsAre(1, 2, 3)) << "the last knows how often it was tried";
    for (const call_metadata& got : seen[services]) EXPECT_EQ(got.retries_left, 0U);
}

TEST_F(call_chain, T70_without_a_scope_they_multiply) {
    does = heeds::nothing;
    each = 0ms;
    EXPECT_FALSE(serve(0, {}));
    EXPECT_EQ(times_called(services), 81U);
}

TEST_F(call_chain, T70_a_caller_that_leaves_retries_to_those_below_is_heeded_to_the_end) {
    pipelines[0] = guarded{timeout{{.name = "total", .after = 10s}},
                           retry{{.max_attempts = 4, .base_delay = 1ms, .retries_below = 2}}};
    EXPECT_FALSE(serve(0, {}));
    EXPECT_LE(times_called(services), 4U) << "no more than the first would have made alone";
    EXPECT_EQ(seen[1].front().retries_left, 2U);
}

TEST_F(call_chain, T93_a_deadline_shrinks_at_every_hop) {
    answer = [] { return 7; };
    EXPECT_EQ(serve(0, {{"X-Request-Deadline", "1000"}}).value(), 7);
    std::vector<std::optional<duration>> left;
    for (const auto& of_service : seen) left.push_back(of_service.front().time_left);
    EXPECT_THAT(left, ElementsAre(1000ms, 792ms, 625ms, 492ms, 385ms)) << "0.8 of what 10 ms less leave";
}

TEST_F(call_chain, T93_who_has_no_time_left_is_not_asked) {
    each = 300ms;
    EXPECT_FALSE(serve(0, {{"X-Request-Deadline", "1000"}}));
    EXPECT_EQ(seen[services].size(), 0U);
}

TEST_F(call_chain, how_much_it_matters_and_its_key_go_all_the_way) {
    EXPECT_FALSE(serve(0, {{"X-Request-Criticality", "sheddable"}, {"Idempotency-Key", "\"k7\""}}));
    for (const auto& of_service : seen)
        for (const call_metadata& got : of_service) {
            EXPECT_EQ(got.importance, criticality::sheddable);
            EXPECT_EQ(got.key, "k7");
        }
    EXPECT_EQ(times_called(services), 3U);
}

TEST_F(call_chain, what_is_malformed_is_counted_and_goes_no_further) {
    EXPECT_FALSE(serve(0, {{"X-Request-Deadline", "soon"},
                           {"X-Request-Attempt", "0"},
                           {"X-Request-Retries-Left", "many"},
                           {"X-Request-Criticality", "Critical"},
                           {"Idempotency-Key", "k7"}}));
    EXPECT_EQ(seen[0].front().malformed, 5U);
    EXPECT_EQ(times_called(services), 3U);
    for (const call_metadata& got : seen[services]) {
        EXPECT_EQ(got.malformed, 0U);
        EXPECT_EQ(got.key, "");
        EXPECT_EQ(got.importance, std::nullopt);
    }
}

}  // namespace
}  // namespace cutwater
