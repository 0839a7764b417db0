#include "cutwater/core/errc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The conditions that an error code meets, by name.
std::vector<std::string> conditions_of(const std::error_code& code) {
    std::vector<std::string> met;
    if (code == condition::refused) met.emplace_back("refused");
    if (code == condition::timeout) met.emplace_back("timeout");
    if (code == condition::network) met.emplace_back("network");
    if (code == condition::never_sent) met.emplace_back("never_sent");
    return met;
}

TEST(errc, numbers_and_words_are_fixed_for_ever) {
    const std::vector<std::tuple<errc, int, std::string>> table{
        {errc::failed, 1, "the call failed"},
        {errc::timed_out, 2, "the time limit was reached"},
        {errc::deadline_exceeded, 3, "the caller's deadline has passed"},
        {errc::cancelled, 4, "the caller cancelled the call"},
        {errc::callback_failed, 5, "a callback of the pipeline's failed"},
        {errc::withdrawn, 6, "the caller cancelled before it had begun"},
        {errc::refused, 10, "the call was refused"},
        {errc::circuit_open, 11, "the circuit is open"},
        {errc::bulkhead_full, 12, "the bulkhead is full"},
        {errc::wait_timed_out, 13, "no permit or place became free in time"},
        {errc::rate_limited, 14, "the rate limit is reached"},
        {errc::concurrency_limited, 15, "the concurrency limit is reached"},
        {errc::load_shed, 16, "shed, so that what matters more is served"},
        {errc::throttled, 17, "not sent, because the dependency has been refusing"},
        {errc::queue_full, 18, "the queue is full"},
        {errc::displaced, 19, "another call took its place in the queue"},
        {errc::queue_overloaded, 20, "waited too long in a queue that does not drain"},
        {errc::too_many_keys, 21, "there is no room to remember another key"},
        {errc::queue_closed, 22, "the queue takes no more"},
        {errc::expired, 23, "the deadline passed before it had begun"},
        {errc::no_endpoint, 24, "there is no endpoint, or none is well enough"},
        {errc::key_missing, 25, "the idempotency key is missing"},
        {errc::key_reused, 26, "the idempotency key is that of another request"},
        {errc::store_unavailable, 27, "what is shared cannot be asked"},
        {errc::key_in_use, 40, "a call with this idempotency key is under way"},
        {errc::in_doubt, 41, "how the earlier call with this idempotency key ended is not known"},
    };
    for (const auto& [code, number, words] : table) {
        const std::error_code made = code;
        EXPECT_EQ(made.value(), number);
        EXPECT_EQ(made.message(), words);
        EXPECT_EQ(&made.category(), &cutwater_category());
        EXPECT_TRUE(made) << "an errc is never a success";
    }
    EXPECT_STREQ(cutwater_category().name(), "cutwater");
    EXPECT_EQ(cutwater_category().message(99), "unknown error 99");
}

TEST(errc, has_a_name_for_each) {
    EXPECT_EQ(to_text(errc::failed), "failed");
    EXPECT_EQ(to_text(errc::queue_closed), "queue_closed");
    EXPECT_EQ(to_text(static_cast<errc>(7)), "unknown");
}

TEST(errc, our_codes_meet_the_conditions_that_they_mean) {
    EXPECT_THAT(conditions_of(errc::failed), IsEmpty());
    EXPECT_THAT(conditions_of(errc::timed_out), ElementsAre("timeout"));
    EXPECT_THAT(conditions_of(errc::deadline_exceeded), ElementsAre("timeout"));
    EXPECT_THAT(conditions_of(errc::cancelled), IsEmpty());
    EXPECT_THAT(conditions_of(errc::callback_failed), IsEmpty());
    EXPECT_THAT(conditions_of(errc::withdrawn), ElementsAre("never_sent"));
    EXPECT_THAT(conditions_of(errc::key_in_use), IsEmpty()) << "what has the key may have had an effect";
    EXPECT_THAT(conditions_of(errc::in_doubt), IsEmpty());
    EXPECT_THAT(conditions_of(errc::expired), ElementsAre("refused", "timeout", "never_sent"));
    EXPECT_THAT(conditions_of(errc::no_endpoint), ElementsAre("refused", "never_sent"));
    for (const errc refusal : {errc::refused, errc::circuit_open, errc::bulkhead_full, errc::wait_timed_out,
                               errc::rate_limited, errc::concurrency_limited, errc::load_shed, errc::throttled,
                               errc::queue_full, errc::displaced, errc::queue_overloaded, errc::too_many_keys,
                               errc::queue_closed, errc::key_missing, errc::key_reused, errc::store_unavailable})
        EXPECT_THAT(conditions_of(refusal), ElementsAre("refused", "never_sent"));
}

