#include "cutwater/classify/sql/sqlstate.hpp"

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

struct wanted {
    std::string_view state;
    verdict meaning;
    effect executed;
    effect before_commit;
};

constexpr verdict ok = verdict::success;
constexpr verdict passes = verdict::transient;
constexpr verdict stays = verdict::permanent;
constexpr verdict callers = verdict::ignored;
constexpr effect none = effect::none;
constexpr effect unknown = effect::unknown;
constexpr effect certain = effect::certain;

constexpr wanted table[] = {
    {"00", ok, certain, certain},     {"01", ok, certain, certain},  {"02", ok, certain, certain},
    {"08", passes, unknown, none},    {"08001", passes, none, none}, {"08004", passes, none, none},
    {"08P01", stays, unknown, none},  {"0A", callers, none, none},   {"21", callers, none, none},
    {"22", callers, none, none},      {"23", callers, none, none},   {"25", stays, none, none},
    {"25006", passes, none, none},    {"25P03", passes, none, none}, {"25P04", passes, none, none},
    {"26", callers, none, none},      {"28", stays, none, none},     {"38", stays, unknown, unknown},
    {"39", stays, unknown, unknown},  {"3D", stays, none, none},     {"40", passes, none, none},
    {"40001", passes, none, none},    {"40P01", passes, none, none}, {"40002", callers, none, none},
    {"40003", passes, unknown, none}, {"42", callers, none, none},   {"53", passes, none, none},
    {"53100", stays, none, none},     {"53400", stays, none, none},  {"54", callers, none, none},
    {"55", stays, none, none},        {"55006", passes, none, none}, {"55P03", passes, none, none},
    {"57", passes, unknown, none},    {"57014", passes, none, none}, {"57P01", passes, unknown, none},
    {"57P02", passes, unknown, none}, {"57P03", passes, none, none}, {"57P04", stays, unknown, none},
    {"57P05", passes, none, none},    {"58", stays, unknown, none},  {"F0", stays, unknown, none},
    {"HV", stays, unknown, unknown},  {"P0", callers, none, none},   {"XX", stays, unknown, none},
};

TEST(sqlstate, each_row_is_as_it_was_written_down) {
    ASSERT_EQ(std::size(table), sqlstate_rows.size());
    for (std::size_t i = 0; i < std::size(table); ++i) {
        const auto& [state, meaning, executed, before_commit] = table[i];
        EXPECT_EQ(sqlstate_rows[i].state, state);
        const std::string whole = std::string{state} + (state.size() == 2 ? "ZZZ" : "");  // a state of the class
        const judgement j = sqlstate_judgement(whole);
        EXPECT_EQ(j.meaning, meaning) << state;
        EXPECT_EQ(j.executed, executed) << state;
        EXPECT_EQ(sqlstate_judgement(whole, sql_point::before_commit).executed, before_commit) << state;
        EXPECT_EQ(j.reason.view(), "SQLSTATE " + std::string{state});
    }
}

TEST(sqlstate, a_state_without_a_row_has_its_classs) {
    for (const auto* const state : {"08000", "08003", "08006", "08007"}) {
        EXPECT_EQ(sqlstate_judgement(state).meaning, passes) << state;
        EXPECT_EQ(sqlstate_judgement(state).executed, unknown) << state;
    }
    EXPECT_EQ(sqlstate_judgement("53300").meaning, passes);
    EXPECT_EQ(sqlstate_judgement("23505").meaning, callers);
    EXPECT_EQ(sqlstate_judgement("25P02").meaning, stays);
}

TEST(sqlstate, T58_what_nobody_knows_is_permanent_and_its_effect_unknown) {
    for (const auto* const state : {"ZZ000", "", "08", "4000", "400011", "HY000"}) {
        EXPECT_EQ(sqlstate_judgement(state).meaning, stays) << state;
        EXPECT_EQ(sqlstate_judgement(state).executed, unknown) << state;
        EXPECT_EQ(sqlstate_judgement(state, sql_point::before_commit).executed, unknown) << state;
    }
}

TEST(sqlstate, nothing_was_done_by_who_was_still_connecting) {
    for (const auto* const state : {"08006", "57P01", "ZZ000"})
        EXPECT_EQ(sqlstate_judgement(state, sql_point::connecting).executed, none) << state;
}

struct query_failed : std::runtime_error {
    explicit query_failed(std::string s, sql_point p = sql_point::perhaps_committed)
        : std::runtime_error{"SQLSTATE " + s}, state{std::move(s)}, at{p} {}
    std::string state;
    sql_point at;
};

unsigned attempts_of(const query_failed& failure) {
    testing::virtual_time time;
    unsigned attempts = 0;
    pipeline guarded{
        retry{{.max_attempts = 3}},
        classify{judging<query_failed>([](const query_failed& e) { return sqlstate_judgement(e.state, e.at); })}};
    const call_options transfer{.idempotent = idempotency::not_idempotent};
    (void)time.run(guarded, transfer, [&]() -> int {
        ++attempts;
        throw query_failed{failure};
    });
    return attempts;
}

TEST(sqlstate, T58_what_was_rolled_back_is_repeated_and_a_commit_in_doubt_is_not) {
    EXPECT_EQ(attempts_of(query_failed{"40001"}), 3U);
    EXPECT_EQ(attempts_of(query_failed{"40P01"}), 3U);
    EXPECT_EQ(attempts_of(query_failed{"08006"}), 1U);
    EXPECT_EQ(attempts_of(query_failed{"08006", sql_point::before_commit}), 3U);
    EXPECT_EQ(attempts_of(query_failed{"57P01"}), 1U);
    EXPECT_EQ(attempts_of(query_failed{"23505"}), 1U);
}

}  // namespace
}  // namespace cutwater
