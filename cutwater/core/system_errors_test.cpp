#include "cutwater/core/system_errors.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "cutwater/core/classify.hpp"

namespace cutwater {
namespace {

struct wanted {
    int number;
    verdict meaning;
    effect executed;
    verdict by_default;
};

constexpr auto transient_v = verdict::transient;
constexpr auto permanent_v = verdict::permanent;

const std::vector<wanted> table{
    {ECONNREFUSED, transient_v, effect::none, transient_v},
    {EADDRNOTAVAIL, transient_v, effect::none, permanent_v},
    {ECONNRESET, transient_v, effect::unknown, transient_v},
    {ECONNABORTED, transient_v, effect::unknown, transient_v},
    {EPIPE, transient_v, effect::unknown, transient_v},
    {ENOTCONN, transient_v, effect::unknown, transient_v},
    {ENETRESET, transient_v, effect::unknown, transient_v},
    {EHOSTUNREACH, transient_v, effect::unknown, transient_v},
    {ENETUNREACH, transient_v, effect::unknown, transient_v},
    {ENETDOWN, transient_v, effect::unknown, transient_v},
    {ETIMEDOUT, transient_v, effect::unknown, transient_v},
    {ETIME, transient_v, effect::unknown, transient_v},
    {EAGAIN, transient_v, effect::unknown, permanent_v},
    {EINTR, transient_v, effect::unknown, permanent_v},
    {ENOBUFS, transient_v, effect::unknown, permanent_v},
    {ENOMEM, transient_v, effect::unknown, permanent_v},
    {EMFILE, transient_v, effect::unknown, permanent_v},
    {ENFILE, transient_v, effect::unknown, permanent_v},
    {EBUSY, transient_v, effect::unknown, permanent_v},
    {ECANCELED, verdict::cancelled, effect::unknown, permanent_v},
    {EACCES, permanent_v, effect::unknown, permanent_v},
    {EPERM, permanent_v, effect::unknown, permanent_v},
    {EMSGSIZE, permanent_v, effect::unknown, permanent_v},
    {ENOSPC, permanent_v, effect::unknown, permanent_v},
    {EIO, permanent_v, effect::unknown, permanent_v},
};

observation judged_by(const auto& rules, const outcome<int>& out) {
    return {.judged = rules(out), .failure = &out.failure()};
}

TEST(system_errors, each_row_is_as_it_was_written_down) {
    ASSERT_EQ(table.size(), system_error_rows.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& [number, meaning, executed, by_default] = table[i];
        EXPECT_EQ(static_cast<int>(system_error_rows[i].code), number) << system_error_rows[i].symbol;
        const outcome<int> out{error{std::error_code{number, std::system_category()}}};
        const observation seen = judged_by(classify{system_rules{}}, out);
        EXPECT_EQ(seen.meaning(), meaning) << system_error_rows[i].symbol;
        EXPECT_EQ(seen.executed(), executed) << system_error_rows[i].symbol;
        EXPECT_EQ(judged_by(classify{}, out).meaning(), by_default) << system_error_rows[i].symbol;
    }
}

TEST(system_errors, T58_the_rules_say_of_the_effect_what_is_said_without_them) {
    for (const system_error_row& row : system_error_rows) {
        const outcome<int> out{error{std::make_error_code(row.code)}};
        EXPECT_EQ(judged_by(classify{}, out).executed(), row.executed) << row.symbol;
    }
}

TEST(system_errors, what_is_in_no_row_is_left_to_the_rules_that_follow) {
    EXPECT_FALSE(system_rules::of(std::make_error_code(std::errc::not_a_directory)));
    EXPECT_FALSE(system_rules::of({}));
    EXPECT_FALSE(system_rules{}(outcome<int>{std::in_place, 7}));
    const outcome<int> out{error{std::make_error_code(std::errc::not_a_directory)}};
    EXPECT_EQ(judged_by(classify{system_rules{}}, out).meaning(), verdict::permanent);
    EXPECT_EQ(judged_by(classify{system_rules{}}, out).executed(), effect::unknown);
}

TEST(system_errors, our_own_codes_are_no_systems_although_they_equal_its_conditions) {
    for (const errc ours : {errc::timed_out, errc::bulkhead_full, errc::cancelled})
        EXPECT_FALSE(system_rules::of(ours)) << to_text(ours);
}

TEST(system_errors, our_own_refusals_have_no_effect) {
    for (const errc refusal :
         {errc::refused, errc::circuit_open, errc::bulkhead_full, errc::wait_timed_out, errc::rate_limited,
          errc::concurrency_limited, errc::load_shed, errc::throttled, errc::queue_full, errc::displaced,
          errc::queue_overloaded, errc::too_many_keys, errc::queue_closed, errc::expired, errc::withdrawn})
        EXPECT_EQ(error{refusal}.executed(), effect::none) << to_text(refusal);
    for (const errc after_sending :
         {errc::failed, errc::timed_out, errc::deadline_exceeded, errc::cancelled, errc::callback_failed})
        EXPECT_EQ(error{after_sending}.executed(), effect::unknown) << to_text(after_sending);
}

}  // namespace
}  // namespace cutwater