TEST(errc, the_systems_codes_meet_the_conditions_that_they_mean) {
    const auto met_by = [](std::errc e) { return conditions_of(std::make_error_code(e)); };
    EXPECT_THAT(met_by(std::errc::timed_out), ElementsAre("timeout"));
    EXPECT_THAT(met_by(std::errc::stream_timeout), ElementsAre("timeout"));
    EXPECT_THAT(met_by(std::errc::connection_refused), ElementsAre("network", "never_sent"));
    for (const auto e : {std::errc::host_unreachable, std::errc::network_unreachable, std::errc::network_down,
                         std::errc::connection_reset, std::errc::connection_aborted, std::errc::broken_pipe,
                         std::errc::network_reset, std::errc::not_connected})
        EXPECT_THAT(met_by(e), ElementsAre("network")) << "the request may have left";
    EXPECT_THAT(met_by(std::errc::address_not_available), ElementsAre("never_sent"));
    for (const auto e :
         {std::errc::permission_denied, std::errc::no_such_file_or_directory, std::errc::invalid_argument})
        EXPECT_THAT(met_by(e), IsEmpty());
}

TEST(errc, the_kernels_own_numbers_mean_the_same) {
    EXPECT_THAT(conditions_of({ETIMEDOUT, std::system_category()}), ElementsAre("timeout"));
    EXPECT_THAT(conditions_of({ECONNREFUSED, std::system_category()}), ElementsAre("network", "never_sent"));
    EXPECT_THAT(conditions_of({ECONNRESET, std::system_category()}), ElementsAre("network"));
}

TEST(errc, nothing_wrong_meets_no_condition) { EXPECT_THAT(conditions_of({}), IsEmpty()); }

TEST(errc, a_number_in_another_category_is_another_error) {
    EXPECT_THAT(conditions_of({static_cast<int>(errc::circuit_open), std::generic_category()}), IsEmpty());
    EXPECT_NE((std::error_code{static_cast<int>(errc::circuit_open), std::generic_category()}), errc::circuit_open);
}

TEST(errc, code_that_knows_the_standards_conditions_understands_ours) {
    EXPECT_EQ(make_error_code(errc::timed_out), std::errc::timed_out);
    EXPECT_EQ(make_error_code(errc::deadline_exceeded), std::errc::timed_out);
    EXPECT_EQ(make_error_code(errc::cancelled), std::errc::operation_canceled);
    EXPECT_EQ(make_error_code(errc::expired), std::errc::timed_out);
    EXPECT_EQ(make_error_code(errc::withdrawn), std::errc::operation_canceled);
    EXPECT_EQ(make_error_code(errc::bulkhead_full), std::errc::resource_unavailable_try_again);
    EXPECT_NE(make_error_code(errc::failed), std::errc::timed_out);
    EXPECT_EQ(make_error_code(errc::circuit_open).default_error_condition(),
              (std::error_condition{static_cast<int>(errc::circuit_open), cutwater_category()}));
}

TEST(errc, conditions_have_words) {
    EXPECT_STREQ(condition_category().name(), "cutwater.condition");
    EXPECT_EQ(make_error_condition(condition::refused).message(), "refused by a policy");
    EXPECT_EQ(make_error_condition(condition::timeout).message(), "time ran out");
    EXPECT_EQ(make_error_condition(condition::network).message(), "the network failed");
    EXPECT_EQ(make_error_condition(condition::never_sent).message(), "the request was never sent");
    EXPECT_EQ(condition_category().message(99), "unknown condition 99");
    EXPECT_FALSE(condition_category().equivalent(make_error_code(errc::circuit_open), 99));
}

}  // namespace
}  // namespace cutwater
